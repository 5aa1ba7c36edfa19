/** Drawings into pixels: SVG text into the bytes of a PNG, with the same letters on every machine. */

/** Turns SVG text into a PNG file. */
export type Rasterize = (svg: string) => Uint8Array<ArrayBuffer>;

const ZOOM = 2; // pixels of a PNG for each of a drawing: sharp on today's screens
const FAMILY = "DejaVu Sans"; // the first of core/svg.ts
const FONTS = ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"];

let ready: Promise<Rasterize> | undefined;

/** The rasteriser, loaded when it is asked for first. Reads its program and its fonts, which needs `--allow-read`. */
export function rasterizer(): Promise<Rasterize> {
  return ready ??= load();
}

async function load(): Promise<Rasterize> {
  const { initWasm, Resvg } = await import("@resvg/resvg-wasm");
  // Only packages that something is imported from are there; of the fonts' that is its description.
  await import("dejavu-fonts-ttf", { with: { type: "json" } });
  const fonts = import.meta.resolve("dejavu-fonts-ttf");
  const program = import.meta.resolve("@resvg/resvg-wasm/index_bg.wasm");
  await initWasm(await WebAssembly.compile(await Deno.readFile(new URL(program))));
  const fontBuffers = await Promise.all(FONTS.map((file) => Deno.readFile(new URL(`ttf/${file}`, fonts))));
  const font = { loadSystemFonts: false, fontBuffers, defaultFontFamily: FAMILY };
  return (svg) => {
    const drawing = new Resvg(svg, { font, fitTo: { mode: "zoom", value: ZOOM } });
    const pixels = drawing.render();
    try {
      return new Uint8Array(pixels.asPng());
    } finally {
      pixels.free();
      drawing.free();
    }
  };
}
