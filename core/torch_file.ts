/**
 * Files of tensors that `torch.save` wrote: a ZIP archive with a pickle and a file for every storage (PyTorch 1.6 and
 * newer), or the pickles and storages one behind the other (before that). Pickles are read, never executed (`pickle.ts`).
 */

import { Global, type Pickled, readPickle } from "./pickle.ts";
import type { StoredTensor } from "./safetensors.ts";
import { sameShape, type Shape, sizeOf, stridesOf } from "./shape.ts";
import { isZip, readStoredZip } from "./stored_zip.ts";

const MAGIC = 0x1950a86a20f9469cfc6cn; // first pickle of the older format
const ELEMENT_BYTES: Readonly<Record<string, number>> = {
  "torch FloatStorage": 4,
  "torch DoubleStorage": 8,
  "torch HalfStorage": 2,
  "torch BFloat16Storage": 2,
  "torch LongStorage": 8,
  "torch IntStorage": 4,
  "torch ShortStorage": 2,
  "torch CharStorage": 1,
  "torch ByteStorage": 1,
  "torch BoolStorage": 1,
};
const FLOAT = "torch FloatStorage";

/** A run of numbers in memory that tensors are views of. */
class Storage {
  constructor(readonly type: string, readonly key: string, readonly length: number) {}
}

/** A tensor as a view. */
class View {
  constructor(
    readonly storage: Storage,
    readonly offset: number,
    readonly shape: Shape,
    readonly strides: readonly number[],
  ) {}
}

/**
 * The `f32` tensors of a file by name, nested names joined by dots (`state_dict.fc.weight`); tensors of other types, such
 * as counters, are left out.
 *
 * @throws {SyntaxError} If the bytes are no such file, damaged, or hold more than tensors, numbers and texts
 */
export function decodeTorchFile(bytes: Uint8Array<ArrayBuffer>): Record<string, StoredTensor> {
  const { value, storages } = isZip(bytes) ? readArchive(bytes) : readOlder(bytes);
  const tensors: Record<string, StoredTensor> = {};
  for (const [name, view] of viewsIn(value, "")) {
    if (view.storage.type === FLOAT) tensors[name] = { shape: view.shape, data: numbersOf(name, view, storages) };
  }
  return tensors;
}

interface Contents {
  value: Pickled;
  /** Bytes by key. */
  storages: ReadonlyMap<string, Uint8Array>;
}

function readArchive(bytes: Uint8Array<ArrayBuffer>): Contents {
  const files = readStoredZip(bytes);
  const pickle = [...files.keys()].find((name) => name.endsWith("/data.pkl"));
  if (pickle === undefined) return fail("a ZIP archive without data.pkl", "one that torch.save wrote");
  const folder = pickle.slice(0, -"data.pkl".length);
  const order = new TextDecoder().decode(files.get(`${folder}byteorder`) ?? new Uint8Array());
  if (order === "big") fail("big-endian numbers", "little-endian ones");
  const storages = new Map([...files].map(([name, data]) => [name.slice(`${folder}data/`.length), data]));
  return { value: readPickle(files.get(pickle)!, READER).value, storages };
}

function readOlder(bytes: Uint8Array<ArrayBuffer>): Contents {
  let at = 0;
  const storages = new Map<string, Storage>();
  const reader = {
    ...READER,
    persistent: (id: Pickled) => {
      const storage = storageOf(id);
      storages.set(storage.key, storage);
      return storage;
    },
  };
  const next = (): Pickled => {
    const { value, end } = readPickle(bytes, reader, at);
    at = end;
    return value;
  };
  if (next() !== MAGIC) fail("a pickle of something else", "a file that torch.save wrote");
  next(); // version of the format
  next(); // sizes of numbers where it was written
  const value = next();
  const keys = next();
  if (!Array.isArray(keys)) return fail("no list of storages", "one behind the tensors");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const data = keys.map((key): [string, Uint8Array] => {
    const storage = storages.get(String(key)) ?? fail(`storage ${key}`, "one that a tensor uses");
    const from = at + 8; // behind the number of elements
    const length = from <= bytes.length ? Number(view.getBigInt64(at, true)) : storage.length;
    if (length !== storage.length) fail(`${length} elements of storage ${key}`, `${storage.length}`);
    at = from + length * ELEMENT_BYTES[storage.type];
    if (at > bytes.length) fail(`${bytes.length} bytes`, `at least ${at} (the file was cut short)`);
    return [String(key), bytes.subarray(from, at)];
  });
  return { value, storages: new Map(data) };
}

const READER = {
  functions: {
    "collections OrderedDict": () => new Map(),
    "torch._utils _rebuild_tensor_v2": (args: readonly Pickled[]) => viewOf(args),
    "torch._utils _rebuild_tensor": (args: readonly Pickled[]) => viewOf(args),
    "torch._utils _rebuild_parameter": ([data]: readonly Pickled[]) => data,
  },
  persistent: storageOf,
};

/** `("storage", type, key, device, elements)`. */
function storageOf(id: Pickled): Storage {
  if (!Array.isArray(id) || id[0] !== "storage" || !(id[1] instanceof Global)) {
    return fail("a reference to something else", "one to a storage");
  }
  const [, { name: type }, key, , length] = id;
  if (!Object.hasOwn(ELEMENT_BYTES, type)) fail(`storage of type ${type}`, Object.keys(ELEMENT_BYTES).join(", "));
  return new Storage(type, String(key), Number(length));
}

/** `(storage, offset, shape, strides, …)`. */
function viewOf([storage, offset, shape, strides]: readonly Pickled[]): View {
  const isLengths = (value: Pickled): value is number[] => Array.isArray(value) && value.every(Number.isSafeInteger);
  if (
    !(storage instanceof Storage) || !Number.isSafeInteger(offset) || !isLengths(shape) || !isLengths(strides) ||
    shape.length !== strides.length
  ) {
    return fail("a tensor without storage, offset, shape and strides", "all four");
  }
  return new View(storage, Number(offset), shape, strides);
}

/** Tensors in nested dictionaries. */
function viewsIn(value: Pickled, prefix: string): [name: string, view: View][] {
  if (value instanceof View) return [[prefix, value]];
  if (!(value instanceof Map)) return [];
  return [...value].flatMap(([name, part]) => viewsIn(part, prefix === "" ? String(name) : `${prefix}.${name}`));
}

/** The elements of a view in row-major order. */
function numbersOf(
  name: string,
  { storage, offset, shape, strides }: View,
  storages: Contents["storages"],
): Float32Array {
  const bytes = storages.get(storage.key) ?? fail(`no storage ${storage.key}`, `that of ${name}`);
  const last = shape.reduce((at, length, axis) => at + (length - 1) * strides[axis], offset);
  const size = sizeOf(shape);
  if (size > 0 && (offset < 0 || strides.some((stride) => stride < 0) || Math.max(last + 1, size) * 4 > bytes.length)) {
    fail(`${bytes.length} bytes of storage ${storage.key}`, `${Math.max(last + 1, size) * 4} for ${name} [${shape}]`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const rowMajor = stridesOf(shape);
  if (sameShape(strides, rowMajor)) {
    const from = bytes.byteOffset + offset * 4;
    return new Float32Array(bytes.buffer.slice(from, from + size * 4) as ArrayBuffer);
  }
  return Float32Array.from({ length: size }, (_, i) => {
    const place = shape.reduce(
      (at, length, axis) => at + Math.floor(i / rowMajor[axis]) % length * strides[axis],
      offset,
    );
    return view.getFloat32(place * 4, true);
  });
}

function fail(found: string, expected: string): never {
  throw new SyntaxError(`Cannot read PyTorch file: found ${found}, expected ${expected}`);
}
