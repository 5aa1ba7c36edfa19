/** NumPy's file format for one array, version 1.0. */

const MAGIC = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0); // \x93NUMPY 1.0
const ALIGNMENT = 64; // bytes at which the numbers begin

/**
 * Numbers as the bytes of an `.npy` file: `float32`, little-endian, row-major.
 *
 * @throws {RangeError} If the shape asks for another number of them
 */
export function npyOf(values: Float32Array, shape: readonly number[]): Uint8Array<ArrayBuffer> {
  if (shape.reduce((product, length) => product * length, 1) !== values.length) {
    throw new RangeError(`Cannot write ${values.length} numbers as [${shape}]: expected as many as the shape says`);
  }
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${tuple}), }`;
  const before = MAGIC.length + 2; // and the length of the header
  const start = Math.ceil((before + text.length + 1) / ALIGNMENT) * ALIGNMENT;
  const bytes = new Uint8Array(start + 4 * values.length);
  bytes.set(MAGIC);
  new DataView(bytes.buffer).setUint16(MAGIC.length, start - before, true);
  bytes.set(new TextEncoder().encode(`${text.padEnd(start - before - 1)}\n`), before);
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), start);
  return bytes;
}
