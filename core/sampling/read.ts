/** Files that may not be there, each other failure one sentence. */

import { orRunError } from "./write.ts";

/**
 * What `read` makes of a file; undefined where there is no such file.
 *
 * @param read Such as `Deno.readTextFile`
 * @throws {RunError} If it cannot be read
 */
export function readIfThere<T>(path: string, read: (path: string) => Promise<T>): Promise<T | undefined> {
  return orRunError("read", path, () =>
    read(path).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }));
}
