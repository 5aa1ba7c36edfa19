/** The flags of `bench`. */

import { parseArgs } from "node:util";
import { nearestHint } from "../core/nearest.ts";
import { PRESETS } from "../core/models/presets.ts";

/** Everything that can be measured by itself, in the order of a whole run. */
export const PARTS = ["peak", "kernels", "peers", "steps", "sampling", "growth", "metrics", "serving"] as const;
export type Part = typeof PARTS[number];

/** What is measured and how long. */
export interface BenchOptions {
  parts: readonly Part[];
  /** Presets; null for those a part usually measures. */
  presets: readonly string[] | null;
  /** Batches; null for those a part usually measures. */
  batches: readonly number[] | null;
  /** Iterations, or rounds of them; null for as many as suit the part. */
  iterations: number | null;
  quick: boolean;
  /** Whether only what was measured before is shown. */
  show: boolean;
  /** Whether kernels are chosen by measurement, as `train` does. */
  tune: boolean;
  /** Python for the peer in PyTorch; null for the first on the PATH that has it. */
  python: string | null;
  /** The run that is served; null for an untrained model. */
  run: string | null;
  /** Seconds of a load on a server; null for as many as suit the part. */
  seconds: number | null;
  /** After so many nothing more is begun. */
  minutes: number;
  /** Folder of the files of results. */
  results: string;
}

const MINUTES = 20;

/** The text of `--help`. */
export const HELP = `Measures speed and memory on this machine, and writes bench/results/<adapter>.json.

  bench [${PARTS.join("|")} …] [flags]    all of them unless some are named

  --quick               a few minutes: small alone, fewer rounds
  --show                measure nothing, print the tables of what was measured before
  --preset NAME         ${Object.keys(PRESETS).join(", ")}; may be given twice; usually small and paper
  --batch N             may be given twice; usually 64, steps 64 and 128
  --minutes N           begin nothing more after so long, usually ${MINUTES}; what is left out is named
  --iterations N        iterations or rounds of each measurement
  --no-tune             take the kernels that usually are best, as train --no-tune does
  --run RUN             serving: the run that is served; usually an untrained model
  --seconds N           serving: of each load on each server, usually 10
  --python PATH         the Python with PyTorch; usually the first on the PATH that has it
  --results FOLDER      usually bench/results
  --help                this text`;

/**
 * The flags as options, or null where help is asked for.
 *
 * @throws {RangeError} One sentence on the first that is wrong
 */
export function benchOptions(args: readonly string[]): BenchOptions | null {
  const { values, positionals } = parsed(args);
  if (values.help) return null;
  const unknown = positionals.find((name) => !(PARTS as readonly string[]).includes(name));
  if (unknown !== undefined) throw new RangeError(wrongName("measure", unknown, PARTS));
  const preset = values.preset?.find((name) => !Object.hasOwn(PRESETS, name));
  if (preset !== undefined) throw new RangeError(wrongName("use preset", preset, Object.keys(PRESETS)));
  return {
    parts: positionals.length === 0 ? PARTS : PARTS.filter((part) => positionals.includes(part)),
    presets: values.preset ?? null,
    batches: values.batch?.map((text) => whole("batch", text, 4096)) ?? null,
    iterations: values.iterations === undefined ? null : whole("iterations", values.iterations, 100_000),
    quick: values.quick ?? false,
    show: values.show ?? false,
    tune: !values["no-tune"],
    python: values.python ?? null,
    run: values.run ?? null,
    seconds: values.seconds === undefined ? null : whole("seconds", values.seconds, 3600),
    minutes: values.minutes === undefined ? MINUTES : whole("minutes", values.minutes, 100_000),
    results: values.results ?? "bench/results",
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        preset: { type: "string", multiple: true },
        batch: { type: "string", multiple: true },
        iterations: { type: "string" },
        quick: { type: "boolean" },
        show: { type: "boolean" },
        "no-tune": { type: "boolean" },
        minutes: { type: "string" },
        python: { type: "string" },
        run: { type: "string" },
        seconds: { type: "string" },
        results: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    throw new RangeError(`Cannot use these flags: ${(error as Error).message.split(/\.\s|\.$/)[0]}`);
  }
}

function wrongName(action: string, name: string, names: readonly string[]): string {
  return `Cannot ${action} "${name}": expected one of ${names.join(", ")}${nearestHint(name, names)}`;
}

function whole(flag: string, text: string, most: number): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new RangeError(`Cannot use --${flag} ${text}: expected a whole number from 1 to ${most}`);
}
