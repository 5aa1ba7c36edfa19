/** What the modules of the page compute, where that needs no browser. */

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import * as d3 from "d3-hierarchy";
import { interpolateLatents } from "../../core/sampling/interpolation.ts";
import { structureOf } from "../../core/sampling/structure.ts";
import { colourOf } from "../../core/palette.ts";
import { labels } from "../../server/web/curves_view.js";
import { colourOf as colourOnPage } from "../../server/web/plane.js";
import { endOf, endQuery, flipBody, latentsBody, samplesQuery } from "../../server/web/questions.js";
import type { State } from "../../server/web/state.js";
import { slerp } from "../../server/web/strip_view.js";
import { layOut, nodeWeights, skeleton } from "../../server/web/tree_layout.js";

Object.assign(globalThis, { d3 }); // the page loads it with a script of its own

const HEADS = [["tree", 1], ["tree", 3], ["tree", 5], ["flat", 3], ["single", 0]] as const;

/** A sample as the server would answer for a model. */
function sampleOf([head, depth]: typeof HEADS[number]) {
  const structure = structureOf({ head, depth });
  const weights = Array.from({ length: structure.leaves }, (_, leaf) => (leaf + 1) / structure.leaves);
  const gates = head === "tree" ? structure.leaves - 1 : head === "flat" ? structure.leaves : 0;
  return { structure, sample: { weights, gates: new Array(gates).fill(0.5), path: structure.pathTo(0) } };
}

Deno.test("skeleton() finds the nodes of a model in one answer with samples", () => {
  for (const head of HEADS) {
    const { structure, sample } = sampleOf(head);
    const nodes = skeleton(sample);
    assertEquals(nodes.length, structure.nodes, `${head}`);
    for (const { node, level, parent, children, leaf } of nodes) {
      assertEquals(
        [level, parent, children, leaf],
        [structure.level(node), structure.parent(node), structure.children(node), structure.leafOf(node)],
        `node ${node} of ${head}`,
      );
    }
  }
});

Deno.test("nodeWeights() adds up the leaves under each node", () => {
  for (const head of HEADS) {
    const { structure, sample } = sampleOf(head);
    nodeWeights(skeleton(sample), sample.weights).forEach((weight, node) => {
      const region = structure.region(node);
      const expected = sample.weights.reduce((sum, weight, leaf) => sum + weight * region[leaf], 0);
      assertAlmostEquals(weight, expected, 1e-12);
    });
  }
});

Deno.test("layOut() keeps nodes inside the drawing and apart, on any screen", () => {
  for (const head of HEADS) {
    for (const width of [328, 568, 1232, 1352]) {
      for (const points of [false, true]) {
        const { spots, height } = layOut(skeleton(sampleOf(head).sample), { width, points });
        for (const [i, a] of spots.entries()) {
          const what = `node ${a.node.node} of ${head} in ${width} pixels`;
          assert(a.x - a.width / 2 >= 0 && a.x + a.width / 2 <= width, `${what} is outside`);
          assert(a.y - a.height / 2 >= 0 && a.y + a.height / 2 <= height, `${what} is outside`);
          for (const b of spots.slice(i + 1)) {
            const apart = Math.abs(a.x - b.x) >= (a.width + b.width) / 2 ||
              Math.abs(a.y - b.y) >= (a.height + b.height) / 2;
            assert(apart, `${what} is over node ${b.node.node}`);
          }
        }
      }
    }
  }
});

Deno.test("slerp() is the interpolation of the library", () => {
  const [a, b] = [[0.3, -1.2, 0.7, 2], [1.5, 0.1, -0.4, 0.9]];
  const expected = interpolateLatents(Float32Array.from(a), Float32Array.from(b), 5);
  const found = Array.from({ length: 5 }, (_, step) => slerp(a, b, step / 4)).flat();
  found.forEach((value, i) => assertAlmostEquals(value, expected[i], 1e-6)); // f32
  assertEquals(slerp(a, a, 0.5), a);
});

Deno.test("colourOf() of the page is that of the figures", () => {
  for (let leaf = 0; leaf < 40; leaf++) assertEquals(colourOnPage(leaf), colourOf(leaf), `leaf ${leaf}`);
});

Deno.test("labels() of an axis have digits that tell them apart", () => {
  assertEquals(labels([0, 0.5, 1]), ["0", "0.5", "1"]);
  assertEquals(labels([3.412, 3.413, 3.414]), ["3.412", "3.413", "3.414"]);
  assertEquals(labels([12_341, 12_342]), ["12.341k", "12.342k"]);
  assertEquals(labels([0.00012, 0.00014]), ["1.2e-4", "1.4e-4"]);
  assertEquals(labels([1, 1]), ["1", "1"]);
});

const STATE: State = {
  run: null,
  node: 0,
  seed: 7,
  first: 0,
  n: 30,
  temperature: 1,
  truncation: 1,
  mode: "region",
  weights: "ema",
  sample: null,
  flip: null,
  from: null,
  to: null,
};

Deno.test("samplesQuery() forces the path into a node, never into the root, which all samples go through", () => {
  assertEquals(samplesQuery({ ...STATE, node: 4, mode: "forced" }).mode, "forced");
  assertEquals([samplesQuery({ ...STATE, mode: "forced" }).mode, samplesQuery(STATE).node], [null, null]);
});

Deno.test("endOf() and endQuery() name the latent of a sample: that of the prior where it was forced", () => {
  const state = { ...STATE, node: 4, first: 30 };
  assertEquals(endOf(state, 2), "4:7:32");
  assertEquals(endOf({ ...state, mode: "forced" }, 2), "0:7:32");
  const { node, seed, first, n } = endQuery(STATE, "4:7:32");
  assertEquals([node, seed, first, n], [4, 7, 32, 1]);
});

Deno.test("flipBody() forces one gate, and no node below it", () => {
  const nodes = skeleton(sampleOf(["tree", 3]).sample);
  const forced = { ...STATE, node: 9, mode: "forced" } satisfies State; // 9 is under 4, 1 and 0
  const flip = (gate: number) => flipBody(forced, { latent: [1, 2], gate, side: "left", nodes });
  assertEquals(flip(1), { ...latentsBody(STATE, [[1, 2]]), force: { 1: "left" } });
  assertEquals(flip(3), { ...latentsBody(forced, [[1, 2]]), force: { 3: "left" } });
});
