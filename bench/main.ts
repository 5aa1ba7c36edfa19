/** `deno task bench [part …] [flags]`: measures, prints tables, and writes `bench/results/<adapter>.json`. */

import { DeviceError } from "../core/gpu/device.ts";
import { type BenchOptions, benchOptions, HELP, type Part } from "./options.ts";
import { measurePart, showPart } from "./parts.ts";
import { addResults, type Machine, machineOf, type Measurements, originOf, pathOf, readResults } from "./results.ts";
import { verdicts } from "./targets.ts";

/** Measures the parts asked for, one after the other; each is written as soon as it is known. */
async function run(options: BenchOptions): Promise<void> {
  const start = performance.now();
  const machine = await machineOf();
  introduce(machine);
  console.log(`Load before: ${Deno.loadavg()[0].toFixed(2)}; figures are worth most where it is near 0`);
  const end = start + options.minutes * 60_000;
  const begin = (text: string): boolean => {
    const late = performance.now() > end;
    tell(late ? `${text}: left out, ${options.minutes} minutes have passed` : text);
    return !late;
  };
  for (const part of options.parts) {
    if (!begin(part)) continue;
    const before = performance.now();
    const origin = await originOf(options);
    const figures = await measurePart(part, { options, machine, begin });
    if (Object.keys(figures).length === 0) continue;
    const entries = Object.entries(figures).map(([name, result]) => [name, { origin, figures: result }]);
    const measured = { [part]: Object.fromEntries(entries) };
    await addResults(options.results, machine, measured);
    print(part, machine, measured);
    tell(`${part} took ${seconds(before)} s`);
  }
  console.log(`\nWrote ${pathOf(options.results, machine)} after ${seconds(start)} s`);
}

/** Prints what was measured before, of the parts asked for. */
async function show({ results: folder, parts }: BenchOptions): Promise<void> {
  const path = pathOf(folder, await machineOf());
  const results = await readResults(path);
  if (results === null) throw new RangeError(`Cannot show ${path}: there is none, expected one that bench has written`);
  introduce(results.machine);
  for (const part of parts) {
    if (part in results.measurements) print(part, results.machine, { [part]: results.measurements[part] });
  }
}

function introduce({ adapter, processor, cores }: Machine): void {
  console.log(`${adapter}; ${processor}, ${cores} cores; Deno ${Deno.version.deno}`);
}

/** The figures of a part and how they stand to the targets. */
function print(part: Part, machine: Machine, measurements: Measurements): void {
  const entries = Object.entries(measurements[part]).map(([name, { figures }]) => [name, figures]);
  const lines = verdicts({ machine, measurements }).map((line) => `- ${line}`);
  const text = showPart(part, Object.fromEntries(entries));
  console.log(["", `## ${part}`, "", text, ...(lines.length > 0 ? ["", ...lines] : [])].join("\n"));
}

/** Says on stderr what is measured now. */
function tell(text: string): void {
  console.error(`  ${text}`);
}

const seconds = (start: number): string => ((performance.now() - start) / 1000).toFixed(0);

/** Runs what the arguments ask for and returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const say = (error: unknown) => console.error(`bench: ${(error as Error).message}`);
  let options: BenchOptions | null;
  try {
    options = benchOptions(args);
  } catch (error) {
    say(error);
    return 2;
  }
  if (options === null) {
    console.log(HELP);
    return 0;
  }
  try {
    await (options.show ? show(options) : run(options));
    return 0;
  } catch (error) {
    if (!(error instanceof DeviceError || error instanceof RangeError)) throw error;
    say(error);
    return 1;
  }
}

if (import.meta.main) Deno.exitCode = await main(Deno.args);
