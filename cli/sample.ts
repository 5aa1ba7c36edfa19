/** `deno task sample`: pictures from a run, and the path of each. */

import { RUNS_FOLDER } from "../core/sampling/run.ts";
import { drawToFiles } from "../core/sampling/files.ts";
import { checkRequest } from "../core/sampling/request.ts";
import { helpText, readFlags, usage, UsageError } from "./flags.ts";
import { runTask } from "./run_task.ts";

const USAGE = `Draws pictures from a run, and tells the path of each.

  deno task sample --run 0 --n 100 --tree tree.png
  deno task sample --run 0 --leaf 3 --json paths.json`;

const FLAGS = {
  run: {
    kind: "text",
    value: "RUN",
    meaning: `Folder of a run, its name or number in ${RUNS_FOLDER}/, or a checkpoint`,
  },
  n: { kind: "integer", meaning: "How many pictures (64)" },
  seed: { kind: "integer", meaning: "The same seed gives the same pictures (1)" },
  leaf: { kind: "integer", meaning: "Pictures from this leaf: latents from its part of the latent space" },
  forced: { kind: "switch", meaning: "Force the path into the leaf instead: what the local generator does alone" },
  out: { kind: "text", value: "FILE", meaning: "The grid of pictures, PNG (grid.png)" },
  json: { kind: "text", value: "FILE", meaning: "Seed, path weights, gates and most likely leaf of every picture" },
  tree: { kind: "text", value: "FILE", meaning: "Every node of the tree with pictures from its region, PNG" },
} as const;

if (import.meta.main) {
  await runTask("sample", async () => {
    const { help, run, n = 64, seed = 1, leaf, forced, out = "grid.png", json, tree } = readFlags(Deno.args, FLAGS);
    if (help) return console.log(helpText(USAGE, FLAGS));
    if (run === undefined) throw new UsageError(`Cannot sample without a run: expected --run RUN`);
    if (forced && leaf === undefined) {
      throw new UsageError("Cannot force the path without a leaf: expected --leaf N too");
    }
    const request = { n, seed, leaf, mode: forced ? "forced" as const : "region" as const };
    usage(() => checkRequest(request)); // before a device is opened
    for (const line of await drawToFiles(run, request, { out, json, tree })) console.log(line);
  });
}
