/** TAR archives, plain or inside gzip, read from front to back (POSIX.1-2001 pax, GNU and ustar, by way of tar-stream). */

import { type Extract, extract as tarExtract } from "tar-stream";
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { ArchiveListing } from "./archive_rules.ts";
import type { FileContent, FileEntry, FileTree } from "./picture_files.ts";

type TarEntry = Extract extends AsyncIterable<infer Entry> ? Entry : never;

/** Bytes between the files and behind them: padding may be so much larger than the rules for contents allow. */
const PADDING = 2 ** 20;

/** Headers take one block, contents whole ones, and at least one of zeros ends an archive. */
const BLOCK = 512;

/** The files of a TAR archive. */
export class TarFiles implements FileTree {
  readonly #gzip: boolean;

  constructor(readonly path: string, { gzip }: { gzip: boolean }) {
    this.#gzip = gzip;
  }

  async list(signal?: AbortSignal): Promise<readonly FileEntry[]> {
    const listing = new ArchiveListing(this.path, (await Deno.stat(this.path)).size);
    for await (const entry of this.#entries(listing, signal)) {
      addEntry(listing, entry);
      entry.resume();
    }
    return listing.entries();
  }

  async *read(wanted: ReadonlySet<string>, signal?: AbortSignal): AsyncIterable<FileContent> {
    const listing = new ArchiveListing(this.path, (await Deno.stat(this.path)).size);
    for await (const entry of this.#entries(listing, signal)) {
      const name = addEntry(listing, entry);
      if (name !== null && wanted.has(name)) yield { name, content: await contentOf(entry) };
      else entry.resume();
    }
  }

  parts(): Promise<readonly string[]> {
    return Promise.resolve([this.path]);
  }

  /** Every entry; each has to be read or resumed before the next one comes. */
  async *#entries(listing: ArchiveListing, signal?: AbortSignal): AsyncIterable<TarEntry> {
    signal?.throwIfAborted();
    const extract = tarExtract();
    let failure: unknown;
    let end = 0; // of the last entry, in bytes
    const fed = this.#feed(extract, listing, signal).catch((error) => {
      failure = error;
      extract.destroy(error instanceof Error ? error : new Error(String(error)));
    });
    try {
      for await (const entry of extract) {
        end = endOf(entry);
        yield entry;
      }
    } catch (error) {
      extract.destroy();
      await fed;
      throw this.#explained(failure ?? error, listing.size, signal);
    } finally {
      extract.destroy();
      await fed;
    }
    if (failure !== undefined) throw this.#explained(failure, listing.size, signal);
    const fill = await fed;
    if (fill && fill.bytes - Math.max(fill.used, end) < BLOCK) {
      throw this.#explained(new Error("cut short: no block of zeros behind the last file"), listing.size, signal);
    }
  }

  /**
   * Writes the archive into `extract`, as fast as that takes it; returns early once it is destroyed.
   *
   * @returns Its length unpacked, and that without the zeros at its end
   */
  async #feed(
    extract: Extract,
    listing: ArchiveListing,
    signal?: AbortSignal,
  ): Promise<{ bytes: number; used: number } | void> {
    let closed = false;
    const close = new Promise<void>((resolve) =>
      extract.once("close", () => {
        closed = true;
        resolve();
      })
    );
    using file = await Deno.open(this.path);
    const stream: AsyncIterable<Uint8Array> = this.#gzip ? unpacked(file.readable) : file.readable;
    let bytes = 0;
    let used = 0;
    for await (const chunk of stream) {
      signal?.throwIfAborted();
      if (closed) return;
      const last = chunk.findLastIndex((byte) => byte !== 0);
      if (last >= 0) used = bytes + last + 1;
      bytes += chunk.length;
      listing.checkBytes(bytes - PADDING, "behind the last file");
      if (!extract.write(chunk)) {
        await Promise.race([new Promise<void>((resolve) => extract.once("drain", resolve)), close]);
      }
    }
    extract.end(undefined);
    return { bytes, used };
  }

  /** A fault of the archive as an error that names it; others as they are. */
  #explained(error: unknown, size: number, signal?: AbortSignal): unknown {
    const ofSystem = error instanceof Error && "code" in error && /^E[A-Z0-9]+$/.test(String(error.code)); // as ENOENT
    if (signal?.aborted || ofSystem || error instanceof SyntaxError || !(error instanceof Error)) return error;
    const kind = this.#gzip ? "gzip or TAR" : "TAR";
    return new SyntaxError(
      `Cannot read ${this.path}: found ${size} bytes of faulty ${kind} (${error.message}), expected a whole archive`,
      { cause: error },
    );
  }
}

/**
 * What gzip holds. Not by `DecompressionStream`, which refuses archives that were put together from several or filled up
 * with zeros.
 */
function unpacked(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  return pipeline(Readable.from(bytes), createGunzip({ chunkSize: 2 ** 20 }), () => {}); // whoever reads hears of errors
}

/** Adds a file to the listing, refuses what is neither that nor a folder; returns the plain name of a file. */
function addEntry(listing: ArchiveListing, { header: { name, type, size } }: TarEntry): string | null {
  const kind: string | null = type; // null where tar-stream knows none
  if (kind === "file" || kind === "contiguous-file") return listing.add(name, size);
  if (kind !== "directory") {
    const known = kind === "symlink" ? "link" : kind;
    listing.refuseKind(name, known ?? "TAR entry of another kind, such as a sparse file or a volume label");
  }
  listing.checkPath(name);
  return null;
}

/** Where the header and the contents of an entry end, in bytes. */
const endOf = ({ offset, header: { type, size } }: TarEntry): number =>
  offset + BLOCK * (1 + (type === "directory" ? 0 : Math.ceil(size / BLOCK)));

async function contentOf(entry: TarEntry): Promise<Uint8Array<ArrayBuffer>> {
  const content = new Uint8Array(entry.header.size);
  let length = 0;
  for await (const chunk of entry as AsyncIterable<Uint8Array>) {
    content.set(chunk, length);
    length += chunk.length;
  }
  return content;
}
