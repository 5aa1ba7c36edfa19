import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { checkScans } from "../../datasets/jpeg_scan.ts";
import { loadPictures } from "../../datasets/pictures.ts";
import files from "../golden/jpegs.json" with { type: "json" };
import pictures from "../golden/pictures.json" with { type: "json" };
import { inFolder } from "../in_folder.ts";
import { gzipped, shade, tarOf, zipOf } from "./archives.ts";
import { decodeBase64 } from "./base64.ts";

type Kind = keyof typeof files;

/** A marker with its segment and, after a scan's, the codes. */
interface Segment {
  readonly marker: number;
  readonly bytes: readonly number[];
  /** Where the codes begin in `bytes`: after the last of them but in scans. */
  readonly codes: number;
}

const [FRAMES, TABLES, SCAN, INTERVAL] = [[0xc0, 0xc1, 0xc2], 0xc4, 0xda, 0xdd];
const END = [0xff, 0xd9];
const kinds = Object.keys(files) as Kind[];
const fileOf = (kind: Kind) => decodeBase64(files[kind]);

/** The segments of a file between its first and its last marker. */
function segmentsOf(file: Uint8Array): Segment[] {
  const segments: Segment[] = [];
  for (let at = 2; file[at + 1] !== END[1];) {
    const codes = 2 + file[at + 2] * 256 + file[at + 3];
    let end = at + codes;
    const isCode = (i: number) => file[i] !== 0xff || file[i + 1] === 0 || file[i + 1] >= 0xd0 && file[i + 1] <= 0xd7;
    if (file[at + 1] === SCAN) { while (isCode(end)) end++; }
    segments.push({ marker: file[at + 1], bytes: [...file.subarray(at, end)], codes });
    at = end;
  }
  return segments;
}

const joined = (segments: readonly Segment[]) =>
  Uint8Array.of(0xff, 0xd8, ...segments.flatMap(({ bytes }) => bytes), ...END);

/** The file with what a function makes of the bytes of one segment: the n-th that has this marker. */
function changed(
  kind: Kind,
  marker: number | number[],
  change: (bytes: number[], codes: number) => number[],
  nth = 0,
): Uint8Array {
  const segments = segmentsOf(fileOf(kind));
  const at = segments.map((segment, i) => [marker].flat().includes(segment.marker) ? i : -1).filter((i) => i >= 0)[nth];
  const { bytes, codes } = segments[at];
  return joined(segments.with(at, { ...segments[at], bytes: change([...bytes], codes) }));
}

/** The file without the n-th scan, or with scans in another order. */
function rearranged(kind: Kind, order: (scans: Segment[]) => Segment[]): Uint8Array {
  const segments = segmentsOf(fileOf(kind));
  const groups: Segment[][] = [[]]; // each scan with the tables before it
  for (const segment of segments) {
    groups.at(-1)!.push(segment);
    if (segment.marker === SCAN) groups.push([]);
  }
  const first = groups[0].findLastIndex(({ marker }) => FRAMES.includes(marker)) + 1;
  const head = groups[0].splice(0, first);
  const scans = groups.slice(0, -1).map((group): Segment => ({
    marker: SCAN,
    bytes: group.flatMap(({ bytes }) => bytes),
    codes: 0,
  }));
  return joined([...head, ...order(scans)]);
}

const refuses = (file: Uint8Array, found: string, note?: string) =>
  assertThrows(() => checkScans(file), SyntaxError, `is damaged (${found}), expected an intact file`, note);

Deno.test("checkScans() passes whole files: every sampling, scan, restart interval and kind of table", () => {
  for (const kind of kinds) checkScans(fileOf(kind));
  for (const { name, file } of pictures.files) if (name.endsWith(".jpg")) checkScans(decodeBase64(file));
  checkScans(decodeBase64(pictures.noise));
});

Deno.test("checkScans() notices a file that is cut anywhere in its pixels, with an end marker put behind", () => {
  for (const kind of kinds) {
    const segments = segmentsOf(fileOf(kind));
    segments.forEach(({ marker, bytes, codes }, i) => {
      if (marker !== SCAN) return;
      for (let end = codes; end < bytes.length; end++) {
        const cut = joined([...segments.slice(0, i), { marker, bytes: bytes.slice(0, end), codes }]);
        assertThrows(() => checkScans(cut), SyntaxError, "is damaged (", `${kind}, ${end} bytes of segment ${i}`);
      }
    });
  }
  refuses(changed("2x2", SCAN, (bytes) => bytes.slice(0, bytes.length / 2)), "its pixels end early");
});

Deno.test("checkScans() notices a file that is cut without an end marker", () => {
  for (const kind of kinds) {
    const file = fileOf(kind);
    for (let end = 2; end < file.length; end += end < file.length - 9 ? 7 : 1) {
      assertThrows(() => checkScans(file.subarray(0, end)), SyntaxError, "is damaged (", `${kind}, ${end} bytes`);
    }
  }
  refuses(fileOf("grey").subarray(0, -2), "it ends early, or one of its segments does");
});

Deno.test("checkScans() notices a picture that says it is twice as high, or half", () => {
  for (const kind of kinds) {
    const height = (factor: number) => changed(kind, FRAMES, (bytes) => bytes.with(6, Math.floor(bytes[6] * factor)));
    assertThrows(() => checkScans(height(2)), SyntaxError, "is damaged (", `${kind}, twice`);
    assertThrows(() => checkScans(height(0.5)), SyntaxError, "is damaged (", `${kind}, half`);
  }
});

Deno.test("checkScans() notices bytes after the last code, but not the bits that fill the last byte", () => {
  for (const kind of kinds) {
    refuses(changed(kind, SCAN, (bytes) => [...bytes, 0]), "bytes left over after its pixels: 1", kind);
  }
  const { length } = fileOf("grey");
  checkScans(fileOf("grey").with(length - 3, fileOf("grey")[length - 3] & 0xfe)); // filled with 0 instead of 1
});

Deno.test("checkScans() notices zeros and noise over the pixels", () => {
  const zeros = (bytes: number[], codes: number) => bytes.fill(0, codes + 100, codes + 164);
  for (const kind of ["1x1", "2x2", "optimised", "separate"] as const) {
    assertThrows(() => checkScans(changed(kind, SCAN, zeros)), SyntaxError, "is damaged (", kind);
  }
  const ones = (bytes: number[], codes: number) => bytes.with(codes, 0xff).with(codes + 1, 0).with(codes + 2, 0xff);
  const noCode = "a code of its pixels is in none of its tables";
  refuses(changed("grey", SCAN, (bytes, codes) => ones(bytes, codes).with(codes + 3, 0)), noCode);
});

Deno.test("checkScans() notices runs of zeros past the last coefficient", () => {
  const past = "a block has more coefficients than there can be";
  const oneByRun = (run: number) => (bytes: number[]) => bytes.map((byte, i) => i > 20 && byte === 1 ? run : byte);
  refuses(changed("grey", TABLES, oneByRun(0xf1), 1), past);
  refuses(changed("progressive", TABLES, oneByRun(0xf1), 2), past);
  const endByRun = (bytes: number[]) => bytes.map((byte, i) => i > 20 && byte === 0 ? 0xf0 : byte);
  refuses(changed("progressive grey", TABLES, endByRun, 3), past);
  const refined = "a code adds more than the one bit that its scan is about";
  refuses(changed("progressive grey", TABLES, oneByRun(0x02), 3), refined);
});

Deno.test("checkScans() notices restart markers that are missing, out of order or not due", () => {
  const order = "a restart marker is missing or out of order";
  for (const kind of ["restarts", "separate restarts", "progressive restarts"] as const) {
    const restart = (bytes: number[], codes: number) =>
      bytes.findIndex((byte, i) => i >= codes && byte === 0xff && bytes[i + 1] === 0xd0);
    refuses(changed(kind, SCAN, (bytes, codes) => bytes.with(restart(bytes, codes) + 1, 0xd3)), order, kind);
    const missing = changed(kind, SCAN, (bytes, codes) => bytes.toSpliced(restart(bytes, codes), 2));
    assertThrows(() => checkScans(missing), SyntaxError, "is damaged (", kind);
    const none = changed(kind, INTERVAL, (bytes) => bytes.with(5, 0));
    assertThrows(() => checkScans(none), SyntaxError, "is damaged (", kind);
    checkScans(changed(kind, SCAN, (bytes, codes) => bytes.toSpliced(restart(bytes, codes), 0, 0xff))); // fill byte
  }
});

Deno.test("checkScans() notices scans that are missing or come too late", () => {
  refuses(rearranged("separate", (scans) => scans.slice(0, 2)), "it has no pixels of component 3");
  refuses(rearranged("progressive", (scans) => scans.slice(1)), "component 1 has details without a mean");
  refuses(
    rearranged("many scans", (scans) => scans.toSpliced(6, 1)),
    "component 1 lacks a scan before another, or has one twice",
  );
  refuses(
    rearranged("progressive", (scans) => [scans[0], ...scans]),
    "component 1 lacks a scan before another, or has one twice",
  );
  const twice = "component 3 lacks a scan before another, or has one twice";
  refuses(rearranged("many scans", (scans) => [...scans.slice(0, 6), ...scans.slice(5)]), twice);
  refuses(rearranged("2x2", () => []), "it has no pixels of component 1");
});

Deno.test("checkScans() notices segments that cannot be", () => {
  const scan = (kind: Kind, from: number, ...values: number[]) =>
    changed(kind, SCAN, (bytes) => bytes.toSpliced(from, values.length, ...values));
  refuses(scan("grey", 5, 9), "it has pixels of component 9, which it does not list");
  refuses(scan("progressive grey", 7, 0, 5), "it has a scan of coefficients 0 to 5 that cannot be");
  refuses(scan("grey", 4, 0), "it has pixels of no component");
  const frame = changed("grey", FRAMES, (bytes) => [...bytes, ...bytes]);
  refuses(frame, "it has two sizes");
  const late = segmentsOf(fileOf("grey")).toSorted((a) => FRAMES.includes(a.marker) ? 1 : -1);
  refuses(joined(late), "its pixels come before its size");
  const factors = changed("grey", FRAMES, (bytes) => bytes.with(11, 0x01));
  refuses(factors, "it has a component that is sampled less than once or more than four times");
  const crowded = changed("grey", TABLES, (bytes) => bytes.with(5, 3).with(7, bytes[7] - 3));
  refuses(crowded, "one of its tables has more codes than there can be");
  refuses(changed("grey", TABLES, (bytes) => bytes.with(-1, 16)), "one of its tables has values of too many bits");
  refuses(changed("grey", TABLES, (bytes) => [...bytes, 7]), "it has no marker where a segment starts");
});

Deno.test("checkScans() leaves other kinds of JPEG to the decoder", () => {
  const cut = (kind: Kind) => segmentsOf(fileOf(kind)).filter(({ marker }) => marker !== SCAN);
  const frame = (at: number, value: number) => (segment: Segment) =>
    FRAMES.includes(segment.marker) ? { ...segment, bytes: segment.bytes.with(at, value) } : segment;
  checkScans(joined(cut("grey").map(frame(4, 12)))); // bits
  checkScans(joined(cut("grey").map(frame(6, 0)))); // height told by a later segment
  checkScans(joined(cut("grey").map(frame(9, 5)))); // components
  for (const marker of [0xc3, 0xc5, 0xc9, 0xca]) checkScans(joined(cut("grey").map(frame(1, marker))));
  checkScans(joined(segmentsOf(fileOf("grey")).filter(({ marker }) => marker !== TABLES))); // Motion JPEG
});

Deno.test("checkScans() passes what programs write that is odd, but tells of no damage", () => {
  const odd = (change: (bytes: number[], codes: number) => number[]) => checkScans(changed("restarts", SCAN, change));
  odd((bytes) => [...bytes, 0xff, 0xff]); // fill bytes
  odd((bytes) => [...bytes, 0xff, 0xd0]); // a restart after the last pixels
  odd((bytes, codes) => bytes.toSpliced(codes - 3, 3, 9, 0, 0x31)); // numbers that mean nothing in a sequential scan
  checkScans(Uint8Array.of(...fileOf("2x2"), 1, 2, 3)); // something after the picture
});

Deno.test("checkScans() throws nothing but a SyntaxError, whatever is changed in a file", () => {
  for (const kind of kinds) {
    const file = fileOf(kind);
    let refused = 0;
    for (let at = 0; at < file.length; at++) {
      try {
        checkScans(file.with(at, file[at] ^ 0x55));
      } catch (error) {
        assert(error instanceof SyntaxError, `${kind}, byte ${at}: ${error}`);
        refused++;
      }
    }
    assert(refused > 100, `${kind}: ${refused} of ${file.length} refused`);
  }
});

Deno.test("loadPictures() names, leaves out and counts a JPEG file with damaged pixels, and refuses more than 1 %", async () => {
  await inFolder(async (folder) => {
    const whole = fileOf("2x2");
    const damaged = Uint8Array.of(...whole.subarray(0, -200), ...END);
    const grey = await shade(128);
    const others = Object.fromEntries(Array.from({ length: 98 }, (_, i) => [`${i}.png`, grey]));
    const files = { ...others, "whole.jpg": whole, "damaged.jpg": damaged };
    const load = async (archive: Uint8Array<ArrayBuffer>) => {
      await Deno.writeFile(`${folder}/set`, archive);
      const warnings: string[] = [];
      const options = { size: 8, env: () => undefined, onWarning: (warning: string) => warnings.push(warning) };
      const set = { name: "some", path: `${folder}/set` };
      const train = await loadPictures(set, { ...options, split: "train" });
      const test = await loadPictures(set, { ...options, split: "test" });
      return { count: train.shape[0] + test.shape[0], warnings: [...new Set(warnings)] };
    };
    for (const archive of [await zipOf(files), gzipped(await tarOf(files))]) {
      assertEquals(await load(archive), {
        count: 99,
        warnings: [
          `Left out 1 of 100 pictures of some in ${folder}/set: ` +
          "damaged.jpg is damaged (its pixels end early), expected an intact file",
        ],
      });
    }
    const twice = await zipOf({ ...files, "whole.jpg": damaged });
    await assertRejects(() => load(twice), SyntaxError, "found 2 faulty pictures of 100 and stopped there");
  });
});
