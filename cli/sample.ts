/** `deno task sample`: pictures from a run, and the path of each. */

import { RUNS_FOLDER } from "../core/sampling/run.ts";
import { drawToFiles } from "../core/evaluate/drawn_files.ts";
import { checkRequest, parseDecisions, type SampleMode } from "../core/sampling/request.ts";
import { usualRuns } from "./called_from.ts";
import { helpText, readFlags, usage, UsageError } from "./flags.ts";
import { doingDisplay } from "./doing.ts";
import { rasterizer } from "./rasterize.ts";
import { runTask } from "./run_task.ts";
import { writeTo } from "./terminal.ts";

const USAGE = `Draws pictures from a run, and tells the path of each.

  ./hmog sample --run 0 --n 100 --tree tree.png
  ./hmog sample --run 0 --leaf 3 --json paths.json
  ./hmog sample --run 0 --node 1 --force 1:left --temperature 0.5`;

const FLAGS = {
  run: {
    kind: "text",
    value: "RUN",
    meaning: `Folder of a run, its name or number in ${RUNS_FOLDER}/, or a checkpoint`,
  },
  n: { kind: "integer", meaning: "How many pictures (64)" },
  seed: { kind: "integer", meaning: "The same seed gives the same pictures (1)" },
  leaf: { kind: "integer", meaning: "Pictures from this leaf: latents from its part of the latent space" },
  node: { kind: "integer", meaning: "The same for any node, in level order from the root, 0" },
  forced: { kind: "switch", meaning: "Force the path into it instead: what the local generators do alone" },
  force: { kind: "text", value: "NODE:SIDE", meaning: "Force decisions to a side, such as 0:left,4:right" },
  temperature: { kind: "number", meaning: "Below 1 gates decide harder, above 1 softer, 0.01 to 100 (1)" },
  truncation: { kind: "number", meaning: "Below 1 latents nearer to their mean: more typical pictures (1)" },
  live: { kind: "switch", meaning: "The newest weights in place of their moving average" },
  out: { kind: "text", value: "FILE", meaning: "The grid of pictures, PNG (grid.png)" },
  json: { kind: "text", value: "FILE", meaning: "Seed, path weights, gates and most likely leaf of every picture" },
  tree: {
    kind: "text",
    value: "FILE",
    meaning: "Every node of the tree with its share and samples that stand for it, PNG",
  },
  runs: { kind: "text", value: "DIR", meaning: `Folder of run folders (${RUNS_FOLDER})` },
} as const;

if (import.meta.main) {
  await runTask("sample", async () => {
    const { help, run, n = 64, seed = 1, out = "grid.png", json, tree, ...flags } = readFlags(Deno.args, FLAGS);
    if (help) return console.log(helpText(USAGE, FLAGS));
    if (run === undefined) throw new UsageError(`Cannot sample without a run: expected --run RUN`);
    const { leaf, node, forced, force, temperature, truncation, live, runs = usualRuns() } = flags;
    if (forced && leaf === undefined && node === undefined) {
      throw new UsageError("Cannot force the path without a place: expected --leaf N or --node N too");
    }
    const request = usage(() => {
      const decisions = force === undefined ? undefined : parseDecisions(force);
      const mode: SampleMode = forced ? "forced" : "region";
      const asked = { n, seed, leaf, node, mode, decisions, temperature, truncation };
      checkRequest(asked); // before a device is opened
      return asked;
    });
    const weights = live ? "live" : "ema";
    const files = { out, json, tree: tree === undefined ? undefined : { path: tree, rasterize: await rasterizer() } };
    const write = (text: string) => writeTo(Deno.stderr, text);
    const onProgress = Deno.stderr.isTerminal() ? doingDisplay(true, write) : undefined;
    await drawToFiles(run, request, files, { runs, weights, report: (line) => console.log(line), onProgress });
  });
}
