import { assert, assertAlmostEquals, assertEquals, assertGreater, assertLess, assertThrows } from "@std/assert";
import { draws } from "../../core/draws.ts";
import { hme, type HmeParameters } from "../../core/models/hme.ts";
import { fitEm } from "../../core/models/hme_em.ts";
import { type HmeData, predict } from "../../core/models/hme_numbers.ts";
import { climbLogistic } from "../../core/models/logistic.ts";
import { constant } from "../../core/ops/source.ts";
import type { Tensor } from "../../core/tensor.ts";
import golden from "../golden/hme.json" with { type: "json" };
import { evaluateAll64 } from "../reference/interpreter.ts";
import { accuracy, assertNeverFalls, assertRecovered, exclusiveOr, saddle, zigzag } from "./pieces.ts";

/** Both sides are float64; the file has twelve digits, which 60 samples and a division carry on. */
const FLOAT64_TOLERANCE = 1e-9;
/** Parameters and targets enter the tensors as float32, exact to 6e-8. */
const FLOAT32_TOLERANCE = 2e-6;
/** SciPy's optimiser stops at a slope of 1e-9 or where rounding stops it, a parameter is off by more. */
const OPTIMISER_TOLERANCE = 1e-5;

const { inputs, depth } = golden;
const CASES = [
  { ...golden.regression, model: hme({ inputs, depth, task: "regression", outputs: 2 }) },
  { ...golden.classification, model: hme({ inputs, depth, task: "classification", outputs: 3 }) },
];

type Layers<T> = { gates: { weight: T; bias: T }; experts: { weight: T; bias: T }; logVariance?: T };

/** Parameters of the file as the arrays or tensors of a layer. */
function parametersFrom<T>(
  { gates, experts, logVariance }: Layers<number[]>,
  make: (values: number[], columns: number) => T,
): HmeParameters<T> {
  const layer = ({ weight, bias }: { weight: number[]; bias: number[] }) => ({
    weight: make(weight, bias.length),
    bias: make(bias, 0),
  });
  const layers = { gates: layer(gates), experts: layer(experts) };
  return logVariance === undefined ? layers : { ...layers, logVariance: make(logVariance, 0) };
}

const arrays = (layers: Layers<number[]>) => parametersFrom(layers, (values) => Float64Array.from(values));
const tensors = (layers: Layers<number[]>): HmeParameters<Tensor> =>
  parametersFrom(
    layers,
    (values, columns) => constant(values, columns === 0 ? [values.length] : [values.length / columns, columns]),
  );

function assertClose(found: ArrayLike<number>, expected: readonly number[], tolerance: number, what: string): void {
  expected.forEach((value, i) =>
    assertAlmostEquals(found[i], value, tolerance * (1 + Math.abs(value)), `${what} ${i}`)
  );
}

Deno.test("predict() gives weights and predictions of an independent program", () => {
  for (const { model, parameters, x, weights, prediction } of CASES) {
    const found = predict(model, arrays(parameters), x);
    assertClose(found.weights, weights, FLOAT64_TOLERANCE, "weight");
    assertClose(found.prediction, prediction, FLOAT64_TOLERANCE, "prediction");
  }
});

Deno.test("hme() gives the same as tensors, and their log-likelihood", () => {
  for (const { model, parameters, x, y, weights, prediction, logLikelihoods } of CASES) {
    const [inputs, targets] = [constant(x, [60, model.inputs]), constant(y, [60, model.outputs])];
    const { weights: w, prediction: p } = model.apply(tensors(parameters), inputs);
    const found = evaluateAll64([w, p, model.logLikelihood(tensors(parameters), inputs, targets)]);
    assertEquals([w.shape, p.shape], [[60, 4], [60, model.outputs]]);
    assertClose(found[0], weights, FLOAT32_TOLERANCE, "weight");
    assertClose(found[1], prediction, FLOAT32_TOLERANCE, "prediction");
    assertClose(found[2], logLikelihoods, FLOAT32_TOLERANCE, "log-likelihood");
  }
});

Deno.test("fitEm() takes the step of an independent program", () => {
  for (const { model, parameters, x, y, after, ...expected } of CASES) {
    const start = arrays(parameters);
    const found = fitEm(model, { x, y }, { start, iterations: 1, newtonSteps: 100 });
    assertAlmostEquals(found.history[0], expected.logLikelihood, FLOAT64_TOLERANCE);
    assertAlmostEquals(found.logLikelihood, expected.logLikelihoodAfter, OPTIMISER_TOLERANCE);
    const wanted = arrays(after);
    for (const part of ["gates", "experts"] as const) {
      for (const kind of ["weight", "bias"] as const) {
        assertClose(found.parameters[part][kind], [...wanted[part][kind]], OPTIMISER_TOLERANCE, `${part} ${kind}`);
      }
    }
    if (!("logVariance" in wanted && "logVariance" in found.parameters)) continue;
    assertClose(found.parameters.logVariance, [...wanted.logVariance], OPTIMISER_TOLERANCE, "log-variance");
  }
});

Deno.test("fitEm() recovers the pieces of a line and of a plane", () => {
  for (const problem of [zigzag(200), saddle(300)]) {
    const fit = fitEm(problem.model, problem, { restarts: 6 });
    assertNeverFalls(fit.history);
    assertRecovered(problem, fit, { slope: 0.1, error: 0.03 }); // noise 0.05 on 50 to 75 points of a piece
  }
});

Deno.test("fitEm() never lets the likelihood fall, whatever the start", () => {
  const random = draws(9);
  const flat: HmeData = { x: new Float64Array(80).fill(2), y: Array.from({ length: 40 }, () => random.normal()) };
  const problems = [
    { ...zigzag(80), depth: 3 },
    { ...flat, model: hme({ inputs: 2, depth: 1, task: "regression" as const, outputs: 1 }), depth: 1 }, // one point
    ...CASES.map((golden) => ({ ...golden, depth: 2 })),
    { ...exclusiveOr(60), model: hme({ inputs: 2, depth: 2, task: "classification" as const, outputs: 2 }), depth: 3 },
  ];
  for (const { model, x, y, depth } of problems) {
    for (let seed = 0; seed < 3; seed++) {
      const options = { seed, restarts: 1, iterations: 40, tolerance: -Infinity, newtonSteps: 1 + seed };
      const { history, logLikelihood } = fitEm(hme({ ...model, depth }), { x, y }, options);
      assertNeverFalls(history);
      assertEquals(history.at(-1), logLikelihood);
    }
  }
});

Deno.test("fitEm() climbs alike wherever the inputs lie, and goes on from there", () => {
  const PREDICTED = 1e-5; // a sharp gate at 1e8, `w x + b` with parts of 1e10
  const random = draws(2);
  const steps = Array.from({ length: 61 }, (_, i) => i);
  const y = steps.map((i) => Math.abs(i - 30) + 0.1 * random.normal());
  const inside = steps.flatMap((i) => Math.abs(i - 30) < 12 ? [1, 0] : [0, 1]);
  const problems = [
    { y, model: hme({ inputs: 1, depth: 1, task: "regression", outputs: 1 }) },
    { y: inside, model: hme({ inputs: 1, depth: 1, task: "classification", outputs: 2 }) },
  ];
  for (const { y, model } of problems) {
    const near = fitEm(model, { x: steps, y }, { restarts: 2 });
    const wanted = predict(model, near.parameters, steps).prediction;
    assertNeverFalls(near.history);
    for (const place of [(i: number) => i + 1e5, (i: number) => i - 1e8, (i: number) => i * 2 ** 500]) {
      const x = steps.map(place);
      const far = fitEm(model, { x, y }, { restarts: 2 });
      assertEquals(far.history, near.history); // these inputs are exact
      assertClose(predict(model, far.parameters, x).prediction, [...wanted], PREDICTED, "prediction");
      const { history } = fitEm(model, { x, y }, { start: far.parameters, iterations: 1 });
      assertAlmostEquals(history[0], near.logLikelihood, PREDICTED);
    }
  }
});

Deno.test("fitEm() takes the likeliest of the starts that end at a finite likelihood, and throws where none does", () => {
  const model = hme({ inputs: 1, depth: 1, task: "regression", outputs: 1 });
  const data = (size: number) => ({ x: [0, 1, 2, 3, 4, 5], y: [-1, 1, -1, 1, 1, -1].map((y) => y * size) });
  const refused = "Cannot fit: no start ends at a finite likelihood, expected numbers whose squares are finite";
  assertThrows(() => fitEm(model, data(1e160)), RangeError, refused);
  assertThrows(() => fitEm(model, data(5e153), { restarts: 1 }), RangeError, refused); // the first start
  assert(Number.isFinite(fitEm(model, data(5e153), { restarts: 20 }).logLikelihood));
  const { parameters } = fitEm(model, data(1), { restarts: 1 });
  const start = { ...parameters, gates: { ...parameters.gates, bias: Float64Array.of(NaN) } };
  assertThrows(() => fitEm(model, data(1), { start }), RangeError, refused);
});

Deno.test("fitEm() solves exclusive or, which no single logistic regression does", () => {
  const data = exclusiveOr(300);
  const model = hme({ inputs: 2, depth: 1, task: "classification", outputs: 2 });
  const { parameters } = fitEm(model, data, { restarts: 2 });
  assertGreater(accuracy(predict(model, parameters, data.x).prediction, data.y), 0.99);
  const ones = Float64Array.from(
    { length: 900 },
    (_, at) => at % 3 === 2 ? 1 : data.x[Math.floor(at / 3) * 2 + at % 3],
  );
  const counts = Float64Array.from(data.y);
  const w = climbLogistic({ x: ones, counts, features: 3, classes: 2 }, new Float64Array(3), 50);
  const logits = Array.from({ length: 600 }, (_, at) => {
    const n = Math.floor(at / 2) * 3;
    return at % 2 === 1 ? 0 : ones[n] * w[0] + ones[n + 1] * w[1] + w[2];
  });
  assertLess(accuracy(logits, data.y), 0.7);
});

Deno.test("fitEm() learns the path weights of a tree from soft targets", () => {
  const random = draws(4);
  const sigmoid = (a: number) => 1 / (1 + Math.exp(-a));
  const x = Array.from({ length: 600 }, () => random.normal());
  const y: number[] = [];
  for (let n = 0; n < x.length; n += 2) {
    const [root, left, right] = [3 * x[n], 2 * x[n + 1] - 1, x[n] - 3 * x[n + 1]].map(sigmoid);
    y.push(root * left, root * (1 - left), (1 - root) * right, (1 - root) * (1 - right));
  }
  const model = hme({ inputs: 2, depth: 2, task: "classification", outputs: 4 });
  const { logLikelihood } = fitEm(model, { x, y }, { restarts: 1, iterations: 60 });
  const negativeEntropy = y.reduce((sum, part) => sum + part * Math.log(part), 0) / 300;
  assertLess(logLikelihood, negativeEntropy); // the divergence of the two is not negative
  assertGreater(logLikelihood, negativeEntropy - 0.005);
});

Deno.test("fitEm() fits experts that the inputs do not determine", () => {
  const numbers = Array.from({ length: 30 }, (_, n) => n / 10);
  const x = numbers.flatMap((value) => [value, value, 0]);
  const y = numbers.map((value) => 3 * value + 1);
  const model = hme({ inputs: 3, depth: 1, task: "regression", outputs: 1 });
  const { prediction } = predict(model, fitEm(model, { x, y }, { restarts: 1 }).parameters, x);
  y.forEach((value, n) => assertAlmostEquals(prediction[n], value, 1e-6));
});

Deno.test("fitEm() keeps the variance of experts above the least", () => {
  const x = [-2, -1, 1, 2];
  const model = hme({ inputs: 1, depth: 1, task: "regression", outputs: 1, leastVariance: 0.01 });
  const { parameters, logLikelihood } = fitEm(model, { x, y: x.map(Math.abs) }); // without noise
  if (!("logVariance" in parameters)) throw new Error("a regression has variances");
  for (const value of parameters.logVariance) assertAlmostEquals(value, Math.log(0.01), 1e-12);
  assertAlmostEquals(logLikelihood, -0.5 * Math.log(2 * Math.PI * 0.01), 1e-3);
});

Deno.test("hme(), fitEm() and predict() refuse what does not fit", () => {
  const regression = { inputs: 2, depth: 1, task: "regression", outputs: 1 } as const;
  assertThrows(() => hme({ ...regression, depth: 0 }), RangeError, "Cannot build a mixture of experts of depth 0");
  assertThrows(() => hme({ ...regression, inputs: 0 }), RangeError, "from 0 to 1 numbers: expected at least 1 and 1");
  assertThrows(
    () => hme({ ...regression, task: "classification" }),
    RangeError,
    "for classification from 2 to 1 numbers: expected at least 1 and 2",
  );
  assertThrows(() => hme({ ...regression, leastVariance: 0 }), RangeError, "least variance 0: expected more than 0");
  const model = hme(regression);
  for (const data of [{ x: [1, 2, 3], y: [1] }, { x: [1, 2], y: [1, 2] }, { x: [], y: [] }]) {
    assertThrows(() => fitEm(model, data), RangeError, "expected [count, 2] and [count, 1]");
  }
  assertThrows(() => fitEm(model, { x: [1, NaN], y: [1] }), RangeError, "Cannot fit to NaN among the samples");
  assertThrows(() => fitEm(model, { x: [1, 2], y: [1] }, { restarts: 0 }), RangeError, "restarts 0: expected a whole");
  const classes = hme({ ...regression, task: "classification", outputs: 2 });
  for (const y of [[0.5, 0.6], [-0.5, 1.5]]) {
    assertThrows(() => fitEm(classes, { x: [1, 2], y }), RangeError, "expected parts of at least 0 that sum to 1");
  }
  const { parameters } = fitEm(model, { x: [1, 2, 3, 4], y: [1, 2] }, { restarts: 1 });
  assertThrows(() => predict(model, parameters, [1]), RangeError, "Cannot predict from 1 inputs: expected [count, 2]");
  const deeper = hme({ ...regression, depth: 2 });
  const message =
    "Cannot use parameters with 2 numbers in gates.weight: expected 6, as for regression of depth 2 from 2 to 1 numbers";
  assertThrows(() => predict(deeper, parameters, [1, 2]), RangeError, message);
  assertThrows(() => fitEm(deeper, { x: [1, 2], y: [1] }, { start: parameters }), RangeError, message);
  const { gates, experts } = parameters;
  assertThrows(() => predict(model, { gates, experts }, [1, 2]), RangeError, "0 numbers in logVariance: expected 2");
});
