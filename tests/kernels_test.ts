import { assert, assertEquals } from "@std/assert";
import {
  conv2dKernels,
  conv2dWeightKernels,
  conv2dWeightSplits,
  type ConvProblem,
  convTranspose2dKernels,
} from "../core/ops/conv_kernels.ts";
import { matmulKernels, type MatmulProblem } from "../core/ops/matmul_kernels.ts";
import type { AdapterTraits, Kernel } from "../core/tensor.ts";
import { Dispatch, openDevice, pipelineOf } from "./dispatch.ts";

/** Sums of at most a few hundred products of numbers in [-1, 1], in f32. */
const TOLERANCE = 2e-4;

/** All candidates are tried: those for a CPU, for a GPU, and for a CPU whose textures are too small. */
const ADAPTER: AdapterTraits = {
  software: true,
  maxInvocations: 1024,
  maxWorkgroupMemory: 32768,
  maxStorageBuffers: 8,
  maxStorageTextures: 4,
  maxTextureSide: 8192,
};

const device = await openDevice();

const subgroup = device?.features.has("subgroups") ? device.adapterInfo.subgroupMinSize : 0;
const ADAPTERS: readonly AdapterTraits[] = [
  ADAPTER,
  { ...ADAPTER, software: false },
  { ...ADAPTER, maxTextureSide: 0 },
  ...subgroup === 0 ? [] : [{ ...ADAPTER, subgroup }, { ...ADAPTER, software: false, subgroup }],
];

/** Numbers in [-1, 1), the same ones every time. */
function numbers(count: number, seed: number): Float32Array<ArrayBuffer> {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

async function check(
  name: string,
  kernelsFor: (adapter: AdapterTraits) => Kernel[],
  inputs: Float32Array<ArrayBuffer>[],
  expected: Float64Array,
) {
  const kernels = ADAPTERS.flatMap(kernelsFor);
  const sums = new Map<string, Float32Array>(); // of register blocks, which all add in the same order
  const kindOf = ({ entryPoint, operands, constants }: Kernel) =>
    `${entryPoint} ${operands} ${constants.NARROW} ${constants.SHARED_LOADS > 0} ${constants.SUBGROUP > 0}`;
  for (const [i, kernel] of kernels.entries()) {
    // The same shader with another tile: compiling it for some of the shapes is enough.
    const known = kernels.slice(0, i).some((other) => kindOf(other) === kindOf(kernel));
    // Seventy thousand workgroups of 256 take a software adapter most of a minute.
    if (i > 0 && kernel.workgroups[1] > 1) continue;
    if (known && expected.length % 5 !== 0) continue;
    const pipeline = await pipelineOf(device!, kernel);
    const values = await new Dispatch(device!, kernel, pipeline, inputs, expected.length).run();
    let worst = 0;
    let at = 0;
    for (let j = 0; j < expected.length; j++) {
      const error = Math.abs(values[j] - expected[j]);
      if (!(error <= worst)) [worst, at] = [Number.isNaN(error) ? Infinity : error, j];
    }
    const order = `${kernel.entryPoint} ${kernel.constants.NARROW}`;
    if (!sums.has(order)) sums.set(order, values);
    else if (kernel.entryPoint !== "tiled") {
      assert(values.every((value, j) => value === sums.get(order)![j]), `${name}, candidate ${i}: other bits`);
    }
    assert(worst <= TOLERANCE, `${name}, candidate ${i}: element ${at} is ${values[at]}, expected ${expected[at]}`);
  }
}

function matmulReference(
  { batches, m, n, k, a, splits }: MatmulProblem,
  x: Float32Array,
  y: Float32Array,
): Float64Array {
  const result = new Float64Array(splits * batches * m * n);
  const range = Math.ceil(k / splits / 4) * 4;
  for (let b = 0; b < batches; b++) {
    for (let i = 0; i < m; i++) {
      for (let kk = 0; kk < k; kk++) {
        const left = a === "mk" ? x[(b * m + i) * k + kk] : x[(b * k + kk) * m + i];
        const split = Math.floor(kk / range);
        for (let j = 0; j < n; j++) result[((split * batches + b) * m + i) * n + j] += left * y[(b * k + kk) * n + j];
      }
    }
  }
  return result;
}

/** Calls `visit` with the index of y, x and w of every product of the trilinear form. */
function eachProduct(p: ConvProblem, visit: (y: number, x: number, w: number, pixel: number) => void): void {
  for (let n = 0; n < p.batch; n++) {
    for (let oy = 0; oy < p.outHeight; oy++) {
      for (let ox = 0; ox < p.outWidth; ox++) {
        for (let ky = 0; ky < p.kernelHeight; ky++) {
          for (let kx = 0; kx < p.kernelWidth; kx++) {
            const iy = oy * p.stride - p.padding + ky;
            const ix = ox * p.stride - p.padding + kx;
            if (iy < 0 || iy >= p.height || ix < 0 || ix >= p.width) continue;
            for (let c = 0; c < p.inChannels; c++) {
              for (let o = 0; o < p.outChannels; o++) {
                visit(
                  ((n * p.outHeight + oy) * p.outWidth + ox) * p.outChannels + o,
                  ((n * p.height + iy) * p.width + ix) * p.inChannels + c,
                  ((ky * p.kernelWidth + kx) * p.inChannels + c) * p.outChannels + o,
                  (n * p.outHeight + oy) * p.outWidth + ox,
                );
              }
            }
          }
        }
      }
    }
  }
}

/** `[..., a, b]` as `[..., b, a]`. */
function swapLast(data: Float32Array, a: number, b: number): Float32Array<ArrayBuffer> {
  return Float32Array.from(data, (_, i) => {
    const [rest, column, row] = [Math.floor(i / (a * b)), Math.floor(i / a) % b, i % a];
    return data[(rest * a + row) * b + column];
  });
}

const MATMULS: readonly [batches: number, m: number, n: number, k: number, splits: number][] = [
  [1, 1, 1, 1, 1],
  [1, 3, 5, 7, 1],
  [1, 64, 64, 64, 1],
  [2, 17, 20, 12, 1],
  [3, 5, 36, 9, 1],
  [1, 70, 132, 33, 1],
  [1, 16, 8, 40, 3],
  [2, 9, 7, 30, 2],
  [1, 130, 7, 64, 1],
  [1, 6, 260, 4, 1],
  [1, 192, 1, 100, 1],
  [5, 4, 4, 4, 1],
  [70001, 1, 1, 1, 1], // more workgroups than one dimension holds
];

/** batch, height, width, inChannels, outChannels, kernelHeight, kernelWidth, stride, padding. */
const CONVS: readonly [number, number, number, number, number, number, number, number, number][] = [
  [1, 1, 1, 1, 1, 1, 1, 1, 0],
  [2, 8, 8, 4, 8, 4, 4, 2, 1],
  [16, 8, 8, 16, 32, 4, 4, 2, 1],
  [5, 8, 8, 1, 16, 4, 4, 2, 1],
  [16, 8, 8, 1, 16, 4, 4, 2, 1],
  [3, 6, 10, 16, 1, 4, 4, 2, 1],
  [64, 4, 4, 16, 1, 4, 4, 2, 1],
  [2, 7, 5, 3, 5, 3, 3, 1, 1],
  [2, 7, 5, 3, 4, 3, 3, 2, 0],
  [3, 9, 8, 5, 3, 5, 3, 3, 2],
  [2, 5, 5, 4, 4, 1, 1, 2, 0],
  [2, 7, 7, 4, 6, 1, 2, 3, 1],
  [9, 4, 6, 8, 36, 3, 5, 1, 2],
  [4, 5, 5, 12, 12, 2, 2, 2, 2],
  [17, 4, 4, 20, 68, 4, 4, 2, 1],
  [2, 12, 12, 1, 3, 5, 5, 3, 2],
  [1, 9, 4, 6, 1, 3, 3, 1, 0],
  [3, 9, 7, 1, 8, 5, 4, 3, 2],
  [2, 6, 6, 2, 12, 3, 3, 1, 1],
  [16, 7, 9, 8, 12, 3, 3, 2, 1], // blocks of pixels, with taps that some residues lack
  [16, 5, 6, 12, 8, 3, 2, 1, 1],
  [17, 9, 4, 4, 8, 5, 4, 3, 2],
  [2, 3, 2, 4, 4, 1, 1, 1, 2], // padding wider than the kernel: results with no tap inside
  [2, 2, 3, 1, 5, 1, 2, 1, 4],
];

function convProblem(
  [batch, height, width, inChannels, outChannels, kernelHeight, kernelWidth, stride, padding]: typeof CONVS[number],
): ConvProblem {
  const outHeight = Math.floor((height + 2 * padding - kernelHeight) / stride) + 1;
  const outWidth = Math.floor((width + 2 * padding - kernelWidth) / stride) + 1;
  return {
    batch,
    height,
    width,
    inChannels,
    outHeight,
    outWidth,
    outChannels,
    kernelHeight,
    kernelWidth,
    stride,
    padding,
  };
}

Deno.test({
  name: "matmulKernels() agree with float64 loops",
  ignore: device === null, // no WebGPU adapter here
  sanitizeResources: false,
  fn: async () => {
    for (const [batches, m, n, k, splits] of MATMULS) {
      const x = numbers(batches * m * k, 1);
      const y = numbers(batches * k * n, 2);
      for (const a of ["mk", "km"] as const) {
        const problem = { batches, m, n, k, a, splits };
        await check(
          JSON.stringify(problem),
          (adapter) => matmulKernels(problem, adapter),
          [x, y],
          matmulReference(problem, x, y),
        );
      }
    }
  },
});

Deno.test({
  name: `conv2dKernels(), convTranspose2dKernels(), conv2dWeightKernels() agree with float64 loops`,
  ignore: device === null, // no WebGPU adapter here
  sanitizeResources: false,
  fn: async () => {
    for (const list of CONVS) {
      const p = convProblem(list);
      const name = JSON.stringify(p);
      const pixels = p.outHeight * p.outWidth;
      const x = numbers(p.batch * p.height * p.width * p.inChannels, 3);
      const w = numbers(p.kernelHeight * p.kernelWidth * p.inChannels * p.outChannels, 4);
      const y = numbers(p.batch * pixels * p.outChannels, 5);
      const conv = new Float64Array(y.length);
      eachProduct(p, (yi, xi, wi) => conv[yi] += x[xi] * w[wi]);
      await check(`conv2d ${name}`, (adapter) => conv2dKernels(p, adapter), [x, w], conv);

      const transposed = new Float64Array(x.length);
      eachProduct(p, (yi, xi, wi) => transposed[xi] += y[yi] * w[wi]);
      const swapped = swapLast(w, p.inChannels, p.outChannels);
      await check(`convTranspose2d ${name}`, (adapter) => convTranspose2dKernels(p, adapter), [y, swapped], transposed);

      for (const splits of new Set([1, 3, conv2dWeightSplits(p, ADAPTER)])) {
        const range = Math.ceil(p.batch * pixels / splits / 4) * 4;
        const weight = new Float64Array(splits * w.length);
        eachProduct(p, (yi, xi, wi, pixel) => weight[Math.floor(pixel / range) * w.length + wi] += x[xi] * y[yi]);
        await check(
          `conv2dWeight ${splits} ${name}`,
          (adapter) => conv2dWeightKernels(p, splits, adapter),
          [x, y],
          weight,
        );
      }
    }
  },
});

Deno.test("convTranspose2dKernels() begins with blocks of pixels where they were measured to be faster", () => {
  const first = (inChannels: number, outChannels: number, adapter: Partial<AdapterTraits>, batch = 64) =>
    convTranspose2dKernels(convProblem([batch, 16, 16, inChannels, outChannels, 4, 4, 2, 1]), {
      ...ADAPTER,
      ...adapter,
    })
      .at(0)!.entryPoint;
  const shared = { subgroup: 8 };
  assertEquals([first(16, 32, shared), first(48, 64, shared), first(1, 16, shared)], Array(3).fill("pixel_block"));
  assertEquals([first(16, 32, {}), first(32, 64, shared), first(16, 32, shared, 8)], Array(3).fill("row_block"));
  assertEquals([first(1, 16, {}), first(1, 16, { software: false })], Array(2).fill("pixel_block"));
});
