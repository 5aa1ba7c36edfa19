import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { drawToFiles } from "../../../core/evaluate/drawn_files.ts";
import { PRESETS } from "../../../core/models/presets.ts";
import { device } from "../../gpu.ts";
import { inFolder } from "../../in_folder.ts";
import { type Change, writeTinyRun } from "../../sampling/tiny_run.ts";

const PATIENCE = 60_000; // ms for a tree of 255 nodes; a tenth of it on an idle machine, minutes if each node is drawn alone

/** The tree of an untrained run as SVG, and the files reported until it was drawn. */
function treeOf(setup: Parameters<typeof writeTinyRun>[2], seed = 1): Promise<{ svg: string; before: string[] }> {
  return inFolder(async (runs) => {
    const checkpoint = await writeTinyRun(device, runs, setup);
    const [lines, drawn]: [string[], { svg: string; before: string[] }[]] = [[], []];
    const rasterize = (svg: string) => {
      drawn.push({ svg, before: [...lines] });
      return new TextEncoder().encode(svg);
    };
    const files = {
      out: `${runs}/grid.png`,
      json: `${runs}/paths.json`,
      tree: { path: `${runs}/tree.png`, rasterize },
    };
    await drawToFiles(checkpoint, { n: 4, seed }, files, { report: (line) => lines.push(line) });
    assertEquals(lines.length, 3);
    assertEquals(await Deno.readTextFile(files.tree.path), drawn[0].svg);
    return drawn[0];
  });
}

Deno.test("drawToFiles() draws every node with its number and share, and tells of each file when it is written", async () => {
  const { svg, before } = await treeOf({});
  assertEquals(before.map((line) => /\/(\w+\.\w+):/.exec(line)?.[1]), ["grid.png", "paths.json"]);
  for (const name of ["node 0 · 100 %", "node 1 ·", "node 2 ·", "leaf 0 ·", "leaf 3 ·"]) {
    assertStringIncludes(svg, name);
  }
  assertEquals(svg.match(/<image /g)?.length, 7);
  assertEquals((await treeOf({})).svg, svg);
  assert((await treeOf({}, Number.MAX_SAFE_INTEGER)).svg !== svg); // the largest seed
});

Deno.test("drawToFiles() draws flat mixtures and single generators, and says what no sample reaches", async () => {
  assertEquals((await treeOf({ options: { head: "flat" } })).svg.match(/<image /g)?.length, 5);
  assertEquals((await treeOf({ options: { head: "single" } })).svg.match(/<image /g)?.length, 1);
  const toTheLeft: Change = (tensors) => {
    tensors["ema/head/gates/weight"].data.fill(0);
    tensors["ema/head/gates/bias"].data[0] = 40;
  };
  assertStringIncludes((await treeOf({ change: toTheLeft })).svg, "leaf 3 · not reached");
});

Deno.test("drawToFiles() draws the upper levels of a deep tree soon, and says so", async () => {
  const start = performance.now();
  const { svg } = await treeOf({ options: { ...PRESETS.toy, depth: 7 } });
  const took = performance.now() - start;
  assert(took < PATIENCE, `it took ${took} ms`);
  assertMatch(svg, /the first 127 of 255 nodes/);
  assertEquals(svg.match(/<image /g)?.length, 127);
});
