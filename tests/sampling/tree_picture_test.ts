import { assertEquals, assertNotEquals } from "@std/assert";
import { openDevice } from "../../core/gpu/device.ts";
import type { Picture } from "../../core/png.ts";
import { openSampler } from "../../core/sampling/sampler.ts";
import { treePicture } from "../../core/sampling/tree_picture.ts";
import { type Change, TINY_RUN, writeTinyRun } from "./tiny_run.ts";

const PAPER = 255;

async function pictureOf(
  setup: { options?: { head: "flat" | "single" }; change?: Change },
  seed = 1,
): Promise<Picture> {
  const runs = await Deno.makeTempDir();
  const device = await openDevice();
  try {
    await writeTinyRun(device, runs, setup);
    const sampler = await openSampler(device, TINY_RUN, { runs });
    return await treePicture(sampler, { seed }).finally(() => sampler.close());
  } finally {
    await device.destroy();
    await Deno.remove(runs, { recursive: true });
  }
}

/** Rows of the picture that are not blank, as runs of rows. */
function bands({ width, height, data }: Picture): number {
  const inked = Array.from({ length: height }, (_, y) => data.subarray(y * width, (y + 1) * width))
    .map((row) => row.filter((pixel) => pixel !== PAPER && pixel !== 140).length > width / 4);
  return inked.filter((ink, y) => ink && !inked[y - 1]).length;
}

Deno.test("treePicture() draws a band of pictures for every level of the head", async () => {
  const tree = await pictureOf({});
  assertEquals(bands(tree), 3); // depth 2
  assertEquals(bands(await pictureOf({ options: { head: "flat" } })), 2);
  assertEquals(bands(await pictureOf({ options: { head: "single" } })), 1);
  assertEquals((await pictureOf({})).data, tree.data);
  assertNotEquals((await pictureOf({}, 2)).data, tree.data);
  assertEquals(bands(await pictureOf({}, Number.MAX_SAFE_INTEGER)), 3); // the largest seed
});

Deno.test("treePicture() leaves a region empty that is too rare to draw from", async () => {
  const toTheLeft: Change = (tensors) => {
    tensors["ema/head/gates/weight"].data.fill(0);
    tensors["ema/head/gates/bias"].data[0] = 40;
  };
  const { width, height, data } = await pictureOf({ change: toTheLeft });
  const right = Array.from({ length: width / 3 }, (_, i) => data[(height - 20) * width + width - 1 - i]);
  assertEquals(right.filter((pixel) => pixel !== PAPER), []);
});
