/** Scatter plots: every point is there once, in the colour of its generator. */

import { assertEquals, assertGreater, assertStringIncludes, assertThrows } from "@std/assert";
import { colourOf } from "../../../../core/palette.ts";
import { generatorsFigure, scatterFigure } from "../../../../core/compare/plots/scatter.ts";
import { dotsIn, drawn } from "./drawn.ts";

const DATA = Float32Array.of(-1, -1, 1, 1, -1, 1, 1, -1);
const MADE = {
  points: Float32Array.of(-1, -1, 1, 1, 0, 0),
  generators: [0, 1, 1],
  generatorCount: 3,
};

Deno.test("colourOf() has 32 different colours", () => {
  assertEquals(new Set(Array.from({ length: 32 }, (_, i) => colourOf(i))).size, 32);
  assertThrows(() => colourOf(-1), RangeError, "Cannot colour number -1");
});

Deno.test("scatterFigure() draws every point of data and samples in every panel", async () => {
  const panel = { title: "hmog", notes: ["modes 4 of 4"], ...MADE };
  const svg = scatterFigure({ title: "ring", data: DATA, panels: [panel, { ...panel, title: "<mog>" }] });
  assertEquals(dotsIn(svg), 2 * (4 + 3));
  assertStringIncludes(svg, "modes 4 of 4");
  const picture = await drawn(svg);
  assertGreater(picture.width, 2 * 230);
});

Deno.test("scatterFigure() says how many samples lie outside of its axes", () => {
  const points = Float32Array.of(-1, -1, 50, 0, 0, 0);
  const svg = scatterFigure({ title: "ring", data: DATA, panels: [{ title: "gan", ...MADE, points }] });
  assertEquals(dotsIn(svg), 4 + 2);
  assertStringIncludes(svg, "33 % outside of the axes");
});

Deno.test("generatorsFigure() has a panel for every generator, with the share of its samples", async () => {
  const svg = generatorsFigure({ title: "ring", data: DATA, name: "leaf", ...MADE });
  // All samples once with the data, the regions over the data, and for each generator its own over the data.
  assertEquals(dotsIn(svg), (4 + 3) + 4 + (3 * 4 + 3));
  for (const label of ["leaf 0", "leaf 1", "leaf 2", "33 %", "67 %", "0 %"]) assertStringIncludes(svg, `>${label}<`);
  const picture = await drawn(svg);
  assertGreater(picture.count(colourOf(1)), 0);
});

Deno.test("generatorsFigure() gives the plane around a sample to its generator", async () => {
  const points = Float32Array.of(-1, -1, 1, 1);
  const svg = generatorsFigure({
    title: "two",
    data: DATA,
    name: "leaf",
    points,
    generators: [0, 1],
    generatorCount: 2,
  });
  const regions = [...svg.matchAll(/<path d="([^"]*)" fill="(#\w+)" fill-opacity/g)];
  assertEquals(regions.map(([, , colour]) => colour), [colourOf(0), colourOf(1)]);
  const leftmost = regions.map(([, path]) => Number(/^M([\d.]+)/.exec(path)![1]));
  assertGreater(leftmost[1], leftmost[0] + 100); // pixels: the second lies to the right
  await drawn(svg);
});

Deno.test("generatorsFigure() of a single generator repeats nothing", () => {
  const svg = generatorsFigure({
    title: "gan",
    data: DATA,
    name: "generator",
    ...MADE,
    generators: [0, 0, 0],
    generatorCount: 1,
  });
  assertEquals(dotsIn(svg), (4 + 3) + 4);
});

Deno.test("scatterFigure() takes extreme numbers and refuses what is none", async () => {
  const data = DATA.map((x) => x * 1e30);
  await drawn(
    scatterFigure({
      title: "far",
      data,
      panels: [{ title: "gan", ...MADE, points: MADE.points.map((x) => x * 1e30) }],
    }),
  );
  const draw = (made: Partial<typeof MADE>) => () =>
    scatterFigure({ title: "wrong", data: DATA, panels: [{ title: "gan", ...MADE, ...made }] });
  assertThrows(draw({ points: Float32Array.of(0, 0, NaN, 0, 0, 0) }), RangeError, "Cannot draw a sample at NaN");
  assertThrows(draw({ generators: [0, 1, 3] }), RangeError, "Cannot draw a sample of generator 3: expected 0 to 2");
  assertThrows(draw({ generators: [0] }), RangeError, "Cannot draw 6 coordinates of 1 samples");
  assertThrows(draw({ points: new Float32Array(), generators: [] }), RangeError, "at least one sample");
});
