/**
 * The part of Python's pickle format (protocols 2 to 4) that tensors are saved in. Nothing is executed: a global is a name,
 * and what it is called with goes to the reader's own table of functions.
 * https://docs.python.org/3/library/pickletools.html
 */

/** A value of a pickle: numbers, texts, lists (tuples too), maps (dictionaries), and what the reader's functions make. */
export type Pickled = unknown;

/** What the names in a pickle mean. */
interface PickleReader {
  /** Functions by `module name`, such as `collections OrderedDict`. */
  readonly functions: Readonly<Record<string, (args: readonly Pickled[]) => Pickled>>;
  /** What a persistent id stands for. */
  readonly persistent: (id: Pickled) => Pickled;
}

/** A function or class by its name, `module name`. */
export class Global {
  constructor(readonly name: string) {}
}

const MARK = Symbol("mark");

/**
 * The value that a pickle describes.
 *
 * @param start The byte that the pickle begins at
 * @returns The value, and the first byte behind the pickle
 * @throws {SyntaxError} If the bytes are no pickle, cut short, or use more of the format than tensors need
 */
export function readPickle(bytes: Uint8Array, reader: PickleReader, start = 0): { value: Pickled; end: number } {
  const input = new PickleInput(bytes, start);
  const memo = new Map<number, Pickled>();
  const stack: Pickled[] = [];
  const pop = (): Pickled => {
    if (stack.length === 0) return fail("a value taken from an empty stack", "one that was put there");
    return stack.pop();
  };
  const popMark = (): Pickled[] => {
    const mark = stack.lastIndexOf(MARK);
    if (mark < 0) return fail("the end of a list without a beginning", "a mark before it");
    const values = stack.splice(mark);
    return values.slice(1);
  };
  const top = <T>(kind: string, is: (value: Pickled) => value is T): T => {
    const value = stack[stack.length - 1];
    return is(value) ? value : fail("another value", kind);
  };
  const setItems = (items: readonly Pickled[]) => {
    const map = top("a dictionary", (value) => value instanceof Map);
    for (let i = 0; i + 1 < items.length; i += 2) map.set(items[i], items[i + 1]);
  };
  const tuple = (length: number) => stack.push(Array.from({ length }, pop).reverse());
  const call = () => {
    const args = pop();
    const callee = pop();
    if (!(callee instanceof Global) || !Array.isArray(args)) return fail("a call of no function", "a global");
    const known = Object.hasOwn(reader.functions, callee.name) ? reader.functions[callee.name] : undefined;
    if (known === undefined) {
      return fail(`a call of ${callee.name}`, `only ${Object.keys(reader.functions).join(", ")}`);
    }
    stack.push(known(args));
  };
  const get = (key: number) => stack.push(memo.has(key) ? memo.get(key) : fail(`memo ${key}`, "one that was kept"));
  const put = (key: number) => memo.set(key, stack[stack.length - 1]);

  const operations: Record<number, () => unknown> = {
    0x80: () => input.uint(1), // PROTO
    0x95: () => input.skip(8), // FRAME
    [code("(")]: () => stack.push(MARK),
    [code("0")]: pop,
    [code("N")]: () => stack.push(null),
    0x88: () => stack.push(true),
    0x89: () => stack.push(false),
    [code("J")]: () => stack.push(input.int32()),
    [code("K")]: () => stack.push(input.uint(1)),
    [code("M")]: () => stack.push(input.uint(2)),
    0x8a: () => stack.push(input.long(input.uint(1))),
    [code("G")]: () => stack.push(input.double()),
    [code("X")]: () => stack.push(input.text(input.uint(4))),
    0x8c: () => stack.push(input.text(input.uint(1))),
    [code("T")]: () => stack.push(input.text(input.uint(4))),
    [code("U")]: () => stack.push(input.text(input.uint(1))),
    [code("}")]: () => stack.push(new Map()),
    [code("]")]: () => stack.push([]),
    [code(")")]: () => stack.push([]),
    [code("t")]: () => stack.push(popMark()),
    0x85: () => tuple(1),
    0x86: () => tuple(2),
    0x87: () => tuple(3),
    [code("a")]: () => {
      const value = pop();
      top("a list", Array.isArray).push(value);
    },
    [code("e")]: () => {
      const values = popMark();
      top("a list", Array.isArray).push(...values);
    },
    [code("s")]: () => setItems([pop(), pop()].reverse()),
    [code("u")]: () => setItems(popMark()),
    [code("c")]: () => stack.push(new Global(`${input.line()} ${input.line()}`)),
    0x93: () => stack.push(new Global([pop(), pop()].reverse().join(" "))),
    [code("R")]: call,
    [code("b")]: pop, // attributes of an object, which nothing here has
    [code("Q")]: () => stack.push(reader.persistent(pop())),
    [code("q")]: () => put(input.uint(1)),
    [code("r")]: () => put(input.uint(4)),
    0x94: () => put(memo.size),
    [code("h")]: () => get(input.uint(1)),
    [code("j")]: () => get(input.uint(4)),
  };
  for (;;) {
    const opcode = input.uint(1);
    if (opcode === code(".")) return { value: pop(), end: input.at };
    const operation = operations[opcode];
    if (operation === undefined) {
      fail(`operation 0x${opcode.toString(16)} at byte ${input.at - 1}`, "one that tensors are saved with");
    }
    operation();
  }
}

const code = (character: string): number => character.charCodeAt(0);

/** Bytes that are read from front to back. */
class PickleInput {
  readonly #view: DataView;
  constructor(readonly bytes: Uint8Array, public at: number) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  skip(length: number): number {
    const from = this.at;
    if (from + length > this.bytes.length) {
      fail(`${this.bytes.length} bytes`, `at least ${from + length} (the file was cut short)`);
    }
    this.at += length;
    return from;
  }

  uint(length: 1 | 2 | 4): number {
    const from = this.skip(length);
    return length === 1
      ? this.#view.getUint8(from)
      : length === 2
      ? this.#view.getUint16(from, true)
      : this.#view.getUint32(from, true);
  }

  int32(): number {
    return this.#view.getInt32(this.skip(4), true);
  }

  double(): number {
    return this.#view.getFloat64(this.skip(8)); // big-endian, as the format says
  }

  /** A whole number of so many bytes, two's complement; a `bigint` where a number does not hold it. */
  long(length: number): number | bigint {
    const bytes = this.bytes.subarray(this.skip(length), this.at);
    const value = BigInt.asIntN(length * 8, bytes.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n));
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  }

  text(length: number): string {
    return new TextDecoder().decode(this.bytes.subarray(this.skip(length), this.at));
  }

  line(): string {
    const from = this.at;
    while (this.uint(1) !== code("\n"));
    return new TextDecoder().decode(this.bytes.subarray(from, this.at - 1));
  }
}

function fail(found: string, expected: string): never {
  throw new SyntaxError(`Cannot read pickle: found ${found}, expected ${expected}`);
}
