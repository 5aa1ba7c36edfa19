/** InceptionV3 as an extractor of features, with weights from a file on this machine. */

import { crc32 } from "../crc32.ts";
import type { Device } from "../gpu/device.ts";
import { softmax } from "../models/mixture.ts";
import type { Conv } from "../nn/conv.ts";
import { sub } from "../ops/elementwise.ts";
import { constant } from "../ops/source.ts";
import { decodeSafetensors, type StoredTensor } from "../safetensors.ts";
import { RunError } from "../sampling/run.ts";
import { sameShape, type Shape, sizeOf } from "../shape.ts";
import type { Tensor } from "../tensor.ts";
import { decodeTorchFile } from "../torch_file.ts";
import { type FeatureNetwork, NetworkFeatures } from "./features.ts";
import {
  inception,
  INCEPTION_FEATURES,
  type InceptionOptions,
  type InceptionParameters,
  inceptionUnits,
  type InceptionVariant,
} from "./inception.ts";

/** InceptionV3 with its weights, for pictures of one size. */
export type InceptionNetwork = FeatureNetwork<InceptionParameters>;

/** Tensors of a file by name. */
type Tensors = Readonly<Record<string, StoredTensor>>;

const EPSILON = 1e-3; // of the batch normalisations
/** Classes of the network that the Fréchet inception distance was published with: TensorFlow's, not ImageNet's 1000. */
const FID_CLASSES = 1008;
const BATCH = { software: 8, gpu: 64 };
/** The largest map of a picture, behind the third convolution. */
const LARGEST_MAP = 147 * 147 * 64 * 4;

/** What numbers are called after, and what there is to say of them. */
export const OF_VARIANT: Readonly<
  Record<InceptionVariant, Required<Pick<FeatureNetwork<InceptionParameters>, "kind" | "note">>>
> = {
  fid: { kind: "inception", note: "the network of the Fréchet inception distance" },
  torchvision: { kind: "torchvision", note: "the network of torchvision" },
};

/**
 * InceptionV3 with weights from a file, a safetensors file or one of `torch.save`, with the names of torchvision's
 * `inception_v3`: torchvision's own weights (1000 classes) or those for the Fréchet inception distance (1008 classes,
 * `pt_inception-2015-12-05`), which make the `fid` variant of the network. Nothing is downloaded.
 *
 * Differs from the published distance: pictures are resized as PyTorch does, between pixel centres; TensorFlow 1 placed
 * them half a pixel off.
 *
 * @throws {RunError} If the file cannot be read, or has not the tensors of the network: the first one is named
 * @throws {RangeError} If pictures have neither 1 channel nor 3
 */
export async function readInception(
  { weights, image }: { weights: string; image: readonly [height: number, width: number, channels: number] },
): Promise<InceptionNetwork> {
  const bytes = await Deno.readFile(weights).catch((error) => {
    const found = error instanceof Deno.errors.NotFound ? "there is no such file" : error.message;
    throw new RunError(`Cannot read weights ${weights}: ${found}, expected the weights of InceptionV3`);
  });
  const { parameters, variant } = usable(weights, () => inceptionParameters(tensorsIn(bytes)));
  if (image[2] !== 1 && image[2] !== 3) {
    throw new RangeError(`Cannot make inception features of pictures of ${image[2]} channels: expected 1 or 3`);
  }
  return {
    name: "inception",
    key: `inception-${crc32(bytes).toString(16).padStart(8, "0")}`,
    ...OF_VARIANT[variant],
    image,
    parameters,
    apply: (parameters, images) => {
      const { features, logits } = inception(parameters, images, { variant });
      return { features, probabilities: inceptionProbabilities(parameters, logits, variant) };
    },
  };
}

/**
 * `softmax(logits)`; for the `fid` variant `softmax(W features)`, without the bias: so the published code of the inception
 * score has it (Salimans et al. 2016).
 */
export function inceptionProbabilities({ fc }: InceptionParameters, logits: Tensor, variant: InceptionVariant): Tensor {
  return softmax(variant === "fid" ? sub(logits, fc.bias) : logits);
}

/**
 * Features (2048 numbers) and class probabilities from InceptionV3.
 *
 * Measured against torchvision 0.14.1 with drawn weights at full width (`tests/golden/inception.py --full`): features of
 * ten pictures of 64x64 agree to 5e-7 of the largest, probabilities to 2e-5. On two busy cores without a GPU a picture
 * takes 0.7 s, and the first batch 45 s more, in which the driver compiles.
 *
 * @throws {DeviceError} If the GPU cannot hold the network
 */
export async function inceptionFeatures(
  device: Device,
  network: InceptionNetwork,
): Promise<NetworkFeatures<InceptionParameters>> {
  const most = Math.floor(device.maxBufferBytes / LARGEST_MAP);
  const batch = Math.max(1, Math.min(most, device.traits.software ? BATCH.software : BATCH.gpu));
  return await NetworkFeatures.create(device, network, { batch });
}

function tensorsIn(bytes: Uint8Array<ArrayBuffer>): Tensors {
  const isSafetensors = bytes[8] === "{".charCodeAt(0);
  return isSafetensors ? decodeSafetensors(bytes, { onlyF32: true }).tensors : decodeTorchFile(bytes);
}

function usable<T>(path: string, task: () => T): T {
  try {
    return task();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const found = error.message.replace(/^Cannot read [^:]*: /, "");
    throw new RunError(`Cannot use weights ${path}: ${found}`, { cause: error });
  }
}

/**
 * Parameters of the network from tensors with torchvision's names: `conv.weight [out, in, height, width]` and the batch
 * normalisation behind it as one convolution, `W' = γ W / √(σ² + ε)`, `b' = β − γ μ / √(σ² + ε)`, `ε = 0.001`.
 *
 * @param options What is built, if not the whole network
 * @returns Constants, and whose network they are of
 * @throws {SyntaxError} If a tensor is missing or of another shape: the first one is named
 */
export function inceptionParameters(
  tensors: Tensors,
  options: Partial<InceptionOptions> = {},
): { parameters: InceptionParameters; variant: InceptionVariant } {
  const classes = tensors["fc.weight"]?.shape[0];
  const variant = options.variant ?? (classes === FID_CLASSES ? "fid" : "torchvision");
  const features = INCEPTION_FEATURES / (options.divisor ?? 1);
  const find = (name: string, shape: Shape): Float32Array => {
    const stored = tensors[name];
    const expected = `[${shape}] as in InceptionV3`;
    if (stored === undefined) throw new SyntaxError(`found no tensor ${name}, expected it with shape ${expected}`);
    if (!sameShape(stored.shape, shape) || !(stored.data instanceof Float32Array)) {
      throw new SyntaxError(`found ${name} with shape [${stored.shape}], expected ${expected}`);
    }
    return stored.data;
  };
  const units = inceptionUnits({ ...options, variant }).map(({ name, shape }): [string, Conv] => {
    const [height, width, inChannels, outChannels] = shape;
    const weight = find(`${name}.conv.weight`, [outChannels, inChannels, height, width]);
    const [scale, shift, means, variances] = ["weight", "bias", "running_mean", "running_var"].map((part) => {
      return find(`${name}.bn.${part}`, [outChannels]);
    });
    const factors = Float64Array.from(variances, (variance, i) => scale[i] / Math.sqrt(variance + EPSILON));
    return [name, {
      weight: constant(channelsLast(weight, shape, factors), shape),
      bias: constant(Float32Array.from(shift, (shift, i) => shift - means[i] * factors[i])),
    }];
  });
  const last = find("fc.weight", [classes ?? 1000, features]);
  const bias = find("fc.bias", [classes]);
  const transposed = Float32Array.from({ length: sizeOf([classes, features]) }, (_, i) => {
    return last[i % classes * features + Math.floor(i / classes)];
  });
  return {
    parameters: {
      units: Object.fromEntries(units),
      fc: { weight: constant(transposed, [features, classes]), bias: constant(bias) },
    },
    variant,
  };
}

/** `[out, in, height, width]` as `[height, width, in, out]`, each output channel times its factor. */
function channelsLast(weight: Float32Array, shape: Shape, factors: Float64Array): Float32Array {
  const [height, width, inChannels, outChannels] = shape;
  const result = new Float32Array(weight.length);
  let from = 0;
  for (let o = 0; o < outChannels; o++) {
    for (let c = 0; c < inChannels; c++) {
      for (let place = 0; place < height * width; place++) {
        result[(place * inChannels + c) * outChannels + o] = weight[from++] * factors[o];
      }
    }
  }
  return result;
}
