import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { decode } from "fast-png";
import { PRESETS } from "../../../core/models/presets.ts";
import { TREE_FORMAT } from "../../../core/reading/report/tree_report.ts";
import { treeRoutes } from "../../../server/routes/tree.ts";
import { TINY_RUN } from "../../sampling/tiny_run.ts";
import { type Served, type ServedOptions, withServed } from "./served.ts";

const withTree = (test: (served: Served) => Promise<void>, options?: ServedOptions) =>
  withServed(treeRoutes, test, { run: { dataset: "fashionmnist" }, ...options });

const ROUNDING = 1e-5; // sums of numbers rounded to six decimals

Deno.test("GET /tree has the structure, usage and decisions of every node", () =>
  withTree(async ({ get }) => {
    const response = await get("/tree");
    assertEquals([response.status, response.headers.get("cache-control")], [200, "no-cache"]);
    const { nodes, usageEntropy, pathEntropy, samples, ...rest } = await response.json();
    assertEquals(rest, {
      run: TINY_RUN,
      iteration: 500,
      head: "tree",
      depth: 2,
      leaves: 4,
      latent: 8,
      image: [32, 32, 1],
      dataset: "fashionmnist",
      temperature: 1,
      labelNames: null,
      scores: null,
      dendrogramPurity: null,
    });
    assert(samples > 0 && usageEntropy > 0 && usageEntropy <= 1 && pathEntropy > 0 && pathEntropy <= 1);
    assertEquals(nodes.length, 7);
    const shape = (
      { node, level, parent, children, leaf, picture }: Record<string, unknown>,
    ) => [node, level, parent, children, leaf, picture];
    assertEquals(shape(nodes[0]), [0, 0, null, [1, 2], null, "/tree/0.png"]);
    assertEquals(shape(nodes[4]), [4, 2, 1, [], 1, "/tree/4.png"]);
    assertEquals(nodes[0].usage, 1);
    for (const level of [1, 2]) {
      const usages = nodes.filter((node: { level: number }) => node.level === level)
        .map(({ usage }: { usage: number }) => usage);
      assertAlmostEquals(usages.reduce((sum: number, usage: number) => sum + usage), 1, ROUNDING);
    }
    for (const { leaf, balance, decisionEntropy, information } of nodes) {
      for (const value of [balance, decisionEntropy, information]) assertEquals(value === null, leaf !== null);
    }
  }));

Deno.test("GET /tree knows the labels of a report of the same checkpoint, at once", () =>
  withTree(async ({ get, json, registry }) => {
    const before = await get("/tree");
    const tag = before.headers.get("etag")!;
    await before.body?.cancel();
    const known = await get("/tree", { headers: { "if-none-match": tag } });
    assertEquals([known.status, await known.text()], [304, ""]);
    const { folder } = await registry.use(undefined, (model) => Promise.resolve({ folder: model.folder! }));
    const labelNames = ["Trouser", "Coat"];
    const scores = [{ level: 1, purity: 0.5, nmi: 0.25, ari: 0.125 }];
    const nodes = Array.from({ length: 7 }, (_, node) => ({ node, labels: node === 6 ? null : [0.25, 0.75] }));
    const report = { ...TREE_FORMAT, iteration: 500, labelNames, scores, dendrogramPurity: 0.4, nodes };
    const write = async (text: string) => {
      await Deno.mkdir(`${folder}/tree`, { recursive: true });
      await Deno.writeTextFile(`${folder}/tree/tree.json`, text);
    };
    await write(JSON.stringify(report));
    const labelled = await get("/tree", { headers: { "if-none-match": tag } });
    assertEquals(labelled.status, 200);
    const body = await labelled.json();
    assertEquals([body.labelNames, body.scores, body.dendrogramPurity], [labelNames, scores, 0.4]);
    assertEquals([body.nodes[3].labels, body.nodes[6].labels], [[0.25, 0.75], null]);
    for (const text of [JSON.stringify({ ...report, iteration: 400 }), "{", "null", `{"format":"hmog-tree"}`]) {
      await write(text);
      const { labelNames, nodes } = await json("/tree");
      assertEquals([labelNames, nodes[3].labels], [null, null], text);
    }
  }));

Deno.test("GET /tree/{node}.png shows a typical sample, the mean, or a grid", () =>
  withTree(async ({ get, registry }) => {
    const reading = await registry.use(undefined, (model) => model.reading());
    const pixels = (values: Float32Array) => Uint8Array.from(values, (x) => Math.round(127.5 * (x + 1)));
    const shown = async (path: string) => {
      const response = await get(path);
      assertEquals([response.status, response.headers.get("content-type")], [200, "image/png"], path);
      return decode(await response.bytes());
    };
    for (const node of [0, 5]) {
      const typical = await shown(`/tree/${node}.png?scale=1`);
      assertEquals(new Uint8Array(typical.data), pixels(reading.nodes[node].typical));
      const mean = await shown(`/tree/${node}.png?kind=mean&scale=1`);
      assertEquals(new Uint8Array(mean.data), pixels(reading.nodes[node].mean));
    }
    const grid = await shown("/tree/2.png?kind=grid&scale=1");
    assertEquals([grid.width, grid.height], [4 * 34 + 2, 4 * 34 + 2]);
    assertEquals((await shown("/tree/2.png")).width, 64);
  }));

Deno.test("GET /tree/{node}.png is answered 304 without a reading to those who have it", () =>
  withTree(async ({ get }) => {
    const first = await get(`/tree/1.png?iteration=500&run=${TINY_RUN}`);
    await first.body?.cancel();
    assertStringIncludes(first.headers.get("cache-control")!, "immutable");
    const tag = first.headers.get("etag")!;
    const again = await get("/tree/1.png", { headers: { "if-none-match": tag } });
    assertEquals([again.status, again.headers.get("cache-control")], [304, "no-cache"]);
    const other = await get("/tree/1.png?kind=mean", { headers: { "if-none-match": tag } });
    assertEquals(other.status, 200);
    await other.body?.cancel();
  }));

Deno.test("GET /tree refuses nodes that are not there, and bad queries", () =>
  withTree(async ({ refusal }) => {
    for (const node of ["7", "-1", "x", "1e0", ".", "0x1", "%2e%2e%2f0"]) {
      const { status, code, parameter, message } = await refusal(`/tree/${node}.png`);
      assertEquals([status, code, parameter], [404, "unknown_node", "node"], node);
      assertStringIncludes(message, "expected a whole number from 0 to 6");
    }
    const cases: [path: string, status: number, parameter: string][] = [
      ["/tree?n=1", 400, "n"],
      ["/tree?iteration=1", 409, "iteration"],
      ["/tree/0.png?kind=worst", 400, "kind"],
      ["/tree/0.png?scale=0", 400, "scale"],
      ["/tree/0.png?scale=1&scale=1", 400, "scale"],
      ["/tree/0.png?run=other", 404, "run"],
    ];
    for (const [path, status, parameter] of cases) {
      const found = await refusal(path);
      assertEquals([found.status, found.parameter], [status, parameter], path);
    }
  }));

Deno.test("GET /tree reads a flat mixture of points as a root with its leaves", () =>
  withTree(async ({ get, json }) => {
    const { head, nodes, leaves } = await json("/tree");
    assertEquals([head, nodes.length, nodes[0].children.length], ["flat", leaves + 1, leaves]);
    const { width } = decode(await (await get("/tree/0.png?kind=grid&scale=2")).bytes());
    assertEquals(width, 128);
  }, { options: { ...PRESETS.toy, head: "flat" } }));
