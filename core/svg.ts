/** Pictures as text: elements of SVG 1.1, and drawings that are put beside and below each other. */

import { type Picture, pngUri } from "./png.ts";

/** A part of a picture with its origin at the top left; sides in pixels. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  /** Elements of SVG. */
  readonly markup: string;
}

/** Letters of a drawing; the first is the one that is turned into pixels, the others look alike. */
export const FONT = "DejaVu Sans, Verdana, sans-serif";
/** Colours of what is not data. */
export const INK = { text: "#222222", faint: "#666666", frame: "#b0b0b0", grid: "#e6e6e6", paper: "#ffffff" };
/** Heights of letters in pixels. */
export const SIZE = { title: 17, heading: 13, text: 11, small: 10 };

const PAGE_MARGIN = 16;
const DIGITS = 100; // a hundredth of a pixel is seen by nobody

// Advance widths of DejaVu Sans for the characters from " " to "~", in hundredths of the size.
// deno-fmt-ignore
const ADVANCES = [
  32, 40, 46, 84, 64, 95, 78, 27, 39, 39, 50, 84, 32, 36, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 34, 34, 84, 84, 84,
  53, 100, 68, 69, 70, 77, 63, 58, 77, 75, 29, 29, 66, 56, 86, 75, 79, 60, 79, 69, 63, 61, 73, 68, 99, 69, 61, 69, 39, 34, 39,
  84, 50, 50, 61, 63, 55, 63, 62, 35, 63, 63, 28, 28, 58, 28, 97, 63, 61, 63, 63, 41, 52, 39, 63, 59, 82, 59, 59, 52, 64, 34,
  64, 84,
];
const OTHER_ADVANCE = 84; // of arrows, and of the plus-minus sign
const BOLD = 1.13; // bold letters are wider by about so much

/**
 * A number as SVG wants it, to a hundredth.
 *
 * @throws {RangeError} If it is NaN or infinite: a picture without it would look right
 */
export function digits(x: number): string {
  if (!Number.isFinite(x)) throw new RangeError(`Cannot draw ${x}: expected a finite number`);
  return String(Math.round(x * DIGITS) / DIGITS);
}

/**
 * An element; attributes that are `undefined` are left out.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { element } from "./svg.ts";
 *
 * assertEquals(element("line", { x1: 0, stroke: "red", "font-size": undefined }), '<line x1="0" stroke="red"/>');
 * ```
 */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number | undefined>>,
  children: string | readonly string[] = [],
): string {
  const given = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [` ${key}="${typeof value === "number" ? digits(value) : escapeText(value)}"`]
  );
  const inside = typeof children === "string" ? children : children.join("");
  return `<${name}${given.join("")}${inside === "" ? "/>" : `>${inside}</${name}>`}`;
}

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Text between or in tags; characters that XML forbids are left out. */
export function escapeText(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "").replace(
    /[&<>"]/g,
    (c) => ENTITIES[c],
  );
}

/** How `text` looks; where it lies is its baseline, from `x` on, around it or up to it. */
export interface TextStyle {
  size?: number;
  anchor?: "start" | "middle" | "end";
  bold?: boolean;
  colour?: string;
  /** Degrees, clockwise. */
  rotate?: number;
}

/** One line of text. */
export function text(content: string, x: number, y: number, style: TextStyle = {}): string {
  const { size = SIZE.text, anchor = "start", bold = false, colour = INK.text, rotate } = style;
  return element("text", {
    x,
    y,
    "font-family": FONT,
    "font-size": size,
    "font-weight": bold ? "bold" : undefined,
    "text-anchor": anchor === "start" ? undefined : anchor,
    fill: colour,
    transform: rotate === undefined ? undefined : `rotate(${digits(rotate)} ${digits(x)} ${digits(y)})`,
  }, escapeText(content));
}

/** The width of a line of text in pixels. */
export function textWidth(content: string, { size = SIZE.text, bold = false }: TextStyle = {}): number {
  const advances = [...content].map((c) => ADVANCES[c.charCodeAt(0) - 32] ?? OTHER_ADVANCE);
  return advances.reduce((sum, advance) => sum + advance, 0) / 100 * size * (bold ? BOLD : 1);
}

/** A straight line. */
export function line(x1: number, y1: number, x2: number, y2: number, colour: string, width = 1): string {
  return element("line", { x1, y1, x2, y2, stroke: colour, "stroke-width": width });
}

/** A drawing moved to the right and down. */
export function moved({ markup }: Drawing, x: number, y: number): string {
  return element("g", { transform: `translate(${digits(x)} ${digits(y)})` }, markup);
}

/** A picture of pixels in a frame, each of them a square of side `scale`. */
export async function embedded(picture: Picture, scale = 1): Promise<Drawing> {
  const [width, height] = [picture.width * scale, picture.height * scale];
  const image = element("image", {
    width,
    height,
    style: "image-rendering:pixelated",
    "xlink:href": await pngUri(picture),
  });
  const frame = element("rect", {
    x: -0.5,
    y: -0.5,
    width: width + 1,
    height: height + 1,
    fill: "none",
    stroke: INK.frame,
  });
  return { width, height, markup: image + frame };
}

/** Drawings from left to right, upper edges on one line. */
export function beside(drawings: readonly Drawing[], gap: number): Drawing {
  let x = 0;
  const parts = drawings.map((drawing) => {
    const part = moved(drawing, x, 0);
    x += drawing.width + gap;
    return part;
  });
  return {
    width: Math.max(0, x - gap),
    height: Math.max(0, ...drawings.map(({ height }) => height)),
    markup: parts.join("\n"),
  };
}

/** Drawings from top to bottom, left edges on one line. */
export function below(drawings: readonly Drawing[], gap: number): Drawing {
  let y = 0;
  const parts = drawings.map((drawing) => {
    const part = moved(drawing, 0, y);
    y += drawing.height + gap;
    return part;
  });
  return {
    width: Math.max(0, ...drawings.map(({ width }) => width)),
    height: Math.max(0, y - gap),
    markup: parts.join("\n"),
  };
}

/** Drawings in rows of so many, all cells as large as the largest. */
export function tiled(drawings: readonly Drawing[], columns: number, gap: number): Drawing {
  const width = Math.max(0, ...drawings.map((drawing) => drawing.width));
  const height = Math.max(0, ...drawings.map((drawing) => drawing.height));
  const rows = Array.from(
    { length: Math.ceil(drawings.length / columns) },
    (_, row) => drawings.slice(row * columns, (row + 1) * columns).map(({ markup }) => ({ width, height, markup })),
  );
  return below(rows.map((row) => beside(row, gap)), gap);
}

/** Lines of text above each other, the first one a heading. */
export function caption([heading, ...lines]: readonly string[], { colour }: { colour?: string } = {}): Drawing {
  const styles: TextStyle[] = [{ size: SIZE.heading, bold: true, colour }, ...lines.map(() => ({ colour: INK.faint }))];
  const all = [heading, ...lines];
  return {
    width: Math.max(...all.map((content, i) => textWidth(content, styles[i]))),
    height: SIZE.heading + 4 + lines.length * (SIZE.text + 4),
    markup: all.map((content, i) => text(content, 0, SIZE.heading - 1 + i * (SIZE.text + 4), styles[i])).join(""),
  };
}

/** Captions with as many lines as the longest has, so that what is below them begins at one height. */
export function evenCaptions(captions: readonly (readonly string[])[]): string[][] {
  const lines = Math.max(0, ...captions.map(({ length }) => length));
  return captions.map((caption) => [...caption, ...Array(lines - caption.length).fill("")]);
}

/**
 * A whole SVG file: the drawing on white paper under a title.
 *
 * @throws {RangeError} If a side is no finite number
 */
export function page(drawing: Drawing, title: string): string {
  const heading: TextStyle = { size: SIZE.title, bold: true };
  const top = PAGE_MARGIN + SIZE.title + 14;
  const width = Math.ceil(Math.max(drawing.width, textWidth(title, heading)) + 2 * PAGE_MARGIN);
  const height = Math.ceil(drawing.height + top + PAGE_MARGIN);
  const file = element("svg", {
    xmlns: "http://www.w3.org/2000/svg",
    "xmlns:xlink": "http://www.w3.org/1999/xlink", // how an embedded picture is named before SVG 2
    width,
    height,
    viewBox: `0 0 ${width} ${height}`,
  }, [
    "\n",
    element("title", {}, escapeText(title)),
    element("rect", { width, height, fill: INK.paper }),
    text(title, PAGE_MARGIN, PAGE_MARGIN + SIZE.title - 3, heading),
    "\n",
    moved(drawing, PAGE_MARGIN, top),
    "\n",
  ]);
  return `${file}\n`;
}
