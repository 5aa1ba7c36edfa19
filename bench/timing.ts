/** One kernel of a compiled program, run again and again. */

import { availableParallelism } from "node:os";
import { compile } from "../core/compile/program.ts";
import type { Device } from "../core/gpu/device.ts";
import { type Command, submit } from "../core/gpu/executor.ts";
import { constant } from "../core/ops/source.ts";
import { type Shape, sizeOf } from "../core/shape.ts";
import type { Tensor } from "../core/tensor.ts";
import { clocked, processorTime } from "./measure.ts";

/** A tensor of random numbers. */
export function random(shape: Shape): Tensor {
  return constant(Float32Array.from({ length: sizeOf(shape) }, () => Math.random() - 0.5), shape);
}

/** Milliseconds of one time. */
export interface Time {
  /** By the clock, waiting included. */
  wall: number;
  /** Of the processor on a software adapter, by its cores, which other work disturbs little; else the clock's. */
  busy: number;
}

/** Commands ready to run any number of times. */
export interface Repeatable {
  multiplyAdds: number;
  run(times: number): Promise<Time>;
  destroy(): void;
}

/** Commands that run `times` times over. */
export function repeatable(device: Device, commands: readonly Command[]): Pick<Repeatable, "run"> {
  return timed(device, (times) => submit(device, Array.from({ length: times }, () => commands).flat()));
}

/** What `start` submits `times` times over, waited for. */
export function timed(device: Device, start: (times: number) => void): Pick<Repeatable, "run"> {
  return {
    run: async (times) => {
      const before = processorTime();
      const wall = await clocked(() => {
        start(times);
        return device.gpu.queue.onSubmittedWorkDone();
      });
      const busy = device.traits.software ? (processorTime() - before) / availableParallelism() : wall;
      return { wall: wall / times, busy: busy / times };
    },
  };
}

/** The kernel that does the multiply-adds of a tensor, or null if none does: small products are sums of products. */
export async function heavyKernel(device: Device, tensor: Tensor): Promise<Repeatable | null> {
  const program = await compile(device, () => ({ outputs: { tensor } }));
  const at = program.report.kernels.findIndex(({ multiplyAdds }) => multiplyAdds > 0);
  if (at < 0) {
    program.destroy();
    return null;
  }
  program.run(); // puts the operands in place
  const dispatch = program.commands.filter(({ kind }) => kind === "dispatch")[at];
  return {
    multiplyAdds: program.report.kernels[at].multiplyAdds,
    ...repeatable(device, [dispatch]),
    destroy: () => program.destroy(),
  };
}
