/** Choice by measurement: the fastest candidate is taken, once, within a budget, and remembered. */

import { assert, assertEquals } from "@std/assert";
import { type Device, openDevice } from "../../../core/gpu/device.ts";
import {
  bestOf,
  type Candidate,
  type Choices,
  type Problem,
  Tuner,
  type TuningProgress,
} from "../../../core/gpu/tuning.ts";

const SIZE = 1024; // elements, each an invocation

/** A candidate that goes round a loop so many times, with one operand that may be a texture. */
function candidate(rounds: number, value: object, access: "read" | "texture" = "read"): Candidate {
  const operand = access === "read"
    ? "var<storage, read> x: array<f32>"
    : "var x: texture_storage_2d<rgba32float, read>";
  const load = access === "read" ? "x[i]" : "textureLoad(x, vec2<u32>(i / 4u, 0u)).x";
  return {
    label: `${rounds} rounds`,
    code: `@group(0) @binding(0) ${operand};
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.x;
  var sum = ${load};
  for (var round = 0u; round < ${rounds}u; round++) { sum = fma(sum, 0.5, 1.0); }
  y[i] = sum;
}`,
    entryPoint: "main",
    constants: {},
    bindings: [{ access, of: value, bytes: SIZE * 4 }, { access: "write", of: {}, bytes: SIZE * 4 }],
    workgroups: [SIZE / 64, 1, 1],
  };
}

function problem(identity: string, rounds: readonly number[], multiplyAdds = 1e7): Problem {
  const value = {};
  return { identity, multiplyAdds, candidates: rounds.map((count) => candidate(count, value)) };
}

const SLOW = 20_000;
const FAST = 20;

async function withDevice(features: GPUFeatureName[] | undefined, task: (device: Device) => Promise<void>) {
  const device = await openDevice({}, features);
  const before = device.bytes;
  try {
    await task(device);
    device.check();
    assertEquals(device.bytes, before, "scratch memory is left");
  } finally {
    await device.destroy();
  }
}

/** A store in memory. */
function storeOf(known: Choices = {}) {
  const written: Choices[] = [];
  return {
    written,
    read: () => Promise.resolve(known),
    write: (choices: Choices) => Promise.resolve(void written.push(choices)),
  };
}

for (const [clock, features] of [["the GPU's clock", undefined], ["the host's clock", []]] as const) {
  Deno.test(`Tuner.choose() takes the fastest candidate by ${clock}`, () =>
    withDevice(features && [...features], async (device) => {
      const tuner = new Tuner(device);
      const shared = {};
      const chosen = await Promise.all([
        tuner.choose(problem("first", [FAST, SLOW])),
        tuner.choose(problem("last", [SLOW, SLOW, FAST])),
        tuner.choose({
          identity: "texture",
          multiplyAdds: 1e7,
          candidates: [candidate(SLOW, shared, "read"), candidate(FAST, shared, "texture")],
        }),
      ]);
      assertEquals(chosen, [0, 2, 1]);
    }));
}

Deno.test("bestOf() takes the first time unless another is clearly less", () => {
  assertEquals(bestOf([100]), 0);
  assertEquals(bestOf([100, 95, 91]), 0);
  assertEquals(bestOf([100, 89, 95]), 1);
  assertEquals(bestOf([100, 80, 70]), 2);
});

Deno.test("Tuner decides a problem once, remembers what it measured, and tells how far it is", () =>
  withDevice(undefined, async (device) => {
    const store = storeOf();
    const told: TuningProgress[] = [];
    const tuner = new Tuner(device, { store, onProgress: (progress) => told.push(progress) });
    const asked = problem("asked twice", [SLOW, FAST]);
    assertEquals(await Promise.all([tuner.choose(asked), tuner.choose(asked), tuner.choose(asked)]), [1, 1, 1]);
    assertEquals(await tuner.choose(asked), 1);
    assertEquals(store.written.map((choices) => Object.values(choices)), [[1]]);
    assertEquals(tuner.choices, store.written[0]);
    assertEquals(told.map(({ done, total, ended }) => [done, total, ended]), [[1, 1, false], [1, 1, true]]);

    const again = new Tuner(device, { store: storeOf(tuner.choices), onProgress: () => assert(false, "measured") });
    assertEquals(await again.choose(asked), 1);
  }));

Deno.test("Tuner measures again what it cannot use: numbers of no candidate", () =>
  withDevice(undefined, async (device) => {
    const asked = problem("damaged", [SLOW, FAST]);
    const first = new Tuner(device);
    await first.choose(asked);
    const [key] = Object.keys(first.choices);
    for (const wrong of [2, -1, 0.5, NaN, "1", null]) {
      const tuner = new Tuner(device, { store: storeOf({ [key]: wrong as number }) });
      assertEquals(await tuner.choose(asked), 1, `with ${wrong}`);
    }
  }));

Deno.test("Tuner measures those with most arithmetic first, and leaves the rest as they are when its time is over", () =>
  withDevice(undefined, async (device) => {
    const store = storeOf();
    const order: string[] = [];
    const tuner = new Tuner(device, { store, budget: 20 }); // ms: the first problem takes longer
    const problems = [["small", 1e6], ["large", 1e9], ["middle", 1e8]] as const;
    const choices = await Promise.all(problems.map(async ([name, work]) => {
      const choice = await tuner.choose(problem(name, [20 * SLOW, FAST], work));
      order.push(name);
      return choice;
    }));
    assertEquals(choices, [0, 1, 0]);
    assertEquals(order[0], "large");
    assertEquals(store.written.map((choices) => Object.values(choices)), [[1]], "only what was measured is remembered");
    assertEquals(await new Tuner(device, { budget: 0 }).choose(problem("large", [SLOW, FAST])), 0);
    assertEquals(await new Tuner(device).choose(problem("nothing to gain", [SLOW, FAST], 1000)), 0);
    const signal = AbortSignal.abort();
    assertEquals(await new Tuner(device, { signal }).choose(problem("stopped", [SLOW, FAST])), 0);
  }));

Deno.test("Tuner with fixed choices keeps to them and measures nothing", () =>
  withDevice(undefined, async (device) => {
    const asked = problem("fixed", [FAST, SLOW]);
    const free = new Tuner(device);
    await free.choose(asked);
    const [key] = Object.keys(free.choices);
    const options = { onProgress: () => assert(false, "measured"), store: storeOf({ [key]: 0 }) };
    assertEquals(await new Tuner(device, { ...options, fixed: { [key]: 1 } }).choose(asked), 1);
    assertEquals(await new Tuner(device, { ...options, fixed: {} }).choose(problem("unknown", [SLOW, FAST])), 0);
  }));

Deno.test("Tuner takes the first candidate of what the adapter cannot hold, and of what does not compile", () =>
  withDevice(undefined, async (device) => {
    device.onWarning = () => {};
    const value = {};
    const huge = (one: Candidate): Candidate => ({
      ...one,
      bindings: [{ access: "read", of: value, bytes: 2 ** 45 }, one.bindings[1]],
    });
    const candidates = [SLOW, FAST].map((rounds) => candidate(rounds, value));
    const tuner = new Tuner(device);
    const choose = (identity: string, candidates: Candidate[]) =>
      tuner.choose({ identity, multiplyAdds: 1e7, candidates });
    assertEquals(await choose("huge", candidates.map(huge)), 0);
    assertEquals(await choose("broken", candidates.map((one) => ({ ...one, code: "nothing" }))), 0);
    assertEquals(await choose("half", [{ ...candidates[1], code: "nothing" }, candidates[1]]), 1);
  }));
