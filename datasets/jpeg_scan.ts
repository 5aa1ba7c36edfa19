/** Whether the pixels of a JPEG file are whole, told by walking over their codes without decoding them (ITU-T T.81). */

import { BitReader, damaged, HuffmanTable } from "./jpeg_bits.ts";
import { BlockWalker, type Component, LAST, type Scan, type ScanPart } from "./jpeg_blocks.ts";

interface Frame {
  readonly progressive: boolean;
  readonly components: readonly Component[];
  /** Units across and down that a scan of several components consists of. */
  readonly columns: number;
  readonly rows: number;
}

/** Tables by their numbers. */
interface Tables {
  readonly dc: HuffmanTable[];
  readonly ac: HuffmanTable[];
}

const FRAMES = [0xc0, 0xc1, 0xc2]; // baseline, extended sequential, progressive
const HUFFMAN_TABLES = 0xc4;
const FIRST_RESTART = 0xd0;
const END_OF_IMAGE = 0xd9;
const START_OF_SCAN = 0xda;
const RESTART_INTERVAL = 0xdd;
/** Markers without a segment: restarts, which are allowed after the last pixels, too, and one for temporary use. */
const isAlone = (marker: number) => marker === 0x01 || marker >= FIRST_RESTART && marker <= 0xd7;
/** Start of frame: lossless, hierarchical, arithmetic. */
const isOtherFrame = (marker: number) => marker >= 0xc3 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);

const BLOCK = 8; // pixels
const MOST_COMPONENTS = 4;
const MOST_LOW_BITS = 13;

/**
 * Passes over the codes of a JPEG file of 8 bits with Huffman codes, sequential or progressive: each must be in its
 * table, and all together must tell of as many blocks as the picture has and end where their scan ends.
 *
 * Files of other kinds, and those without tables (Motion JPEG), are left to the decoder. Damage that happens to leave
 * as many codes as before goes unnoticed.
 *
 * @throws {SyntaxError} If that is not so; the message goes on a sentence about the file: `is damaged (its pixels end
 *   early), expected an intact file`
 *
 * @example
 * ```ts
 * import { checkScans } from "./jpeg_scan.ts";
 * import { assertThrows } from "@std/assert";
 *
 * const nothing = Uint8Array.of(0xff, 0xd8, 0xff, 0xd9);
 * assertThrows(() => checkScans(nothing), SyntaxError, "is damaged (it has no pixels), expected an intact file");
 * ```
 */
export function checkScans(file: Uint8Array): void {
  try {
    walkSegments(file);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw damaged("it ends early, or one of its segments does");
  }
}

function walkSegments(file: Uint8Array): void {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const tables: Tables = { dc: [], ac: [] };
  const bits = new BitReader(file);
  let frame: Frame | null = null;
  let interval = 0;
  for (let at = 2;;) {
    if (view.getUint8(at) !== 0xff) throw damaged("it has no marker where a segment starts");
    const marker = view.getUint8(at + 1);
    if (marker === END_OF_IMAGE) return checkComplete(frame);
    if (isOtherFrame(marker)) return;
    if (marker === 0xff) at++; // fill byte
    else if (isAlone(marker)) at += 2;
    else {
      const start = at + 4;
      at += 2 + view.getUint16(at + 2);
      const segment = new DataView(view.buffer, view.byteOffset + start, at - start);
      if (FRAMES.includes(marker)) {
        if (frame !== null) throw damaged("it has two sizes");
        frame = readFrame(segment, marker);
        if (frame === null) return;
      } else if (marker === HUFFMAN_TABLES) readTables(segment, tables);
      else if (marker === RESTART_INTERVAL) interval = segment.getUint16(0);
      else if (marker === START_OF_SCAN) {
        if (frame === null) throw damaged("its pixels come before its size");
        const scan = readScan(segment, frame, tables);
        if (scan === null) return;
        at = walkScan(file, at, { frame, scan, bits, interval });
      }
    }
  }
}

/** Null if it is left to the decoder: of more than 8 bits or 4 components, or of a height that a later segment tells. */
function readFrame(segment: DataView, marker: number): Frame | null {
  const [height, width] = [segment.getUint16(1), segment.getUint16(3)];
  const count = segment.getUint8(5);
  if (segment.getUint8(0) !== 8 || height === 0 || count > MOST_COMPONENTS) return null;
  const progressive = marker === 0xc2;
  const told = Array.from({ length: count }, (_, i) => {
    const factors = segment.getUint8(7 + 3 * i);
    return { id: segment.getUint8(6 + 3 * i), across: factors >> 4, down: factors & 15 };
  });
  if (told.some(({ across, down }) => across < 1 || across > 4 || down < 1 || down > 4)) {
    throw damaged("it has a component that is sampled less than once or more than four times");
  }
  const [across, down] = [Math.max(...told.map((one) => one.across)), Math.max(...told.map((one) => one.down))];
  const components = told.map((one): Component => {
    const columns = Math.ceil(Math.ceil(width * one.across / across) / BLOCK);
    const rows = Math.ceil(Math.ceil(height * one.down / down) / BLOCK);
    const nonzero = new Uint32Array(progressive ? 2 * columns * rows : 0);
    return { ...one, columns, rows, pending: new Int8Array(LAST + 1).fill(-1), nonzero };
  });
  const [columns, rows] = [Math.ceil(width / (BLOCK * across)), Math.ceil(height / (BLOCK * down))];
  return { progressive, components, columns, rows };
}

function readTables(segment: DataView, tables: Tables): void {
  for (let at = 0; at < segment.byteLength;) {
    const kind = segment.getUint8(at);
    const bytes = (from: number, count: number) =>
      Uint8Array.from({ length: count }, (_, i) => segment.getUint8(from + i));
    const counts = bytes(at + 1, 16);
    const symbols = bytes(at + 17, counts.reduce((sum, count) => sum + count));
    if (kind < 16 && symbols.some((size) => size > 15)) throw damaged("one of its tables has values of too many bits");
    (kind < 16 ? tables.dc : tables.ac)[kind & 15] = new HuffmanTable(counts, symbols);
    at += 17 + symbols.length;
  }
}

/** Null if it is left to the decoder, since tables are missing. */
function readScan(segment: DataView, { progressive, components }: Frame, tables: Tables): Scan | null {
  const count = segment.getUint8(0);
  const parts: ScanPart[] = [];
  for (let i = 0; i < count; i++) {
    const id = segment.getUint8(1 + 2 * i);
    const numbers = segment.getUint8(2 + 2 * i);
    const component = components.find((one) => one.id === id && !parts.some((part) => part.component === one));
    if (component === undefined) throw damaged(`it has pixels of component ${id}, which it does not list`);
    parts.push({ component, dc: tables.dc[numbers >> 4], ac: tables.ac[numbers & 15] });
  }
  if (parts.length === 0) throw damaged("it has pixels of no component");
  // Some cameras leave these numbers out of sequential files, where they can be but one thing.
  const [first, last] = progressive ? [segment.getUint8(1 + 2 * count), segment.getUint8(2 + 2 * count)] : [0, LAST];
  const bits = progressive ? segment.getUint8(3 + 2 * count) : 0;
  const [high, low] = [bits >> 4, bits & 15];
  const refines = high > 0;
  const isPossible = first > 0 ? last >= first && last <= LAST && parts.length === 1 : last === 0 || !progressive;
  if (!isPossible || low > MOST_LOW_BITS || refines && low !== high - 1) {
    throw damaged(`it has a scan of coefficients ${first} to ${last} that cannot be`);
  }
  for (const { component: { id, pending } } of parts) {
    if (first > 0 && pending[0] < 0) throw damaged(`component ${id} has details without a mean`);
    for (let k = first; k <= last; k++) {
      const follows = refines ? pending[k] === high : pending[k] < 0;
      if (progressive && !follows) throw damaged(`component ${id} lacks a scan before another, or has one twice`);
      pending[k] = low;
    }
  }
  const [needsDc, needsAc] = [first === 0 && !refines, last > 0];
  if (parts.some(({ dc, ac }) => needsDc && dc === undefined || needsAc && ac === undefined)) return null;
  return { progressive, parts, first, last, refines };
}

/** Passes over the codes of a scan that begin at a byte of the file. Returns where its last ones end. */
function walkScan(
  file: Uint8Array,
  start: number,
  { frame, scan, bits, interval }: { frame: Frame; scan: Scan; bits: BitReader; interval: number },
): number {
  const { parts } = scan;
  const blocks = ({ component: { across, down } }: ScanPart) => parts.length > 1 ? across * down : 1;
  const blocksOfUnit = parts.flatMap((part) => Array<ScanPart>(blocks(part)).fill(part));
  const { columns, rows } = parts.length > 1 ? frame : parts[0].component;
  const walker = new BlockWalker(bits, scan);
  let end = bits.open(start);
  for (let unit = 0; unit < columns * rows; unit++) {
    if (interval > 0 && unit > 0 && unit % interval === 0) {
      checkSpare(bits);
      while (file[end + 1] === 0xff) end++; // fill bytes
      if (file[end + 1] !== FIRST_RESTART + (unit / interval - 1) % 8) {
        throw damaged("a restart marker is missing or out of order");
      }
      end = bits.open(end + 2);
    }
    for (const part of blocksOfUnit) walker.walk(part, unit);
  }
  checkSpare(bits);
  return end;
}

function checkSpare({ left }: BitReader): void {
  if (left > 0) throw damaged(`bytes left over after its pixels: ${left}`);
}

function checkComplete(frame: Frame | null): void {
  if (frame === null) throw damaged("it has no pixels");
  const missing = frame.components.find(({ pending }) => pending[0] < 0);
  if (missing !== undefined) throw damaged(`it has no pixels of component ${missing.id}`);
}
