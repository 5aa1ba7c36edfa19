/**
 * The explorer page in a real browser, against the server on a port. The browser is driven from a process of its own
 * (`actions.ts`, `conduct.ts`, `points.ts`), since playwright needs more permissions than the tests have.
 */

import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { writeTreeFiles } from "../../core/evaluate/tree_files.ts";
import { openDevice } from "../../core/gpu/device.ts";
import { PRESETS } from "../../core/models/presets.ts";
import { TREE_FORMAT } from "../../core/reading/report/tree_report.ts";
import { createApp } from "../../server/app.ts";
import { openRegistry } from "../../server/registry.ts";
import { type Change, TINY_RUN, writeTinyRun } from "../sampling/tiny_run.ts";

const ROOT = fromFileUrl(new URL("../..", import.meta.url));
const FLAT_RUN = "00001-fashionmnist-mog-tiny";
const POINT_RUN = "00002-ring8-hmog-toy";
const SINGLE_RUN = "00003-fashionmnist-gan-tiny";
const DISJOINT_RUN = "00004-fashionmnist-madgan-tiny";
const NAMES = { TREE_RUN: TINY_RUN, FLAT_RUN, POINT_RUN, SINGLE_RUN, DISJOINT_RUN };
const FILES = ["tests/page/conduct.ts", "tests/page/actions.ts", "tests/page/points.ts"];

/** Where Debian's browser is on the PATH. */
async function findChromium(): Promise<string | undefined> {
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
      const path = join(folder, name);
      if (await Deno.stat(path).then(({ isFile }) => isFile, () => false)) return path;
    }
  }
}

/** What a report tells of labels. */
function labels() {
  const nodes = Array.from({ length: 7 }, (_, node) => ({ node, labels: [node / 6, 1 - node / 6] }));
  const scores = [{ level: 1, purity: 0.5, nmi: 0.25, ari: 0.125 }, { level: 2, purity: 0.75, nmi: 0.5, ari: 0.375 }];
  return { ...TREE_FORMAT, iteration: 500, labelNames: ["Coat", "Bag"], scores, dendrogramPurity: 0.4, nodes };
}

/** Newest weights beside their average: the same, half as large. */
const withLive: Change = (tensors) => {
  for (const [path, { shape, data }] of Object.entries(tensors)) {
    tensors[path.replace(/^ema/, "generator")] = { shape, data: data.map((value) => value / 2) };
  }
};

/** Runs as training would leave them: a tree with a log and a later checkpoint to come, other heads, a tree of points. */
async function writeRuns(folder: string): Promise<void> {
  const runs = join(folder, "runs");
  const device = await openDevice();
  const run = { dataset: "fashionmnist", method: "mog", preset: "tiny" };
  try {
    for (const [name, head] of [[FLAT_RUN, "flat"], [SINGLE_RUN, "single"], [DISJOINT_RUN, "disjoint"]] as const) {
      await writeTinyRun(device, runs, { options: { head }, run, change: withLive });
      await Deno.rename(join(runs, TINY_RUN), join(runs, name));
    }
    await writeTinyRun(device, runs, {
      options: PRESETS.toy,
      run: { dataset: "ring8", method: "hmog", preset: "toy" },
    });
    await Deno.rename(join(runs, TINY_RUN), join(runs, POINT_RUN));
    await writeTreeFiles(device, join(runs, POINT_RUN), { out: join(folder, "report"), samples: 64 });
    await writeTinyRun(device, runs, { run: { ...run, method: "hmog" }, change: withLive });
    await writeTinyRun(device, join(folder, "later"), {
      run: { ...run, method: "hmog" },
      iteration: 600,
      change: withLive,
    });
  } finally {
    await device.destroy();
  }
  const lines = Array.from(
    { length: 20 },
    (_, i) => ({ iteration: 25 * (i + 1), criticLoss: 5 / (i + 1), generatorLoss: i }),
  );
  const log = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  const tree = join(runs, TINY_RUN, "tree");
  await Deno.mkdir(tree);
  await Deno.writeTextFile(join(tree, "tree.json"), JSON.stringify(labels()));
  const gateless = JSON.stringify({ ...lines[0], leafUsageEntropy: 0, largestWeight: 1 });
  for (const name of [SINGLE_RUN, DISJOINT_RUN]) await Deno.writeTextFile(join(runs, name, "metrics.jsonl"), gateless);
  for (const name of [TINY_RUN, FLAT_RUN]) await Deno.writeTextFile(join(runs, name, "metrics.jsonl"), log);
  await Deno.writeTextFile(join(runs, POINT_RUN, "metrics.jsonl"), log.slice(0, log.indexOf("\n") + 1));
}

/** Serves the runs of a folder while `visit` runs; fails if anything went wrong on the server's side. */
async function whileServed(runs: string, visit: (url: string) => Promise<void>): Promise<void> {
  const device = await openDevice();
  const failures: unknown[] = [];
  const report = (error: unknown) => void failures.push(error);
  const registry = await openRegistry(device, { runs }, { report });
  const ending = new AbortController();
  const app = createApp(registry, { report, ending: ending.signal });
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => app(request));
  try {
    await visit(`http://127.0.0.1:${server.addr.port}`);
  } finally {
    ending.abort();
    await server.shutdown();
    await registry.close();
    await device.destroy();
  }
  assertEquals(failures, []);
}

const chromium = await findChromium();
if (chromium === undefined) {
  console.warn("Cannot test the page: there is no chromium on the PATH, expected Debian's package chromium");
}

Deno.test({
  name: "page: every action, in a browser",
  ignore: chromium === undefined,
  async fn(t) {
    const folder = await Deno.makeTempDir();
    try {
      await writeRuns(folder);
      await whileServed(join(folder, "runs"), async (url) => {
        const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
          args: ["test", "-A", "--no-check", "--reporter=tap", ...FILES],
          cwd: ROOT,
          env: { CHROMIUM: chromium!, PAGE: url, RUNS: folder, ...NAMES, NO_COLOR: "1" },
        }).output();
        const [out, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
        const results = [...out.matchAll(/^(ok|not ok) \d+ - ([^#\n]+)(?:.*\n {2}---\n {2}(.+))?/gm)];
        assert(results.length > 10, `found ${results.length} results, expected more: ${out}${error}`);
        for (const [, result, name, failure] of results) {
          await t.step(name.trim(), () => assert(result === "ok", failure && JSON.parse(failure).message));
        }
      });
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
