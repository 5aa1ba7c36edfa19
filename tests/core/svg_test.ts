/** Elements, texts and drawings put together. */

import { assertAlmostEquals, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { below, beside, digits, escapeText, page, text, textWidth, tiled } from "../../core/svg.ts";
import { drawn } from "./compare/plots/drawn.ts";

const ROUNDED = 9 * 0.005 * 10; // nine letters of size 10, each to a hundredth of the size

const box = (width: number, height: number) => ({
  width,
  height,
  markup: `<rect width="${width}" height="${height}"/>`,
});

Deno.test("digits() is exact to a hundredth and refuses what is not finite", () => {
  assertEquals([digits(1 / 3), digits(-2), digits(1e-9)], ["0.33", "-2", "0"]);
  for (const x of [NaN, Infinity, -Infinity]) assertThrows(() => digits(x), RangeError, `Cannot draw ${x}`);
});

Deno.test("escapeText() lets no text end its element", () => {
  assertEquals(escapeText(`a<b> & "c"\u0000`), "a&lt;b&gt; &amp; &quot;c&quot;");
});

Deno.test("page() is well-formed whatever its texts", async () => {
  const title = `]]> <&> "quotes" \u0001 ±µ`;
  const { width, height } = await drawn(page({ ...box(300, 40), markup: text(title, 0, 20) }, title));
  assertEquals([width, height], [332, 40 + 16 + 31 + 16]);
});

Deno.test("page() is as wide as its title", async () => {
  const title = "a title that is wider than the drawing below it";
  const { width } = await drawn(page(box(10, 10), title));
  assertEquals(width, Math.ceil(textWidth(title, { size: 17, bold: true }) + 32));
});

Deno.test("textWidth() is that of the font", () => {
  // The advances in the hmtx table of DejaVuSans.ttf 2.37, summed by a Python script
  assertAlmostEquals(textWidth("Hello 0.5", { size: 10 }), 44.4287109375, ROUNDED);
});

Deno.test("beside(), below() and tiled() are as large as what they hold", () => {
  const sides = ({ width, height }: { width: number; height: number }) => [width, height];
  assertEquals(sides(beside([box(10, 5), box(20, 8)], 3)), [33, 8]);
  assertEquals(sides(below([box(10, 5), box(20, 8)], 3)), [20, 16]);
  assertEquals(sides(tiled([box(10, 5), box(20, 8), box(1, 1)], 2, 3)), [43, 19]);
  assertEquals(sides(beside([], 3)), [0, 0]);
  assertStringIncludes(tiled([box(10, 5), box(20, 8), box(1, 1)], 2, 3).markup, "translate(23 0)");
});
