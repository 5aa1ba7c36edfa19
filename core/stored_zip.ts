/** ZIP archives whose entries are stored as they are: what PyTorch saves tensors in, and NumPy arrays in `.npz`. */

const END = 0x06054b50; // signatures of records
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
const ENTRY_BYTES = 46;
const LOCAL_BYTES = 30;
const LONGEST_COMMENT = 0xffff;
const IN_ZIP64 = 0xffffffff;

/** Whether bytes begin as a ZIP archive does. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) === LOCAL;
}

/**
 * The files of an archive by their names, as views of its bytes.
 *
 * @throws {SyntaxError} If the bytes are no archive, cut short, larger than 4 GiB, or an entry is compressed
 */
export function readStoredZip(bytes: Uint8Array<ArrayBuffer>): Map<string, Uint8Array<ArrayBuffer>> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = endRecord(view);
  const count = view.getUint16(end + 10, true);
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  let at = view.getUint32(end + 16, true);
  for (let i = 0; i < count; i++) {
    if (at + ENTRY_BYTES > bytes.length || view.getUint32(at, true) !== ENTRY) fail("a damaged directory", "an entry");
    const [method, size, stored] = [
      view.getUint16(at + 10, true),
      view.getUint32(at + 20, true),
      view.getUint32(at + 24, true),
    ];
    const nameLength = view.getUint16(at + 28, true);
    const name = new TextDecoder().decode(bytes.subarray(at + ENTRY_BYTES, at + ENTRY_BYTES + nameLength));
    const local = view.getUint32(at + 42, true);
    if ([size, stored, local].includes(IN_ZIP64)) fail(`${name} in a ZIP64 record`, "archives of less than 4 GiB");
    if (method !== 0 || size !== stored) fail(`${name} compressed by method ${method}`, "it stored as it is");
    if (local + LOCAL_BYTES > bytes.length || view.getUint32(local, true) !== LOCAL) {
      fail(`no ${name}`, "it in its place");
    }
    // The name and the extra field of the local record may be longer than those of the directory: they align the data.
    const from = local + LOCAL_BYTES + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    if (from + size > bytes.length) {
      fail(`${bytes.length} bytes`, `${name} up to byte ${from + size} (the file was cut short)`);
    }
    files.set(name, bytes.subarray(from, from + size));
    at += ENTRY_BYTES + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return files;
}

/** Where the last record begins; only a comment may follow it. */
function endRecord(view: DataView): number {
  const last = view.byteLength - END_BYTES;
  for (let at = last; at >= Math.max(0, last - LONGEST_COMMENT); at--) {
    if (view.getUint32(at, true) === END) return at;
  }
  return fail("no directory at the end", "a ZIP archive (the file was cut short)");
}

function fail(found: string, expected: string): never {
  throw new SyntaxError(`Cannot read ZIP archive: found ${found}, expected ${expected}`);
}
