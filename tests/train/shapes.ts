/** Small data sets drawn by code, so that tests need no files: bright squares and bars on black, and points. */

import type { TrainingData } from "../../core/train/train.ts";

const SIDE = 32;

/** `count` images of 32x32: squares and bars of several sizes and greys around the middle. */
export function shapes(count: number): TrainingData & { images: Uint8Array } {
  const images = new Uint8Array(count * SIDE * SIDE);
  for (let i = 0; i < count; i++) {
    const [halfWidth, halfHeight] = i % 2 === 0 ? [5 + i % 5, 5 + i % 5] : [3 + i % 3, 11 + i % 4];
    for (let y = 16 - halfHeight; y < 16 + halfHeight; y++) {
      const row = (i * SIDE + y) * SIDE;
      images.fill(160 + i % 90, row + 16 - halfWidth, row + 16 + halfWidth);
    }
  }
  return { images, shape: [count, SIDE, SIDE, 1], fingerprint: `shapes-${count}`, source: "memory" };
}

/** `count` points on the circle of radius 0.75. */
export function points(count: number): TrainingData {
  const angle = (i: number) => 2 * Math.PI * Math.floor(i / 2) / count;
  const images = Float32Array.from({ length: 2 * count }, (_, i) => 0.75 * (i % 2 ? Math.sin : Math.cos)(angle(i)));
  return { images, shape: [count, 1, 1, 2], fingerprint: `points-${count}`, source: "memory" };
}
