/**
 * Hierarchical mixtures of generators on WebGPU: tensors as descriptions, gradients of any order, compiled training
 * steps, and generators whose decision tree can be read.
 *
 * @example
 * ```ts
 * import { compile, createState, input, mean, mul, openDevice, square, sub, type Tensor, valueAndGrad, zeros } from "@hmog/hmog";
 * import { assertLess } from "@std/assert";
 *
 * const device = await openDevice();
 * const state = await createState(device, { w: zeros([3]) });
 * const step = await compile(device, ({ w }, { target }) => {
 *   const [loss, gradient] = valueAndGrad((w: Tensor) => mean(square(sub(w, target))))(w);
 *   return { state: { w: sub(w, mul(gradient, 0.5)) }, outputs: { loss } };
 * }, { state, inputs: { target: { shape: [3] } } });
 * for (let i = 0; i < 50; i++) step.run({ target: Float32Array.of(1, 2, 3) });
 * const { loss } = await step.read();
 * assertLess(loss[0], 1e-6);
 * await device.destroy();
 * ```
 *
 * @module
 */

export { type Shape, ShapeError } from "./core/shape.ts";
export type { AdapterTraits } from "./core/adapter.ts";
export type { DType, Tensor } from "./core/tensor.ts";
export { defineOp, type Definition, type Op } from "./core/op.ts";
export * from "./core/ops/source.ts";
export * from "./core/ops/elementwise.ts";
export * from "./core/ops/reduce.ts";
export { broadcastTo, concat, pad, reshape, slice, stopGradient, sumTo, transpose } from "./core/ops/movement.ts";
export { matmul } from "./core/ops/matmul.ts";
export { conv2d, conv2dWeight, type Convolution, convTranspose2d } from "./core/ops/conv.ts";
export { gather, gatherBytes, oneHot } from "./core/ops/gather.ts";
export { keyWords, normal, randomKey, stepKey, uniform } from "./core/ops/random.ts";
export { grad, type Tensors, valueAndGrad, vjp } from "./core/grad.ts";

export { type Device, DeviceError, openDevice } from "./core/gpu/device.ts";
export { compile, createState, evaluate, type HostArray, type Program, type State } from "./core/compile/program.ts";

export { type Initializer, initializer } from "./core/nn/init.ts";
export { type Linear, linear, linearParameters } from "./core/nn/linear.ts";
export {
  type Conv,
  conv2d as conv2dLayer,
  conv2dParameters,
  convTranspose2d as convTranspose2dLayer,
  convTranspose2dParameters,
} from "./core/nn/conv.ts";
export * from "./core/nn/norm.ts";
export { activations } from "./core/nn/activation.ts";

export type { Mixture, MixtureHead, Path } from "./core/models/mixture.ts";
export { leavesUnder, nodeWeights, softTree } from "./core/models/soft_tree.ts";
export { flatMixture } from "./core/models/flat_mixture.ts";
export { single } from "./core/models/single.ts";
export { disjoint, gumbelMixture, latentMixture } from "./core/models/choice.ts";
export { type Generated, type Generator, generator } from "./core/models/generator.ts";
export { type Critic, critic } from "./core/models/critic.ts";
export { type Recogniser, recogniser } from "./core/models/recogniser.ts";
export { normalizeSpectral } from "./core/models/spectral.ts";
export { type Hme, hme, type HmeOptions } from "./core/models/hme.ts";
export { type EmOptions, fitEm } from "./core/models/hme_em.ts";
export { predict } from "./core/models/hme_numbers.ts";
export { type ModelOptions, PRESETS } from "./core/models/presets.ts";
export { drawFromRegion } from "./core/models/conditional.ts";

export {
  openSampler,
  RareRegionError,
  type Sampler,
  type SampleRequest,
  type Samples,
} from "./core/sampling/sampler.ts";
export { findRun, readCheckpoint, RunError } from "./core/sampling/run.ts";
export { imageGrid } from "./core/sampling/grid.ts";
export { samplePicture } from "./core/sampling/sample_picture.ts";
export { interpolateLatents } from "./core/sampling/interpolation.ts";
export { encodePng } from "./core/png.ts";

export { type Objective, OBJECTIVES } from "./core/train/objectives.ts";
export { type Method, METHODS } from "./core/train/methods.ts";
export { penalties, type Regularizers } from "./core/train/regularizers.ts";
export { augment, AUGMENTATIONS } from "./core/train/augment.ts";
export { localizeLoss } from "./core/train/localize.ts";
export { fitGradient, type GradientOptions } from "./core/train/hme_gradient.ts";
export { adam, type AdamOptions } from "./core/nn/adam.ts";
export { resolveOptions, type TrainOptions } from "./core/train/options.ts";
export { Trainer } from "./core/train/trainer.ts";

export { type Evaluated, evaluateMetrics, METRIC_NAMES } from "./core/metrics/evaluation.ts";
export { Evaluator } from "./core/evaluate/evaluator.ts";
export { compare, type CompareJob } from "./core/compare/compare.ts";

export { readTree, type TreeReading } from "./core/reading/reading.ts";
export { readSplits, type SplitReading } from "./core/reading/splits.ts";
export { parseTreeReport, type TreeReport, treeReport } from "./core/reading/report/tree_report.ts";
export { treePage } from "./core/reading/report/page.ts";
export { treeFigure } from "./core/reading/report/figure.ts";
export { writeTreeFiles } from "./core/evaluate/tree_files.ts";
export { LatentInverter } from "./core/recognition/inversion.ts";
export { trainRecogniser } from "./core/assign/recogniser_training.ts";
export { type Assignments, assignPictures } from "./core/assign/assign.ts";
export { kMeans } from "./core/assign/k_means.ts";
export { wardClustering } from "./core/assign/ward.ts";

export type { ImageDataset, LoadOptions } from "./datasets/dataset.ts";
export { DATASET_NAMES, loadDataset } from "./datasets/registry.ts";
export { type PointDataset, toy } from "./datasets/toys.ts";
export { GLYPH_PATHS, type GlyphDataset, glyphs } from "./datasets/glyphs.ts";
