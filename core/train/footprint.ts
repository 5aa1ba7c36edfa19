/** What a model in training takes on the GPU. */

import { bytesOf } from "../gpu/device.ts";
import { CHUNK } from "../gpu/executor.ts";
import type { Trainer } from "./trainer.ts";

/** Bytes on the GPU, by what they are for. */
export interface Footprint {
  /** The most that training takes at a time: all of the following together. */
  peak: number;
  /** Parameters, their average, moments, counters. */
  state: number;
  /** The data set, and other numbers that never change. */
  data: number;
  /** Intermediate values of the steps, in buffers. */
  intermediates: number;
  /** Intermediate values and parameters that are read through textures. */
  textures: number;
  /** What steps are given, and what is read of them. */
  inputsAndOutputs: number;
  /** What the host reads through: losses and samples, and the state when it is saved. */
  staging: number;
  /** What no plan could do without: all that is needed at once in the step that needs most. */
  largestLiveSet: number;
}

/** Labels of what programs own; all other labels are names of inputs and outputs. */
const KINDS: Readonly<Record<string, "data" | "intermediates" | "textures">> = {
  "constant": "data",
  "intermediate values": "intermediates",
  "operand": "textures",
};

/** What a trainer takes, by the buffers and textures of its programs. */
export function footprintOf({ programs, state }: Trainer): Footprint {
  const owned = { data: 0, intermediates: 0, textures: 0, inputsAndOutputs: 0 };
  for (const resource of new Set(Object.values(programs).flatMap(({ owned }) => owned))) {
    owned[KINDS[resource.label] ?? "inputsAndOutputs"] += bytesOf(resource);
  }
  const staging = Math.min(state.bytes, CHUNK) + owned.inputsAndOutputs;
  const always = state.bytes + owned.data + owned.inputsAndOutputs + staging;
  return {
    peak: always + owned.intermediates + owned.textures,
    state: state.bytes,
    ...owned,
    staging,
    largestLiveSet: always + Math.max(...Object.values(programs).map(({ report }) => report.largestLiveSet)),
  };
}

/** The same as a sentence. */
export function footprintText(footprint: Footprint): string {
  const { peak, largestLiveSet, ...parts } = footprint;
  const list = Object.entries(parts).map(([name, bytes]) => `${NAMES[name as keyof typeof NAMES]} ${megabytes(bytes)}`);
  return `GPU memory: at most ${megabytes(peak)} MB (${list.join(", ")}), ` +
    `${(peak / largestLiveSet).toFixed(2)} times the largest live set of ${megabytes(largestLiveSet)} MB`;
}

const NAMES: Readonly<Record<Exclude<keyof Footprint, "peak" | "largestLiveSet">, string>> = {
  state: "state",
  data: "data",
  intermediates: "intermediate values",
  textures: "textures",
  inputsAndOutputs: "inputs and outputs",
  staging: "staging",
};

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
