/** Variants of kernels: which one is taken where some do not compile, or a tuner has measured them. */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { evaluate } from "../../../core/compile/program.ts";
import { type Device, openDevice } from "../../../core/gpu/device.ts";
import { type Problem, Tuner } from "../../../core/gpu/tuning.ts";
import { defineOp } from "../../../core/op.ts";
import { add } from "../../../core/ops/elementwise.ts";
import { constant } from "../../../core/ops/source.ts";
import type { Kernel, Tensor } from "../../../core/tensor.ts";

/** A kernel of one workgroup that stores `value` for every element of x. */
function kernelOf(value: string, { size = 4, multiplyAdds = 0, head = "" } = {}): Kernel {
  return {
    shader: `${head}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@compute @workgroup_size(${size}) fn main(@builtin(local_invocation_index) i: u32) {
  let value = x[i];
  store(i, ${value});
}`,
    constants: {},
    operands: ["buffer"],
    width: 1,
    workgroups: [1, 1, 1],
    multiplyAdds,
  };
}

const GOOD = kernelOf("2.0 * value");
/** Texts that fail in different places: reading, checking, a missing feature, the adapter's limits. */
const BROKEN: Record<string, Kernel> = {
  syntax: kernelOf("2.0 *"),
  types: kernelOf("vec2f(value)"),
  names: kernelOf("nowhere(value)"),
  features: kernelOf("f32(f16(value))", { head: "enable f16;" }),
  limits: kernelOf("value", { size: 2 ** 20 }),
  bindings: kernelOf("value + y[i]", { head: "@group(0) @binding(7) var<storage, read> y: array<f32>;" }),
};

let count = 0;
const opOf = (...kernels: Kernel[]) =>
  defineOp<[x: Tensor]>({ name: `select${count++}`, shape: ([x]) => x, kernel: () => kernels });

const X = constant([1, 2, 3, 4]);

/** A device of its own that collects its warnings. */
async function withDevice(task: (device: Device, warnings: string[]) => Promise<void>): Promise<void> {
  const device = await openDevice();
  const warnings: string[] = [];
  device.onWarning = (message) => warnings.push(message);
  try {
    await task(device, warnings);
    device.check();
  } finally {
    await device.destroy();
  }
}

/** Takes the candidate of this number, whatever it is. */
class Taking extends Tuner {
  constructor(device: Device, readonly number: number) {
    super(device);
  }
  override choose(_: Problem): Promise<number> {
    return Promise.resolve(this.number);
  }
}

for (const [what, broken] of Object.entries(BROKEN)) {
  Deno.test(`a kernel that does not compile (${what}) gives way to the next with one warning, and does no harm`, () =>
    withDevice(async (device, warnings) => {
      const twice = opOf(broken, GOOD);
      for (let i = 0; i < 2; i++) {
        const { y, z } = await evaluate(device, { y: twice(X), z: add(twice(X), 1) });
        assertEquals([[...y], [...z]], [[2, 4, 6, 8], [3, 5, 7, 9]]);
      }
      assertEquals(new Set(warnings.map((warning) => warning.split(" with ")[0])).size, warnings.length);
      assertMatch(
        warnings[0],
        /^Cannot compile kernel select\d+.* \[4\] with \{\}: .+; going on with another variant$/,
      );
    }));
}

Deno.test("a kernel none of whose variants compiles is a SyntaxError that names it, and does no harm", () =>
  withDevice(async (device, warnings) => {
    const op = opOf(BROKEN.syntax, BROKEN.limits);
    await assertRejects(() => evaluate(device, { y: op(X) }), SyntaxError, "Cannot compile kernel select");
    assertEquals(warnings.length, 1);
    assertEquals([...(await evaluate(device, { y: opOf(GOOD)(X) })).y], [2, 4, 6, 8]);
  }));

Deno.test("the variant that a tuner chooses is taken, and where it does not compile the first that does", () =>
  withDevice(async (device, warnings) => {
    const thrice = kernelOf("3.0 * value");
    device.tuner = new Taking(device, 1);
    assertEquals([...(await evaluate(device, { y: opOf(GOOD, thrice)(X) })).y], [2, 4, 6, 8].map((x) => x * 1.5));
    assertEquals(warnings, []);
    assertEquals([...(await evaluate(device, { y: opOf(GOOD, BROKEN.types)(X) })).y], [2, 4, 6, 8]);
    assertEquals(warnings.length, 1);
  }));

Deno.test("a tuner passes over variants that do not compile and those that are a last resort", () =>
  withDevice(async (device, warnings) => {
    const work = { multiplyAdds: 1e7 };
    const last = { ...kernelOf("4.0 * value", work), lastResort: true };
    const tuner = new Tuner(device);
    device.tuner = tuner;
    const op = opOf(kernelOf("2.0 *", work), kernelOf("2.0 * value", work), last);
    assertEquals([...(await evaluate(device, { y: op(X) })).y], [2, 4, 6, 8]);
    assertEquals(warnings.length, 1);
    assertEquals(Object.values(tuner.choices), [1]);
    assert(device.pipelines.size > 0);
  }));
