import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { evaluateMetrics, meaningOf, METRIC_NAMES, metricName } from "../../../core/metrics/evaluation.ts";
import { firstRows, matrix } from "../../../core/metrics/matrix.ts";
import { obstacleTo } from "../../../core/metrics/needs.ts";
import { featureStatistics } from "../../../core/metrics/statistics.ts";
import { assertAgrees, caseNamed, device, golden } from "./golden.ts";

const { compared, expected } = caseNamed("plain");
const { depth, weights, labels } = golden.tree;
const { classes, probabilities } = golden.inceptionScore;
const evaluated = {
  real: { features: compared.real },
  fake: {
    features: compared.fake,
    probabilities: matrix(Float32Array.from(probabilities), classes),
    labels: Uint32Array.from(labels),
    weights: matrix(Float32Array.from(weights), 2 ** depth),
    tree: true,
    points: matrix(Float32Array.from(golden.modes.points), 2),
  },
  featureName: "classifier" as const,
  seed: 3,
  modes: { centres: Float32Array.from(golden.modes.centres), deviation: golden.modes.deviation },
};

Deno.test("evaluateMetrics() gives numbers for every name, each explained", async () => {
  const scores = await evaluateMetrics(device, METRIC_NAMES, evaluated);
  assertAgrees(scores.frechet, expected.frechet.distance, "frechet");
  assertAgrees(scores.kernel, expected.kernel.mmd, "kernel");
  assertAgrees(scores.nn1, expected.nearest.accuracy, "nn1");
  assertAgrees(scores.nn1Real, expected.nearest.real, "nn1Real");
  assertAgrees(scores.nn1Fake, expected.nearest.fake, "nn1Fake");
  assertAgrees(scores.mmd, expected.mmd.squared, "mmd");
  assertAgrees(scores.leafNmi, golden.tree.levels[depth - 1].nmi, "leafNmi");
  assertAgrees(scores.level1Purity, golden.tree.levels[0].purity, "level1Purity");
  assertAgrees(scores.dendrogramPurity, golden.tree.dendrogramPurity, "dendrogramPurity");
  assertAgrees(scores.modesFound, golden.modes.found, "modesFound");
  for (const [name, score] of Object.entries(scores)) {
    assertEquals(Number.isFinite(score), true, name);
    const { label, meaning, range } = meaningOf(name, "pixels");
    assertEquals([label, meaning, range].includes(""), false, name);
  }
});

Deno.test("evaluateMetrics() takes statistics of the real set that are known", async () => {
  const statistics = await featureStatistics(device, compared.real);
  const known = { ...evaluated, real: { features: matrix(new Float32Array(8), 8), statistics } };
  assertAgrees((await evaluateMetrics(device, ["fid"], known)).frechet, expected.frechet.distance, "frechet");
});

Deno.test("evaluateMetrics() computes nothing after its signal", async () => {
  const signal = AbortSignal.abort(new Error("enough"));
  await assertRejects(() => evaluateMetrics(device, ["mmd"], evaluated, { signal }), Error, "enough");
});

Deno.test("evaluateMetrics() needs as many samples as obstacleTo() says, and no more", async () => {
  const first = (samples: number) => {
    const { fake } = evaluated;
    return {
      ...evaluated,
      real: { features: firstRows(compared.real, samples) },
      fake: {
        ...fake,
        features: firstRows(compared.fake, samples),
        probabilities: firstRows(fake.probabilities, samples),
        labels: fake.labels.subarray(0, samples),
        weights: firstRows(fake.weights, samples),
        points: firstRows(fake.points, samples),
      },
    };
  };
  for (const metric of METRIC_NAMES) {
    const isEnough = (samples: number) => obstacleTo(metric, { samples, dimensions: 8 }) === undefined;
    const least = Array.from({ length: 20 }, (_, i) => i + 1).find(isEnough)!;
    await evaluateMetrics(device, [metric], first(least));
    if (least === 1) continue; // there are no sets of 0
    await assertRejects(
      () => evaluateMetrics(device, [metric], first(least - 1)),
      RangeError,
      `expected at least ${least}`,
    );
  }
});

Deno.test("evaluateMetrics() refuses metrics that need what is not known", async () => {
  const bare = { ...evaluated, fake: { features: compared.fake }, modes: undefined };
  for (
    const [name, what] of [["is", "probabilities of classes"], ["tree", "path weights"], [
      "modes",
      "the modes",
    ]] as const
  ) {
    await assertRejects(() => evaluateMetrics(device, [name], bare), RangeError, `Cannot compute ${name}: ${what}`);
  }
});

Deno.test("evaluateMetrics() of a flat mixture has no levels, without labels no agreement", async () => {
  const flat = await evaluateMetrics(device, ["tree"], { ...evaluated, fake: { ...evaluated.fake, tree: false } });
  assertEquals(Object.keys(flat).filter((name) => /level|dendrogram/.test(name)), []);
  assertAgrees(flat.leafNmi, golden.tree.levels[depth - 1].nmi, "leafNmi");
  const unlabelled = { ...evaluated, fake: { ...evaluated.fake, labels: undefined } };
  assertEquals(Object.keys(await evaluateMetrics(device, ["tree"], unlabelled)).length, 5);
});

Deno.test("meaningOf() says FID with the weights that it was published with only", () => {
  assertEquals(meaningOf("frechet", "inception").label, "FID");
  assertEquals(meaningOf("frechet", "torchvision").label, "Fréchet distance (torchvision's Inception features)");
  assertEquals(meaningOf("kernel", "torchvision").label, "kernel distance (torchvision's Inception features)");
  assertEquals(meaningOf("inceptionScore", "torchvision").label, "inception score (torchvision's Inception)");
  assertEquals(meaningOf("kernel", "pixels").label, "kernel distance (pixels features)");
  assertEquals(meaningOf("inceptionScore", "classifier").label, "inception score (classifier)");
  assertEquals([meaningOf("nn1", "pixels").better, meaningOf("leafAri", "pixels").better], ["half", "higher"]);
  assertThrows(() => meaningOf("toString", "pixels"), RangeError, "Cannot explain toString");
});

Deno.test("metricName() names the nearest metric", () => {
  assertEquals(metricName("prdc"), "prdc");
  assertThrows(() => metricName("kdi"), RangeError, "the nearest is kid");
});
