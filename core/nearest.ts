/** Names out of a list: the one that is meant, or an error with the nearest. */

/**
 * The name of `names` that needs the fewest edits to become `name`: insertions, deletions, replacements and swaps of
 * neighbours, each 1. Upper case, `-`, `_` and spaces do not count; of equally near names the first wins.
 *
 * @returns `undefined` if `names` is empty
 *
 * @example
 * ```ts
 * import { nearestName } from "./nearest.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(nearestName("Fashion-MNSIT", ["mnist", "fashionmnist"]), "fashionmnist");
 * ```
 */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  return nearestOf(name, names)?.nearest;
}

/**
 * `; the nearest is NAME`, to end a sentence with; nothing where none is near, so that more than half of the characters
 * of the longer name would have to change.
 *
 * @example
 * ```ts
 * import { nearestHint } from "./nearest.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(nearestHint("sede", ["seed", "gp"]), "; the nearest is seed");
 * assertEquals(nearestHint("out", ["seed", "gp"]), "");
 * ```
 */
export function nearestHint(name: string, names: readonly string[]): string {
  const found = nearestOf(name, names);
  if (found === undefined || 2 * found.edits > Math.max(plain(name).length, plain(found.nearest).length)) return "";
  return `; the nearest is ${found.nearest}`;
}

function nearestOf(name: string, names: readonly string[]): { nearest: string; edits: number } | undefined {
  let found: { nearest: string; edits: number } | undefined;
  for (const nearest of names) {
    const edits = editDistance(plain(name), plain(nearest));
    if (found === undefined || edits < found.edits) found = { nearest, edits };
  }
  return found;
}

/**
 * The name as one of `names`.
 *
 * @param what What it is a name of, such as `data set`
 * @throws {RangeError} If it is none of them; the message has them all, and the nearest if one is near
 *
 * @example
 * ```ts
 * import { oneOf } from "./nearest.ts";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const names = ["mnist", "fashionmnist"] as const;
 * assertEquals(oneOf("data set", "mnist", names), "mnist");
 * assertThrows(() => oneOf("data set", "fashion", names), RangeError, "; the nearest is fashionmnist");
 * ```
 */
export function oneOf<Name extends string>(what: string, name: string, names: readonly Name[]): Name {
  const known = names.find((candidate) => candidate === name);
  if (known !== undefined) return known;
  throw new RangeError(
    `Cannot find ${what} ${name}: it is unknown, expected one of ${names.join(", ")}${nearestHint(name, names)}`,
  );
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_\s]/g, "");
}

/** Optimal string alignment: row `i` holds the distances of `a[0..i]` to every prefix of `b`. */
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    rows[i] = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = rows[i - 1][j - 1] + Number(a[i - 1] !== b[j - 1]);
      rows[i][j] = Math.min(replaced, rows[i - 1][j] + 1, rows[i][j - 1] + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) rows[i][j] = Math.min(rows[i][j], rows[i - 2][j - 2] + 1);
    }
  }
  return rows[a.length][b.length];
}
