/** Grids of pictures under their names, in one figure. */

import type { Picture } from "../../png.ts";
import { below, caption, embedded, evenCaptions, page, tiled } from "../../svg.ts";

/** A grid under its name and what there is to say of it. */
export interface PicturePanel {
  readonly title: string;
  readonly notes?: readonly string[];
  readonly picture: Picture;
}

const PANELS_IN_A_ROW = 4;
const GAP = 20;

/**
 * Grids side by side, each pixel of them a pixel.
 *
 * @returns An SVG file with the grids inside
 * @throws {RangeError} If a picture has other sides than numbers
 */
export async function picturesFigure(
  { title, panels }: { title: string; panels: readonly PicturePanel[] },
): Promise<string> {
  const captions = evenCaptions(panels.map(({ title, notes = [] }) => [title, ...notes]));
  const drawn = await Promise.all(
    panels.map(async ({ picture }, i) => below([caption(captions[i]), await embedded(picture)], 6)),
  );
  return page(tiled(drawn, PANELS_IN_A_ROW, GAP), title);
}
