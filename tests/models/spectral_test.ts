import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { isTensor, vjp } from "../../core/grad.ts";
import { critic, type CriticParameters } from "../../core/models/critic.ts";
import { PRESETS } from "../../core/models/presets.ts";
import { type Directions, initialDirections, normalizeSpectral } from "../../core/models/spectral.ts";
import { initializer } from "../../core/nn/init.ts";
import { add, mul } from "../../core/ops/elementwise.ts";
import { sum } from "../../core/ops/reduce.ts";
import { constant } from "../../core/ops/source.ts";
import type { Tensor } from "../../core/tensor.ts";
import { leavesOf } from "../../core/tree.ts";
import { evaluate64, evaluateAll64 } from "../reference/interpreter.ts";
import { assertGolden, constants } from "./golden.ts";
import golden from "../golden/methods.json" with { type: "json" };

const TOLERANCE = 1e-6; // directions pass through float32 between rounds
const ROUNDS = 100; // the second singular value is at most 0.92 of the first, so σ is off by 0.92²⁰⁰, 6e-8, of itself

const { conv, score } = golden.spectral;
const PARAMETERS: CriticParameters = {
  layers: [{ conv: constants({ weight: conv.weight, bias: conv.bias }) }],
  score: constants({ weight: score.weight, bias: score.bias }),
};
const CONV = "layers.0.conv.weight";
const SCORE = "score.weight";
const DIRECTIONS: Directions = { [CONV]: constants(conv.direction), [SCORE]: constants(score.direction) };

/** The weights of `PARAMETERS`, or of what became of it. */
const weightsOf = ({ layers, score }: CriticParameters): [Tensor, Tensor] => {
  const [layer] = layers;
  assert("conv" in layer);
  return [layer.conv.weight, score.weight];
};

Deno.test("normalizeSpectral(): one round, and its gradient in the weights, are those of PyTorch's spectral_norm", async () => {
  const { parameters, directions } = normalizeSpectral(PARAMETERS, DIRECTIONS);
  const [ofConv, ofScore] = weightsOf(parameters);
  const loss = add(sum(mul(ofConv, constants(conv.dy))), sum(mul(ofScore, constants(score.dy))));
  const [dConv, dScore] = vjp(loss, weightsOf(PARAMETERS));
  await assertGolden({
    weights: { computed: [ofConv, ofScore], expected: [conv.normalized, score.normalized] },
    directions: { computed: [directions[CONV], directions[SCORE]], expected: [conv.next, score.next] },
    gradients: { computed: [dConv, dScore], expected: [conv.gradient, score.gradient] },
  });
});

Deno.test("normalizeSpectral(): after many rounds it divides by the largest singular value, that of torch.linalg", () => {
  let directions = DIRECTIONS;
  for (let round = 0; round < ROUNDS; round++) {
    const next = Object.entries(normalizeSpectral(PARAMETERS, directions).directions);
    const values = evaluateAll64(next.map(([, direction]) => direction));
    directions = Object.fromEntries(
      next.map(([path, { shape }], i) => [path, constant(Float32Array.from(values[i]), shape)]),
    );
  }
  const normalized = weightsOf(normalizeSpectral(PARAMETERS, directions).parameters);
  [conv, score].forEach(({ weight, largest }, i) => {
    assertAlmostEquals(weight.data[0] / evaluate64(normalized[i])[0], largest.data[0], TOLERANCE * largest.data[0]);
  });
});

Deno.test("normalizeSpectral() leaves biases as they are and takes in every weight of a critic", () => {
  const network = critic({ ...PRESETS.tiny, criticNorm: "spectral" }, { classes: 4 });
  const parameters = network.parameters(initializer(1));
  const directions = initialDirections(initializer(2), parameters);
  const normalized = new Map(leavesOf<Tensor>(normalizeSpectral(parameters, directions).parameters, isTensor));
  const changed = leavesOf<Tensor>(parameters, isTensor).filter(([path, leaf]) => normalized.get(path) !== leaf);
  assertEquals(changed.map(([path]) => path.replaceAll("/", ".")), Object.keys(directions));
  assertEquals(
    Object.keys(directions),
    [0, 1, 2].map((i) => `layers.${i}.conv.weight`).concat("score.weight", "classes.weight"),
  );
});
