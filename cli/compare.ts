/** `deno task compare`: methods and seeds in, a table and pictures out. */

import { compare, type CompareEvent } from "../core/compare/compare.ts";
import { cellsOf } from "../core/compare/request.ts";
import { shownOf } from "../core/compare/table.ts";
import { Evaluator } from "../core/evaluate/evaluator.ts";
import type { Split } from "../core/evaluate/request.ts";
import { type Device, openDevice } from "../core/gpu/device.ts";
import { RunError } from "../core/sampling/run.ts";
import { checkFolder } from "../core/sampling/write.ts";
import type { TrainOptions } from "../core/train/options.ts";
import { cacheFolder } from "../datasets/cache.ts";
import { type Dataset, loadDataset } from "../datasets/registry.ts";
import { FLAGS, type Plan, plansOf, USAGE, USUAL_COUNT, type Values } from "./compare_flags.ts";
import { doingDisplay } from "./doing.ts";
import { asUsage, helpText, readFlags, usage } from "./flags.ts";
import { STOPPED_EARLY } from "./follow.ts";
import { loadingDisplay } from "./loading.ts";
import { duration } from "./progress.ts";
import { rasterizer } from "./rasterize.ts";
import { placed } from "./run_data.ts";
import { runTask } from "./run_task.ts";
import { columns, type Stop, stopOnSignals, writeTo } from "./terminal.ts";
import { contextBefore } from "./train_flags.ts";
import { tunerFor } from "./tuning.ts";

async function main(args: readonly string[]): Promise<void> {
  const { help, ...flags } = readFlags(args, FLAGS);
  if (help) return console.log(helpText(USAGE, FLAGS));
  const plans = plansOf(flags);
  // Mistakes in the call come first, before a device is opened and data are read.
  for (const { request } of plans) {
    usage(() => cellsOf(request, contextBefore(request.shared.dataset, flags)));
  }
  for (const { folder } of plans) await checkFolder(folder, "; --out names another folder");
  const stop = stopOnSignals(flags.quiet === true);
  const device = await openDevice();
  try {
    for (const plan of plans) {
      if (!await follow(device, plan, { flags, stop })) return;
    }
  } finally {
    await device.destroy();
  }
}

/** Compares and shows how it goes; false where the user stopped it. */
async function follow(
  device: Device,
  { request, evaluation, folder }: Plan,
  { flags, stop }: { flags: Values; stop: Stop },
): Promise<boolean> {
  const { signal } = stop;
  const { quiet = false } = flags;
  const say = quiet ? () => {} : (line: string) => writeTo(Deno.stdout, `${line}\n`);
  const warn = quiet ? () => {} : (text: string) => writeTo(Deno.stderr, text);
  const terminal = Deno.stderr.isTerminal();
  const parts = new Map<Split, Promise<Dataset>>();
  const load = (split: Split) => {
    const { "data-dir": dataDir, size } = flags;
    const channels = flags.channels as 1 | 3 | undefined; // others are refused by the loader
    const options = { split, dataDir, size, channels, signal, ...quiet ? {} : loadingDisplay(terminal, warn) };
    if (!parts.has(split)) parts.set(split, loadDataset(request.shared.dataset, options).catch(asUsage));
    return parts.get(split)!;
  };
  try {
    const [data, { shape: [kept] }] = [await placed(await load("train")), await load("test")];
    const [count, ...image] = data.shape;
    const context = { traits: device.traits, count, image: image as unknown as TrainOptions["model"]["image"] };
    const first = usage(() => cellsOf(request, context)).find((cell) => "options" in cell)!;
    if (!flags["no-tune"]) {
      device.tuner = tunerFor(device, (first as { options: TrainOptions }).options, { signal, terminal, write: warn });
    }
    const evaluator = await Evaluator.create(device, {
      load,
      request: { ...evaluation, n: evaluation.n ?? Math.min(USUAL_COUNT, kept) },
      cache: cacheFolder(),
      onProgress: doingDisplay(terminal, warn),
      onWarning: (warning) => warn(`${warning}\n`),
      signal,
    }).catch(asUsage);
    say(`Comparing ${request.methods.join(", ")} on ${data.name} in ${folder} (${device.description})`);
    for (const reason of evaluator.leftOut) say(reason);
    const evaluate = (run: string) => {
      stop.iterating = false;
      return evaluator.evaluateRun(run);
    };
    const rasterize = await rasterizer();
    let scored = false;
    const show = display({ quiet });
    try {
      const basis = await evaluator.basis();
      for await (
        const event of compare({ device, data, request, folder, evaluate, evaluation: basis, rasterize, signal })
      ) {
        stop.iterating = event.kind === "training";
        show(event);
        scored ||= event.kind === "done" && "scores" in event.result;
        if (event.kind === "stopped") return false;
      }
    } finally {
      await evaluator.destroy();
    }
    say(`\n${await Deno.readTextFile(`${folder}/table.md`)}\nWrote all of it into ${folder}`);
    if (!scored) {
      throw new RunError(`Cannot compare: no run could be scored, expected one at least; see ${folder}/table.md`);
    }
    return true;
  } catch (error) {
    if (error !== signal.reason) throw error; // undefined unless it aborts
    say(STOPPED_EARLY); // while data were loaded, or a classifier trained
    return false;
  }
}

const USUAL_COLUMNS = 80; // where a terminal does not say how wide it is
const REWRITES = 200; // ms between two states of the line on a terminal

/** Shows what happens: a line for every training, and how far the one under way is where lines can be rewritten. */
function display({ quiet }: { quiet: boolean }): (event: CompareEvent) => void {
  if (quiet) return () => {};
  const terminal = Deno.stdout.isTerminal();
  const write = (text: string) => writeTo(Deno.stdout, terminal ? `\r\x1b[K${text}` : text);
  let last = -Infinity;
  return (event) => {
    if (event.kind === "training") {
      const now = performance.now();
      if (!terminal || now - last < REWRITES) return;
      last = now;
      write(
        `${nameOf(event)} ${event.iteration}/${event.cell.options.iterations}${leftOf(event)}`.slice(
          0,
          (columns() || USUAL_COLUMNS) - 1,
        ),
      );
    } else if (event.kind === "refused") write(`${event.method} is left out: ${event.reason}\n`);
    else if (event.kind === "done") write(`${nameOf(event)} ${resultOf(event)}${leftOf(event)}\n`);
    else if (event.kind === "stopped") write("Stopped, what is done is saved; the same call goes on from here\n");
  };
}

type CellEvent = Extract<CompareEvent, { kind: "training" | "done" }>;

/** `[3/24] hmog, seed 0:` */
const nameOf = ({ cell: { method, seed }, place }: CellEvent): string =>
  `[${String(place.number).padStart(String(place.of).length)}/${place.of}] ${method}, seed ${seed}:`;

const leftOf = ({ secondsLeft }: CellEvent): string =>
  secondsLeft === null || secondsLeft === 0 ? "" : `; about ${duration(secondsLeft)} left`;

/** `trained in 58 s, modes found 8, good share 0.93` */
function resultOf({ result, did }: Extract<CompareEvent, { kind: "done" }>): string {
  if ("failure" in result) return `failed: ${result.failure}`;
  const { seconds, trainingSeconds } = result;
  const done = did === null
    ? "was there already"
    : did === "score"
    ? `scored in ${duration(seconds - trainingSeconds)}`
    : `trained in ${duration(trainingSeconds)}`;
  const scores = shownOf(result.scores).slice(0, 2).map(({ name, label }) => {
    const { value } = result.scores.find((score) => score.name === name)!;
    return `${label} ${Number(value.toPrecision(3))}`;
  });
  return [done, ...scores].join(", ");
}

if (import.meta.main) await runTask("compare", () => main(Deno.args));
