/** The heavy operations of a training iteration, found in its graph: which, on what shapes, how often. */

import { lower } from "../core/compile/lower.ts";
import { topologicalOrder } from "../core/compile/graph.ts";
import { simplify } from "../core/compile/simplify.ts";
import { isTensor } from "../core/grad.ts";
import { input, variable } from "../core/ops/source.ts";
import type { AdapterTraits, Tensor } from "../core/tensor.ts";
import { criticStep, generatorStep, initialState, type TrainState } from "../core/train/steps.ts";
import { leavesOf, mapTree } from "../core/tree.ts";
import { transpose } from "../core/ops/movement.ts";
import { random } from "./timing.ts";
import { randomImages, type Training, trainingOptions } from "./training.ts";

/** A heavy operation on one shape. */
export interface HeavyCase {
  /** `conv2d [64,16,16,64] [4,4,64,128]`; `ᵀ` behind a shape that is read transposed. */
  name: string;
  op: string;
  /** How often it occurs in an iteration. */
  count: number;
  multiplyAdds: number;
  /** The operation on random numbers. */
  tensor: () => Tensor;
}

const HEAVY = ["matmul", "conv2d", "convTranspose2d", "conv2dWeight"];

/** The heavy operations of five critic steps and one generator step, equal ones once. */
export function heavyCases(traits: AdapterTraits, training: Training): HeavyCase[] {
  const options = trainingOptions(traits, training);
  const state = mapTree<Tensor, Tensor>(
    initialState(options),
    isTensor,
    ({ shape, dtype }, name) => variable({ name, shape, dtype }),
  ) as TrainState;
  const indices = input({ name: "indices", shape: [options.batch], dtype: "u32" });
  const images = randomImages(options);
  const critic = criticStep(options, images, { apart: traits.software })(state, { indices });
  const generator = generatorStep(options, images)(state);
  const cases = new Map<string, HeavyCase>();
  const collect = ({ state, outputs }: typeof critic | typeof generator, times: number) => {
    const changed = leavesOf<Tensor>(state, isTensor).map(([, value]) => value);
    for (const node of topologicalOrder(simplify([...Object.values<Tensor>(outputs), ...changed]))) {
      const multiplyAdds = HEAVY.includes(node.op.name) ? multiplyAddsOf(node, traits) : 0;
      if (multiplyAdds === 0) continue;
      const name = nameOf(node);
      const known = cases.get(name) ?? { name, op: node.op.name, count: 0, multiplyAdds, tensor: () => onRandom(node) };
      cases.set(name, { ...known, count: known.count + times });
    }
  };
  collect(critic, options.criticSteps);
  collect(generator, 1);
  return [...cases.values()];
}

/** Of the kernel that computes it; 0 where none does, since products with one row or column become sums. */
function multiplyAddsOf(node: Tensor, traits: AdapterTraits): number {
  const kernels = topologicalOrder(lower([onRandom(node)], traits)).map((y) => y.op.kernel?.(y, traits) ?? []);
  return kernels.flat().reduce((sum, { multiplyAdds }) => Math.max(sum, multiplyAdds ?? 0), 0);
}

const isTransposed = (x: Tensor): boolean => x.op.name === "transpose" && x.shape.length === 2;

function nameOf({ op, inputs }: Tensor): string {
  const shapes = inputs.map((x) => isTransposed(x) ? `[${x.inputs[0].shape}]ᵀ` : `[${x.shape}]`);
  return `${op.name} ${shapes.join(" ")}`;
}

/** The operation on random numbers that lie in memory as its operands do. */
function onRandom(node: Tensor): Tensor {
  const inputs = node.inputs.map((x) => isTransposed(x) ? transpose(random(x.inputs[0].shape)) : random(x.shape));
  return rebuilt(node, inputs);
}

/** The node on other inputs. */
function rebuilt(node: Tensor, inputs: readonly Tensor[]): Tensor {
  const Node = node.constructor as typeof Tensor;
  return new Node(node.op, inputs, node.attributes, node.shape, node.dtype);
}
