import { assertEquals } from "@std/assert";
import { tuningDisplay } from "../../cli/tuning.ts";

/** What is shown of 12 problems, one a second. */
function shown(terminal: boolean): string[] {
  const written: string[] = [];
  const show = tuningDisplay(terminal, (text) => written.push(text));
  for (let done = 1; done <= 12; done++) show({ done, total: 31, seconds: done, ended: false });
  show({ done: 12, total: 31, seconds: 12.4, ended: true });
  return written;
}

Deno.test("tuningDisplay() rewrites one line on a terminal", () => {
  const lines = shown(true);
  assertEquals(lines.length, 13);
  assertEquals(lines[11], "\r\x1b[KTuning kernels: 12 of 31, 12 s");
  assertEquals(lines[12], "\r\x1b[KTuning kernels: 12 of 31, 12 s\n");
});

Deno.test("tuningDisplay() writes few plain lines elsewhere", () => {
  assertEquals(shown(false), [
    "Tuning kernels: 5 of 31, 5 s\n",
    "Tuning kernels: 10 of 31, 10 s\n",
    "Tuning kernels: 12 of 31, 12 s\n",
  ]);
});

Deno.test("tuningDisplay() shows nothing where everything was known", () => {
  const written: string[] = [];
  tuningDisplay(true, (text) => written.push(text))({ done: 0, total: 0, seconds: 0, ended: true });
  assertEquals(written, []);
});
