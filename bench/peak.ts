/**
 * What the adapter can do at most: f32 multiply-adds, and bytes copied.
 *
 * Method: invocations with eight independent chains of multiply-adds of a vec4 and nothing else, in the shapes that
 * suit software adapters and GPUs; the fastest counts. Copies go from one buffer to another, by the queue and by a
 * kernel that reads and writes every element; bytes read and bytes written both count, and the time is the clock's.
 * After a warming run five rounds of each are taken in turns.
 */

import { compile } from "../core/compile/program.ts";
import { type Device, openDevice } from "../core/gpu/device.ts";
import { defineOp } from "../core/op.ts";
import { neg } from "../core/ops/elementwise.ts";
import type { Tensor } from "../core/tensor.ts";
import { inTurns, scaled, summarize, type Summary, timesFor } from "./measure.ts";
import { digits, spread, table } from "./table.ts";
import { heavyKernel, random, type Repeatable, repeatable, type Time, timed } from "./timing.ts";

/** Peaks of an adapter. */
export interface PeakResult {
  /** GFLOP/s, a multiply-add counts two; `workgroup` is the size it was reached with. */
  multiplyAdd: Summary & { workgroup: number };
  /** GB/s, read and written. */
  queueCopy: Summary;
  kernelCopy: Summary;
  copiedMegabytes: number;
}

const ROUNDS = 5;
const ROUND_MS = { software: 50, gpu: 250 }; // on a GPU the wait for the end of a round takes up to 12 ms
const CHAINS = 8;
const LOOPS = 1000;
const UNROLLED = 8;
const COPIED = 2 ** 28; // bytes, or what the adapter can bind: more than caches hold

const peakOp = defineOp<[x: Tensor], { workgroup: number; workgroups: number }>({
  name: "peak",
  shape: (_, { workgroup, workgroups }) => [workgroup * workgroups * 4],
  kernel: (_, __, { workgroup, workgroups }) => ({
    shader: `
@group(0) @binding(0) var<storage, read> a: array<vec4<f32>>;
@compute @workgroup_size(${workgroup})
fn peak(@builtin(global_invocation_id) id: vec3<u32>) {
  let factor = a[0];
  let term = a[1];
//# for r in 0..${CHAINS}
  var c\${r} = a[\${r}u];
//# end
  for (var i = 0u; i < ${LOOPS}u; i++) {
//# for s in 0..${UNROLLED}
  //# for r in 0..${CHAINS}
    c\${r} = fma(c\${r}, factor, term);
  //# end
//# end
  }
  store(id.x, ${Array.from({ length: CHAINS }, (_, chain) => `c${chain}`).join(" + ")});
}`,
    constants: {},
    operands: ["buffer"],
    width: 4,
    workgroups: [workgroups, 1, 1],
    multiplyAdds: workgroup * workgroups * 4 * CHAINS * UNROLLED * LOOPS,
  }),
});

/** The multiply-add kernel in the shape that suits the adapter. */
export async function openPeak(device: Device): Promise<Repeatable & { workgroup: number }> {
  const shapes = device.traits.software ? [{ workgroup: 16, workgroups: 64 }] : [
    { workgroup: 64, workgroups: 2048 },
    { workgroup: 256, workgroups: 1024 },
  ];
  const fitting = shapes.filter(({ workgroup }) => workgroup <= device.traits.maxInvocations);
  const kernels: (Repeatable & { workgroup: number; speed: number })[] = [];
  for (const shape of fitting) {
    const kernel = (await heavyKernel(device, peakOp(random([4 * CHAINS]), shape)))!;
    await kernel.run(1);
    const speed = kernel.multiplyAdds / (await kernel.run(roundOf(device))).busy;
    kernels.push({ ...kernel, workgroup: shape.workgroup, speed });
  }
  const [best, ...others] = kernels.toSorted((a, b) => b.speed - a.speed);
  others.forEach((kernel) => kernel.destroy());
  return best;
}

/** Times that the multiply-add kernel runs in a round, 5 ms each on two cores. */
export function roundOf(device: Device): number {
  return device.traits.software ? 4 : 16;
}

/** Measures the peaks of the adapter. */
export async function measurePeak({ quick }: { quick: boolean }): Promise<PeakResult> {
  const device = await openDevice();
  const kind = device.traits.software ? "software" : "gpu";
  const bytes = Math.min(COPIED, device.gpu.limits.maxStorageBufferBindingSize);
  const peak = await openPeak(device);
  const { gpu } = device;
  const usage = GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const [from, to] = ["copied from", "copied to"].map((label) => gpu.createBuffer({ label, size: bytes, usage }));
  const queue = timed(device, (times) => {
    const encoder = gpu.createCommandEncoder();
    for (let i = 0; i < times; i++) encoder.copyBufferToBuffer(from, 0, to, 0, bytes);
    gpu.queue.submit([encoder.finish()]);
  });
  const program = await compile(device, () => ({ outputs: { copy: neg(random([bytes / 4])) } }));
  const kernel = repeatable(device, program.commands);
  const round = async ({ run }: Pick<Repeatable, "run">, time: keyof Time): Promise<() => Promise<number>> => {
    await run(1);
    const times = timesFor((await run(1))[time], ROUND_MS[kind]);
    return async () => (await run(times))[time];
  };
  const measured = await inTurns(quick ? 3 : ROUNDS, {
    multiplyAdd: await round(peak, "busy"),
    queueCopy: await round(queue, "wall"),
    kernelCopy: await round(kernel, "wall"),
  });
  peak.destroy();
  program.destroy();
  [from, to].forEach((buffer) => buffer.destroy());
  await device.destroy();
  const perSecond = (ms: number[], amount: number) => scaled(summarize(ms.map((ms) => amount / ms)), 1e-6);
  return {
    multiplyAdd: { ...perSecond(measured.multiplyAdd, 2 * peak.multiplyAdds), workgroup: peak.workgroup },
    queueCopy: perSecond(measured.queueCopy, 2 * bytes),
    kernelCopy: perSecond(measured.kernelCopy, 2 * bytes),
    copiedMegabytes: bytes / 1e6,
  };
}

/** The peaks as a table. */
export function showPeak({ multiplyAdd, queueCopy, kernelCopy, copiedMegabytes }: PeakResult): string {
  const size = `${digits(copiedMegabytes)} MB, read and written`;
  return table(["peak", "median (least to largest)"], [
    [`f32 multiply-adds, workgroups of ${multiplyAdd.workgroup}`, `${spread(multiplyAdd)} GFLOP/s`],
    [`copy by the queue, ${size}`, `${spread(queueCopy)} GB/s`],
    [`copy by a kernel, ${size}`, `${spread(kernelCopy)} GB/s`],
  ]);
}
