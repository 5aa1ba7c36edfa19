import { assert, assertEquals, assertRejects } from "@std/assert";
import { decodeAll } from "../../datasets/decode_pool.ts";
import type { FileContent } from "../../datasets/picture_files.ts";
import { shade } from "./archives.ts";

const FORMAT = { size: 8, channels: 1 } as const;

/** Pictures of shades 0, 1, 2, … under their numbers; `asked` hears of each one that is taken. */
async function* shades(count: number, asked: (i: number) => void = () => {}): AsyncIterable<FileContent> {
  for (let i = 0; i < count; i++) {
    asked(i);
    yield { name: String(i), content: await shade(i) };
  }
}

Deno.test("decodeAll() hands over the image of every file, or its fault", async () => {
  async function* files(): AsyncIterable<FileContent> {
    yield* shades(40);
    yield { name: "broken", content: Uint8Array.of(1, 2, 3) };
    yield { name: "unread", fault: "cannot be read" };
  }
  const found = new Map<string, string>();
  await decodeAll(files(), { format: FORMAT, count: 42, workers: 2 }, (answer) => {
    found.set(answer.name, "pixels" in answer ? [...new Set(answer.pixels)].join() : answer.fault);
  });
  assertEquals(found.get("broken"), "is 3 bytes that start with 1, 2, 3, expected JPEG or PNG");
  assertEquals(found.get("unread"), "cannot be read");
  assertEquals(found.size, 42);
  for (let i = 0; i < 40; i++) assertEquals(found.get(String(i)), String(i));
});

Deno.test("decodeAll() takes no more files than its workers are about to decode", async () => {
  let [taken, answered, ahead] = [0, 0, 0];
  const asked = () => ahead = Math.max(ahead, ++taken - answered);
  await decodeAll(shades(100, asked), { format: FORMAT, count: 100, workers: 2 }, () => answered++);
  assertEquals(answered, 100);
  assert(ahead <= 2 * 2 + 1, `${ahead} files at once`); // two for each worker, one that waits to be sent
});

Deno.test("decodeAll() ends with the error of the files, of the callback, or of a worker", async () => {
  async function* broken(): AsyncIterable<FileContent> {
    yield* shades(3);
    throw new SyntaxError("the archive is damaged");
  }
  const options = { format: FORMAT, count: 50, workers: 1 };
  await assertRejects(() => decodeAll(broken(), options, () => {}), SyntaxError, "the archive is damaged");
  const refuse = () => {
    throw new RangeError("too many");
  };
  await assertRejects(() => decodeAll(shades(50), options, refuse), RangeError, "too many");
  await assertRejects(
    () => decodeAll(shades(50), { ...options, format: null as unknown as typeof FORMAT }, () => {}),
    Error,
    "Cannot decode 0: TypeError: ",
  );
});

Deno.test("decodeAll() stops with the signal's reason", async () => {
  const stop = new AbortController();
  const onAnswer = () => stop.abort(new Error("enough"));
  const options = { format: FORMAT, count: 50, signal: stop.signal };
  await assertRejects(() => decodeAll(shades(50), options, onAnswer), Error, "enough");
  await assertRejects(() => decodeAll(shades(50), options, onAnswer), Error, "enough");
});
