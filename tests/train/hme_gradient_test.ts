import { assertAlmostEquals, assertEquals, assertGreater, assertRejects } from "@std/assert";
import { hme } from "../../core/models/hme.ts";
import { fitEm } from "../../core/models/hme_em.ts";
import { predict } from "../../core/models/hme_numbers.ts";
import { fitGradient } from "../../core/train/hme_gradient.ts";
import { device } from "../gpu.ts";
import { accuracy, assertRecovered, exclusiveOr, saddle, zigzag } from "../models/pieces.ts";

/** The batch's likelihood in float32 against the whole set's in float64; one step of Adam lies between them. */
const ONE_STEP = 0.01;

Deno.test("fitGradient() recovers the pieces of a line, and EM gains little from there", async () => {
  const problem = zigzag(200);
  const fit = await fitGradient(device, problem.model, problem, { restarts: 2, iterations: 500, learningRate: 0.05 });
  assertRecovered(problem, fit, { slope: 0.1, error: 0.06 }); // its gates are softer than those of EM
  assertEquals(fit.history.length, 10);
  assertAlmostEquals(fit.history.at(-1)!, fit.logLikelihood, ONE_STEP);
  const further = fitEm(problem.model, problem, { start: fit.parameters });
  assertGreater(further.history[0], fit.logLikelihood - 1e-9);
  assertRecovered(problem, further, { slope: 0.1, error: 0.03 });
});

Deno.test("fitGradient() recovers the pieces of a plane from batches", async () => {
  const problem = saddle(300);
  const options = { seed: 1, restarts: 2, iterations: 500, learningRate: 0.05, batch: 100 };
  const fit = await fitGradient(device, problem.model, problem, options);
  assertRecovered(problem, fit, { slope: 0.15, error: 0.06 }); // and its steps are noisy
});

Deno.test("fitGradient() solves exclusive or", async () => {
  const data = exclusiveOr(300);
  const model = hme({ inputs: 2, depth: 1, task: "classification", outputs: 2 });
  const { parameters } = await fitGradient(device, model, data, { restarts: 1, iterations: 250, learningRate: 0.1 });
  assertGreater(accuracy(predict(model, parameters, data.x).prediction, data.y), 0.97);
});

Deno.test("fitGradient() refuses options and batches that do not fit", async () => {
  const { model, x, y } = zigzag(200);
  const refused: [options: Parameters<typeof fitGradient>[3], message: string][] = [
    [{ iterations: 0 }, "Cannot fit with iterations 0: expected a whole number of at least 1"],
    [{ batch: 201 }, "Cannot draw batches of 201 from 200"],
    [{ learningRate: 0 }, "Cannot fit with learning rate 0: expected a number above 0"],
    [{ learningRate: NaN }, "Cannot fit with learning rate NaN: expected a number above 0"],
    [{ learningRate: 1e30, iterations: 2, restarts: 1 }, "no start ends at a finite likelihood"],
  ];
  for (const [options, message] of refused) {
    await assertRejects(() => fitGradient(device, model, { x, y }, options), RangeError, message);
  }
});
