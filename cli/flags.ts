/** Flags of a task: one table says what is read, what is allowed and what `--help` prints. */

import { parseArgs } from "node:util";
import { nearestHint } from "../core/nearest.ts";

/** A mistake in how a task was called. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** What `task` gives, where values out of range come from flags. */
export function usage<T>(task: () => T): T {
  try {
    return task();
  } catch (error) {
    asUsage(error);
  }
}

/** Throws `error`: a value out of range, which comes from flags, as a mistake in the call. */
export function asUsage(error: unknown): never {
  throw error instanceof RangeError ? new UsageError(error.message) : error;
}

/** One flag: what follows it (`switch`: nothing) and what it means; `value` is what the help calls what follows. */
export interface Flag {
  readonly kind: "switch" | "text" | "integer" | "number";
  readonly meaning: string;
  readonly value?: string;
  /** What is meant where nothing follows. */
  readonly usual?: string;
}

/** Flags by name, without the dashes. */
export type Flags = Readonly<Record<string, Flag>>;

/** What was given, by name. */
export type FlagValues<F extends Flags> = {
  [name in keyof F]?: F[name]["kind"] extends "switch" ? boolean : F[name]["kind"] extends "text" ? string : number;
};

const HELP: Flag = { kind: "switch", meaning: "Print this; so does -h" };

/**
 * The values of the flags in `args`; `help` is one more flag of every task.
 *
 * @throws {UsageError} For an unknown flag (with the nearest known one), a missing or unreadable value, a second value
 *   of one flag, or a word that belongs to no flag
 */
export function readFlags<const F extends Flags>(
  args: readonly string[],
  flags: F,
): FlagValues<F> & { help?: boolean } {
  const known: Flags = { ...flags, help: HELP };
  const options = Object.fromEntries(
    Object.entries(known).map((
      [name, { kind }],
    ) => [name, { type: kind === "switch" ? "boolean" : "string", ...name === "help" && { short: "h" } } as const]),
  );
  const { tokens } = parseArgs({
    args: withUsual(args, known),
    options,
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  const values: Record<string, boolean | string | number> = {};
  for (const token of tokens) {
    if (token.kind === "positional") throw new UsageError(`Cannot use "${token.value}": it belongs to no flag`);
    if (token.kind !== "option") continue;
    const flag = Object.hasOwn(known, token.name) ? known[token.name] : undefined;
    if (flag === undefined) throw unknownFlag(token.rawName, Object.keys(known));
    const value = valueOf(token.rawName, flag, token.value);
    if (flag.kind !== "switch" && Object.hasOwn(values, token.name)) throw givenTwice(token.name, values, value);
    values[token.name] = value;
  }
  return values as FlagValues<F> & { help?: boolean };
}

/** The arguments with what is usual behind flags that nothing follows. */
function withUsual(args: readonly string[], flags: Flags): string[] {
  return args.flatMap((arg, i) => {
    const usual = Object.hasOwn(flags, arg.slice(2)) ? flags[arg.slice(2)].usual : undefined;
    const alone = args[i + 1] === undefined || args[i + 1].startsWith("-");
    return usual !== undefined && arg.startsWith("--") && alone ? [arg, usual] : [arg];
  });
}

function givenTwice(name: string, values: Readonly<Record<string, unknown>>, value: unknown): UsageError {
  return new UsageError(`Cannot use --${name} twice: found ${values[name]} and ${value}, expected one of them`);
}

function unknownFlag(name: string, names: readonly string[]): UsageError {
  const hint = nearestHint(name, names.map((known) => `--${known}`));
  return new UsageError(`Cannot use ${name}: there is no such flag, expected one of --help${hint}`);
}

function valueOf(name: string, { kind }: Flag, value: string | undefined): boolean | string | number {
  if (kind === "switch") {
    if (value === undefined) return true;
    throw new UsageError(`Cannot use ${name}=${value}: the flag takes no value`);
  }
  const expected = { text: "a text", integer: "a whole number", number: "a number" }[kind];
  if (value === undefined || value === "") {
    throw new UsageError(`Cannot use ${name} alone: expected ${expected} after it`);
  }
  if (kind === "text") return value;
  const number = value.trim() === "" ? NaN : Number(value);
  if (kind === "integer" ? Number.isInteger(number) : Number.isFinite(number)) return number;
  throw new UsageError(`Cannot use ${name} ${value}: expected ${expected}`);
}

/** The text that `--help` prints: how to call the task, then every flag. */
export function helpText(usage: string, flags: Flags): string {
  const rows = Object.entries({ ...flags, help: HELP }).map(([name, flag]) => {
    const value = { switch: "", text: " TEXT", integer: " N", number: " X" }[flag.kind];
    return [`  --${name}${flag.value === undefined ? value : ` ${flag.value}`}`, flag.meaning];
  });
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return [usage, "", ...rows.map(([left, meaning]) => left.padEnd(width) + meaning)].join("\n");
}
