/** Figures as pixels: what does not parse as XML, or shows something else, is found here. */

import { decode } from "fast-png";
import { rasterizer } from "../../../../cli/rasterize.ts";

const ZOOM = 2; // of the rasteriser

/** A figure turned into pixels. */
export interface Drawn {
  width: number;
  height: number;
  /** How many pixels have this colour, give or take what is mixed at edges. */
  count(colour: string): number;
}

/** Draws an SVG file; throws where it is not well formed. */
export async function drawn(svg: string): Promise<Drawn> {
  const { width, height, data, channels } = decode((await rasterizer())(svg));
  return {
    width: width / ZOOM,
    height: height / ZOOM,
    count: (colour) => {
      const wanted = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
      let found = 0;
      for (let i = 0; i < data.length; i += channels) {
        if (wanted.every((value, c) => Math.abs(data[i + c] - value) <= 2)) found++;
      }
      return found;
    },
  };
}

/** Dots in a scatter plot: each begins with a move. */
export function dotsIn(svg: string): number {
  return [...svg.matchAll(/M[-\d.]+ [-\d.]+h0/g)].length;
}
