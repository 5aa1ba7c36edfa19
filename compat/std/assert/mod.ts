/**
 * Stand-in for `@std/assert` where JSR cannot be reached: same names, signatures and meaning, for the functions used
 * here. Deep comparison and its message come from `node:assert`.
 *
 * @module
 */

import { AssertionError as NodeAssertionError, deepStrictEqual, strictEqual } from "node:assert";
import { isDeepStrictEqual } from "node:util";

/** A class, abstract or not: what `instanceof` accepts. */
// deno-lint-ignore no-explicit-any
export type AnyConstructor = new (...args: any[]) => any;

/** The instance type of a class. */
export type GetConstructorType<T extends AnyConstructor> = InstanceType<T>;

/** An array or anything else with a length and indices. */
export type ArrayLikeArg<T> = ArrayLike<T> & object;

/** A value that an assertion found wrong. */
export class AssertionError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}

/** Fails unless `expr` is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/** Fails always. */
export function fail(msg?: string): never {
  throw new AssertionError(`Failed assertion${suffix(msg, ".")}`);
}

/** Fails unless the two are deeply equal: arrays, typed arrays, maps, sets, dates and plain objects by content. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  const [found, wanted] = [plain(actual), plain(expected)];
  if (isDeepStrictEqual(found, wanted)) return;
  const shown = isLarge(found) || isLarge(wanted)
    ? `actual: ${show(actual)}\nexpected: ${show(expected)}`
    : differenceOf(() => deepStrictEqual(found, wanted));
  throw new AssertionError(`Values are not equal${suffix(msg)}\n${shown}`);
}

/** Fails if the two are deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!isDeepStrictEqual(plain(actual), plain(expected))) return;
  throw new AssertionError(
    `Expected actual: ${show(actual)} not to be: ${show(expected)}${suffix(msg)}`,
  );
}

/** Fails unless the two are the same value or object (`Object.is`). */
export function assertStrictEquals<T>(actual: unknown, expected: T, msg?: string): asserts actual is T {
  const difference = differenceOf(() => strictEqual(actual, expected));
  if (difference) throw new AssertionError(`Values are not strictly equal${suffix(msg)}\n${difference}`);
}

/** Fails unless `|actual - expected| <= tolerance`; the default tolerance is 1e-7 of `expected`. */
export function assertAlmostEquals(actual: number, expected: number, tolerance?: number, msg?: string): void {
  if (Object.is(actual, expected)) return;
  const allowed = tolerance ?? (Number.isFinite(expected) ? Math.abs(expected) * 1e-7 : 1e-7);
  const delta = Math.abs(expected - actual);
  if (delta <= allowed) return;
  throw new AssertionError(
    `Expected actual: "${brief(actual)}" to be close to "${brief(expected)}": delta "${
      brief(delta)
    }" is greater than ` +
      `"${brief(allowed)}"${suffix(msg, "")}`,
  );
}

/** Fails if `actual` is `null` or `undefined`. */
export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  if (actual !== undefined && actual !== null) return;
  throw new AssertionError(`Expected actual: "${actual}" to not be null or undefined${suffix(msg)}`);
}

/** Fails unless `actual > expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (actual > expected) return;
  throw new AssertionError(msg ?? `Expect ${show(actual)} > ${show(expected)}`);
}

/** Fails unless `actual >= expected`. */
export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (actual >= expected) return;
  throw new AssertionError(msg ?? `Expect ${show(actual)} >= ${show(expected)}`);
}

/** Fails unless `actual < expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (actual < expected) return;
  throw new AssertionError(msg ?? `Expect ${show(actual)} < ${show(expected)}`);
}

/** Fails unless `actual <= expected`. */
export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (actual <= expected) return;
  throw new AssertionError(msg ?? `Expect ${show(actual)} <= ${show(expected)}`);
}

/** Fails unless `expected` occurs in `actual`. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (actual.includes(expected)) return;
  throw new AssertionError(`Expected actual: "${actual}" to contain: "${expected}"${suffix(msg)}`);
}

/** Fails unless `actual` matches `expected`. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  if (expected.test(actual)) return;
  throw new AssertionError(`Expected actual: "${actual}" to match: "${expected}"${suffix(msg)}`);
}

/** Fails unless every element of `expected` is deeply equal to some element of `actual`. */
export function assertArrayIncludes<T>(actual: ArrayLikeArg<T>, expected: ArrayLikeArg<T>, msg?: string): void {
  const present = (wanted: T) => Array.from(actual).some((found) => isDeepStrictEqual(plain(found), plain(wanted)));
  const missing = Array.from(expected).filter((wanted) => !present(wanted));
  if (missing.length === 0) return;
  throw new AssertionError(
    `Expected actual: "${show(actual)}" to include: "${show(expected)}"${suffix(msg)}\nmissing: ${show(missing)}`,
  );
}

/** Fails unless `actual` is an instance of `expectedType`. */
export function assertInstanceOf<T extends AnyConstructor>(
  actual: unknown,
  expectedType: T,
  msg = "",
): asserts actual is GetConstructorType<T> {
  if (actual instanceof expectedType) return;
  const found = actual === null || actual === undefined
    ? `${actual}`
    : typeof actual === "object"
    ? `${actual.constructor?.name ?? "Object"}`
    : typeof actual;
  throw new AssertionError(
    `Expected object to be an instance of "${expectedType.name}" but was "${found}"${suffix(msg, "")}`,
  );
}

/** Fails unless `error` is an `Error`, of the class and with the text given. */
export function assertIsError<E extends Error = Error>(
  error: unknown,
  // deno-lint-ignore no-explicit-any
  ErrorClass?: new (...args: any[]) => E,
  msgMatches?: string | RegExp,
  msg?: string,
): asserts error is E {
  const end = suffix(msg);
  if (!(error instanceof Error)) {
    throw new AssertionError(`Expected "error" to be an Error object${end}`);
  }
  if (ErrorClass && !(error instanceof ErrorClass)) {
    throw new AssertionError(
      `Expected error to be instance of "${ErrorClass.name}", but was "${error.constructor.name}"${end}\n${error.stack}`,
    );
  }
  const matches = typeof msgMatches === "string"
    ? error.message.includes(msgMatches)
    : msgMatches?.test(error.message) ?? true;
  if (matches) return;
  throw new AssertionError(
    `Expected error message to include ${show(`${msgMatches}`)}, but got ${show(error.message)}${end}`,
  );
}

/** Fails unless `fn` throws; returns what was thrown. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/** Fails unless `fn` throws an error of the class, whose message includes the text; returns the error. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  // deno-lint-ignore no-explicit-any
  ErrorClass: new (...args: any[]) => E,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows(
  fn: () => unknown,
  // deno-lint-ignore no-explicit-any
  classOrMsg?: (new (...args: any[]) => Error) | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  const wanted = typeof classOrMsg === "string" ? undefined : classOrMsg;
  const note = typeof classOrMsg === "string" ? classOrMsg : msg;
  let thrown: unknown;
  try {
    fn();
  } catch (error) {
    thrown = error;
    return checkThrown(thrown, wanted, msgIncludes, note);
  }
  throw new AssertionError(`Expected function to throw${suffix(note)}`);
}

/** Fails unless `fn` returns a promise that rejects; resolves to the reason. */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
/** Fails unless `fn` rejects with an error of the class, whose message includes the text; resolves to the error. */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  // deno-lint-ignore no-explicit-any
  ErrorClass: new (...args: any[]) => E,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  // deno-lint-ignore no-explicit-any
  classOrMsg?: (new (...args: any[]) => Error) | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const wanted = typeof classOrMsg === "string" ? undefined : classOrMsg;
  const note = typeof classOrMsg === "string" ? classOrMsg : msg;
  let promise: unknown;
  try {
    promise = fn();
  } catch {
    throw new AssertionError(`Function throws when expected to reject${suffix(note)}`);
  }
  const thenable = promise as PromiseLike<unknown> | null;
  if (typeof thenable?.then !== "function") {
    throw new AssertionError(`Function does not return a Promise${suffix(note)}`);
  }
  try {
    await thenable;
  } catch (error) {
    return checkThrown(error, wanted, msgIncludes, note);
  }
  throw new AssertionError(`Expected function to reject${suffix(note)}`);
}

function checkThrown(
  thrown: unknown,
  // deno-lint-ignore no-explicit-any
  wanted: (new (...args: any[]) => Error) | undefined,
  msgIncludes: string | undefined,
  msg: string | undefined,
): unknown {
  if (!wanted) return thrown;
  if (!(thrown instanceof Error)) {
    throw new AssertionError(`A non-Error object was thrown or rejected${suffix(msg)}`);
  }
  assertIsError(thrown, wanted, msgIncludes, msg);
  return thrown;
}

const LARGE = 5000; // elements: the line-by-line difference of more takes minutes and gigabytes

/** Whether a value has more elements, at all depths, than a difference can be shown of. */
function isLarge(value: unknown): boolean {
  let left = LARGE;
  const visit = (at: unknown): void => {
    if (typeof at !== "object" || at === null || left < 0) return;
    if (ArrayBuffer.isView(at)) left -= at.byteLength;
    else for (const child of Object.values(at)) if (--left >= 0) visit(child);
  };
  visit(value);
  return left < 0;
}

/** The comparison's own message, or `undefined` where it holds. */
function differenceOf(compare: () => void): string | undefined {
  try {
    compare();
  } catch (error) {
    if (error instanceof NodeAssertionError) return error.message;
    throw error;
  }
}

/** -0 is 0 to `assertEquals`, at any depth of arrays and plain objects; `node:assert` tells them apart. */
function plain(value: unknown): unknown {
  if (Object.is(value, -0)) return 0;
  if (value instanceof Float32Array || value instanceof Float64Array) return value.map((x) => x + 0);
  if (Array.isArray(value)) return value.map(plain);
  if (value && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, plain(entry)]));
  }
  return value;
}

function suffix(msg: string | undefined, end = "."): string {
  return msg ? `: ${msg}` : end;
}

function show(value: unknown): string {
  return Deno.inspect(value, { depth: 10, strAbbreviateSize: 1e6, sorted: true, trailingComma: true });
}

function brief(x: number): string {
  return Number.isInteger(x) ? `${x}` : x.toExponential();
}
