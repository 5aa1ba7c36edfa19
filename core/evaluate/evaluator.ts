/** Scores generated pictures against a data set, as often as wanted. */

import type { Device } from "../gpu/device.ts";
import { type Neighbours, neighboursWithin } from "../metrics/distances.ts";
import { evaluateMetrics, type MetricName, NEIGHBOURS, type RealSamples } from "../metrics/evaluation.ts";
import { type Matrix, matrix } from "../metrics/matrix.ts";
import { type FeatureStatistics, featureStatistics } from "../metrics/statistics.ts";
import { RunError, RUNS_FOLDER } from "../sampling/run.ts";
import { canAgree } from "../metrics/tree_scores.ts";
import { openSampler } from "../sampling/sampler.ts";
import { sizeOf } from "../shape.ts";
import { classesOf, classifierFeatures } from "./classifier_features.ts";
import { drawSamples } from "./drawn.ts";
import { type Circumstances, type Evaluation, evaluationOf } from "./evaluation.ts";
import { type FeatureExtractor, type Features, type PictureSet, rawFeatures } from "./features.ts";
import { forcedSamples } from "./forced.ts";
import { inceptionFeatures, type InceptionNetwork, readInception } from "./inception_features.ts";
import { FEATURES, type Form, kept, keptFile, NEIGHBOUR_DISTANCES, type OnWarning, STATISTICS } from "./kept.ts";
import type { EvaluationProgress } from "./progress.ts";
import { chosenFrom, type EvaluatedSet, nearestLabels, orderOf, type RealPictures } from "./real.ts";
import {
  type ChosenMetrics,
  type EvaluationRequest,
  imageOf,
  isLabelled,
  metricsFor,
  type ResolvedRequest,
  resolveRequest,
  type Split,
} from "./request.ts";
import { readSamples } from "./sample_file.ts";

/** What an evaluator is made from. */
export interface EvaluatorOptions {
  /** A part of the data set; parts that are not needed are not asked for. */
  readonly load: (split: Split) => Promise<EvaluatedSet>;
  readonly request: EvaluationRequest;
  /** The folder where a classifier, features and statistics of the data are kept; nowhere if there is none. */
  readonly cache: string | null;
  readonly onProgress?: (progress: EvaluationProgress) => void;
  /** Hears why something could not be kept. */
  readonly onWarning?: OnWarning;
  /** Ends what is under way, at the latest when a metric is computed, and throws its reason. */
  readonly signal?: AbortSignal;
}

const NO_AGREEMENT =
  "agreement of leaves and labels is left out: the samples are of one class, or each of one of its own";

/** Generated pictures, and what is known of them. */
interface Generated {
  readonly pictures: PictureSet;
  /** Path weights. */
  readonly weights?: Matrix;
  /** Whether the leaves are those of a binary tree. */
  readonly tree?: boolean;
}

/**
 * Scores runs and files of samples against one data set. What they have in common (classifier, real features and their
 * statistics) is computed when it is first needed, and once.
 *
 * @example
 * ```ts ignore
 * const load = (split: Split) => loadDataset("fashionmnist", { split });
 * const evaluator = await Evaluator.create(device, { load, request: { metrics: ["fid", "prdc"] }, cache: null });
 * const { scores } = await evaluator.evaluateRun("runs/00000-fashionmnist-hmog-small");
 * console.log(scores[0].label, scores[0].value);
 * evaluator.destroy();
 * ```
 */
export class Evaluator {
  #extractor: Promise<FeatureExtractor> | undefined;
  #classifier: Promise<FeatureExtractor> | undefined;
  #realFeatures: Promise<Features> | undefined;
  #statistics: Promise<FeatureStatistics> | undefined;
  #neighbours: Promise<Neighbours> | undefined;

  private constructor(
    readonly device: Device,
    readonly options: EvaluatorOptions,
    readonly request: ResolvedRequest,
    readonly data: EvaluatedSet,
    readonly real: RealPictures,
    readonly inception?: InceptionNetwork,
  ) {}

  /**
   * Loads the data and the weights of Inception, where it is asked for, and checks the request.
   *
   * @throws {RangeError} If features, metrics and data do not go together, or there are fewer real samples than asked for
   * @throws {RunError} If the weights cannot be read or are those of another network
   * @throws What `load` throws
   */
  static async create(device: Device, options: EvaluatorOptions): Promise<Evaluator> {
    const data = await options.load(options.request.split ?? "test");
    const request = resolveRequest(options.request, data);
    const { features, weights = "" } = request;
    const inception = features === "inception" ? await readInception({ weights, image: imageOf(data) }) : undefined;
    return new Evaluator(device, options, request, data, chosenFrom(data, request), inception);
  }

  /**
   * Scores the newest checkpoint of a run (a path, a name in `runs`, its number there) or a checkpoint file.
   *
   * @throws {RunError} If there is none, or it makes pictures of another size
   * @throws {DeviceError} If the adapter is lost
   * @throws The signal's reason, if it aborts
   */
  async evaluateRun(run: string, { runs = RUNS_FOLDER } = {}): Promise<Evaluation> {
    const { n, seed, forced } = this.request;
    const { signal } = this.options;
    const sampler = await openSampler(this.device, run, { runs });
    try {
      const { source, options: { image, head }, structure: { leaves } } = sampler;
      const wanted = imageOf(this.data).join("x");
      if (image.join("x") !== wanted) {
        throw new RunError(
          `Cannot compare ${source.path} with ${this.data.name}: it makes pictures of ${
            image.join("x")
          }, expected ${wanted}`,
        );
      }
      this.#metrics({ leaves, samples: n }); // checked before anything is drawn
      const { images, shape, samples } = forced
        ? await forcedSamples(sampler, { n, seed, signal })
        : await drawSamples(sampler, { n, seed, signal });
      const weights = matrix(Float32Array.from(samples.flatMap(({ weights }) => weights)), leaves);
      return await this.#evaluate({ pictures: { images, shape }, weights, tree: head === "tree" }, source.path);
    } finally {
      await sampler.close();
    }
  }

  /**
   * Scores the first samples of a `.npy` file; where no number was asked for and it has fewer, against as many real ones.
   *
   * @throws {RunError} If it cannot be read, or holds pictures of another size
   * @throws {RangeError} If it has fewer than were asked for
   * @throws {DeviceError} If the adapter is lost
   * @throws The signal's reason, if it aborts
   */
  async evaluateSamples(path: string): Promise<Evaluation> {
    const { images, shape: [count, ...image] } = await readSamples(path, imageOf(this.data));
    const { n, atMost } = this.request;
    if (count < n && !atMost) {
      throw new RangeError(`Cannot evaluate ${n} samples of ${path}: it has ${count}, expected --n of at most that`);
    }
    const used = Math.min(count, n);
    this.#metrics({ leaves: 0, samples: used }); // checked before the work
    const evaluator = used < n ? this.#withFewer(used) : this;
    return await evaluator.#evaluate({
      pictures: { images: images.subarray(0, used * sizeOf(image)), shape: [used, ...image] },
    }, path);
  }

  /**
   * All that decides the scores of a run besides the run: the request, the data, and the networks that give features and
   * labels, by their keys.
   */
  async basis(): Promise<Readonly<Record<string, unknown>>> {
    const { atMost: _, ...request } = this.request;
    const extractor = await (this.#extractor ??= this.#makeExtractor());
    const { metrics } = this.#metrics({ leaves: 2, samples: request.n });
    const classified = metrics.includes("tree") && isLabelled(this.data) && request.features !== "points";
    const labels = classified ? (await (this.#classifier ??= this.#makeClassifier())).key : undefined;
    return { ...request, features: extractor.key, labels, data: this.data.fingerprint };
  }

  /** Why metrics that go with the data are not among the scores of a run, a sentence for each. */
  get leftOut(): readonly string[] {
    return this.#metrics({ leaves: 1, samples: this.request.n }).leftOut;
  }

  /** Gives the memory back. */
  async destroy(): Promise<void> {
    const made = [this.#extractor, this.#classifier].map((extractor) => extractor?.catch(() => undefined)); // or failed
    for (const extractor of new Set(await Promise.all(made))) extractor?.destroy();
  }

  #metrics(generated: { leaves: number; samples: number }): ChosenMetrics {
    return metricsFor(this.request, this.data, generated);
  }

  /** This evaluator with fewer samples of either kind; features come from the same network. */
  #withFewer(n: number): Evaluator {
    const request = { ...this.request, n };
    const real = chosenFrom(this.data, request);
    const fewer = new Evaluator(this.device, this.options, request, this.data, real, this.inception);
    fewer.#extractor = this.#extractor ??= this.#makeExtractor();
    return fewer;
  }

  async #evaluate({ pictures, weights, tree }: Generated, source: string): Promise<Evaluation> {
    const { features: featureName, seed, split, forced } = this.request;
    const samples = pictures.shape[0];
    const { metrics, leftOut } = this.#metrics({ leaves: weights?.columns ?? 0, samples });
    const extractor = await (this.#extractor ??= this.#makeExtractor());
    const real = await (this.#realFeatures ??= this.#extractReal(extractor));
    const fake = await this.#extract(extractor, pictures, "generated");
    const labels = metrics.includes("tree") ? await this.#labelsOf(pictures, fake) : undefined;
    const values = await evaluateMetrics(this.device, metrics, {
      real: { features: real.features, ...await this.#known(real, extractor, metrics) },
      fake: { ...fake, weights, tree, labels },
      featureName,
      seed,
      modes: this.data.modes,
    }, { signal: this.options.signal });
    const circumstances: Circumstances = {
      dataset: this.data.name,
      split,
      source,
      seed,
      forced,
      real: real.features.rows,
      fake: fake.features.rows,
      features: featureName,
      featureKind: extractor.kind,
      featureKey: extractor.key,
      featureNote: extractor.note,
      leftOut: labels === undefined || canAgree(labels) ? leftOut : [...leftOut, NO_AGREEMENT],
    };
    return evaluationOf(values, circumstances);
  }

  async #makeExtractor(): Promise<FeatureExtractor> {
    const { features } = this.request;
    if (features === "classifier") return await (this.#classifier ??= this.#makeClassifier());
    if (features === "inception") return await inceptionFeatures(this.device, this.inception!);
    return rawFeatures(features);
  }

  async #makeClassifier(): Promise<FeatureExtractor> {
    const { load, cache, onWarning, signal } = this.options;
    const { split } = this.request;
    const other = await load(split === "test" ? "train" : "test");
    const [train, test] = split === "test" ? [other, this.data] : [this.data, other];
    const onProgress = ({ step, steps }: { step: number; steps: number }) =>
      this.#report("Training a classifier", step, steps);
    return await classifierFeatures(this.device, { train, test, cache, onWarning, onProgress, signal });
  }

  #extractReal(extractor: FeatureExtractor): Promise<Features> {
    const path = extractor.name === "pixels" || extractor.name === "points"
      ? null
      : this.#pathOf("features", extractor);
    return this.#kept(path, FEATURES, () => this.#extract(extractor, this.real, "real"));
  }

  /** What metrics need to know of the real pictures alone. */
  async #known(
    { features }: Features,
    extractor: FeatureExtractor,
    metrics: readonly MetricName[],
  ): Promise<Pick<RealSamples, "statistics" | "neighbours">> {
    const [ofMoments, ofNeighbours] = ["statistics", "neighbours"].map((what) => this.#pathOf(what, extractor));
    if (metrics.includes("fid")) {
      this.#statistics ??= this.#kept(ofMoments, STATISTICS, () => featureStatistics(this.device, features));
    }
    if (metrics.some((name) => name === "knn" || name === "prdc") && features.rows > NEIGHBOURS) {
      const make = () => neighboursWithin(this.device, features, NEIGHBOURS);
      this.#neighbours ??= this.#kept(ofNeighbours, NEIGHBOUR_DISTANCES, make);
    }
    return { statistics: await this.#statistics, neighbours: await this.#neighbours };
  }

  #kept<T>(path: string | null, form: Form<T>, make: () => Promise<T>): Promise<T> {
    return kept(path, { form, make, onWarning: this.options.onWarning });
  }

  /** Where something of the real pictures is kept. */
  #pathOf(what: string, { key }: FeatureExtractor): string | null {
    const { cache } = this.options;
    const order = orderOf(this.request, this.data.shape[0]);
    return cache && keptFile(cache, { what, data: this.data, key, n: this.request.n, order });
  }

  #extract(extractor: FeatureExtractor, pictures: PictureSet, which: string): Promise<Features> {
    const doing = `${extractor.name} features of ${which} pictures`;
    const onProgress = (done: number) => this.#report(doing, done, pictures.shape[0]);
    return extractor.extract(pictures, { onProgress, signal: this.options.signal });
  }

  /** The classes that a classifier gives, or, to points, the nearest real point. */
  async #labelsOf(pictures: PictureSet, { probabilities }: Features): Promise<Uint32Array | undefined> {
    if (!isLabelled(this.data)) return undefined;
    const { features } = this.request;
    const { labels } = this.real;
    if (features === "points" && labels !== null) {
      return nearestLabels(pictures.images as Float32Array, { ...this.real, labels });
    }
    if (features === "classifier") return classesOf(probabilities!);
    const classifier = await (this.#classifier ??= this.#makeClassifier());
    return classesOf((await this.#extract(classifier, pictures, "generated")).probabilities!);
  }

  #report(doing: string, done: number, total: number): void {
    this.options.onProgress?.({ doing, done, total });
  }
}
