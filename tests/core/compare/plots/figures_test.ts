/** Learning curves, scores and grids of pictures. */

import { assertAlmostEquals, assertEquals, assertGreater, assertRejects, assertThrows } from "@std/assert";
import { curvesFigure } from "../../../../core/compare/plots/curves.ts";
import { meanAndDeviation, metricsFigure } from "../../../../core/compare/plots/metrics.ts";
import { colourOf } from "../../../../core/palette.ts";
import { picturesFigure } from "../../../../core/compare/plots/pictures.ts";
import { textWidth } from "../../../../core/svg.ts";
import { drawn } from "./drawn.ts";

const curve = (level: number, length = 50) => ({
  x: Array.from({ length }, (_, i) => 10 * (i + 1)),
  y: Array.from({ length }, (_, i) => level + i / length),
});

Deno.test("curvesFigure() draws a line for every seed and their mean, each method in its colour", async () => {
  const methods = [{ method: "gan", curves: [curve(1), curve(2)] }, { method: "hmog", curves: [curve(3)] }];
  const svg = curvesFigure({ title: "ring8", panels: [{ title: "loss", methods }, { title: "entropy", methods }] });
  const lines = [...svg.matchAll(/<polyline points="([^"]*)"[^>]*stroke="(#\w+)"/g)];
  assertEquals(lines.map(([, , colour]) => colour), [0, 0, 0, 1, 0, 0, 0, 1].map(colourOf));
  assertEquals(lines.map(([, points]) => points.split(" ").length), Array(8).fill(50));
  const heights = lines.slice(0, 3).map(([, points]) => Number(points.split(" ")[0].split(",")[1]));
  assertAlmostEquals(heights[2], (heights[0] + heights[1]) / 2, 0.02); // hundredths are rounded
  const picture = await drawn(svg);
  for (const i of [0, 1]) assertGreater(picture.count(colourOf(i)), 100);
});

Deno.test("curvesFigure() averages neighbours of a long curve", () => {
  const svg = curvesFigure({
    title: "t",
    panels: [{ title: "loss", methods: [{ method: "gan", curves: [curve(0, 1000)] }] }],
  });
  const [, points] = /<polyline points="([^"]*)"/.exec(svg)!;
  assertEquals(points.split(" ").length, Math.ceil(1000 / 7));
});

Deno.test("curvesFigure() takes the mean over seeds at equal iterations, also where one was interrupted and has more", () => {
  const straight = (x: number[]) => ({ x, y: x });
  const x = Array.from({ length: 150 }, (_, i) => 10 * (i + 1));
  const curves = [straight(x), straight([...x.slice(0, 70), 703, ...x.slice(70)])];
  const svg = curvesFigure({ title: "t", panels: [{ title: "loss", methods: [{ method: "gan", curves }] }] });
  const lines = [...svg.matchAll(/<polyline[^>]*points="([^"]+)"/g)].map(([, points]) =>
    points.split(" ").map((point) => point.split(",").map(Number))
  );
  assertEquals(lines.length, 3);
  const slopes = lines.map((line) => (line.at(-1)![1] - line[0][1]) / (line.at(-1)![0] - line[0][0]));
  for (const slope of slopes) assertAlmostEquals(slope, slopes[0], 1e-3);
  assertAlmostEquals(lines[2].at(-1)![0], lines[0].at(-1)![0], 1);
});

Deno.test("curvesFigure() draws a curve of one number and refuses none, NaN and a lack of numbers", async () => {
  const figure = (...curves: { x: number[]; y: number[] }[]) =>
    curvesFigure({ title: "t", panels: [{ title: "loss", methods: [{ method: "gan", curves }] }] });
  await drawn(figure({ x: [10], y: [5] }));
  assertThrows(() => figure(), RangeError, `Cannot draw "loss": there are 0 curves`);
  assertThrows(() => figure({ x: [1], y: [NaN] }), RangeError, "Cannot draw a curve through NaN");
  assertThrows(() => figure({ x: [1, 2], y: [1] }), RangeError, "Cannot draw a curve of 2 and 1 numbers");
});

Deno.test("meanAndDeviation() is that of a sample", () => {
  // Python's statistics.mean and statistics.stdev
  const { mean, deviation } = meanAndDeviation([2.5, 3.25, 5.5, 11.25]);
  assertAlmostEquals(mean, 5.625, 1e-12);
  assertAlmostEquals(deviation, 3.960744879438715, 1e-12);
  assertEquals(meanAndDeviation([7]), { mean: 7, deviation: 0 });
});

Deno.test("metricsFigure() draws means with bars and a dot for every seed, and leaves rows without scores empty", async () => {
  const rows = [
    { method: "gan", values: [1, 2, 3] },
    { method: "mog", values: [] },
    { method: "hmog", values: [5] },
  ];
  const svg = metricsFigure({ title: "ring8", panels: [{ title: "modes", note: "higher is better", rows }] });
  const circles = [...svg.matchAll(/<circle cx="([\d.]+)"[^>]*fill="(#\w+)"/g)];
  assertEquals(circles.map(([, , colour]) => colour), [0, 0, 0, 0, 2].map(colourOf));
  assertAlmostEquals(Number(circles[0][1]), Number(circles[2][1]), 0.01); // the mean is the second seed
  await drawn(svg);
  assertThrows(
    () => metricsFigure({ title: "t", panels: [{ title: "modes", rows: [{ method: "gan", values: [NaN] }] }] }),
    RangeError,
    "Cannot draw NaN",
  );
});

Deno.test("metricsFigure() has as many ticks as there is room for their labels", () => {
  for (const values of [[1.00015, 1.0002], [1.5e-7, 1.52e-7], [1, 2], [123456, 123457], [0, 0], [7, 7 + 1e-12]]) {
    const svg = metricsFigure({ title: "t", panels: [{ title: "modes", rows: [{ method: "gan", values }] }] });
    const labels = [...svg.matchAll(/<text x="([\d.]+)"[^>]*text-anchor="middle"[^>]*>([^<]*)</g)];
    const ends = labels.map(([, x, label]) => ({ x: Number(x), half: textWidth(label) / 2 }));
    assertGreater(ends.length, 0, `${values}`);
    for (const [i, { x, half }] of ends.slice(1).entries()) {
      assertGreater(x - half, ends[i].x + ends[i].half + 4, `${values}`);
    }
  }
});

Deno.test("picturesFigure() shows the pixels of its pictures", async () => {
  const grid = (value: number, channels: 1 | 3) => ({
    width: 20,
    height: 10,
    channels,
    data: new Uint8Array(20 * 10 * channels).fill(value),
  });
  const panels = [{ title: "gan", picture: grid(77, 1) }, { title: "hmog", notes: ["score 3"], picture: grid(99, 3) }];
  const picture = await drawn(await picturesFigure({ title: "grids", panels }));
  for (const colour of ["#4d4d4d", "#636363"]) assertGreater(picture.count(colour), 4 * 20 * 10 * 0.8); // but for edges
  await assertRejects(
    () => picturesFigure({ title: "t", panels: [{ title: "gan", picture: { ...grid(1, 1), width: 0 } }] }),
    RangeError,
  );
});
