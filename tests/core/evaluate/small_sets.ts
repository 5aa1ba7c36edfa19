/** A set of points and one of pictures in colour. */

import type { EvaluatedSet } from "../../../core/evaluate/real.ts";

/** Two round Gaussians; `shift` moves the points. */
export function points(count: number, shift = 0): EvaluatedSet & { images: Float32Array } {
  const images = Float32Array.from({ length: 2 * count }, (_, i) => {
    const centre = i % 2 === 0 ? (Math.floor(i / 2) % 2 === 0 ? -0.5 : 0.5) : 0;
    return centre + 0.02 * Math.sin(i * i + 1) + shift;
  });
  return {
    name: "pair",
    images,
    shape: [count, 1, 1, 2],
    labels: Uint8Array.from({ length: count }, (_, i) => i % 2),
    classNames: ["left", "right"],
    fingerprint: `pair-${count}-${shift}`,
    modes: { centres: Float32Array.of(-0.5, 0, 0.5, 0), deviation: 0.02 },
  };
}

/** Eight unlabelled pictures in colour, as those of CelebA or of a folder are. */
export const COLOUR: EvaluatedSet & { images: Uint8Array } = {
  name: "flat",
  images: Uint8Array.from({ length: 8 * 64 * 64 * 3 }, (_, i) => 128 + 127 * Math.sin(i * i)),
  shape: [8, 64, 64, 3],
  labels: null,
  classNames: [],
  fingerprint: "flat-8",
};
