/** One pass over the GPU: latents, then pictures, for up to 256 rows that may belong to different requests. */

import { compile, createState, type Program, type State } from "../compile/program.ts";
import type { Device } from "../gpu/device.ts";
import { drawFromRegion } from "../models/conditional.ts";
import type { Path } from "../models/mixture.ts";
import type { GeneratorParameters } from "../models/generator.ts";
import { keyWords } from "../ops/random.ts";
import { normalRows, uniformRows } from "../ops/random_rows.ts";
import { reshape } from "../ops/movement.ts";
import { mean } from "../ops/reduce.ts";
import type { Tensor } from "../tensor.ts";
import type { TrainedGenerator } from "./model.ts";

/**
 * How a row gets its latent and its path: `prior` and the model's own path, a latent from a `region` and the model's own
 * path, or `forced`: a latent from the prior and the path forced into a region.
 */
export type Kind = "prior" | "region" | "forced";

/** What a row is made from; it depends on nothing else, least of all on the rows beside it. */
export interface Slot {
  seed: number;
  /** Which sample of the seed. */
  sample: number;
  /** Counts the draws from a region that were in vain before. */
  round: number;
  /** 1 for the leaves of the region, 0 for the others. */
  region: Float32Array;
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

/** Candidates for a latent of a region in one round: a leaf of average weight is missed 3 times in 10,000. */
export function attemptsFor(leaves: number): number {
  return Math.min(8 * leaves, 256);
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
    const { leaves } = this.trained.generator.head;
    const keys = new Uint32Array(size * 4);
    const region = new Float32Array(size * leaves).fill(1);
    slots.forEach((slot, i) => {
      keys.set(keyWords(slot.seed, slot.sample, slot.round), i * 4);
      region.set(slot.region, i * leaves);
    });
    const program = await this.#program(kind, size);
    program.run(kind === "prior" ? { keys } : { keys, region });
    const outputs = await program.read();
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

  get #path(): Path {
    return { temperature: this.trained.temperature };
  }

  async #measureUsage(): Promise<Float32Array> {
    const { head } = this.trained.generator;
    const pass = ({ head: parameters }: GeneratorParameters, { keys }: Record<string, Tensor>) => {
      const latents = normalRows(keys, { columns: USAGE.latents * head.latent, stream: LATENT_STREAM });
      const { weights } = head.apply(
        parameters,
        reshape(latents, [USAGE.rows * USAGE.latents, head.latent]),
        this.#path,
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

  #compile(kind: Kind, size: number): Promise<Program> {
    const pass = (parameters: GeneratorParameters, inputs: Record<string, Tensor>) => {
      const { z, ...found } = kind === "region" ? this.#fromRegion(parameters, inputs) : this.#fromPrior(inputs);
      const region = kind === "forced" ? inputs.region : undefined;
      const { images, weights, gates } = this.trained.generator.apply(parameters, z, { ...this.#path, region });
      return { outputs: { images, latents: z, weights, gates, ...found } };
    };
    const keys = { shape: [size, 4], dtype: "u32" as const };
    const region = { shape: [size, this.trained.generator.head.leaves] };
    return compile(this.device, pass, { state: this.state, inputs: kind === "prior" ? { keys } : { keys, region } });
  }

  #fromPrior({ keys }: Record<string, Tensor>): { z: Tensor } {
    return { z: normalRows(keys, { columns: this.trained.generator.head.latent, stream: LATENT_STREAM }) };
  }

  #fromRegion({ head: parameters }: GeneratorParameters, { keys, region }: Record<string, Tensor>) {
    const { head } = this.trained.generator;
    const attempts = attemptsFor(head.leaves);
    const candidates = normalRows(keys, { columns: attempts * head.latent, stream: LATENT_STREAM });
    return drawFromRegion(head, parameters, {
      candidates: reshape(candidates, [keys.shape[0], attempts, head.latent]),
      uniforms: uniformRows(keys, { columns: attempts, stream: ACCEPT_STREAM }),
      region,
      ...this.#path,
    });
  }
}
