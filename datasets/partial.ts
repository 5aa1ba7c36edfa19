/** Files that are written whole or not at all. */

const PARTIAL = ".partial";

/** A partial file this old, in ms, belongs to a process that was killed. */
const ABANDONED = 3_600_000;

/**
 * Writes a file under a temporary name beside it, syncs and renames it: whoever reads `folder/name` finds all of it or
 * nothing, and of two processes that write it at once the later one wins.
 *
 * @param folder Made if needed, and removed again if nothing else came to lie in it
 * @param write Fills the temporary file, which is open for writing
 * @returns The path of the file
 * @throws What `write` throws, and the errors of writing a file; nothing is left then
 */
export async function writeWhole(
  folder: string,
  name: string,
  write: (file: Deno.FsFile) => Promise<void>,
): Promise<string> {
  await Deno.mkdir(folder, { recursive: true });
  await removeAbandoned(folder);
  const partial = await Deno.makeTempFile({ dir: folder, prefix: `${name}.`, suffix: PARTIAL });
  try {
    await withFile(partial, async (file) => {
      await write(file);
      await file.sync();
    });
    await Deno.chmod(partial, 0o644).catch(() => {}); // temporary files are private; not every system has modes
    await Deno.rename(partial, `${folder}/${name}`);
    return `${folder}/${name}`;
  } catch (error) {
    await Deno.remove(partial).catch(() => {});
    await Deno.remove(folder).catch(() => {}); // succeeds only if it is empty
    throw error;
  }
}

/** Closes the file before it returns: Windows renames no open one. */
async function withFile(path: string, body: (file: Deno.FsFile) => Promise<void>): Promise<void> {
  using file = await Deno.open(path, { write: true, truncate: true });
  await body(file);
}

/** Writes all of the bytes where the file stands. */
export async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
}

/** Removes what killed processes left of any file. */
async function removeAbandoned(folder: string): Promise<void> {
  for await (const entry of Deno.readDir(folder)) {
    if (!entry.name.endsWith(PARTIAL)) continue;
    const path = `${folder}/${entry.name}`;
    const { mtime } = await Deno.stat(path).catch(() => ({ mtime: null }));
    if (mtime !== null && Date.now() - mtime.getTime() > ABANDONED) await Deno.remove(path).catch(() => {});
  }
}
