/** A small labelled set: bars across, bars down and rings on a noisy ground, 16x16. */

import type { NamedSet } from "../../../core/evaluate/classifier_features.ts";

const SIDE = 16;
const CLASS_NAMES = ["across", "down", "ring"];

/** Pictures of the three classes in turn; another seed gives others. */
export function labelledSet(count: number, seed: number): NamedSet & { labels: Uint8Array } {
  let state = seed * 2654435761 + 1;
  const random = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const images = new Uint8Array(count * SIDE ** 2);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % CLASS_NAMES.length);
  labels.forEach((label, i) => {
    const [cx, cy, grey] = [5 + 6 * random(), 5 + 6 * random(), 120 + 100 * random()];
    for (let y = 0; y < SIDE; y++) {
      for (let x = 0; x < SIDE; x++) {
        const [dx, dy] = [Math.abs(x - cx), Math.abs(y - cy)];
        const inside = label === 0
          ? dy < 1.5 && dx < 5
          : label === 1
          ? dx < 1.5 && dy < 5
          : Math.abs(Math.hypot(dx, dy) - 3.5) < 1;
        images[i * SIDE ** 2 + y * SIDE + x] = 40 * random() + (inside ? grey : 0);
      }
    }
  });
  const shape = [count, SIDE, SIDE, 1] as const;
  return { name: "bars", images, shape, labels, classNames: CLASS_NAMES, fingerprint: `bars-${count}-${seed}` };
}
