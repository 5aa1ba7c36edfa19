import { assert, assertEquals } from "@std/assert";
import { openDevice } from "../../core/gpu/device.ts";
import { footprintOf, footprintText } from "../../core/train/footprint.ts";
import { resolveOptions } from "../../core/train/options.ts";
import { Trainer } from "../../core/train/trainer.ts";
import { device } from "../gpu.ts";
import { shapes } from "./shapes.ts";

const COUNT = 96;
const REQUEST = { dataset: "shapes", preset: "tiny", batch: 8, seed: 5, iterations: 6 };
const { options: OPTIONS } = resolveOptions(REQUEST, { traits: device.traits, count: COUNT });
const LEAST_USED = 0.9; // of the peak that is told

Deno.test("footprintOf() tells the most bytes that training takes, with sampling and saving", async () => {
  const own = await openDevice();
  const trainer = await Trainer.create(own, OPTIONS, shapes(COUNT));
  let most = own.bytes;
  const createStaging = own.createStaging.bind(own);
  own.createStaging = (bytes) => {
    const buffer = createStaging(bytes);
    most = Math.max(most, own.bytes);
    return buffer;
  };
  const footprint = footprintOf(trainer);
  const { peak, largestLiveSet, staging, ...parts } = footprint;
  assertEquals(Object.values(parts).reduce((sum, bytes) => sum + bytes), own.bytes, JSON.stringify(footprint));
  assert(largestLiveSet <= peak && parts.data >= COUNT * 32 * 32 && staging >= trainer.state.bytes);
  for (let i = 0; i < 2; i++) {
    await Array.fromAsync(trainer.run(trainer.iteration + 2));
    await trainer.sample();
    await trainer.read();
  }
  assert(most <= peak && most > LEAST_USED * peak, `${most} of ${peak} bytes`);
  trainer.destroy();
  assertEquals(own.bytes, 0);
  await own.destroy();
});

Deno.test("footprintText() is one sentence with what the peak consists of", () => {
  const parts = { state: 5e6, data: 1e6, intermediates: 2e6, textures: 3e6, inputsAndOutputs: 4e5, staging: 6e5 };
  assertEquals(
    footprintText({ peak: 12e6, ...parts, largestLiveSet: 10e6 }),
    "GPU memory: at most 12.0 MB (state 5.0, data 1.0, intermediate values 2.0, textures 3.0, inputs and outputs 0.4, " +
      "staging 0.6), 1.20 times the largest live set of 10.0 MB",
  );
});
