/** A trained recogniser on the GPU: pictures in, path weights out. */

import { compile, createState, type Program, type State } from "../compile/program.ts";
import type { Device } from "../gpu/device.ts";
import { isTensor } from "../grad.ts";
import type { ModelOptions } from "../models/presets.ts";
import { initializer } from "../nn/init.ts";
import { exp } from "../ops/elementwise.ts";
import { constant } from "../ops/source.ts";
import type { StoredTensor } from "../safetensors.ts";
import { sameShape, ShapeError, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { mapTree } from "../tree.ts";
import { pathNetwork, type PathNetworkParameters } from "./path_network.ts";

/** A recogniser as numbers, and whose pictures it is for. */
export interface RecogniserSource {
  /** Name of the run whose model it recognises the paths of. */
  readonly run: string;
  /** Of the checkpoint. */
  readonly iteration: number;
  readonly model: ModelOptions;
  /** Of its training. */
  readonly seed: number;
  /** Of its training. */
  readonly steps: number;
  /** By their path in `PathNetworkParameters`. */
  readonly weights: Readonly<Record<string, StoredTensor>>;
}

/** Pictures in a pass. */
const BLOCK = 64;
/** Passes enqueued before the first of them is waited for: a wait takes 10 ms, whatever its size. */
const UNDER_WAY = 4;

/**
 * Tells from pictures by which paths a model would have made them.
 *
 * @example
 * ```ts ignore
 * const sampler = await openSampler(device, "0");
 * const recogniser = await trainRecogniser(sampler);
 * const { images } = await sampler.sample({ n: 16, seed: 0 });
 * const weights = await recogniser.assign(images); // [16, leaves], row-major
 * ```
 */
export class Recogniser {
  private constructor(
    readonly source: RecogniserSource,
    readonly leaves: number,
    readonly state: State<PathNetworkParameters>,
    readonly program: Program,
  ) {}

  /**
   * Brings the weights to the GPU.
   *
   * @throws {RangeError} If the model has one leaf
   * @throws {ShapeError} If the weights are not those of its path network
   * @throws {DeviceError} If the GPU cannot hold them
   */
  static async create(device: Device, source: RecogniserSource): Promise<Recogniser> {
    const network = pathNetwork(source.model);
    const parameters = mapTree<Tensor, Tensor>(network.parameters(initializer(0)), isTensor, ({ shape }, path) => {
      const stored = source.weights[path];
      if (stored?.data instanceof Float32Array && sameShape(stored.shape, shape)) return constant(stored.data, shape);
      const found = stored === undefined ? "nothing" : `[${stored.shape}]`;
      throw new ShapeError(`Cannot use ${found} as ${path} of a recogniser: expected numbers of shape [${shape}]`);
    }) as PathNetworkParameters;
    const state = await createState(device, parameters);
    try {
      const program = await compile(
        device,
        (parameters: PathNetworkParameters, { images }) => ({
          outputs: { weights: exp(network.logWeights(parameters, images)) },
        }),
        { state, inputs: { images: { shape: [BLOCK, ...source.model.image] } } },
      );
      return new Recogniser(source, network.leaves, state, program);
    } catch (error) {
      state.destroy();
      throw error;
    }
  }

  /**
   * Path weights of pictures. A row depends on its own picture alone.
   *
   * @param images `[n, height, width, channels]`, pixels in [-1, 1]
   * @param onProgress Hears how many pictures are done
   * @returns `[n, leaves]`, each row sums to 1
   * @throws {ShapeError} If the numbers are not those of whole pictures
   * @throws {DeviceError} If the GPU is lost
   */
  async assign(images: Float32Array, onProgress: (done: number) => void = () => {}): Promise<Float32Array> {
    const size = sizeOf(this.source.model.image);
    const count = images.length / size;
    if (!Number.isInteger(count)) {
      throw new ShapeError(
        `Cannot recognise ${images.length} numbers: expected a multiple of ${size}, the size of a picture`,
      );
    }
    const weights = new Float32Array(count * this.leaves);
    const block = new Float32Array(BLOCK * size);
    const underWay: Promise<void>[] = [];
    for (let first = 0; first < count; first += BLOCK) {
      const part = images.subarray(first * size, (first + BLOCK) * size);
      block.set(part);
      block.fill(0, part.length);
      this.program.run({ images: block });
      const read = this.program.read().then(({ weights: found }) => {
        const rows = Math.min(BLOCK, count - first);
        weights.set(found.subarray(0, rows * this.leaves), first * this.leaves);
        onProgress(first + rows);
      });
      read.catch(() => {}); // one that fails while another is waited for
      underWay.push(read);
      if (underWay.length === UNDER_WAY) await underWay.shift();
    }
    await Promise.all(underWay);
    return weights;
  }

  /** Gives the memory back. */
  destroy(): void {
    this.program.destroy();
    this.state.destroy();
  }
}
