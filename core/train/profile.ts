/** What profiled iterations took, as a table for people and as a trace for chrome://tracing or Perfetto. */

import type { Timed } from "../gpu/profile.ts";

/** The steps of an iteration. */
export const STEPS = ["critic", "generator"] as const;
export type StepName = typeof STEPS[number];

/** A command of a step, in the order of its program. */
export interface CommandInfo {
  label: string;
  /** Of one call; 0 where arithmetic is not what it is about. */
  multiplyAdds: number;
}

/** One run of a step. */
export interface StepRun extends Timed {
  step: StepName;
  iteration: number;
}

/** What was measured. */
export interface Profile {
  adapter: string;
  batch: number;
  commands: Readonly<Record<StepName, readonly CommandInfo[]>>;
  runs: readonly StepRun[];
  /** Time of the profiled iterations together, ms. */
  wall: number;
  /** An iteration just before, without timestamps, ms. */
  plain: { encoding: number; submitting: number; wall: number };
}

const TRACED_ITERATIONS = 10; // more is slow to open

/** The table: totals, then the kernels of each step by their share of the GPU time, the first `rows` of them. */
export function profileTable(profile: Profile, { rows = Infinity } = {}): string {
  const { runs, adapter, batch, wall, plain } = profile;
  const count = iterationsOf(runs).length;
  const first = runs[0]?.iteration;
  const last = runs.at(-1)?.iteration;
  const totals = STEPS.map((step) => totalOf(runs.filter((run) => run.step === step), count));
  const all = add(totals);
  const kernels = rowsOf(profile, count);
  const rest = kernels.slice(rows);
  const totalLine = (name: string, { busy, span, encoding, submitting }: Total, wall = "") => {
    return [name, ms(busy), ms(span), ms(encoding), ms(submitting), wall];
  };
  return [
    `Profile of iterations ${first} to ${last} on ${adapter}, batch ${batch}; ms per iteration`,
    "",
    ...columns([
      ["", "GPU", "GPU with gaps", "encoding", "submitting", "wall"],
      ...STEPS.map((step, i) => totalLine(`${step} step x ${round(totals[i].runs, 1)}`, totals[i])),
      totalLine("iteration", all, ms(wall / count)),
      ["iteration before, without timestamps", "", "", ms(plain.encoding), ms(plain.submitting), ms(plain.wall)],
    ], "lrrrrr"),
    "",
    "GPU: between the timestamps of every kernel and copy. With gaps: from the first to the last of a step.",
    "Encoding is longer with timestamps. Submitting: some drivers hold it up until earlier work is done.",
    "Wall: with reading the losses and all waits.",
    "",
    ...columns([
      ["share", "ms", "calls", "GFLOP/s", "step", "kernel"],
      ...kernels.slice(0, rows).map(({ step, label, calls, time, multiplyAdds }) => [
        percent(time / all.busy),
        ms(time),
        round(calls, 2),
        multiplyAdds === 0 ? "" : (2 * multiplyAdds / time / 1e6).toFixed(1),
        step,
        label,
      ]),
    ], "rrrrll"),
    ...rest.length === 0 ? [] : [`and ${rest.length} more, ${percent(sum(rest.map(({ time }) => time)) / all.busy)}`],
    "",
  ].join("\n");
}

/** The trace, a JSON text of "X" events in µs; where there are many iterations, of the first of them. */
export function chromeTrace({ adapter, commands, runs }: Profile): string {
  const traced = new Set(iterationsOf(runs).slice(0, TRACED_ITERATIONS));
  const shown = runs.filter(({ iteration }) => traced.has(iteration));
  const threads = ["host", ...STEPS.map((step) => `${step} steps`)];
  const zero = runs[0]?.host.begin ?? 0;
  // The GPU waits when the first step is submitted: there its clock and the host's show the same time.
  const gpuZero = runs[0] === undefined ? 0 : runs[0].begins[0] / 1e3 - (runs[0].host.submitted - zero) * 1e3;
  const event = (name: string, tid: number, begin: number, end: number, args: Record<string, unknown> = {}) => ({
    name,
    ph: "X",
    pid: 1,
    tid,
    ts: round3(begin),
    dur: round3(Math.max(0, end - begin)),
    args,
  });
  const events = shown.flatMap(({ step, iteration, host, begins, ends }) => {
    const tid = 1 + STEPS.indexOf(step);
    const gpu = (ns: number) => ns / 1e3 - gpuZero;
    return [
      event(`encode ${step} step`, 0, (host.begin - zero) * 1e3, (host.encoded - zero) * 1e3, { iteration }),
      event(`submit ${step} step`, 0, (host.encoded - zero) * 1e3, (host.submitted - zero) * 1e3, { iteration }),
      event(`${step} step`, tid, gpu(begins[0]), gpu(ends[ends.length - 1]), { iteration }),
      ...commands[step].map(({ label, multiplyAdds }, i) =>
        event(
          label,
          tid,
          gpu(begins[i]),
          gpu(ends[i]),
          multiplyAdds === 0 ? {} : {
            multiplyAdds,
            "GFLOP/s": round3(2 * multiplyAdds / (ends[i] - begins[i])),
          },
        )
      ),
    ];
  });
  const names = threads.map((name, tid) => ({ name: "thread_name", ph: "M", pid: 1, tid, args: { name } }));
  const process = { name: "process_name", ph: "M", pid: 1, tid: 0, args: { name: `hmog on ${adapter}` } };
  return `${JSON.stringify({ displayTimeUnit: "ms", traceEvents: [process, ...names, ...events] })}\n`;
}

interface Row {
  step: StepName;
  label: string;
  /** Of an iteration. */
  calls: number;
  time: number;
  multiplyAdds: number;
}

/** One row for all calls of a label in a step, the longest first. */
function rowsOf({ commands, runs }: Profile, count: number): Row[] {
  const rows = new Map<string, Row>();
  for (const { step, begins, ends } of runs) {
    commands[step].forEach(({ label, multiplyAdds }, i) => {
      const key = `${step} ${label}`;
      const row = rows.get(key) ?? { step, label, calls: 0, time: 0, multiplyAdds: 0 };
      row.calls += 1 / count;
      row.time += Math.max(0, ends[i] - begins[i]) / 1e6 / count;
      row.multiplyAdds += multiplyAdds / count;
      rows.set(key, row);
    });
  }
  return [...rows.values()].sort((a, b) => b.time - a.time);
}

/** Of an iteration: runs of a step, and ms. */
interface Total {
  runs: number;
  busy: number;
  span: number;
  encoding: number;
  submitting: number;
}

function totalOf(runs: readonly StepRun[], count: number): Total {
  const perIteration = (of: (run: StepRun) => number) => sum(runs.map(of)) / count;
  return {
    runs: runs.length / count,
    busy: perIteration(({ begins, ends }) => sum(begins.map((begin, i) => Math.max(0, ends[i] - begin))) / 1e6),
    span: perIteration(({ begins, ends }) => (ends[ends.length - 1] - begins[0]) / 1e6),
    encoding: perIteration(({ host }) => host.encoded - host.begin),
    submitting: perIteration(({ host }) => host.submitted - host.encoded),
  };
}

function add(totals: readonly Total[]): Total {
  const of = (name: keyof Total) => sum(totals.map((total) => total[name]));
  return {
    runs: of("runs"),
    busy: of("busy"),
    span: of("span"),
    encoding: of("encoding"),
    submitting: of("submitting"),
  };
}

const iterationsOf = (runs: readonly StepRun[]): number[] => [...new Set(runs.map(({ iteration }) => iteration))];

/** Lines of cells in columns, aligned `l`eft or `r`ight. */
function columns(lines: readonly (readonly string[])[], alignment: string): string[] {
  const widths = [...alignment].map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  return lines.map((line) =>
    line.map((cell, i) => alignment[i] === "l" ? cell.padEnd(widths[i]) : cell.padStart(widths[i])).join("  ").trimEnd()
  );
}

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((total, x) => total + x, 0);
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const ms = (x: number): string => x.toFixed(x < 10 ? 3 : 1);
const round = (x: number, digits: number): string => String(Number(x.toFixed(digits)));
const round3 = (x: number): number => Math.round(x * 1e3) / 1e3;
