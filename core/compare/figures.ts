/** The pictures of a comparison, from what its runs have logged and from samples of them. */

import type { Device } from "../gpu/device.ts";
import { isPoint } from "../models/presets.ts";
import { imageGrid, viewingScale } from "../sampling/grid.ts";
import { openSampler, type Samples } from "../sampling/sampler.ts";
import { realImages } from "../train/images.ts";
import type { TrainingData } from "../train/train.ts";
import { type Curve, curvesFigure } from "./plots/curves.ts";
import { metricsFigure } from "./plots/metrics.ts";
import { picturesFigure } from "./plots/pictures.ts";
import { generatorsFigure, scatterFigure } from "./plots/scatter.ts";
import { curvesOf } from "./store.ts";
import { type Column, headingOf, type Row, textsOf, valuesOf } from "./table.ts";

/** What the pictures are made of. */
export interface FigureJob {
  device: Device;
  data: TrainingData;
  /** What is written above each: `ring8, wgan-gp`. */
  title: string;
  rows: readonly Row[];
  columns: readonly Column[];
  /** The runs of every method that were trained to the end, the first of which is drawn from. */
  runs: Readonly<Record<string, readonly string[]>>;
}

/** A picture by its name, without an ending. */
export interface Figure {
  readonly name: string;
  readonly svg: string;
}

/** Samples of one method, each with the generator that has most weight in it. */
interface Drawn extends Samples {
  readonly method: string;
  readonly generators: readonly number[];
  readonly generatorCount: number;
  /** What a generator is called. */
  readonly name: "leaf" | "generator";
}

const SEED = 0; // of the samples drawn
const SAMPLES = { points: 2000, images: 512 };
const IN_A_GRID = { all: 64, generator: 16 };
const LINES_OF_SCORES = 2; // under a title

/** Quantities of the log that are drawn, where a run has them. */
const CURVES: Readonly<Record<string, string>> = {
  criticLoss: "Critic loss",
  generatorLoss: "Generator loss",
  wasserstein: "Wasserstein estimate",
  leafUsageEntropy: "Entropy of generator usage",
};

/**
 * All pictures of a comparison: learning curves, scores, samples of all methods beside each other, and for each method
 * with several generators what each of them makes.
 *
 * @throws {RunError} If a run cannot be read
 */
export async function* figures(job: FigureJob): AsyncGenerator<Figure> {
  const curves = await curvesFigureOf(job);
  if (curves !== null) yield { name: "curves", svg: curves };
  const scores = scoresFigureOf(job);
  if (scores !== null) yield { name: "metrics", svg: scores };
  const drawn: Drawn[] = [];
  for (const [method, [run]] of Object.entries(job.runs)) {
    if (run !== undefined) drawn.push(await drawFrom(job.device, method, run));
  }
  if (drawn.length === 0) return;
  yield* isPoint(job.data.shape.slice(1) as [number, number, number])
    ? pointFigures(job, drawn)
    : imageFigures(job, drawn);
}

async function curvesFigureOf({ runs, title }: FigureJob): Promise<string | null> {
  const methods = await Promise.all(
    Object.entries(runs).map(async ([method, own]) => ({ method, curves: await Promise.all(own.map(curvesOf)) })),
  );
  const panels = Object.entries(CURVES).flatMap(([quantity, label]) => {
    const found = methods.map(({ method, curves }) => ({
      method,
      curves: curves.flatMap((curve): Curve[] => quantity in curve ? [curve[quantity]] : []),
    }));
    return found.every(({ curves }) => curves.length === 0) ? [] : [{ title: label, methods: found }];
  });
  return panels.length === 0 ? null : curvesFigure({ title: `${title}: learning curves`, panels });
}

function scoresFigureOf({ rows, columns, title }: FigureJob): string | null {
  const panels = columns.flatMap((column) => {
    const found = rows.map((row) => ({ method: row.method, values: valuesOf(row, column) }));
    return found.every(({ values }) => values.length === 0) ? [] : [{ title: headingOf(column), rows: found }];
  });
  return panels.length === 0 ? null : metricsFigure({ title: `${title}: scores`, panels });
}

async function drawFrom(device: Device, method: string, run: string): Promise<Drawn> {
  const sampler = await openSampler(device, run);
  try {
    const { head, image } = sampler.options;
    const samples = await sampler.sample({ n: isPoint(image) ? SAMPLES.points : SAMPLES.images, seed: SEED });
    return {
      ...samples,
      method,
      generators: samples.samples.map(({ leaf }) => leaf),
      generatorCount: sampler.structure.leaves,
      name: head === "tree" || head === "flat" ? "leaf" : "generator",
    };
  } finally {
    await sampler.close();
  }
}

function* pointFigures({ data, title, ...scores }: FigureJob, drawn: readonly Drawn[]): Generator<Figure> {
  if (data.shape[3] !== 2) return; // there is no plane to draw them in
  const real = realImages(data, { n: SAMPLES.points, seed: SEED }).images;
  const panels = drawn.map((one) => ({ ...pointsOf(one), title: one.method, notes: notesOf(scores, one) }));
  yield {
    name: "scatter",
    svg: scatterFigure({ title: `${title}: samples by generator over the data`, data: real, panels }),
  };
  for (const one of drawn.filter(({ generatorCount }) => generatorCount > 1)) {
    const { method, name } = one;
    const svg = generatorsFigure({
      title: `${title}: ${method}, what each ${name} makes`,
      data: real,
      name,
      ...pointsOf(one),
    });
    yield { name: `generators-${method}`, svg };
  }
}

async function* imageFigures({ data, title, ...scores }: FigureJob, drawn: readonly Drawn[]): AsyncGenerator<Figure> {
  const real = { title: "data", picture: gridOf(realImages(data, { n: IN_A_GRID.all, seed: SEED }), 1) };
  const panelOf = (one: Drawn, scale?: number) => {
    return { title: one.method, notes: notesOf(scores, one), picture: gridOf(firstOf(one), scale) };
  };
  const all = [real, ...drawn.map((one) => panelOf(one, 1))];
  yield { name: "grids", svg: await picturesFigure({ title: `${title}: samples`, panels: all }) };
  for (const one of drawn) {
    yield { name: `grid-${one.method}`, svg: await picturesFigure({ title, panels: [panelOf(one)] }) };
  }
  for (const one of drawn.filter(({ generatorCount }) => generatorCount > 1)) {
    const { method, name } = one;
    const panels = Array.from({ length: one.generatorCount }, (_, generator) => ofGenerator(one, generator));
    const heading = `${title}: ${method}, pictures by the ${name} with most weight`;
    yield { name: `generators-${method}`, svg: await picturesFigure({ title: heading, panels: panels.flat() }) };
  }
}

const pointsOf = ({ images, generators, generatorCount }: Drawn) => ({ points: images, generators, generatorCount });

const firstOf = ({ images, shape: [n, ...image] }: Drawn): Pixels => {
  const count = Math.min(n, IN_A_GRID.all);
  return { images: images.subarray(0, images.length / n * count), shape: [count, ...image] };
};

/** The grid of what one generator made; none where it made nothing. */
function ofGenerator({ images, shape: [n, ...image], generators, name }: Drawn, generator: number) {
  const own = generators.flatMap((made, i) => made === generator ? [i] : []);
  if (own.length === 0) return [];
  const size = images.length / n;
  const shown = own.slice(0, IN_A_GRID.generator);
  const pixels = new Float32Array(IN_A_GRID.generator * size).fill(1); // white where there are too few
  shown.forEach((index, i) => pixels.set(images.subarray(index * size, (index + 1) * size), i * size));
  return [{
    title: `${name} ${generator}`,
    notes: [`${Math.round(100 * own.length / n)} % of samples`],
    picture: gridOf({ images: pixels, shape: [IN_A_GRID.generator, ...image] }, 1),
  }];
}

interface Pixels {
  readonly images: Float32Array;
  readonly shape: readonly number[];
}

const gridOf = ({ images, shape }: Pixels, scale = viewingScale(shape[2])) => imageGrid(images, { shape, scale });

/** The first scores of a method, as the table has them. */
function notesOf({ rows, columns }: Pick<FigureJob, "rows" | "columns">, { method }: Drawn): string[] {
  const row = rows.findIndex((candidate) => candidate.method === method);
  return columns.slice(0, LINES_OF_SCORES).map((column) =>
    `${column.label} ${textsOf(rows, column, { bold: false })[row]}`
  );
}
