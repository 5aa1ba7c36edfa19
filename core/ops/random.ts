/**
 * Random numbers from a counter (Philox 4x32-10): the same key, stream and shape give the same numbers on every run.
 * A key is `u32 [4]`: seed (low, high word), step, round. Element `i` does not depend on how many elements there are.
 */

import { defineOp } from "../op.ts";
import { type Shape, ShapeError } from "../shape.ts";
import type { Kernel, Tensor } from "../tensor.ts";
import { concat } from "./movement.ts";
import { constant } from "./source.ts";
import { fold } from "./workgroups.ts";
import shader from "../../shaders/random.wgsl" with { type: "text" };

const WORKGROUP = 64; // invocations; four numbers each

/** What is drawn; `stream`, a whole number, tells apart several draws with one key. */
export interface Draw {
  shape: Shape;
  stream: number;
}

function random(name: string, entryPoint: string) {
  return defineOp<[key: Tensor], Draw>({
    name,
    inputs: ["u32"],
    dtype: "f32",
    shape: ([key], { shape }) => {
      if (key.length === 1 && key[0] === 4) return shape;
      throw new ShapeError(`Cannot draw with a key of shape [${key}]: expected [4] (seed low, seed high, step, round)`);
    },
    kernel: (y, _, { stream }): Kernel => {
      const groups = Math.ceil(y.size / 4);
      const workgroups = fold(Math.ceil(groups / WORKGROUP));
      return {
        shader,
        entryPoint,
        constants: { GROUPS: groups, STREAM: stream, WORKGROUP, STRIDE: workgroups[0] * WORKGROUP },
        operands: ["buffer"],
        width: 4,
        workgroups,
      };
    },
    vjp: () => [null], // a key has no derivative
  });
}

const uniformOp = random("uniform", "uniform_numbers");
const normalOp = random("normal", "normal_numbers");

/**
 * Numbers in [0, 1), multiples of 2⁻²⁴.
 *
 * @param key `[4]`, `u32`: seed low, seed high, step, round
 * @returns `f32` of the shape asked for
 * @throws {ShapeError} If the key has another shape
 * @throws {TypeError} If the key is not `u32`
 */
export function uniform(key: Tensor, draw: Draw): Tensor {
  return uniformOp(key, draw);
}

/**
 * Normal numbers of mean 0 and variance 1 (Box and Muller).
 *
 * @param key `[4]`, `u32`: seed low, seed high, step, round
 * @returns `f32` of the shape asked for
 * @throws {ShapeError} If the key has another shape
 * @throws {TypeError} If the key is not `u32`
 */
export function normal(key: Tensor, draw: Draw): Tensor {
  return normalOp(key, draw);
}

/**
 * A key from a seed below 2⁵³, a step and a round.
 *
 * @returns `[4]`, `u32`
 * @throws {RangeError} If the seed is no whole number from 0 to 2⁵³ - 1
 */
export function randomKey(seed: number, step = 0, round = 0): Tensor {
  return constant(keyWords(seed, step, round));
}

/**
 * The four words of a key.
 *
 * @throws {RangeError} If the seed is no whole number from 0 to 2⁵³ - 1
 */
export function keyWords(seed: number, step = 0, round = 0): Uint32Array<ArrayBuffer> {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(`Cannot use seed ${seed}: expected a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`);
  }
  return Uint32Array.of(seed % 2 ** 32, Math.floor(seed / 2 ** 32), step, round);
}

/**
 * The key of a step, in round 0.
 *
 * @param seed `[2]`, `u32`: low and high word
 * @param step `[1]`, `u32`; both may live on the GPU
 * @returns `[4]`, `u32`
 */
export function stepKey(seed: Tensor, step: Tensor): Tensor {
  return concat([seed, step, constant(new Uint32Array(1))]);
}
