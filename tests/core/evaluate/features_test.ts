import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { featureName, NetworkFeatures, rawFeatures } from "../../../core/evaluate/features.ts";
import { softmax } from "../../../core/models/mixture.ts";
import { linear } from "../../../core/nn/linear.ts";
import { reshape } from "../../../core/ops/movement.ts";
import { constant } from "../../../core/ops/source.ts";
import { DeviceError } from "../../../core/gpu/device.ts";
import { device } from "../../gpu.ts";
import { lossyGpu } from "../gpu/lossy_gpu.ts";

/** Two features of a picture of two pixels: their sum and difference. */
const network = {
  name: "classifier" as const,
  key: "sums",
  note: "",
  image: [1, 2, 1] as const,
  parameters: { weight: constant([1, 1, 1, -1], [2, 2]), bias: constant([0, 0]) },
  apply: (
    parameters: { weight: ReturnType<typeof constant>; bias: ReturnType<typeof constant> },
    x: typeof parameters.weight,
  ) => {
    const features = linear(parameters, reshape(x, [x.shape[0], 2]));
    return { features, probabilities: softmax(features) };
  },
};

Deno.test("NetworkFeatures takes any number of pictures, bytes or numbers, in their order, and stops when it is told", async () => {
  const extractor = await NetworkFeatures.create(device, network, { batch: 4 });
  for (const count of [1, 4, 27]) {
    const bytes = Uint8Array.from({ length: 2 * count }, (_, i) => (i % 3) * 85);
    const numbers = Float32Array.from(bytes, (byte) => byte / 127.5 - 1);
    const expected = Array.from({ length: count }, (_, i) => [numbers[2 * i], numbers[2 * i + 1]])
      .flatMap(([a, b]) => [Math.fround(a + b), Math.fround(a - b)]);
    for (const images of [bytes, numbers]) {
      const { features } = await extractor.extract({ images, shape: [count, 1, 2, 1] });
      assertEquals([...features.values], expected);
    }
  }
  await assertRejects(
    () => extractor.extract({ images: new Uint8Array(3), shape: [1, 1, 3, 1] }),
    RangeError,
    "pictures of 1x3x1: expected 1x2x1",
  );
  const pictures = { images: new Uint8Array(2 * 27), shape: [27, 1, 2, 1] };
  const stop = new AbortController();
  const done: number[] = [];
  const onProgress = (count: number) => {
    done.push(count);
    stop.abort(new Error("enough"));
  };
  await assertRejects(() => extractor.extract(pictures, { onProgress, signal: stop.signal }), Error, "enough");
  assert(done.at(-1)! < 27, `${done}`);
  extractor.destroy();
});

Deno.test("NetworkFeatures on a GPU that is lost fails once, with no rejection that nobody hears", async () => {
  const { device, lose } = await lossyGpu();
  const extractor = await NetworkFeatures.create(device, network, { batch: 4 });
  const pictures = { images: new Uint8Array(2 * 64), shape: [64, 1, 2, 1] };
  await assertRejects(() => extractor.extract(pictures, { onProgress: lose }), DeviceError);
  await new Promise((resolve) => setTimeout(resolve, 50)); // the runtime tells of others a turn later
});

Deno.test("rawFeatures() are the numbers themselves, bytes as pixels in [-1, 1]", async () => {
  const { features } = await rawFeatures("points").extract({ images: Float32Array.of(3, 4, 5, 6), shape: [2, 2] });
  assertEquals([features.rows, features.columns, ...features.values], [2, 2, 3, 4, 5, 6]);
});

Deno.test("features of pictures are those of pixels as near as they can be shown, points stay where they are", async () => {
  const beyond = { images: Float32Array.of(-3, 0.5, 1.2, 0), shape: [2, 1, 2, 1] };
  assertEquals([...(await rawFeatures("pixels").extract(beyond)).features.values], [-1, 0.5, 1, 0]);
  assertEquals((await rawFeatures("points").extract(beyond)).features.values, beyond.images);
});

Deno.test("featureName() knows three, and the nearest of another", () => {
  assertEquals(featureName("pixels"), "pixels");
  assertThrows(() => featureName("inceptoin"), RangeError, "the nearest is inception");
});
