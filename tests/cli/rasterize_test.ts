/** SVG into PNG. */

import { assertEquals, assertGreater, assertThrows } from "@std/assert";
import { decode } from "fast-png";
import { rasterizer } from "../../cli/rasterize.ts";

const svg = (inside: string) => `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20">${inside}</svg>`;

Deno.test("rasterizer() draws two pixels for one, letters included, and the same each time", async () => {
  const rasterize = await rasterizer();
  const file = svg(`<text x="2" y="15" font-family="DejaVu Sans, sans-serif" font-size="14">Ag±</text>`);
  const { width, height, data } = decode(rasterize(file));
  assertEquals([width, height], [80, 40]);
  assertGreater(Math.max(...Array.from(data)), 0); // transparent paper, black letters
  assertEquals(rasterize(file), rasterize(file));
});

Deno.test("rasterizer() refuses a file that is not well formed", async () => {
  const rasterize = await rasterizer();
  assertThrows(() => rasterize(svg("<text>")));
});
