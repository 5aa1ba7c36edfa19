/**
 * Stand-in for `@std/path` where JSR cannot be reached: the functions used here, over `node:path`.
 *
 * @module
 */

import * as path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** What `parse` splits a path into. */
export interface ParsedPath {
  root: string;
  dir: string;
  base: string;
  ext: string;
  name: string;
}

/** Separator of this system. */
export const SEPARATOR: "/" | "\\" = path.sep;

/** Last part of a path, without `suffix` if it ends so. */
export function basename(path_: string, suffix = ""): string {
  return path.basename(path_, suffix);
}

/** A path without its last part. */
export function dirname(path_: string): string {
  return path.dirname(path_);
}

/** Extension of a path with its dot, or the empty string. */
export function extname(path_: string): string {
  return path.extname(path_);
}

/** Path of a `file:` URL. */
export function fromFileUrl(url: string | URL): string {
  return fileURLToPath(url);
}

/** Whether a path starts at the root. */
export function isAbsolute(path_: string): boolean {
  return path.isAbsolute(path_);
}

/** Joins parts and normalises the result. */
export function join(first: string, ...paths: string[]): string {
  return path.join(first, ...paths);
}

/** A path without `.`, `..` and doubled separators. */
export function normalize(path_: string): string {
  return path.normalize(path_);
}

/** Splits a path. */
export function parse(path_: string): ParsedPath {
  return path.parse(path_);
}

/** The way from one path to another. */
export function relative(from: string, to: string): string {
  return path.relative(from, to);
}

/** The absolute path that the segments lead to, read from right to left. */
export function resolve(...pathSegments: string[]): string {
  return path.resolve(...pathSegments);
}

/** `file:` URL of an absolute path. */
export function toFileUrl(path_: string): URL {
  return pathToFileURL(path_);
}
