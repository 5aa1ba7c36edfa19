/** Colours that people with any colour vision can tell apart. */

// Okabe & Ito, "Color Universal Design" (2008). Differs from the reference: yellow is darker, to be seen on white.
const OKABE_ITO = ["#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#b8a800", "#555555"];
// Each later round of the same colours is mixed with black or white, by so much.
const ROUNDS: readonly { with: number; by: number }[] = [
  { with: 0, by: 0 },
  { with: 0, by: 0.45 },
  { with: 255, by: 0.5 },
  { with: 0, by: 0.7 },
];

/**
 * The colour of the `i`-th of many: eight that differ in hue, then the same darker, lighter, darkest, and from the
 * beginning again.
 *
 * @throws {RangeError} If `i` is no whole number of at least 0
 */
export function colourOf(i: number): string {
  if (!Number.isInteger(i) || i < 0) throw new RangeError(`Cannot colour number ${i}: expected a whole number from 0`);
  const hue = OKABE_ITO[i % OKABE_ITO.length];
  const { with: other, by } = ROUNDS[Math.floor(i / OKABE_ITO.length) % ROUNDS.length];
  const mixed = channelsOf(hue).map((channel) => Math.round(channel + (other - channel) * by));
  return `#${mixed.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}

/** Red, green and blue of a colour such as `#0072b2`, 0 to 255. */
export function channelsOf(colour: string): number[] {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
}
