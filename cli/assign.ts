/** `deno task assign`: real pictures find their leaf. */

import { assignPictures } from "../core/assign/assign.ts";
import { assignmentReport, assignmentText, tableBeside, writeAssignments } from "../core/assign/report.ts";
import { openDevice } from "../core/gpu/device.ts";
import { findCheckpoint } from "../core/sampling/run.ts";
import { checkWritable, writeNamed } from "../core/sampling/write.ts";
import { ASSIGN_FLAGS, assignRequestOf } from "./assign_flags.ts";
import { usualRuns } from "./called_from.ts";
import { doingDisplay } from "./doing.ts";
import { asUsage, helpText, readFlags, usage, UsageError } from "./flags.ts";
import { loadingDisplay } from "./loading.ts";
import { dataOfRun, loadDataOfRun } from "./run_data.ts";
import { runTask } from "./run_task.ts";
import { writeTo } from "./terminal.ts";

const USAGE = `Assigns the pictures of a data set to the leaves of a run: a hierarchical clustering of real data.

  ./hmog assign --run 0
  ./hmog assign --run 0 --method inversion --n 200
  ./hmog assign --run 0 --dataset mnist --split train --out mnist.csv --json scores.json`;

async function main(args: readonly string[]): Promise<void> {
  const { help, ...flags } = readFlags(args, ASSIGN_FLAGS);
  if (help) return console.log(helpText(USAGE, ASSIGN_FLAGS));
  const { run, runs = usualRuns(), out, json } = flags;
  if (run === undefined) throw new UsageError("Cannot assign pictures to nothing: expected --run RUN");
  const { request, split } = usage(() => assignRequestOf(flags));
  const { dataset, shape, source } = await dataOfRun(run, { runs, dataset: flags.dataset });
  const table = out ?? tableBeside((await findCheckpoint(run, runs)).path, { dataset, split });
  for (const file of json === undefined ? [table] : [table, json]) await checkWritable(file);
  const terminal = Deno.stderr.isTerminal();
  const write = (text: string) => writeTo(Deno.stderr, text);
  const onProgress = doingDisplay(terminal, write);
  const loading = { dataDir: flags["data-dir"], ...shape, ...loadingDisplay(terminal, write) };
  const data = await loadDataOfRun(dataset, { split, ...loading }, source).catch(asUsage);
  const device = await openDevice();
  try {
    const onWarning = (warning: string) => write(`${warning}\n`);
    const job = { run, runs, data, request, onProgress, onWarning };
    const assignments = await assignPictures(device, job).catch(asUsage);
    const lines = await writeAssignments(table, assignments);
    const report = assignmentReport(assignments, { split, onProgress });
    console.log([assignmentText(report), "", ...lines].join("\n"));
    if (json !== undefined) await writeNamed(json, `${JSON.stringify(report, null, 2)}\n`);
  } finally {
    await device.destroy();
  }
}

if (import.meta.main) await runTask("assign", () => main(Deno.args));
