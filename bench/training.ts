/** The training that is measured: a preset on random bytes in place of pictures. */

import type { Device } from "../core/gpu/device.ts";
import { resolveOptions, type TrainOptions } from "../core/train/options.ts";
import { Trainer } from "../core/train/trainer.ts";
import type { TrainingImages } from "../core/train/images.ts";
import type { AdapterTraits } from "../core/tensor.ts";

/** What is trained; depth and image side are the preset's unless given. */
export interface Training {
  preset: string;
  batch: number;
  depth?: number;
  side?: number;
}

const IMAGES = 4096;

/** The options `train` would use. */
export function trainingOptions(traits: AdapterTraits, { preset, batch, depth, side }: Training): TrainOptions {
  const request = { dataset: "random", preset, batch, depth, iterations: 1_000_000 };
  const { options } = resolveOptions(request, { traits, count: IMAGES });
  const { image } = options.model;
  return { ...options, model: { ...options.model, image: [side ?? image[0], side ?? image[1], image[2]] } };
}

/** Random bytes in the shape of a data set. */
export function randomImages({ model }: TrainOptions): TrainingImages {
  const images = new Uint8Array(IMAGES * model.image.reduce((a, b) => a * b));
  for (let at = 0; at < images.length; at += 65536) crypto.getRandomValues(images.subarray(at, at + 65536));
  return { images, shape: [IMAGES, ...model.image] };
}

/** A trainer as `train` makes it. */
export async function openTrainer(device: Device, training: Training): Promise<Trainer> {
  const options = trainingOptions(device.traits, training);
  return await Trainer.create(device, options, randomImages(options));
}

/** Trains so many iterations and waits for the last one. */
export async function iterate(trainer: Trainer, iterations: number): Promise<void> {
  for await (const _ of trainer.run(trainer.iteration + iterations)) { /* each is waited for */ }
}

/** Random images of the data, as a step of the critic takes them. */
export function randomIndices({ batch }: TrainOptions): { indices: Uint32Array<ArrayBuffer> } {
  return { indices: crypto.getRandomValues(new Uint32Array(batch)).map((word) => word % IMAGES) };
}

/** Multiply-adds of the heavy kernels in one iteration. */
export function multiplyAddsOf({ programs, options }: Trainer): number {
  const total = (name: "critic" | "generator") =>
    programs[name].report.kernels.reduce((sum, { multiplyAdds }) => sum + multiplyAdds, 0);
  return options.criticSteps * total("critic") + total("generator");
}
