/** The file of results of an adapter: every figure with where it comes from. */

import { availableParallelism, cpus } from "node:os";
import { openDevice } from "../core/gpu/device.ts";
import { provenance } from "../core/train/provenance.ts";

/** Raised when figures of older files no longer compare with new ones. */
export const METHOD_VERSION = 3;

/** The machine and what runs on it. */
export interface Machine {
  adapter: string;
  /** What the adapter says of itself: vendor, architecture, device, and the driver if it is named there. */
  adapterInfo: Readonly<Record<string, string>>;
  software: boolean;
  processor: string;
  cores: number;
  system: string;
}

/** When, from what source and how a figure was measured. */
export interface Origin {
  date: string;
  commit: string | null;
  versions: Readonly<Record<string, string>>;
  methodVersion: number;
  /** Processes that wanted to run in the last minute: above 0 there was other work, unless it is of this benchmark. */
  load: number;
  quick: boolean;
  /** Whether kernels were chosen by measurement. */
  tune: boolean;
}

/** One measurement: what it found, which the part knows, and where that comes from. */
export interface Measurement {
  origin: Origin;
  figures: unknown;
}

/** Measurements by part and, within a part, by name. */
export type Measurements = Readonly<Record<string, Readonly<Record<string, Measurement>>>>;

/** What a file holds. */
export interface Results {
  machine: Machine;
  measurements: Measurements;
}

/** `llvmpipe (LLVM 15.0.6, 256 bits)` as a file name: `llvmpipe-llvm-15-0-6-256-bits`. */
export function slugOf(adapter: string): string {
  return adapter.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "") || "adapter";
}

/** The old figures, those measured anew in their place; what another machine measured is dropped. */
export function merged(old: Results | null, machine: Machine, measured: Measurements): Results {
  const kept = old !== null && sameMachine(old.machine, machine) ? old.measurements : {};
  const parts = Object.entries(measured).map(([part, figures]) => [part, { ...kept[part], ...figures }]);
  return { machine, measurements: { ...kept, ...Object.fromEntries(parts) } };
}

const sameMachine = (a: Machine, b: Machine): boolean =>
  a.adapter === b.adapter && a.processor === b.processor && a.cores === b.cores;

/** Asks adapter and system. */
export async function machineOf(): Promise<Machine> {
  const device = await openDevice();
  const { description: adapter, traits: { software } } = device;
  await device.destroy();
  const info = (await navigator.gpu.requestAdapter({ powerPreference: "high-performance" }))!.info;
  const { vendor, architecture, device: name, description } = info;
  return {
    adapter,
    adapterInfo: { vendor, architecture, device: name, description },
    software,
    processor: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    system: `${Deno.build.os} ${Deno.osRelease()} ${Deno.build.arch}`,
  };
}

/** The origin of what is measured now. */
export async function originOf({ quick, tune }: { quick: boolean; tune: boolean }): Promise<Origin> {
  const { versions, commit } = await provenance();
  return {
    date: new Date().toISOString(),
    commit,
    versions,
    methodVersion: METHOD_VERSION,
    load: Deno.loadavg()[0],
    quick,
    tune,
  };
}

/** Path of the file of a machine. */
export function pathOf(folder: string, { adapter }: Machine): string {
  return `${folder}/${slugOf(adapter)}.json`;
}

/** What a file holds of this version of the method; null if there is none or it is no such file. */
export async function readResults(path: string): Promise<Results | null> {
  try {
    const found = JSON.parse(await Deno.readTextFile(path));
    if (!found?.machine || !found?.measurements) return null;
    return { machine: found.machine, measurements: comparable(found.measurements) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return null;
    throw error;
  }
}

/** The measurements that were made by this version of the method. */
function comparable(measurements: Measurements): Measurements {
  const parts = Object.entries(measurements).map(([part, entries]) => {
    const kept = Object.entries(entries).filter(([, { origin }]) => origin?.methodVersion === METHOD_VERSION);
    return [part, Object.fromEntries(kept)] as const;
  });
  return Object.fromEntries(parts.filter(([, entries]) => Object.keys(entries).length > 0));
}

/** Adds figures to the file of a machine and returns all it holds now. */
export async function addResults(folder: string, machine: Machine, measured: Measurements): Promise<Results> {
  await Deno.mkdir(folder, { recursive: true });
  const path = pathOf(folder, machine);
  const results = merged(await readResults(path), machine, measured);
  await Deno.writeTextFile(path, `${JSON.stringify(results, rounded, 1)}\n`);
  return results;
}

/** Six significant digits: more is noise. */
function rounded(_: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
}
