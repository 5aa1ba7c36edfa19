/** Downloads that either arrive whole and checked, or leave nothing behind. */

import { createHash } from "node:crypto";
import type { DownloadProgress } from "./dataset.ts";
import { writeAll, writeWhole } from "./partial.ts";

/** A published file. */
export interface RemoteFile {
  /** Its name, the same on every mirror. */
  readonly name: string;
  /** MD5 of its bytes in hexadecimal, as the publishers state it: it guards against damage, not against malice. */
  readonly md5: string;
}

/** How a download is watched and stopped. */
export interface DownloadOptions {
  readonly onProgress?: (progress: DownloadProgress) => void;
  readonly signal?: AbortSignal;
  /** A mirror that sends nothing for so long, in ms, is given up. */
  readonly stallTime?: number;
}

/** A mirror, or every mirror, failed to give the file. */
export class DownloadError extends Error {
  override name = "DownloadError";

  /** @param failures What each mirror did */
  constructor(message: string, readonly failures: readonly string[] = [message]) {
    super(message);
  }
}

/**
 * Downloads a file into a folder, which is made if needed, from the first mirror that gives it intact. The bytes go to a
 * `.partial` file beside it, which is checked and renamed.
 *
 * @param mirrors Addresses the file's name is appended to
 * @returns The path of the file
 * @throws {DownloadError} If every mirror failed: its message says how each one did
 * @throws The signal's reason, if it aborts
 * @throws {Deno.errors.PermissionDenied} If the folder cannot be written, and so for the other errors of writing a file
 */
export async function download(
  file: RemoteFile,
  mirrors: readonly string[],
  folder: string,
  options: DownloadOptions = {},
): Promise<string> {
  const failures: string[] = [];
  return await writeWhole(folder, file.name, async (target) => {
    for (const mirror of mirrors) {
      try {
        return await fetchInto(target, mirror + file.name, file, options);
      } catch (error) {
        if (!(error instanceof DownloadError)) throw error;
        failures.push(`${new URL(mirror).host} ${error.message}`);
      }
    }
    throw new DownloadError(
      `Cannot download ${file.name}: ${failures.join("; ")}, expected one of the mirrors to give it intact`,
      failures,
    );
  });
}

/** Returns when the file has arrived and is intact; throws a DownloadError with what the mirror did instead. */
async function fetchInto(
  target: Deno.FsFile,
  url: string,
  file: RemoteFile,
  { onProgress, signal, stallTime = 20_000 }: DownloadOptions,
): Promise<void> {
  signal?.throwIfAborted();
  await target.seek(0, Deno.SeekMode.Start);
  await target.truncate(); // what an earlier mirror gave
  const connection = new AbortController();
  const hash = createHash("md5");
  let bytes = 0;
  let total: number | null = null;

  /** What the network gives, if it gives it in time. */
  async function heard<T>(answer: Promise<T>): Promise<T> {
    let stalled = false;
    const timer = setTimeout(() => connection.abort(stalled = true), stallTime);
    try {
      return await answer;
    } catch (error) {
      signal?.throwIfAborted();
      if (stalled) throw new DownloadError(`sent nothing for ${stallTime / 1000} s after ${bytes} bytes`);
      if (bytes > 0) throw new DownloadError(`broke off after ${bytes}${total === null ? "" : ` of ${total}`} bytes`);
      throw new DownloadError(`cannot be reached (${reasonOf(error)})`);
    } finally {
      clearTimeout(timer);
    }
  }

  try {
    const response = await heard(fetch(url, {
      headers: { "accept-encoding": "identity" }, // the checksum is that of the packed file
      signal: signal ? AbortSignal.any([signal, connection.signal]) : connection.signal,
    }));
    if (!response.ok || response.body === null) {
      throw new DownloadError(`answered ${response.status} ${response.statusText}`.trimEnd());
    }
    total = Number(response.headers.get("content-length")) || null;
    onProgress?.({ kind: "download", file: file.name, url, bytes, total });
    const body = response.body.getReader();
    for (let chunk = await heard(body.read()); !chunk.done; chunk = await heard(body.read())) {
      await writeAll(target, chunk.value);
      hash.update(chunk.value);
      bytes += chunk.value.length;
      onProgress?.({ kind: "download", file: file.name, url, bytes, total });
    }
  } finally {
    connection.abort();
  }
  const md5 = hash.digest("hex");
  if (md5 !== file.md5) throw new DownloadError(`gave ${bytes} bytes with MD5 ${md5} instead of ${file.md5}`);
}

/** The innermost reason of a network error: `fetch failed` because `…: dns error: Name or service not known`. */
function reasonOf(error: unknown): string {
  if (error instanceof Error && error.cause !== undefined) return reasonOf(error.cause);
  return String(error instanceof Error ? error.message : error).split(": ").at(-1)!;
}
