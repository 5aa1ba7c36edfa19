/** What is computed once for a data set and kept in the user's cache folder: features and statistics of real pictures. */

import type { Neighbours } from "../metrics/distances.ts";
import { type Matrix, matrix } from "../metrics/matrix.ts";
import type { FeatureStatistics } from "../metrics/statistics.ts";
import { decodeSafetensors, encodeSafetensors, type Safetensors, type StoredTensor } from "../safetensors.ts";
import { orRunError, writeWhole } from "../sampling/write.ts";
import type { Features } from "./features.ts";

type Tensors = Readonly<Record<string, StoredTensor>>;

/** How values are written as tensors and read back; `undefined` for tensors that are something else. */
export interface Form<T> {
  readonly tensors: (value: T) => Tensors;
  readonly value: (tensors: Tensors) => T | undefined;
}

/** Hears why something could not be kept, a sentence. */
export type OnWarning = (warning: string) => void;

/** How a value is kept, and where it comes from. */
interface Keeping<T> {
  readonly form: Form<T>;
  readonly make: () => Promise<T>;
  readonly onWarning?: OnWarning;
}

/** Of how features and what follows from them are computed; what another version kept is not used. */
const VERSION = "1";

/** What something is kept of. */
interface Kept {
  readonly what: string;
  readonly data: { readonly name: string; readonly fingerprint: string };
  /** Of the extractor. */
  readonly key: string;
  /** How many pictures, in which order. */
  readonly n: number;
  readonly order: number;
}

/** The file below `folder` where something of the real pictures is kept, named for all that it depends on. */
export function keptFile(folder: string, { what, data: { name, fingerprint }, key, n, order }: Kept): string {
  const of = `${name}-${fingerprint.slice(0, 16)}-${key}-${n}-${order}-${what}`;
  return `${folder}/evaluation/${of}-v${VERSION}.safetensors`;
}

/**
 * The value kept in a file, or what `make` gives, which is kept then. A damaged file counts as none.
 *
 * @param path null keeps nothing
 */
export async function kept<T>(path: string | null, { form, make, onWarning }: Keeping<T>): Promise<T> {
  const file = path === null ? undefined : await Deno.readFile(path).then(decodeSafetensors).catch(() => undefined);
  const found = file && form.value(file.tensors);
  if (found !== undefined) return found;
  const made = await make();
  if (path !== null) await keep(path, { tensors: form.tensors(made), metadata: {} }, onWarning);
  return made;
}

const ADVICE = "; what was to be kept there is computed again next time";

/** Writes a file of the cache folder. Where that fails there is a warning: what took long to make is of use without it. */
export async function keep(path: string, file: Safetensors, onWarning: OnWarning = () => {}): Promise<void> {
  const folder = path.slice(0, path.lastIndexOf("/"));
  const pieces = encodeSafetensors(file);
  try {
    await orRunError("make folder", folder, () => Deno.mkdir(folder, { recursive: true }), ADVICE);
    await writeWhole(path, pieces, ADVICE);
  } catch (error) {
    onWarning((error as Error).message);
  }
}

/** Features with the probabilities of classes. */
export const FEATURES: Form<Features> = {
  tensors: ({ features, probabilities }) => ({
    features: storedOf(features),
    ...probabilities && { probabilities: storedOf(probabilities) },
  }),
  value: ({ features, probabilities }) => {
    if (!isMatrix(features)) return undefined;
    return {
      features: matrix(features.data, features.shape[1]),
      ...isMatrix(probabilities) && { probabilities: matrix(probabilities.data, probabilities.shape[1]) },
    };
  },
};

/** Mean and covariance, `f64` as two words each. */
export const STATISTICS: Form<FeatureStatistics> = {
  tensors: ({ count, mean, covariance }) => ({
    count: { shape: [1], data: Uint32Array.of(count) },
    mean: wordsOf(mean),
    covariance: wordsOf(covariance),
  }),
  value: ({ count, mean, covariance }) => {
    if (!count || !mean || covariance?.data.length * 2 !== mean.data.length ** 2) return undefined;
    return { count: count.data[0], mean: doublesOf(mean), covariance: doublesOf(covariance) };
  },
};

/** Neighbours of every picture, `f64` as two words each. */
export const NEIGHBOUR_DISTANCES: Form<Neighbours> = {
  tensors: ({ distances, ties }) => ({ distances: wordsOf(distances), ties: { shape: [ties.length], data: ties } }),
  value: ({ distances, ties }) => {
    const k = distances && ties ? distances.data.length / 2 / ties.data.length : NaN;
    if (!Number.isInteger(k) || !(ties.data instanceof Uint32Array)) return undefined;
    return { k, distances: doublesOf(distances), ties: ties.data };
  },
};

const storedOf = ({ values, rows, columns }: Matrix): StoredTensor => ({ shape: [rows, columns], data: values });

function isMatrix(stored: StoredTensor | undefined): stored is StoredTensor & { data: Float32Array } {
  return stored?.data instanceof Float32Array && stored.shape.length === 2 && stored.data.length > 0;
}

function wordsOf(numbers: Float64Array): StoredTensor {
  const data = new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length * 2);
  return { shape: [data.length], data };
}

const doublesOf = ({ data }: StoredTensor): Float64Array => new Float64Array(data.slice().buffer as ArrayBuffer);
