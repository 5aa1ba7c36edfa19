/**
 * Speed of the heavy kernels on the shapes of the presets, beside the multiply-add peak measured in the same run.
 *
 *     deno task bench kernels [small|paper]
 *
 * Method: the kernel of a compiled program that computes one product and nothing else. Operands are random and already
 * in place: what brings them there (copies, a transposed operand) is not counted, nor is the sum of split products;
 * compiling is that of the whole program. After one warming run, five rounds measure the peak and then the kernel,
 * repeated for about 50 ms; the medians are shown. On a software adapter time is that of the processor (both threads,
 * divided by the number of cores), so that other work on the machine disturbs little; else it is the clock's, which
 * includes up to 12 ms of polling for the end of a round.
 */

import { availableParallelism } from "node:os";
import process from "node:process";
import { compile } from "../core/compile/program.ts";
import { openDevice } from "../core/gpu/device.ts";
import { submit } from "../core/gpu/executor.ts";
import { defineOp } from "../core/op.ts";
import { conv2d, conv2dWeight, convTranspose2d } from "../core/ops/conv.ts";
import { matmul } from "../core/ops/matmul.ts";
import { transpose } from "../core/ops/movement.ts";
import { constant } from "../core/ops/source.ts";
import { type Shape, sizeOf } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";

const ROUNDS = 5;
const ROUND_MS = 50;

/** Eight independent chains of 8000 multiply-adds of a vec4 per invocation. */
const peakOp = defineOp<[x: Tensor]>({
  name: "peak",
  shape: () => [64 * 16 * 4],
  kernel: () => ({
    shader: `
@group(0) @binding(0) var<storage, read> a: array<vec4<f32>>;
@compute @workgroup_size(16)
fn peak(@builtin(global_invocation_id) id: vec3<u32>) {
  let factor = a[0];
  let term = a[1];
//# for r in 0..8
  var c\${r} = a[\${r}u];
//# end
  for (var i = 0u; i < 1000u; i++) {
//# for s in 0..8
  //# for r in 0..8
    c\${r} = fma(c\${r}, factor, term);
  //# end
//# end
  }
  store(id.x, c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7);
}`,
    constants: {},
    operands: ["buffer"],
    width: 4,
    workgroups: [64, 1, 1],
    multiplyAdds: 64 * 16 * 4 * 8 * 8 * 1000,
  }),
});

const device = await openDevice();

/** A tensor of random numbers. */
function random(shape: Shape): Tensor {
  return constant(Float32Array.from({ length: sizeOf(shape) }, () => Math.random() - 0.5), shape);
}

/** One kernel, ready to run any number of times. */
interface Measured {
  multiplyAdds: number;
  /** Runs it and returns the milliseconds of one time. */
  run(times: number): Promise<number>;
  destroy(): void;
}

/** The kernel that does the multiply-adds of a tensor. */
async function prepare(tensor: Tensor): Promise<Measured> {
  const program = await compile(device, () => ({ outputs: { tensor } }));
  const at = program.report.kernels.findIndex(({ multiplyAdds }) => multiplyAdds > 0);
  const dispatch = program.commands.filter(({ kind }) => kind === "dispatch")[at];
  program.run(); // puts the operands in place
  return {
    multiplyAdds: program.report.kernels[at].multiplyAdds,
    run: async (times) => {
      const start = now();
      submit(device, new Array(times).fill(dispatch));
      await device.gpu.queue.onSubmittedWorkDone();
      return (now() - start) / times;
    },
    destroy: () => program.destroy(),
  };
}

function now(): number {
  if (!device.traits.software) return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000 / availableParallelism();
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

const peak = await prepare(peakOp(random([32])));

async function report(name: string, tensor: Tensor): Promise<void> {
  const start = now();
  const kernel = await prepare(tensor);
  const first = await kernel.run(1);
  const compiling = now() - start;
  const times = Math.max(1, Math.ceil(ROUND_MS / Math.max(await kernel.run(1), 0.1)));
  const peaks: number[] = [];
  const spent: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    peaks.push(2 * peak.multiplyAdds / await peak.run(4) / 1e6);
    spent.push(await kernel.run(times));
  }
  kernel.destroy();
  const ms = median(spent);
  const speed = 2 * kernel.multiplyAdds / ms / 1e6;
  const cells = [ms.toFixed(2), speed.toFixed(1), median(peaks).toFixed(0), (speed / median(peaks)).toFixed(2)];
  console.log(`| ${name} | ${cells.join(" | ")} | ${Math.max(compiling, first).toFixed(0)} |`);
}

async function product(m: number, n: number, k: number, a: "mk" | "km"): Promise<void> {
  const rows = a === "mk" ? random([m, k]) : transpose(random([k, m]));
  await report(`matmul ${a} ${m} x ${n} x ${k}`, matmul(rows, random([k, n])));
}

/** The three forms between `side` x `side` x `inChannels` and half the side, kernel 4, stride 2, padding 1. */
async function convolutions(batch: number, side: number, inChannels: number, outChannels: number): Promise<void> {
  const [stride, padding, kernelHeight, kernelWidth] = [2, 1, 4, 4];
  const x = random([batch, side, side, inChannels]);
  const w = random([kernelHeight, kernelWidth, inChannels, outChannels]);
  const y = random([batch, side / 2, side / 2, outChannels]);
  const name = `${batch} x ${side}², ${inChannels} and ${outChannels} channels`;
  await report(`conv2d ${name}`, conv2d(x, w, { stride, padding }));
  await report(`convTranspose2d ${name}`, convTranspose2d(y, w, { stride, padding, height: side, width: side }));
  await report(`conv2dWeight ${name}`, conv2dWeight(x, y, { stride, padding, kernelHeight, kernelWidth }));
}

console.log("| kernel | ms | GFLOP/s | peak | ratio | compile ms |\n|---|---|---|---|---|---|");
if (!Deno.args.includes("paper")) {
  await product(64, 1024, 512, "mk");
  await product(512, 1024, 64, "km");
  await product(64, 512, 1024, "mk");
  for (const batch of [64, 128, 192]) {
    await convolutions(batch, 32, 1, 16);
    await convolutions(batch, 16, 16, 32);
    await convolutions(batch, 8, 32, 64);
  }
}
if (!Deno.args.includes("small")) {
  await product(1024, 1024, 1024, "mk");
  await product(64, 4096, 3200, "mk");
  await product(3200, 4096, 64, "km");
  await convolutions(64, 32, 1, 64);
  await convolutions(64, 16, 64, 128);
  await convolutions(64, 8, 128, 256);
}
peak.destroy();
await device.destroy();
