/**
 * Speed of the heavy kernels on the shapes of the presets, beside the multiply-add peak measured in the same run.
 *
 *     deno task bench kernels [small|paper]
 *
 * Method: the first candidate of each kernel writes its result and nothing else; operands are random and already in
 * place (copies to textures are not counted). After one warming run, five rounds measure the peak and then the kernel,
 * repeated for about 50 ms; the medians are shown. On a software adapter time is that of the processor (both threads,
 * divided by the number of cores), so that other work on the machine disturbs little; else it is the clock's, which
 * includes up to 12 ms of polling for the end of a round.
 */

import { availableParallelism } from "node:os";
import process from "node:process";
import { expand } from "../core/compile/expand.ts";
import {
  conv2dKernels,
  conv2dWeightKernels,
  conv2dWeightSplits,
  type ConvProblem,
  convTranspose2dKernels,
} from "../core/ops/conv_kernels.ts";
import { matmulKernels } from "../core/ops/matmul_kernels.ts";
import { type AdapterTraits, type Kernel, TEXTURE_PITCH } from "../core/tensor.ts";

const ROUNDS = 5;
const ROUND_MS = 50;

/** Eight independent chains of 8000 multiply-adds of a vec4 per invocation. */
const PEAK: Kernel = {
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
};

const adapter = await navigator.gpu.requestAdapter();
if (adapter === null) throw new Error("Cannot measure kernels: found no WebGPU adapter, expected one");
const { maxStorageBufferBindingSize, maxBufferSize, maxTextureDimension2D } = adapter.limits;
const device = await adapter.requestDevice({ requiredLimits: { maxStorageBufferBindingSize, maxBufferSize } });
const traits: AdapterTraits = {
  software: /llvmpipe|swiftshader|software/i.test(`${adapter.info.device} ${adapter.info.description}`),
  maxInvocations: adapter.limits.maxComputeInvocationsPerWorkgroup,
  maxWorkgroupMemory: adapter.limits.maxComputeWorkgroupStorageSize,
  maxStorageBuffers: adapter.limits.maxStorageBuffersPerShaderStage,
  maxTextureSide: maxTextureDimension2D,
};

/** An operand of random numbers. */
function operand(kind: "buffer" | "texture", size: number): GPUBindingResource {
  const rows = Math.ceil(size / 4 / TEXTURE_PITCH);
  const data = Float32Array.from({ length: rows * TEXTURE_PITCH * 4 }, () => Math.random() - 0.5);
  if (kind === "buffer") {
    const buffer = device.createBuffer({
      size: data.byteLength,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
    });
    device.queue.writeBuffer(buffer, 0, data);
    return { buffer };
  }
  const texture = device.createTexture({
    size: [TEXTURE_PITCH, rows],
    format: "rgba32float",
    usage: GPUTextureUsage.STORAGE_BINDING | GPUTextureUsage.COPY_DST,
  });
  device.queue.writeTexture({ texture }, data, { bytesPerRow: TEXTURE_PITCH * 16 }, [TEXTURE_PITCH, rows]);
  return texture.createView();
}

/** A function that runs the kernel some times and returns the milliseconds of one time. */
async function prepare(
  kernel: Kernel,
  inputs: readonly number[],
  size: number,
): Promise<(times: number) => Promise<number>> {
  const text = expand(kernel.shader, kernel.constants);
  const code = `${text}
alias T = ${kernel.width === 4 ? "vec4<f32>" : "f32"};
@group(0) @binding(${inputs.length}) var<storage, read_write> out: array<T>;
fn store(index: u32, value: T) { out[index] = value; }`;
  const constants = Object.fromEntries(
    Object.entries(kernel.constants).filter(([name]) => new RegExp(`\\boverride ${name}\\b`).test(text)),
  );
  const module = device.createShaderModule({ code });
  const pipeline = await device.createComputePipelineAsync({
    layout: "auto",
    compute: { module, entryPoint: kernel.entryPoint, constants },
  });
  const out = device.createBuffer({ size: size * 4, usage: GPUBufferUsage.STORAGE });
  const resources = [...inputs.map((length, i) => operand(kernel.operands[i], length)), { buffer: out }];
  const bindings = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: resources.map((resource, binding) => ({ binding, resource })),
  });
  return async (times) => {
    const start = now();
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindings);
    for (let i = 0; i < times; i++) pass.dispatchWorkgroups(...kernel.workgroups);
    pass.end();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    return (now() - start) / times;
  };
}

function now(): number {
  if (!traits.software) return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000 / availableParallelism();
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

const peak = await prepare(PEAK, [32], 64 * 16 * 4);

async function report(name: string, kernel: Kernel, inputs: readonly number[], size: number): Promise<void> {
  const start = now();
  const run = await prepare(kernel, inputs, size);
  const first = await run(1);
  const compile = now() - start;
  const times = Math.max(1, Math.ceil(ROUND_MS / Math.max(await run(1), 0.1)));
  const peaks: number[] = [];
  const spent: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    peaks.push(2 * PEAK.multiplyAdds! / await peak(4) / 1e6);
    spent.push(await run(times));
  }
  const ms = median(spent);
  const speed = 2 * kernel.multiplyAdds! / ms / 1e6;
  const cells = [ms.toFixed(2), speed.toFixed(1), median(peaks).toFixed(0), (speed / median(peaks)).toFixed(2)];
  console.log(`| ${name} | ${cells.join(" | ")} | ${Math.max(compile, first).toFixed(0)} |`);
}

async function matmul(m: number, n: number, k: number, a: "mk" | "km"): Promise<void> {
  const [kernel] = matmulKernels({ batches: 1, m, n, k, a, splits: 1 }, traits);
  await report(`matmul ${a} ${m} x ${n} x ${k}`, kernel, [m * k, k * n], m * n);
}

/** The three forms between `side` x `side` x `inChannels` and half the side, kernel 4, stride 2, padding 1. */
async function convolutions(batch: number, side: number, inChannels: number, outChannels: number): Promise<void> {
  const half = side / 2;
  const problem: ConvProblem = {
    batch,
    height: side,
    width: side,
    inChannels,
    outHeight: half,
    outWidth: half,
    outChannels,
    kernelHeight: 4,
    kernelWidth: 4,
    stride: 2,
    padding: 1,
  };
  const [x, w, y] = [batch * side ** 2 * inChannels, 16 * inChannels * outChannels, batch * half ** 2 * outChannels];
  const name = `${batch} x ${side}², ${inChannels} and ${outChannels} channels`;
  await report(`conv2d ${name}`, conv2dKernels(problem, traits)[0], [x, w], y);
  await report(`convTranspose2d ${name}`, convTranspose2dKernels(problem, traits)[0], [y, w], x);
  const splits = conv2dWeightSplits(problem, traits);
  await report(`conv2dWeight ${name}`, conv2dWeightKernels(problem, splits, traits)[0], [x, y], splits * w);
}

console.log("| kernel | ms | GFLOP/s | peak | ratio | compile ms |\n|---|---|---|---|---|---|");
if (!Deno.args.includes("paper")) {
  await matmul(64, 1024, 512, "mk");
  await matmul(512, 1024, 64, "km");
  await matmul(64, 512, 1024, "mk");
  for (const batch of [64, 128, 192]) {
    await convolutions(batch, 32, 1, 16);
    await convolutions(batch, 16, 16, 32);
    await convolutions(batch, 8, 32, 64);
  }
}
if (!Deno.args.includes("small")) {
  await matmul(1024, 1024, 1024, "mk");
  await matmul(64, 4096, 3200, "mk");
  await matmul(3200, 4096, 64, "km");
  await convolutions(64, 32, 1, 64);
  await convolutions(64, 16, 64, 128);
  await convolutions(64, 8, 128, 256);
}
