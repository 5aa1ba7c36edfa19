import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { evaluate } from "../../../core/compile/program.ts";
import { evaluationOf } from "../../../core/evaluate/evaluation.ts";
import { inception, inceptionUnits, type InceptionVariant } from "../../../core/evaluate/inception.ts";
import {
  inceptionParameters,
  inceptionProbabilities,
  OF_VARIANT,
  readInception,
} from "../../../core/evaluate/inception_features.ts";
import { constant } from "../../../core/ops/source.ts";
import { encodeSafetensors, type StoredTensor } from "../../../core/safetensors.ts";
import { RunError } from "../../../core/sampling/run.ts";
import { sizeOf } from "../../../core/shape.ts";
import { assertClose, device } from "../../gpu.ts";
import golden from "../../golden/inception.json" with { type: "json" };

/** 94 convolutions one behind the other, each a sum of some hundred terms in f32: measured 2e-6 of the largest number. */
const DEEP_F32 = 2e-5;

/** The generator of `inception.py`. */
function draw(seed: number): (count: number) => Float64Array {
  let state = seed;
  return (count) =>
    Float64Array.from({ length: count }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return (state >>> 8) / 2 ** 24;
    });
}

function goldenTensors(): Record<string, StoredTensor> {
  const numbers = draw(golden.seed);
  return Object.fromEntries(
    Object.entries(golden.tensors).map(([name, shape]) => {
      const factor = Math.sqrt(6 / sizeOf(shape.slice(1)));
      const scale = /bn\.weight|running_var/.test(name);
      const value = (u: number) => scale ? u + 0.5 : shape.length === 1 ? u - 0.5 : (2 * u - 1) * factor;
      return [name, { shape, data: Float32Array.from(numbers(sizeOf(shape)), value) }];
    }),
  );
}

/** NCHW, as it was drawn, in NHWC. */
function goldenPictures(): Float32Array {
  const { shape: [batch, height, width, channels], seed } = golden.pictures;
  const drawn = draw(seed)(batch * channels * height * width).map((u) => 2 * u - 1);
  const plane = height * width;
  return Float32Array.from(drawn, (_, i) => {
    const [picture, pixel, channel] = [
      Math.floor(i / (plane * channels)),
      Math.floor(i / channels) % plane,
      i % channels,
    ];
    return drawn[(picture * channels + channel) * plane + pixel];
  });
}

const { divisor, side } = golden;

for (const variant of ["torchvision", "fid"] as const) {
  Deno.test(`inception() agrees with torchvision's blocks and stem, narrow, with the pools of ${variant}`, async () => {
    const options = { variant, divisor, side };
    const { parameters } = inceptionParameters(goldenTensors(), options);
    const { features, logits, maps } = inception(
      parameters,
      constant(goldenPictures(), golden.pictures.shape),
      options,
    );
    const expected: Record<string, { shape: number[]; data: number[] }> = golden.variants[variant];
    const named = { ...maps, maxpool2: maps.stem, features, logits };
    const asked = Object.fromEntries(Object.entries(named).filter(([name]) => name in expected));
    assertEquals(Object.keys(asked).sort(), Object.keys(expected).sort());
    const found = await evaluate(device, asked);
    for (const [name, { shape, data }] of Object.entries(expected)) {
      assertEquals([...asked[name].shape], shape, name);
      assertClose(found[name], Float64Array.from(data), DEEP_F32, name);
    }
  });
}

Deno.test("inceptionProbabilities() are without the last bias for the weights of the FID, with it for torchvision's", async () => {
  const { parameters } = inceptionParameters(goldenTensors(), { divisor, side, variant: "fid" });
  const { shape, data: logits } = golden.variants.fid.logits;
  const { data: bias } = goldenTensors()["fc.bias"];
  for (const [variant, share] of [["fid", 1], ["torchvision", 0]] as const) {
    const powers = logits.map((x, i) => Math.exp(x - share * bias[i % bias.length]));
    const sums = powers.map((_, i) => {
      const first = i - i % bias.length;
      return powers.slice(first, first + bias.length).reduce((a, b) => a + b);
    });
    const given = constant(Float32Array.from(logits), shape);
    const { found } = await evaluate(device, { found: inceptionProbabilities(parameters, given, variant) });
    assertClose(found, Float64Array.from(powers, (power, i) => power / sums[i]), DEEP_F32, variant);
  }
});

Deno.test("inceptionParameters() takes 1008 classes for the network of the Fréchet inception distance", () => {
  const variants = [1000, 1008].map((classes): InceptionVariant => {
    const fc = { "fc.weight": { shape: [classes, 128], data: new Float32Array(classes * 128) } };
    const bias = { "fc.bias": { shape: [classes], data: new Float32Array(classes) } };
    return inceptionParameters({ ...goldenTensors(), ...fc, ...bias }, { divisor }).variant;
  });
  assertEquals(variants, ["torchvision", "fid"]);
});

Deno.test("evaluationOf() says FID of the weights for it, and not of torchvision's", () => {
  const labels = (["fid", "torchvision"] as const).map((variant) => {
    const { kind: featureKind, note: featureNote } = OF_VARIANT[variant];
    const { scores } = evaluationOf({ frechet: 1 }, {
      dataset: "bars",
      source: "file",
      split: "test",
      real: 2,
      fake: 2,
      seed: 0,
      forced: false,
      leftOut: [],
      features: "inception",
      featureKind,
      featureKey: "inception-0",
      featureNote,
    });
    return scores[0].label;
  });
  assertEquals(labels, ["FID", "Fréchet distance (torchvision's Inception features)"]);
});

Deno.test("inceptionUnits() are the 94 convolutions of the network, 2048 channels in the end", () => {
  const units = inceptionUnits({ variant: "torchvision" });
  assertEquals(units.length, 94);
  assertEquals(units.at(-1), { name: "Mixed_7c.branch_pool", shape: [1, 1, 2048, 192] });
});

Deno.test("inceptionParameters() names the first tensor that is missing or of another shape", () => {
  const tensors = goldenTensors();
  const { "Mixed_5b.branch1x1.bn.bias": _, ...lacking } = tensors;
  assertThrows(
    () => inceptionParameters(lacking, { divisor }),
    SyntaxError,
    "found no tensor Mixed_5b.branch1x1.bn.bias, expected it with shape [4]",
  );
  assertThrows(
    () => inceptionParameters(tensors, { divisor: 8 }),
    SyntaxError,
    "found Conv2d_1a_3x3.conv.weight with shape [2,3,3,3], expected [4,3,3,3]",
  );
});

Deno.test("readInception() says what is wrong with a file", async () => {
  const folder = await Deno.makeTempDir();
  const refused = (name: string, message: string) =>
    assertRejects(() => readInception({ weights: `${folder}/${name}`, image: [32, 32, 1] }), RunError, message);
  try {
    const other = encodeSafetensors({
      tensors: { "conv1.weight": { shape: [1], data: Float32Array.of(1) } },
      metadata: {},
    });
    await Deno.writeFile(`${folder}/other.safetensors`, new Blob(other).stream());
    await Deno.writeFile(`${folder}/text.pth`, new TextEncoder().encode("no weights"));
    await refused("none.pth", "there is no such file");
    await refused("other.safetensors", "found no tensor Conv2d_1a_3x3.conv.weight, expected it with shape [32,3,3,3]");
    await refused("text.pth", "Cannot use weights");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
