/** Grids of pictures under their names, in one figure. */

import { encodePng, type Picture } from "../../png.ts";
import { below, caption, type Drawing, element, evenCaptions, INK, page, tiled } from "./svg.ts";

/** A grid under its name and what there is to say of it. */
export interface PicturePanel {
  readonly title: string;
  readonly notes?: readonly string[];
  readonly picture: Picture;
}

const PANELS_IN_A_ROW = 4;
const GAP = 20;
const CHUNK = 0x8000; // bytes that become characters at once: a call takes only so many arguments

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

async function embedded(picture: Picture): Promise<Drawing> {
  const { width, height } = picture;
  const image = element("image", {
    width,
    height,
    style: "image-rendering:pixelated",
    "xlink:href": `data:image/png;base64,${base64(await encodePng(picture))}`,
  });
  const frame = element("rect", {
    x: -0.5,
    y: -0.5,
    width: width + 1,
    height: height + 1,
    fill: "none",
    stroke: INK.frame,
  });
  return { width, height, markup: image + frame };
}

function base64(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK) parts.push(String.fromCharCode(...bytes.subarray(at, at + CHUNK)));
  return btoa(parts.join(""));
}
