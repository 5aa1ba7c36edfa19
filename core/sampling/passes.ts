/** One pass over the GPU: latents, then pictures, for up to 256 rows that may belong to different requests. */

import { compile, createState, type HostArray, type Program, type State } from "../compile/program.ts";
import type { Device } from "../gpu/device.ts";
import { drawFromRegion } from "../models/conditional.ts";
import type { GeneratorParameters } from "../models/generator.ts";
import { keyWords } from "../ops/random.ts";
import { normalRows, uniformRows } from "../ops/random_rows.ts";
import { mul } from "../ops/elementwise.ts";
import { broadcastTo, reshape } from "../ops/movement.ts";
import { mean } from "../ops/reduce.ts";
import type { Tensor } from "../tensor.ts";
import type { TrainedGenerator } from "./model.ts";

/** Where a row's latent is from: the `prior`, the prior within a `region`, or the caller, who has `given` it. */
export type Source = "prior" | "region" | "given";

/** What rows must have in common to share a pass: where latents are from, and whether paths are steered or the model's own. */
export type Kind = `${"free" | "steered"} ${Source}`;

/** What a row is made from; it depends on nothing else, least of all on the rows beside it. */
export interface Slot {
  seed: number;
  /** Which sample of the seed. */
  sample: number;
  /** Counts the draws from a region that were in vain before. */
  round: number;
  /** `[leaves]`, 1 for the leaves of the region that a latent is drawn from. */
  region?: Float32Array;
  /** `[leaves]`, 1 for the leaves that a steered path is forced into; all unless given. */
  within?: Float32Array;
  /** `[gates]` of a tree, for steered paths: 1 to the left, -1 to the right, 0 as the gate decides. */
  decisions?: Float32Array;
  /** What logits are divided by. */
  temperature: number;
  /** What drawn latents are multiplied by. */
  truncation: number;
  /** `[latent]`, where it is given. */
  latent?: Float32Array;
}

/** What a pass gives, a row for every slot. */
export interface Rows {
  /** `[rows, height, width, channels]`. */
  images: Float32Array;
  /** `[rows, latent]`. */
  latents: Float32Array;
  /** `[rows, leaves]`. */
  weights: Float32Array;
  /** `[rows, gates]`. */
  gates: Float32Array;
  /** `[rows]`, 0 where no latent of the region was found in this round. */
  found: Float32Array;
}

/**
 * Rows of the compiled programs; a pass takes the smallest that holds its slots. None has one row: products with a single
 * row are other kernels, which round differently, and a picture would depend on what it was drawn together with.
 */
export const SIZES = [16, 64, 256];
/** Most rows of one pass. */
export const MOST_ROWS = SIZES[SIZES.length - 1];

const LATENT_STREAM = 0x7a; // "z"
const ACCEPT_STREAM = 0x75; // "u"
const USAGE = { rows: 64, latents: 256 }; // 16384 latents, of which a region of share 0.001 has 16 ± 4

/**
 * Candidates for a latent of a region in one round: a leaf of average weight is missed 2 times in 100, and tried again in the
 * next pass. Twice as many cost a sixth of the pass.
 */
export function attemptsFor(leaves: number): number {
  return Math.min(4 * leaves, 256);
}

/** The smallest program for so many rows. */
export function sizeFor(rows: number): number {
  return SIZES.find((size) => size >= rows) ?? MOST_ROWS;
}

/** A generator on the GPU, with the programs that were needed so far. */
export class Passes {
  readonly #programs = new Map<string, Promise<Program>>();
  #usage: Promise<Float32Array> | undefined;

  private constructor(
    readonly device: Device,
    readonly trained: TrainedGenerator,
    readonly state: State<GeneratorParameters>,
  ) {}

  /** Brings the weights to the GPU. */
  static async create(device: Device, trained: TrainedGenerator): Promise<Passes> {
    return new Passes(device, trained, await createState(device, trained.parameters));
  }

  /** Runs one pass and waits once. Equal slots give equal rows, whatever is beside them. */
  async run(kind: Kind, slots: readonly Slot[]): Promise<Rows> {
    const size = sizeFor(slots.length);
    const program = await this.#program(kind, size);
    const outputs = await program.compute(this.#inputs(kind, size, slots));
    return { found: new Float32Array(size).fill(1), ...outputs } as Rows;
  }

  /** The part of the latent space that belongs to each leaf: its mean path weight over latents from the prior. */
  usage(): Promise<Float32Array> {
    this.#usage ??= this.#measureUsage();
    this.#usage.catch(() => this.#usage = undefined);
    return this.#usage;
  }

  /** Gives the memory back. */
  async destroy(): Promise<void> {
    for (const program of this.#programs.values()) (await program).destroy();
    this.state.destroy();
  }

  async #measureUsage(): Promise<Float32Array> {
    const { head } = this.trained.generator;
    const pass = ({ head: parameters }: GeneratorParameters, { keys }: Record<string, Tensor>) => {
      const latents = normalRows(keys, { columns: USAGE.latents * head.latent, stream: LATENT_STREAM });
      const { weights } = head.apply(
        parameters,
        reshape(latents, [USAGE.rows * USAGE.latents, head.latent]),
        { temperature: this.trained.temperature },
      );
      return { outputs: { usage: mean(weights, { axes: [0] }) } };
    };
    const inputs = { keys: { shape: [USAGE.rows, 4], dtype: "u32" as const } };
    const program = await compile(this.device, pass, { state: this.state, inputs });
    try {
      program.run({
        keys: Uint32Array.from(Array.from({ length: USAGE.rows }, (_, row) => [...keyWords(0, row, 0)]).flat()),
      });
      return (await program.read()).usage as Float32Array;
    } finally {
      program.destroy();
    }
  }

  #program(kind: Kind, size: number): Promise<Program> {
    const name = `${kind} ${size}`;
    const known = this.#programs.get(name);
    if (known !== undefined) return known;
    const compiled = this.#compile(kind, size);
    compiled.catch(() => this.#programs.delete(name));
    this.#programs.set(name, compiled);
    return compiled;
  }

  /** What a program of a kind gets, by name, with the length of a row. */
  #rows(kind: Kind): Record<string, { length: number; dtype?: "u32"; of: (slot: Slot) => ArrayLike<number> }> {
    const [path, source] = kind.split(" ");
    const { leaves, gates, latent } = this.trained.generator.head;
    const all = new Float32Array(leaves).fill(1);
    const steersGates = path === "steered" && this.trained.options.head === "tree";
    return {
      temperature: { length: 1, of: (slot) => [slot.temperature] },
      ...source === "given"
        ? { latents: { length: latent, of: (slot: Slot) => slot.latent! } }
        : { keys: { length: 4, dtype: "u32", of: (slot: Slot) => keyWords(slot.seed, slot.sample, slot.round) } },
      ...source !== "given" && { truncation: { length: 1, of: (slot: Slot) => [slot.truncation] } },
      ...source === "region" && { region: { length: leaves, of: (slot: Slot) => slot.region! } },
      ...path === "steered" && { within: { length: leaves, of: (slot: Slot) => slot.within ?? all } },
      ...steersGates && { decisions: { length: gates, of: (slot: Slot) => slot.decisions ?? new Float32Array(gates) } },
    };
  }

  /** The slots as inputs; rows that are left over are the first slot's again. */
  #inputs(kind: Kind, size: number, slots: readonly Slot[]): Record<string, HostArray> {
    const inputs: Record<string, HostArray> = {};
    for (const [name, { length, dtype, of }] of Object.entries(this.#rows(kind))) {
      const values = dtype === "u32" ? new Uint32Array(size * length) : new Float32Array(size * length);
      for (let row = 0; row < size; row++) values.set(of(slots[row] ?? slots[0]), row * length);
      inputs[name] = values;
    }
    return inputs;
  }

  #compile(kind: Kind, size: number): Promise<Program> {
    const source = kind.split(" ")[1] as Source;
    const pass = (parameters: GeneratorParameters, inputs: Record<string, Tensor>) => {
      const { z, ...found } = this.#latents(source, parameters, inputs);
      const { temperature, within, decisions } = inputs; // the last two where paths are steered
      const { images, weights, gates } = this.trained.generator.apply(parameters, z, {
        temperature,
        region: within,
        decisions,
      });
      return { outputs: { images, latents: z, weights, gates, ...found } };
    };
    const rows = Object.entries(this.#rows(kind));
    const inputs = Object.fromEntries(
      rows.map(([name, { length, dtype }]) => [name, { shape: [size, length], dtype: dtype ?? "f32" as const }]),
    );
    return compile(this.device, pass, { state: this.state, inputs });
  }

  #latents(source: Source, parameters: GeneratorParameters, inputs: Record<string, Tensor>) {
    if (source === "given") return { z: inputs.latents };
    const columns = this.trained.generator.head.latent;
    if (source === "region") return this.#fromRegion(parameters, inputs);
    return { z: mul(normalRows(inputs.keys, { columns, stream: LATENT_STREAM }), inputs.truncation) };
  }

  #fromRegion(
    { head: parameters }: GeneratorParameters,
    { keys, region, temperature, truncation }: Record<string, Tensor>,
  ) {
    const { head } = this.trained.generator;
    const [rows, attempts] = [keys.shape[0], attemptsFor(head.leaves)];
    const candidates = mul(normalRows(keys, { columns: attempts * head.latent, stream: LATENT_STREAM }), truncation);
    return drawFromRegion(head, parameters, {
      candidates: reshape(candidates, [rows, attempts, head.latent]),
      uniforms: uniformRows(keys, { columns: attempts, stream: ACCEPT_STREAM }),
      region,
      temperature: reshape(broadcastTo(temperature, [rows, attempts]), [rows * attempts, 1]),
    });
  }
}
