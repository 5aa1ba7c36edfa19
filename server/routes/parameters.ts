/** Kinds of parameters: each reads text (of a query) and JSON (of a body) into the same value, and says what is allowed. */

import { z } from "@hono/zod-openapi";
import { nearestHint } from "../../core/nearest.ts";
import { RequestError } from "../errors.ts";

/** One parameter, twice: as it stands in a query and as it stands in a JSON body. */
export interface Kind<T> {
  readonly text: z.ZodType<T, string | undefined>;
  readonly value: z.ZodType<T>;
}

/** Parameters by name. */
export type Kinds = Readonly<Record<string, Kind<unknown>>>;

/** The values of parameters. */
export type Values<K extends Kinds> = { [name in keyof K]: K[name] extends Kind<infer T> ? T : never };

type Documented = Record<string, unknown> & { description: string };

/** A whole number in decimal; the message says which are allowed. */
export function whole(least: number, most: number, about: Documented): Kind<number> {
  const error = most === Infinity ? `a whole number from ${least} on` : `a whole number from ${least} to ${most}`;
  const value = z.int({ error }).min(least, { error }).max(most, { error });
  const range = most === Infinity ? { minimum: least } : { minimum: least, maximum: most };
  return kind(z.string().regex(/^\d{1,16}$/, { error }).transform(Number).pipe(value), value, {
    type: "integer",
    ...range,
    ...about,
  });
}

/** A number in decimal: from `least`, or above it where it is `open`, to `most`. */
export function decimal(
  { least, most, open = false }: { least: number; most: number; open?: boolean },
  about: Documented,
): Kind<number> {
  const error = open ? `a number above ${least}, at most ${most}` : `a number from ${least} to ${most}`;
  const number = z.number({ error }).max(most, { error });
  const value = open ? number.gt(least, { error }) : number.min(least, { error });
  const range = open ? { exclusiveMinimum: least, maximum: most } : { minimum: least, maximum: most };
  return kind(z.string().regex(/^\d{1,16}(\.\d{1,24})?$/, { error }).transform(Number).pipe(value), value, {
    type: "number",
    ...range,
    ...about,
  });
}

/** One of a few words. */
export function choice<const Word extends string>(words: readonly Word[], about: Documented): Kind<Word> {
  const error = words.length === 2 ? words.join(" or ") : `one of ${words.join(", ")}`;
  const word = z.enum(words, { error });
  return kind(word as z.ZodType<Word, string>, word, { type: "string", enum: words, ...about });
}

/** `true` or `false`. */
export function flag(about: Documented): Kind<boolean> {
  const error = "true or false";
  const text = z.enum(["true", "false"], { error }).transform((word) => word === "true");
  return kind(text as z.ZodType<boolean, string>, z.boolean({ error }), { type: "boolean", ...about });
}

/** Any text. */
export function text(about: Documented): Kind<string> {
  const any = z.string({ error: "text" });
  return kind(any, any, { type: "string", ...about });
}

/** A kind from its two readers, described in one way. */
export function kind<T>(text: z.ZodType<T, string>, value: z.ZodType<T>, about: Documented): Kind<T> {
  return { text: text.openapi(about), value: value.openapi(about) };
}

/** The same, with a value where none is given. */
export function usually<T>({ text, value }: Kind<T>, usual: T & (string | number | boolean)): Kind<T> {
  const about = { default: usual };
  return {
    text: (text as z.ZodType).default(usual).openapi(about) as z.ZodType<T, string | undefined>,
    value: (value as z.ZodType).default(usual).openapi(about) as z.ZodType<T>,
  };
}

/** The same, which may be left out. */
export function optional<T>({ text, value }: Kind<T>): Kind<T | undefined> {
  return { text: text.optional(), value: value.optional() };
}

/** What reads some parameters from a query, strictly: none is unknown or repeated. */
export function queryReader<K extends Kinds>(kinds: K) {
  const schema = schemaOf(kinds, "text");
  const names = Object.keys(kinds);
  return {
    schema,
    /** @throws {RequestError} 400 with the parameter that is unknown, repeated or out of range, and what is allowed */
    read(query: URLSearchParams, action: string): Values<K> {
      const given: Record<string, string> = {};
      for (const [name, value] of query) {
        if (!names.includes(name)) throw unknown(action, name, names);
        if (Object.hasOwn(given, name)) {
          const found = `${name} was given ${query.getAll(name).length} times`;
          throw refusal("repeated_parameter", name, `Cannot ${action}: ${found}, expected it at most once`);
        }
        given[name] = value;
      }
      return parsed(schema, given, action) as Values<K>;
    },
  };
}

/** What reads some parameters from the object in a JSON body, strictly. */
export function bodyReader<K extends Kinds>(kinds: K) {
  const schema = schemaOf(kinds, "value");
  const names = Object.keys(kinds);
  return {
    schema,
    /** @throws {RequestError} 400 with the parameter that is unknown or out of range, and what is allowed */
    read(body: unknown, action: string): Values<K> {
      if (typeof body !== "object" || body === null || Array.isArray(body)) {
        throw new RequestError(400, "invalid_json", `Cannot ${action}: the body is ${shown(body)}, expected an object`);
      }
      for (const name of Object.keys(body)) if (!names.includes(name)) throw unknown(action, name, names);
      return parsed(schema, body as Record<string, unknown>, action) as Values<K>;
    },
  };
}

/** A parameter that is not what it may be, as an answer. */
export function invalid(action: string, parameter: string, found: string, expected: string): RequestError {
  return refusal("invalid_parameter", parameter, `Cannot ${action}: ${found}, expected ${expected}`);
}

/** What a caller sent, short enough to repeat; lists and objects, which may be long and deep, only by what they are. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(cut(value));
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

function schemaOf(kinds: Kinds, side: keyof Kind<unknown>): z.ZodObject {
  return z.strictObject(Object.fromEntries(Object.entries(kinds).map(([name, kind]) => [name, kind[side]])));
}

function parsed(schema: z.ZodObject, given: Record<string, unknown>, action: string): Record<string, unknown> {
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const [{ path, message }] = result.error.issues;
  const name = String(path[0]);
  throw invalid(action, name, `${name} is ${shown(given[name])}`, message);
}

function unknown(action: string, name: string, names: readonly string[]): RequestError {
  const advice = names.length === 0 ? "none" : `one of ${names.join(", ")}${nearestHint(name.slice(0, SHOWN), names)}`;
  const message = `Cannot ${action}: there is no parameter ${shown(name)}, expected ${advice}`;
  return refusal("unknown_parameter", name.slice(0, SHOWN), message);
}

function refusal(code: string, parameter: string, message: string): RequestError {
  return new RequestError(400, code, message, parameter);
}

const SHOWN = 64; // characters of what a caller sent that an answer repeats

const cut = (text: string): string => text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
