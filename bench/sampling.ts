/**
 * Pictures a second that a trained model gives, through the sampler that `sample` and `serve` use.
 *
 * Method: a generator with its starting weights (their values do not matter here). One request for n pictures is made
 * and waited for, again and again for about a second, after one that is not counted: from the request to the pictures
 * and their paths on the host. Passes hold up to 256 pictures.
 */

import { type Device, openDevice } from "../core/gpu/device.ts";
import { generator } from "../core/models/generator.ts";
import { initializer } from "../core/nn/init.ts";
import { Passes } from "../core/sampling/passes.ts";
import { Sampler } from "../core/sampling/sampler.ts";
import { clocked, summarize, type Summary } from "./measure.ts";
import { spread, table } from "./table.ts";
import { trainingOptions } from "./training.ts";

/** Milliseconds of a request and pictures a second, by the number of pictures asked for. */
export type SamplingResult = Record<number, { ms: Summary; imagesPerSecond: Summary }>;

/** Sizes of requests. */
export const REQUESTS = [1, 64, 256, 1024];
const LEAST = 5; // requests of a size

/** Measures a preset. */
export async function measureSampling(
  preset: string,
  { quick, requests = REQUESTS }: { quick: boolean; requests?: readonly number[] },
): Promise<SamplingResult> {
  const device = await openDevice();
  const sampler = await untrained(device, preset);
  const result: SamplingResult = {};
  for (const n of requests) {
    await sampler.sample({ n, seed: 0 });
    const ms: number[] = [];
    const end = performance.now() + (quick ? 300 : 1500);
    while (ms.length < LEAST || performance.now() < end) {
      ms.push(await clocked(() => sampler.sample({ n, seed: ms.length + 1 })));
    }
    result[n] = { ms: summarize(ms), imagesPerSecond: summarize(ms.map((ms) => n / ms * 1000)) };
  }
  await sampler.close();
  await device.destroy();
  return result;
}

/** A sampler of a preset with its starting weights. */
async function untrained(device: Device, preset: string): Promise<Sampler> {
  const { model } = trainingOptions(device.traits, { preset, batch: 1 });
  const make = generator(model);
  const trained = { options: model, generator: make, parameters: make.parameters(initializer(0)), temperature: 1 };
  const source = { iteration: 0, path: "", run: preset, options: { model } };
  return new Sampler(source, await Passes.create(device, trained));
}

/** Several presets as a table. */
export function showSampling(results: Readonly<Record<string, SamplingResult>>): string {
  const rows = Object.entries(results).flatMap(([name, result]) =>
    Object.entries(result).map(([n, { ms, imagesPerSecond }]) => [name, n, spread(ms), spread(imagesPerSecond)])
  );
  return table(["model", "pictures", "ms", "pictures a second"], rows);
}
