/** Where the files of a data set are: in a folder of the user or the system, or, after a download, in the cache. */

import { basename, dirname } from "node:path";
import { cacheFolder } from "./cache.ts";
import type { LoadOptions } from "./dataset.ts";
import { download, DownloadError, type RemoteFile } from "./download.ts";
import { reasonOf } from "./system_error.ts";

/** Where packages of the system put data sets, each in a subfolder. */
export const SYSTEM_FOLDERS: readonly string[] = ["/usr/local/share/datasets", "/usr/share/datasets"];

/** Files that make a data set. */
export interface FileSet {
  /** The name of the set. */
  readonly name: string;
  /** Subfolders it is known to lie in, the first being the one in the cache. */
  readonly folders: readonly string[];
  readonly files: readonly SetFile[];
  /** Addresses a file's name is appended to, best first; none where the terms of the set have people fetch it. */
  readonly mirrors: readonly string[];
  /** The page that has the files, for sets without mirrors. */
  readonly page?: string;
  /** The Debian package that brings the files, if there is one. */
  readonly debianPackage?: string;
}

/** One file of a set. */
export interface SetFile {
  /** Its name as published. */
  readonly name: string;
  /** MD5 of its bytes as published, if it may be downloaded. */
  readonly md5?: string;
  /** The names it is accepted under, the best first; a name with `/` at its end is that of a folder. */
  readonly accepted: readonly string[];
}

/** A folder and the path of each file of the set in it, in the order of `FileSet.files`. */
export interface Located {
  readonly folder: string;
  readonly paths: readonly string[];
}

/**
 * Finds the files of a set: in `dataDir` alone if it is given; else in the folder `HMOG_DATA` names, the cache, the
 * system's folders, and last by download into the cache. Each folder may hold them directly or in a subfolder;
 * `dataDir` may also name one of the files, or of the folders they are accepted as.
 *
 * @throws {Deno.errors.NotFound} If they are nowhere; the message says where they were looked for and what to do
 * @throws The signal's reason, if it aborts the download
 */
export async function locate(set: FileSet, options: LoadOptions = {}): Promise<Located> {
  const env = options.env ?? Deno.env.get;
  const cache = cacheFolder(env);
  const places = options.dataDir !== undefined
    ? [options.dataDir]
    : [env("HMOG_DATA"), cache, ...options.systemFolders ?? SYSTEM_FOLDERS].filter((place) => !!place) as string[];
  if (options.dataDir !== undefined && isAccepted(basename(options.dataDir), set)) {
    const located = await lookInto(dirname(options.dataDir), set);
    if (typeof located !== "string") return located;
  }
  const found: string[] = [];
  for (const place of places) {
    const located = await lookInto(place, set);
    if (typeof located !== "string") return located;
    found.push(located);
  }
  const wanted = `expected ${set.files.map((file) => file.name).join(" and ")} (or unpacked)`;
  if (options.dataDir !== undefined) {
    throw new Deno.errors.NotFound(
      `Cannot find data set ${set.name}: ${found[0]}, ${wanted} there or in its subfolder ${set.folders[0]}; ` +
        `without --data-dir the usual folders are searched${set.page ? "" : " and missing files downloaded"}`,
    );
  }
  if (set.page !== undefined) {
    throw new Deno.errors.NotFound(
      `Cannot find data set ${set.name}: ${found.join(", ")}, ${wanted}; ` +
        `its terms have you fetch it yourself, from ${set.page}: name its folder with --data-dir or HMOG_DATA`,
    );
  }
  const failure = cache === null ? "HOME names no folder to keep it in" : await fetchMissing(set, cache, options);
  if (typeof failure !== "string") return failure;
  const remedy = set.debianPackage ? `install them (Debian: apt install ${set.debianPackage}) or ` : "";
  throw new Deno.errors.NotFound(
    `Cannot find data set ${set.name}: ${found.join(", ")}, and the download failed (${failure}), ${wanted}; ` +
      `${remedy}name their folder with --data-dir or HMOG_DATA`,
  );
}

/** Downloads what the cache lacks of the set; a string says why that failed. */
async function fetchMissing(set: FileSet, cache: string, options: LoadOptions): Promise<Located | string> {
  const folder = `${cache}/${set.folders[0]}`;
  const paths: string[] = [];
  for (const file of set.files) {
    try {
      paths.push(await findFile(folder, file) ?? await download(remote(file), set.mirrors, folder, options));
    } catch (error) {
      options.signal?.throwIfAborted();
      if (error instanceof DownloadError) return `${file.name}: ${error.failures.join("; ")}`;
      if (!(error instanceof Error) || !("code" in error)) throw error; // not an error of the file system
      return `${folder} cannot be written: ${reasonOf(error)}`;
    }
  }
  return { folder, paths };
}

/**
 * The set in a folder; a string says why it is not there. Subfolders come first: files that lie directly in a folder may
 * be those of another set.
 */
async function lookInto(place: string, set: FileSet): Promise<Located | string> {
  const info = await Deno.stat(place).catch((error: Error) => error);
  if (info instanceof Deno.errors.NotFound) return `there is no folder ${place}`;
  if (info instanceof Error) return `${place} cannot be opened (${reasonOf(info)})`;
  if (!info.isDirectory) return `${place} is not a folder`;
  let found = `${place} does not hold it`;
  for (const folder of [...set.folders.map((name) => `${place}/${name}`), place]) {
    const paths = await Promise.all(set.files.map((file) => findFile(folder, file)));
    const missing = set.files.filter((_, i) => paths[i] === null);
    if (missing.length === 0) return { folder, paths: paths as string[] };
    if (missing.length < set.files.length) found = `${folder} lacks ${missing.map((file) => file.name).join(" and ")}`;
  }
  return found;
}

async function findFile(folder: string, file: SetFile): Promise<string | null> {
  for (const name of file.accepted) {
    const path = `${folder}/${name.replace(/\/$/, "")}`;
    const info = await Deno.stat(path).catch(() => null);
    if (name.endsWith("/") ? info?.isDirectory : info?.isFile) return path;
  }
  return null;
}

const isAccepted = (name: string, { files }: FileSet): boolean =>
  files.some(({ accepted }) => accepted.includes(name) || accepted.includes(`${name}/`));

function remote({ name, md5 }: SetFile): RemoteFile {
  if (md5 !== undefined) return { name, md5 };
  throw new RangeError(`Cannot download ${name}: its check sum is unknown, expected one for every file with a mirror`);
}
