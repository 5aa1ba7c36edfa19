/** A folder for one test, and what is in it. */

/** Runs a task with an empty folder, which is removed afterwards. */
export async function inFolder<T>(task: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir();
  try {
    return await task(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Names of the files and folders in a folder, sorted. */
export async function names(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
}
