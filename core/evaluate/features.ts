/** Features: numbers that stand for pictures, and that distances between sets of pictures are taken in. */

import { compile, createState, type HostArray, type Program, type State } from "../compile/program.ts";
import type { Device } from "../gpu/device.ts";
import type { Tensors } from "../grad.ts";
import { type Matrix, matrix } from "../metrics/matrix.ts";
import type { FeatureKind, FeatureName } from "../metrics/metric.ts";
import { oneOf } from "../nearest.ts";
import { sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";

/** What features of pictures are: the pixels themselves, a classifier trained on the set's labels, InceptionV3. */
export const FEATURE_NAMES = ["pixels", "classifier", "inception"] as const satisfies readonly FeatureName[];

/**
 * Pictures `[n, height, width, channels]`: bytes from 0 to 255, or numbers in [-1, 1], of which others are as near as a
 * pixel can be. Points are `[n, 1, 1, dimensions]`, any numbers.
 */
export interface PictureSet {
  readonly images: Float32Array | Uint8Array;
  readonly shape: readonly number[];
}

/** Features of pictures, a row for each. */
export interface Features {
  /** `[pictures, dimensions]`. */
  readonly features: Matrix;
  /** What the network takes each picture for, where it has classes: `[pictures, classes]`, rows that sum to 1. */
  readonly probabilities?: Matrix;
}

/** Who hears how many pictures are done, and what stops it. */
export interface ExtractOptions {
  readonly onProgress?: (done: number) => void;
  readonly signal?: AbortSignal;
}

/** Makes features of pictures. */
export interface FeatureExtractor {
  readonly name: FeatureName;
  /** What numbers made from its features are called after. */
  readonly kind: FeatureKind;
  /** Tells apart extractors that give different numbers, such as networks with other weights. */
  readonly key: string;
  /** What a reader should know of it, such as the accuracy of a classifier; empty where there is nothing to say. */
  readonly note: string;
  /**
   * The features of pictures, in their order.
   *
   * @throws {RangeError} If they are not of the size that the extractor is for
   * @throws {DeviceError} If the adapter is lost
   * @throws The signal's reason, if it aborts
   */
  extract(pictures: PictureSet, options?: ExtractOptions): Promise<Features>;
  /** Gives the memory back. */
  destroy(): void;
}

/**
 * The name as one in `FEATURE_NAMES`.
 *
 * @throws {RangeError} If it is unknown; the message has the nearest known one
 */
export function featureName(name: string): FeatureName {
  return oneOf("features", name, FEATURE_NAMES);
}

/**
 * The numbers themselves, pixels in [-1, 1], as features; for data that are no pictures they are called `points`.
 *
 * @example
 * ```ts
 * import { rawFeatures } from "./features.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const pictures = { images: Uint8Array.of(0, 255), shape: [1, 1, 2, 1] };
 * const { features } = await rawFeatures("pixels").extract(pictures);
 * assertEquals([[...features.values], features.rows, features.columns], [[-1, 1], 1, 2]);
 * ```
 */
export function rawFeatures(name: "pixels" | "points"): FeatureExtractor {
  return {
    name,
    kind: name,
    key: name,
    note: "",
    extract: (pictures) => {
      const values = new Float32Array(pictures.images.length);
      if (name === "points") values.set(pictures.images);
      else copyPixels(pictures, 0, values);
      return Promise.resolve({ features: matrix(values, sizeOf(pictures.shape.slice(1))) });
    },
    destroy: () => {},
  };
}

/** What a network makes of a batch of pictures: `features [batch, dimensions]`, `probabilities [batch, classes]`. */
export type Recognised = { features: Tensor; probabilities: Tensor };

/** A network that makes features. */
export interface FeatureNetwork<P extends Tensors> {
  readonly name: FeatureName;
  /** Its name unless given. */
  readonly kind?: FeatureKind;
  readonly key: string;
  readonly note: string;
  /** Height, width and channels of the pictures it is for. */
  readonly image: readonly [height: number, width: number, channels: number];
  readonly parameters: P;
  /** @param images `[batch, height, width, channels]`, pixels in [-1, 1] */
  apply(parameters: P, images: Tensor): Recognised;
}

/** Batches enqueued before the first of them is waited for: a wait takes 10 ms, whatever its size. */
const UNDER_WAY = 4;

/** A network on the GPU that takes pictures in batches; the last batch is filled up with zeros. */
export class NetworkFeatures<P extends Tensors> implements FeatureExtractor {
  private constructor(
    readonly network: FeatureNetwork<P>,
    readonly batch: number,
    readonly state: State<P>,
    readonly program: Program,
  ) {}

  /**
   * Brings the weights to the GPU and compiles the network for a batch.
   *
   * @throws {DeviceError} If the GPU cannot hold them
   */
  static async create<P extends Tensors>(
    device: Device,
    network: FeatureNetwork<P>,
    { batch }: { batch: number },
  ): Promise<NetworkFeatures<P>> {
    const state = await createState(device, network.parameters);
    try {
      const program = await compile(
        device,
        (parameters: P, { images }) => ({ outputs: network.apply(parameters, images) }),
        { state, inputs: { images: { shape: [batch, ...network.image] } } },
      );
      return new NetworkFeatures(network, batch, state, program);
    } catch (error) {
      state.destroy();
      throw error;
    }
  }

  get name(): FeatureName {
    return this.network.name;
  }

  get kind(): FeatureKind {
    return this.network.kind ?? this.network.name;
  }

  get key(): string {
    return this.network.key;
  }

  get note(): string {
    return this.network.note;
  }

  async extract(pictures: PictureSet, { onProgress = () => {}, signal }: ExtractOptions = {}): Promise<Features> {
    const [count, ...image] = pictures.shape;
    if (image.join() !== this.network.image.join()) {
      throw new RangeError(
        `Cannot make ${this.name} features of pictures of ${image.join("x")}: expected ${this.network.image.join("x")}`,
      );
    }
    const rows: Record<string, Float32Array> = {};
    const take = (first: number, outputs: Record<string, HostArray>) => {
      const taken = Math.min(this.batch, count - first);
      for (const [name, values] of Object.entries(outputs)) {
        const columns = values.length / this.batch;
        rows[name] ??= new Float32Array(count * columns);
        rows[name].set(values.subarray(0, taken * columns), first * columns);
      }
      onProgress(first + taken);
    };
    const underWay: Promise<void>[] = [];
    const images = new Float32Array(this.batch * sizeOf(this.network.image));
    for (let first = 0; first < count && !signal?.aborted; first += this.batch) {
      copyPixels(pictures, first * sizeOf(image), images);
      this.program.run({ images });
      const read = this.program.read().then((outputs) => take(first, outputs));
      read.catch(() => {}); // an earlier one may fail first, and is waited for
      underWay.push(read);
      if (underWay.length === UNDER_WAY) await underWay.shift();
    }
    await Promise.all(underWay);
    signal?.throwIfAborted();
    const { features, probabilities } = rows;
    return {
      features: matrix(features, features.length / count),
      probabilities: matrix(probabilities, probabilities.length / count),
    };
  }

  destroy(): void {
    this.program.destroy();
    this.state.destroy();
  }
}

/** Fills `pixels` with those of a set from a place on, and with zeros behind its end. */
function copyPixels({ images }: PictureSet, from: number, pixels: Float32Array): void {
  const part = images.subarray(from, from + pixels.length);
  const bytes = part instanceof Uint8Array;
  for (let i = 0; i < part.length; i++) pixels[i] = bytes ? part[i] / 127.5 - 1 : Math.min(Math.max(part[i], -1), 1);
  pixels.fill(0, part.length);
}
