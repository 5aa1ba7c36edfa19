import {
  assert,
  assertEquals,
  assertGreater,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { type Assignments, assignMethod, assignPictures, certaintyOf } from "../../core/assign/assign.ts";
import { assignmentTable, contentsText, leafContents, leafPicture } from "../../core/assign/assignment_file.ts";
import { compareClusters, comparisonText } from "../../core/assign/comparison.ts";
import { assignmentReport, assignmentText, tableBeside, writeAssignments } from "../../core/assign/report.ts";
import { draws } from "../../core/draws.ts";
import { matrix } from "../../core/metrics/matrix.ts";
import { PRESETS } from "../../core/models/presets.ts";
import { RunError } from "../../core/sampling/run.ts";
import { structureOf } from "../../core/sampling/structure.ts";
import { glyphs } from "../../datasets/glyphs.ts";
import { device } from "../gpu.ts";
import { inFolder, names } from "../in_folder.ts";
import { TINY_RUN, writeTinyRun } from "../sampling/tiny_run.ts";
import { vivid } from "../recognition/untrained.ts";

const SIDE = 4;
const MODEL = { ...PRESETS.tiny, image: [SIDE, SIDE, 1] as const };

/**
 * Four classes of pictures in four leaves: leaves 0 and 1 are both bright on the left, 2 and 3 on the right, so that the upper
 * level is right, too.
 */
function perfect(n: number): Assignments {
  const random = draws(1);
  const labels = Uint32Array.from({ length: n }, (_, i) => i % 4);
  const pixels = new Float32Array(n * SIDE * SIDE);
  const weights = new Float32Array(n * 4).fill(0.05);
  labels.forEach((label, row) => {
    const light = (y: number, x: number) => (x < 2) === (label < 2) ? (y < 2) === (label % 2 === 0) ? 0.9 : 0.4 : -0.9;
    for (let i = 0; i < SIDE * SIDE; i++) {
      pixels[row * SIDE * SIDE + i] = light(Math.floor(i / SIDE), i % SIDE) + 0.02 * random.normal();
    }
    weights[row * 4 + label] = 0.85;
  });
  return {
    source: "runs/0/checkpoint-000500.safetensors",
    iteration: 500,
    dataset: "squares",
    method: "recogniser",
    seed: 0,
    recogniser: { seed: 3, steps: 10 },
    model: MODEL,
    structure: structureOf(MODEL),
    indices: Uint32Array.from({ length: n }, (_, i) => 10 * i),
    labels,
    classNames: ["one", 'two, "second"', "three", "four"],
    pixels: matrix(pixels, SIDE * SIDE),
    weights: matrix(weights, 4),
    leaves: labels.slice(),
  };
}

Deno.test("compareClusters() scores leaves, levels, k-means and Ward's clusters", () => {
  const compared = compareClusters(perfect(80), { wardPictures: 40 });
  const { pictures, wardPictures, levels, dendrogramPurity } = compared;
  assertEquals([pictures, wardPictures, levels.map(({ clusters }) => clusters)], [80, 40, [2, 4]]);
  for (const method of ["tree", "kMeans", "ward", "treeBesideWard"] as const) {
    assertEquals([levels[1][method].nmi, levels[1][method].ari, levels[1][method].purity], [1, 1, 1], method);
  }
  assertEquals(levels[0].tree.purity, 0.5);
  assertEquals(dendrogramPurity, { tree: 1, ward: 1 });
  const text = comparisonText(compared);
  assertStringIncludes(text, "Ward, 40");
  assertStringIncludes(text, "Dendrogram purity: tree 1.000, Ward 1.000 (of 40)");
  assertEquals(new Set(text.split("\n").slice(0, 4).map((line) => line.length)).size, 1, text);
});

Deno.test("compareClusters() is not fooled by pixels where leaves are wrong, and needs labels", () => {
  const assignments = perfect(80);
  const mixed = { ...assignments, labels: assignments.labels!.map((_, i) => Math.floor(i / 4) % 4) };
  const { levels: [, { tree, kMeans }] } = compareClusters(mixed);
  assert(tree.nmi < 0.1 && kMeans.nmi < 0.1);
  assertThrows(() => compareClusters({ ...assignments, labels: null }), RangeError, "it has no labels");
  assertEquals(assignmentReport({ ...assignments, labels: null }, { split: "test" }).scores, null);
});

Deno.test("compareClusters() has no dendrogram purity where no two pictures are of one class", () => {
  const few = perfect(4);
  const compared = compareClusters(few);
  assertEquals(compared.dendrogramPurity, { tree: null, ward: null });
  assertEquals([compared.levels.length, compared.levels[1].tree.purity], [2, 1]);
  const text = assignmentText(assignmentReport(few, { split: "test" }));
  assertStringIncludes(text, "Dendrogram purity: tree –, Ward – (of 4)");
  assertStringIncludes(
    text,
    "4 pictures of squares's test split, chosen by seed 0, by recogniser trained for 10 steps",
  );
  assertMatch(text, /leaf 0 {7}1 picture {3}certainty 0\.85 {2}one 100 %/);
  const one = assignmentText(assignmentReport({ ...perfect(1), recogniser: null }, { split: "test" }));
  assertStringIncludes(one, "\n1 picture of squares's test split, chosen by seed 0, by recogniser\n");
});

Deno.test("assignmentTable() has a line for every picture, names in quotes where they need them", () => {
  const assignments = perfect(5);
  const lines = assignmentTable(assignments).split("\n");
  assertEquals(lines, [
    "index,label,leaf,path,certainty",
    "0,one,0,0 1 3,0.850000",
    '10,"two, ""second""",1,0 1 4,0.850000',
    "20,three,2,0 2 5,0.850000",
    "30,four,3,0 2 6,0.850000",
    "40,one,0,0 1 3,0.850000",
    "",
  ]);
  assertEquals(assignmentTable({ ...assignments, labels: null }).split("\n")[1], "0,,0,0 1 3,0.850000");
  assertEquals(certaintyOf(assignments, 2), Math.fround(0.85));
});

Deno.test("leafContents() and leafPicture() show what is in every leaf, also in an empty one", () => {
  const assignments = perfect(10);
  const leaves = assignments.leaves.map((leaf) => leaf === 3 ? 2 : leaf);
  const text = contentsText(leafContents({ ...assignments, leaves })).split("\n");
  assertEquals(text.length, 4);
  assertMatch(text[2], /^leaf 2 +4 pictures {2}certainty 0\.45 {2}three 50 %, four 50 %$/);
  assertMatch(text[3], /^leaf 3 +0 pictures$/);
  const { width, height, channels } = leafPicture({ ...assignments, leaves });
  assertEquals([width, height, channels], [20 * (2 * SIDE + 2) + 2, 4 * (2 * SIDE + 2) + 2, 1]);
});

Deno.test("assignPictures() trains a recogniser where the run has none, keeps it, and assigns all of a set or some", () =>
  inFolder(async (runs) => {
    await writeTinyRun(device, runs, { change: vivid });
    const run = `${runs}/${TINY_RUN}`;
    const data = { ...glyphs({ count: 40, size: 32, channels: 1 }), name: "glyphs" };
    const doing: string[] = [];
    const onProgress = ({ doing: name }: { doing: string }) => doing.push(name);
    const all = await assignPictures(device, { run, data, request: { steps: 3, seed: 2 }, onProgress });
    assertEquals(await names(run), ["checkpoint-000500.safetensors", "recogniser.safetensors"]);
    assertEquals([all.indices.length, all.weights.rows, all.weights.columns, all.labels?.length], [40, 40, 4, 40]);
    assertEquals(new Set(doing), new Set(["Training a recogniser", "Recognising pictures"]));
    doing.length = 0;
    const some = await assignPictures(device, { run, data, request: { n: 7 }, onProgress });
    assertEquals(new Set(doing), new Set(["Recognising pictures"]));
    assertEquals([some.seed, some.recogniser], [0, { seed: 2, steps: 3 }]);
    assertEquals([...some.indices], [...some.indices].sort((a, b) => a - b));
    some.indices.forEach((index, row) => {
      assertEquals([some.leaves[row], some.labels![row]], [all.leaves[index], all.labels![index]]);
    });
    const inverted = await assignPictures(device, { run, data, request: { n: 2, method: "inversion" } });
    assertEquals([inverted.method, inverted.weights.rows, inverted.recogniser], ["inversion", 2, null]);

    const table = tableBeside(all.source, { dataset: "glyphs", split: "test" });
    assertEquals(table, `${run}/assigned-glyphs-test.csv`);
    await writeAssignments(table, all);
    assertEquals((await Deno.readTextFile(table)).split("\n").length, 42);
    assertGreater((await Deno.stat(table.replace(".csv", ".png"))).size, 1000);
    assertStringIncludes(
      assignmentText(assignmentReport(all, { split: "test" })),
      "40 pictures of glyphs's test split",
    );

    const warnings: string[] = [];
    const onWarning = (warning: string) => warnings.push(warning);
    for (const [seed, steps] of [[2, 2], [4, 2]]) {
      const other = await assignPictures(device, { run, data, request: { n: 7, seed, steps }, onWarning });
      assertEquals(other.recogniser, { seed, steps });
    }
    assertEquals(warnings.splice(0), [
      "The run's recogniser is of seed 2 and 3 steps; one of seed 2 and 2 steps is trained",
      "The run's recogniser is of seed 2 and 2 steps; one of seed 4 and 2 steps is trained",
    ]);

    await Deno.remove(`${run}/recogniser.safetensors`);
    await Deno.mkdir(`${run}/recogniser.safetensors/in-the-way`, { recursive: true });
    const unkept = await assignPictures(device, { run, data, request: { steps: 3, seed: 2 }, onWarning });
    assertEquals([unkept.leaves, warnings.length], [all.leaves, 2]);
    assertStringIncludes(warnings[0], "it is a folder, expected a file; another one is trained");
    assertStringIncludes(warnings[1], "the recogniser is used and not kept");

    await assertRejects(
      () => assignPictures(device, { run, data, request: { n: 41 } }),
      RangeError,
      "expected a whole number from 1 to 40",
    );
    const wide = { ...data, shape: [10, 64, 32, 1] as const };
    await assertRejects(
      () => assignPictures(device, { run, data: wide }),
      RunError,
      "they are 64x32x1, expected 32x32x1",
    );
    assertThrows(() => assignMethod("inverse"), RangeError, "nearest is inversion");
  }));
