import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { draws } from "../../core/draws.ts";
import { DeviceError } from "../../core/gpu/device.ts";
import { PRESETS } from "../../core/models/presets.ts";
import { Recogniser } from "../../core/recognition/recogniser.ts";
import {
  openRecogniser,
  readRecogniser,
  recogniserBeside,
  writeRecogniser,
} from "../../core/recognition/recogniser_file.ts";
import { encodeSafetensors } from "../../core/safetensors.ts";
import { RunError } from "../../core/sampling/run.ts";
import { ShapeError } from "../../core/shape.ts";
import { lossyGpu } from "../core/gpu/lossy_gpu.ts";
import { device } from "../gpu.ts";
import { inFolder } from "../in_folder.ts";
import { untrainedRecogniser } from "./untrained.ts";

const F32 = 1e-5; // sums of a few f32
const PIXELS = 1024;

const MODEL = { run: "00000-glyphs-hmog-tiny", iteration: 500, model: PRESETS.tiny };
const untrained = () => untrainedRecogniser(device, MODEL);

Deno.test("Recogniser.assign() gives a row for every picture, which depends on that picture alone", async () => {
  const recogniser = await Recogniser.create(device, await untrained());
  try {
    const random = draws(1);
    const images = Float32Array.from({ length: 300 * PIXELS }, () => 2 * random.uniform() - 1);
    const seen: number[] = [];
    const weights = await recogniser.assign(images, (done) => seen.push(done));
    assertEquals([weights.length, seen], [300 * 4, [64, 128, 192, 256, 300]]);
    for (let row = 0; row < 300; row++) {
      assertAlmostEquals(weights.subarray(4 * row, 4 * row + 4).reduce((a, b) => a + b), 1, F32);
    }
    for (const row of [0, 70, 299]) {
      const alone = await recogniser.assign(images.subarray(row * PIXELS, (row + 1) * PIXELS));
      assertEquals(alone, weights.slice(4 * row, 4 * row + 4));
    }
    await assertRejects(
      () => recogniser.assign(images.subarray(0, 1000)),
      ShapeError,
      "Cannot recognise 1000 numbers: expected a multiple of 1024",
    );
  } finally {
    recogniser.destroy();
  }
});

Deno.test("Recogniser.assign() tells of a lost GPU once, however many passes were under way", async () => {
  const { device, lose } = await lossyGpu();
  const recogniser = await Recogniser.create(device, await untrained());
  const assigned = recogniser.assign(new Float32Array(300 * PIXELS));
  lose();
  await assertRejects(() => assigned, DeviceError, "the GPU was lost");
  await new Promise((resolve) => setTimeout(resolve, 20)); // what nobody caught would end the test
});

Deno.test("Recogniser.create() refuses the weights of another network", async () => {
  const source = await untrained();
  const model = { ...PRESETS.tiny, depth: 3 };
  await assertRejects(() => Recogniser.create(device, { ...source, model }), ShapeError, "paths/weight");
  await assertRejects(() => Recogniser.create(device, { ...source, weights: {} }), ShapeError, "Cannot use nothing as");
});

Deno.test("readRecogniser() reads what writeRecogniser() wrote, for the same model alone", () =>
  inFolder(async (folder) => {
    const path = recogniserBeside(`${folder}/checkpoint-000500.safetensors`);
    assertEquals(path, `${folder}/recogniser.safetensors`);
    const source = await untrained();
    assertEquals(await readRecogniser(path, MODEL), undefined);
    await writeRecogniser(path, source);
    assertEquals(await readRecogniser(path, MODEL), source);
    const others = [{ run: "00001-glyphs-hmog-tiny" }, { iteration: 600 }, { model: { ...PRESETS.tiny, depth: 3 } }];
    for (const other of others) assertEquals(await readRecogniser(path, { ...MODEL, ...other }), undefined);
    await Deno.writeFile(path, new Blob(encodeSafetensors({ tensors: {}, metadata: { format: "hmog" } })).stream());
    await assertRejects(() => readRecogniser(path, MODEL), RunError, "expected hmog-recogniser of version 2");
    await writeRecogniser(path, { ...source, weights: {} });
    const message = `Cannot use recogniser ${path}: found nothing as `;
    await assertRejects(() => openRecogniser(device, path, MODEL), RunError, message);
    await Deno.writeTextFile(path, "nothing");
    await assertRejects(() => readRecogniser(path, MODEL), RunError, "Cannot read recogniser");
  }));
