import { assert, assertAlmostEquals, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { PRESETS } from "../../../core/models/presets.ts";
import { readTree, type TreeReading } from "../../../core/reading/reading.ts";
import { treeFigure } from "../../../core/reading/report/figure.ts";
import { treePage } from "../../../core/reading/report/page.ts";
import { differencePicture } from "../../../core/reading/report/pictures.ts";
import { parseTreeReport, treeReport } from "../../../core/reading/report/tree_report.ts";
import { readSplits, type SplitReading } from "../../../core/reading/splits.ts";
import { drawn } from "../../core/compare/plots/drawn.ts";
import { byFirstPixel as label, withSampler } from "../tiny_sampler.ts";

const LABELS = { label, labelNames: ["dark", '<bright> & "quoted"'] };
const ROUNDED = 1e-6; // to six decimals
const CONTEXT = { options: { dataset: "pair", model: { depth: 2, body: [8, 4] } }, labelNote: "by the first pixel" };

const read = (setup = {}, labels: Partial<typeof LABELS> = LABELS) =>
  withSampler(setup, async (sampler): Promise<[TreeReading, SplitReading[]]> => [
    await readTree(sampler, { samples: 32, pictures: 4, ...labels }),
    await readSplits(sampler, { samples: 8, pairs: 2, ...labels }),
  ]);

const tree = await read();

Deno.test("treePage() is one file: no script, nothing from elsewhere, every link leads somewhere", async () => {
  const page = await treePage(...tree, CONTEXT);
  assert(!/<script|<link|javascript:|url\(|@import/i.test(page));
  for (const [, address] of page.matchAll(/(?:src|href)="([^"]*)"/g)) {
    assertMatch(address, /^(#|data:image\/png;base64,)/);
  }
  const ids = new Set([...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id));
  for (const [, target] of page.matchAll(/href="#([^"]*)"/g)) assert(ids.has(target), target);
  for (let node = 0; node < 7; node++) assert(ids.has(`node-${node}`));
  assert([...page.matchAll(/<img [^>]*>/g)].every(([image]) => /alt="[^"]+"/.test(image)));
});

Deno.test("treePage() tells what splits decide, the options, and names as they are", async () => {
  const page = await treePage(...tree, CONTEXT);
  assertStringIncludes(page, "<b>Left:</b>");
  assertStringIncludes(page, '</svg></div></div><ul class="legend">'); // beside the tree, which may be wider than the screen
  assertStringIncludes(page, "&lt;bright&gt; &amp; &quot;quoted&quot;");
  assert(!page.includes("<bright>"));
  for (const said of ["a tree of depth 2 with 4 leaves", "model.body", "8, 4", "by the first pixel", "Dendrogram"]) {
    assertStringIncludes(page, said);
  }
  assert(!/NaN|undefined|Infinity|null/.test(page.replaceAll(/base64,[^"]*/g, "")));
});

Deno.test("treePage() shows splits of the largest pictures there are", async () => {
  const page = await treePage(
    ...await read({ options: { image: [512, 512, 1], body: [2, 2, 2, 2, 2, 2] } }, {}),
    CONTEXT,
  );
  assertStringIncludes(page, "full colour at a difference of ");
});

Deno.test("treePage() goes without labels, without splits, and with points", async () => {
  const bare = await treePage(...await read({}, {}), { options: {}, labelNote: "none were asked for" });
  assert(!bare.includes("<b>Left:</b>") && !bare.includes("How levels agree"));
  const flat = await treePage(...await read({ options: { head: "flat" } }), CONTEXT);
  assertStringIncludes(flat, "head flat, leaves: 4");
  const points = await treePage(...await read({ options: PRESETS.toy }, {}), CONTEXT);
  assertStringIncludes(points, "Points forced left");
  const scatters = [
    ...points.matchAll(/<h2>(The surest|The least sure) samples<\/h2>\n<figure><img [^>]*width="(\d+)"/g),
  ];
  assertEquals(scatters.map(([, , width]) => width), ["320", "320"]);
  const single = await treePage(...await read({ options: { head: "single" } }), CONTEXT);
  assert(!/The whole|surest|How levels agree/.test(single));
  assertStringIncludes(single, "What every leaf makes");
  for (const page of [bare, flat, points, single]) {
    assert(!/NaN|undefined|Infinity/.test(page.replaceAll(/base64,[^"]*/g, "")));
  }
});

Deno.test("treeFigure() draws every node, its pictures and the labels", async () => {
  const svg = await treeFigure(tree[0]);
  assertEquals(svg.match(/<image /g)?.length, 7);
  assertEquals(svg.match(/<path /g)?.length, 6);
  for (const name of ["node 0 · 100 %", "leaf 3 ·", "dark"]) assertStringIncludes(svg, name);
  const picture = await drawn(svg);
  assert(picture.count("#0072b2") > 0, "the bar of the first label");
});

Deno.test("treeReport() keeps the numbers, which parseTreeReport() reads", () => {
  const report = treeReport(...tree, CONTEXT);
  const read = parseTreeReport(JSON.stringify(report));
  assertEquals(read, JSON.parse(JSON.stringify(report)));
  const [reading, splits] = tree;
  assertEquals([read.run, read.iteration, read.dataset], [reading.run, 500, "pair"]);
  assertEquals(read.nodes.map(({ node }) => node), [0, 1, 2, 3, 4, 5, 6]);
  read.nodes[4].labels!.forEach((share, i) => assertAlmostEquals(share, reading.nodes[4].labels![i], ROUNDED));
  assertEquals(read.nodes[4].examples, reading.nodes[4].examples);
  assertAlmostEquals(read.splits[1].effect, splits[1].effect, ROUNDED);
  assertMatch(read.splits[1].sentence!, /^left: .*; right: /);
  assertEquals(read.scores?.length, 2);
  assert(!JSON.stringify(report).includes("grid"));
});

Deno.test("treeReport() keeps large seeds and small options as they are", () => {
  const [reading, splits] = tree;
  const seed = Number.MAX_SAFE_INTEGER;
  const options = { adam: { epsilon: 1e-8 } };
  const report = treeReport({ ...reading, seed }, splits, { ...CONTEXT, options });
  assertEquals([report.seed, report.options], [seed, options]);
});

Deno.test("parseTreeReport() refuses other files and versions", () => {
  assertThrows(() => parseTreeReport("{}"), SyntaxError, "found no report of a tree, expected version 1");
  const { nodes, ...rest } = treeReport(...tree, CONTEXT);
  const damaged = JSON.stringify({ ...rest, nodes: nodes.map((node) => ({ ...node, labels: [0.5] })) });
  assertThrows(() => parseTreeReport(damaged), SyntaxError, "found label shares that are no numbers or have no names");
  const reversed = JSON.stringify({ ...rest, nodes: nodes.toReversed() });
  assertThrows(() => parseTreeReport(reversed), SyntaxError, "found nodes out of order");
  const later = JSON.stringify({ format: "hmog-tree", version: 2, nodes: [] });
  assertThrows(() => parseTreeReport(later), SyntaxError, "found version 2, expected version 1");
  assertThrows(() => parseTreeReport("not JSON"), SyntaxError);
});

Deno.test("differencePicture() is blue above 0, vermilion below, white at 0", () => {
  const { data, channels } = differencePicture(Float32Array.of(0.5, 0, -1), [1, 3, 1], 0.5);
  assertEquals([channels, ...data], [3, 0x00, 0x72, 0xb2, 255, 255, 255, 0xd5, 0x5e, 0x00]);
  // Channels are averaged.
  assertEquals([...differencePicture(Float32Array.of(1, -1, 0), [1, 1, 3], 1).data], [255, 255, 255]);
});
