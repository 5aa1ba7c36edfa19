/** What files hold, as one number: so that what was made of them is known again. */

import { createHash } from "node:crypto";
import { writeAll, writeWhole } from "./partial.ts";
import { isPicture } from "./picture_choice.ts";
import type { FileTree } from "./picture_files.ts";

/** A file changed less than so many ms ago may change again without another time of change. */
const SETTLED = 2000;

/**
 * SHA-256 over the names (inside), lengths and bytes of the pictures of a folder, or over the bytes of an archive, in
 * hexadecimal.
 *
 * Reading them all takes about a second for each GB, so the result is kept in `memoFolder` together with the length and
 * time of change of each file, and believed as long as those are the same. A file that cannot be read counts as such, and
 * then nothing is kept: its time of change may not tell when it can be.
 *
 * @param memoFolder null keeps nothing
 * @returns The key, and the stamp of the files (`stampOf`) from before they were read for it
 * @throws The signal's reason, if it aborts
 */
export async function contentKey(
  tree: FileTree,
  memoFolder: string | null,
  signal?: AbortSignal,
): Promise<{ content: string; stamp: string }> {
  const stamp = await stampOf(tree, signal);
  const path = await Deno.realPath(tree.path);
  const name = `${createHash("sha256").update(path).digest("hex").slice(0, 16)}.json`;
  const memo = memoFolder === null ? null : await remembered(`${memoFolder}/${name}`);
  if (memo !== null && memo.path === path && memo.stamp === stamp.text) {
    return { content: memo.content, stamp: stamp.text };
  }
  const { content, unread } = await hashOf(tree.path, await tree.parts(isPicture, signal), signal);
  if (memoFolder !== null && unread === 0 && Date.now() - stamp.newest > SETTLED) {
    const bytes = new TextEncoder().encode(JSON.stringify({ path, stamp: stamp.text, content }));
    // What cannot be kept is computed again next time.
    await writeWhole(memoFolder, name, (file) => writeAll(file, bytes)).catch(() => {});
  }
  return { content, stamp: stamp.text };
}

interface Memo {
  readonly path: string;
  readonly stamp: string;
  readonly content: string;
}

async function remembered(file: string): Promise<Memo | null> {
  try {
    return JSON.parse(await Deno.readTextFile(file)) as Memo;
  } catch {
    return null;
  }
}

/**
 * Names, lengths and times of change of the same files as one text, equal while none of them changes, and the latest of
 * these times in ms: now, where a file does not tell.
 */
export async function stampOf(tree: FileTree, signal?: AbortSignal): Promise<{ text: string; newest: number }> {
  const hash = createHash("sha256");
  let newest = 0;
  for (const part of await tree.parts(isPicture, signal)) {
    const { size, time } = stateOf(part);
    newest = Math.max(newest, time ?? Date.now());
    hash.update(`${part.slice(tree.path.length)}\\0${size}\\0${time}\\0`);
  }
  return { text: hash.digest("hex"), newest };
}

function stateOf(part: string): { size: number; time: number | null } {
  try {
    const { size, mtime } = Deno.statSync(part);
    return { size, time: mtime?.getTime() ?? null };
  } catch {
    return { size: 0, time: null }; // `hashOf` counts it as unread
  }
}

/** The SHA-256, and how many files could not be read. */
async function hashOf(
  root: string,
  parts: readonly string[],
  signal?: AbortSignal,
): Promise<{ content: string; unread: number }> {
  const hash = createHash("sha256");
  let unread = 0;
  for (const part of parts) {
    signal?.throwIfAborted();
    try {
      using file = await Deno.open(part);
      hash.update(`${part.slice(root.length)}\\0${(await file.stat()).size}\\0`);
      for await (const chunk of file.readable) {
        signal?.throwIfAborted();
        hash.update(chunk);
      }
    } catch {
      signal?.throwIfAborted();
      hash.update(`${part.slice(root.length)}\\0unread\\0`);
      unread++;
    }
  }
  return { content: hash.digest("hex"), unread };
}
