/** The plane, coloured by whose samples are near. */

import { colourOf } from "../../palette.ts";
import type { Plot } from "./panel.ts";
import type { MadePoints } from "./scatter.ts";
import { digits, element } from "../../svg.ts";

const CELLS = 110; // along a side
const NEIGHBOURS = 9; // whose majority colours a cell
const REACH = 0.05; // of the side: further away there is nobody
const OPACITY = 0.55;
const MOST_POINTS = 3000;

/**
 * Cells in the colour of the generator that made most of the nearest samples; cells that no sample is near stay empty.
 *
 * @returns Elements of SVG within the plot
 */
export function regions(made: MadePoints, plot: Plot): string {
  const owners = ownersOf(made, plot);
  const cell = { width: plot.width / CELLS, height: plot.height / CELLS };
  const shapes: string[][] = Array.from({ length: made.generatorCount }, () => []);
  for (let row = 0; row < CELLS; row++) {
    for (let start = 0, column = 1; column <= CELLS; column++) {
      const owner = owners[row * CELLS + start];
      if (column < CELLS && owners[row * CELLS + column] === owner) continue;
      const [x, y] = [plot.left + start * cell.width, plot.top + row * cell.height];
      const wide = (column - start) * cell.width;
      if (owner >= 0) {
        shapes[owner].push(`M${digits(x)} ${digits(y)}h${digits(wide)}v${digits(cell.height)}h${digits(-wide)}z`);
      }
      start = column;
    }
  }
  return shapes.map((paths, generator) =>
    paths.length === 0 ? "" : element("path", {
      d: paths.join(""),
      fill: colourOf(generator),
      "fill-opacity": OPACITY,
      "shape-rendering": "crispEdges",
    })
  ).join("");
}

/** The generator of every cell, row by row; -1 where nobody is near. */
function ownersOf({ points, generators, generatorCount }: MadePoints, plot: Plot): Int32Array {
  const n = Math.min(points.length / 2, MOST_POINTS);
  const xs = Float64Array.from({ length: n }, (_, i) => (plot.x.at(points[2 * i]) - plot.left) / plot.width);
  const ys = Float64Array.from({ length: n }, (_, i) => (plot.y.at(points[2 * i + 1]) - plot.top) / plot.height);
  const nearest = new NearestSamples(NEIGHBOURS);
  return Int32Array.from({ length: CELLS * CELLS }, (_, at) => {
    const [x, y] = [(at % CELLS + 0.5) / CELLS, (Math.floor(at / CELLS) + 0.5) / CELLS];
    nearest.clear();
    for (let i = 0; i < n; i++) nearest.offer(i, (xs[i] - x) ** 2 + (ys[i] - y) ** 2);
    const votes = new Uint32Array(generatorCount);
    for (const i of nearest.found()) votes[generators[i]]++;
    if (votes.every((count) => count === 0)) return -1;
    return votes.indexOf(Math.max(...votes));
  });
}

/** The few of many within reach with the smallest distances, in order. */
class NearestSamples {
  readonly #distances: Float64Array;
  readonly #samples: Int32Array;

  constructor(count: number) {
    this.#distances = new Float64Array(count);
    this.#samples = new Int32Array(count);
    this.clear();
  }

  clear(): void {
    this.#distances.fill(REACH ** 2);
    this.#samples.fill(-1);
  }

  offer(sample: number, distance: number): void {
    let at = this.#distances.length;
    while (at > 0 && distance < this.#distances[at - 1]) at--;
    if (at === this.#distances.length) return;
    this.#distances.copyWithin(at + 1, at);
    this.#samples.copyWithin(at + 1, at);
    this.#distances[at] = distance;
    this.#samples[at] = sample;
  }

  found(): Int32Array {
    return this.#samples.filter((sample) => sample >= 0);
  }
}
