import { assertEquals } from "@std/assert";
import { loadingDisplay, loadingLine } from "../../cli/loading.ts";
import type { LoadProgress } from "../../datasets/dataset.ts";

const decoded = (done: number, secondsLeft: number | null = null): LoadProgress => ({
  kind: "decode",
  source: "/data/102flowers.tgz",
  done,
  total: 200,
  secondsLeft,
});
const received = (bytes: number, total: number | null): LoadProgress => ({
  kind: "download",
  file: "images.gz",
  url: "http://127.0.0.1/images.gz",
  bytes,
  total,
});

/** What is written while the reports come in. */
function written(terminal: boolean, reports: readonly (LoadProgress | string)[]): string[] {
  const texts: string[] = [];
  const { onProgress, onWarning } = loadingDisplay(terminal, (text) => texts.push(text));
  for (const report of reports) typeof report === "string" ? onWarning!(report) : onProgress!(report);
  return texts;
}

Deno.test("loadingLine() tells what arrives, how much of it, and how long it still takes", () => {
  assertEquals(loadingLine(decoded(0)), "Decoding 0 of 200 pictures of 102flowers.tgz (0 %)");
  assertEquals(loadingLine(decoded(50, 4.2)), "Decoding 50 of 200 pictures of 102flowers.tgz (25 %, 5 s left)");
  assertEquals(loadingLine(decoded(200, 0)), "Decoding 200 of 200 pictures of 102flowers.tgz (100 %)");
  assertEquals(loadingLine(received(2.5e6, 10e6)), "Downloading images.gz: 2.5 MB (25 %)");
  assertEquals(loadingLine(received(2.5e6, null)), "Downloading images.gz: 2.5 MB");
});

Deno.test("loadingDisplay() writes a line for each quarter where nothing can be rewritten", () => {
  const texts = written(false, Array.from({ length: 201 }, (_, done) => decoded(done)));
  assertEquals(texts.map((text) => /\d+ %/.exec(text)?.[0]), ["0 %", "25 %", "50 %", "75 %", "100 %"]);
});

Deno.test("loadingDisplay() rewrites the line of a terminal and keeps warnings apart from it", () => {
  assertEquals(written(true, [decoded(0), decoded(1), decoded(2), "a.jpg is left out", decoded(200)]), [
    "\r\x1b[KDecoding 0 of 200 pictures of 102flowers.tgz (0 %)",
    "\r\x1b[KDecoding 2 of 200 pictures of 102flowers.tgz (1 %)",
    "\na.jpg is left out\n",
    "\r\x1b[KDecoding 200 of 200 pictures of 102flowers.tgz (100 %)\n",
  ]);
});

Deno.test("loadingDisplay() writes each warning on one line, without what steers a terminal", () => {
  assertEquals(written(false, ["Left out cat/\x1b[2J\n.jpg"]), ["Left out cat/\\x1b[2J\\x0a.jpg\n"]);
  assertEquals(loadingLine({ ...decoded(0), source: "/data/a\x07.zip" } as LoadProgress).includes("a\\x07.zip"), true);
});
