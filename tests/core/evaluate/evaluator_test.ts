import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { evaluationText } from "../../../core/evaluate/evaluation.ts";
import { Evaluator } from "../../../core/evaluate/evaluator.ts";
import { chosenFrom, type EvaluatedSet, nearestLabels } from "../../../core/evaluate/real.ts";
import type { EvaluationRequest, Split } from "../../../core/evaluate/request.ts";
import { PRESETS } from "../../../core/models/presets.ts";
import { encodeNpy } from "../../../core/npy.ts";
import { RunError } from "../../../core/sampling/run.ts";
import { inFolder, names } from "../../in_folder.ts";
import { device } from "../../gpu.ts";
import { writeTinyRun } from "../../sampling/tiny_run.ts";
import { labelledSet } from "./labelled.ts";
import { COLOUR, points } from "./small_sets.ts";

/** Of scores of equal features, whose order of summation may differ. */
const F32 = 1e-5;

const evaluatorOf = (data: EvaluatedSet, request: EvaluationRequest, cache: string | null = null) =>
  Evaluator.create(device, { load: () => Promise.resolve(data), request, cache });

const valuesOf = (scores: readonly { name: string; value: number }[]) =>
  Object.fromEntries(scores.map(({ name, value }) => [name, value]));

Deno.test("evaluateSamples() scores a file of points: itself perfectly, others worse, twice the same", () =>
  inFolder(async (folder) => {
    const data = points(200);
    const file = async (name: string, { images }: { images: Float32Array }) => {
      await Deno.writeFile(`${folder}/${name}.npy`, encodeNpy({ shape: [images.length / 2, 2], data: images.slice() }));
      return `${folder}/${name}.npy`;
    };
    const [same, moved] = [await file("same", data), await file("moved", points(200, 0.2))];
    const cache = `${folder}/cache`;
    const evaluator = await evaluatorOf(data, { metrics: ["fid", "prdc", "modes"] }, cache);
    const evaluation = await evaluator.evaluateSamples(same);
    const perfect = valuesOf(evaluation.scores);
    assertAlmostEquals(perfect.frechet, 0, F32);
    assertEquals([perfect.precision, perfect.recall, perfect.modesFound, perfect.goodShare], [1, 1, 2, 1]);
    assertEquals(evaluation.note, "points, 200 generated against 200 of pair's test split, seed 0");
    assert(evaluationText(evaluation).includes(`Features: ${evaluation.note}\n`));
    const worse = valuesOf((await evaluator.evaluateSamples(moved)).scores);
    assertAlmostEquals(worse.frechet, 2 * 0.2 ** 2, 1e-3);
    assertEquals([worse.precision, worse.recall, worse.modesFound], [0, 0, 0]);
    await evaluator.destroy();

    assertEquals(await names(`${cache}/evaluation`), [
      "pair-pair-200-0-points-200-0-neighbours-v1.safetensors",
      "pair-pair-200-0-points-200-0-statistics-v1.safetensors",
    ]);
    const again = await evaluatorOf(data, { metrics: ["fid", "prdc", "modes"] }, cache); // from what was kept
    assertEquals(valuesOf((await again.evaluateSamples(same)).scores), perfect);
    assertEquals(valuesOf((await again.evaluateSamples(moved)).scores), worse);
    await again.destroy();
  }));

Deno.test("evaluateSamples() compares fewer samples than there are real ones with as many, unless a number was asked for", () =>
  inFolder(async (folder) => {
    const path = `${folder}/few.npy`;
    await Deno.writeFile(path, encodeNpy({ shape: [40, 2], data: points(40).images.slice() }));
    const noted = async (request: EvaluationRequest) => {
      const evaluator = await evaluatorOf(points(200), { metrics: ["prdc"], ...request });
      return await evaluator.evaluateSamples(path).finally(() => evaluator.destroy());
    };
    const { note, scores } = await noted({});
    assertEquals(note, "points, 40 generated against 40 of pair's test split, seed 0");
    assertEquals(scores, (await noted({ n: 40 })).scores);
    await assertRejects(() => noted({ n: 41 }), RangeError, "it has 40, expected --n of at most that");
  }));

Deno.test("Evaluator.create() refuses weights that cannot be read before anything is trained or drawn", async () => {
  const request = { features: "inception" as const, weights: "none.pt" };
  await assertRejects(
    () => evaluatorOf(labelledSet(20, 1), request),
    RunError,
    "Cannot read weights none.pt: there is no",
  );
});

Deno.test("evaluateSamples() goes on where nothing can be kept, with a warning", () =>
  inFolder(async (folder) => {
    const data = points(20);
    const path = `${folder}/same.npy`;
    await Deno.writeFile(path, encodeNpy({ shape: [20, 2], data: data.images.slice() }));
    await Deno.writeTextFile(`${folder}/file`, "");
    const warnings: string[] = [];
    const evaluator = await Evaluator.create(device, {
      load: () => Promise.resolve(data),
      request: { metrics: ["fid"] },
      cache: `${folder}/file`,
      onWarning: (warning) => warnings.push(warning),
    });
    assertAlmostEquals(valuesOf((await evaluator.evaluateSamples(path)).scores).frechet, 0, F32);
    assertEquals(warnings.length, 1);
    assertStringIncludes(warnings[0], `Cannot make folder ${folder}/file/evaluation: a part of the path is a file`);
  }));

Deno.test("evaluateRun() scores pictures and paths of a run with a classifier, which is trained once", () =>
  inFolder(async (runs) => {
    const checkpoint = await writeTinyRun(device, runs, { options: { image: [16, 16, 1], body: [8], critic: [4, 8] } });
    const parts = { train: labelledSet(64, 1), test: labelledSet(100, 2) };
    const loaded: Split[] = [];
    const load = (split: Split) => {
      loaded.push(split);
      return Promise.resolve(parts[split]);
    };
    const doing = new Set<string>();
    const options = {
      load,
      cache: `${runs}/cache`,
      onProgress: (progress: { doing: string }) => doing.add(progress.doing),
    };
    const evaluator = await Evaluator.create(device, { ...options, request: { n: 80 } });
    const evaluation = await evaluator.evaluateRun(checkpoint);
    const { scores, source, real, fake } = evaluation;
    assertEquals([source, real, fake, loaded], [checkpoint, 80, 80, ["test", "train"]]);
    const values = valuesOf(scores);
    for (const name of ["frechet", "kernel", "inceptionScore", "nn1", "mmd", "recall", "leafEntropy"]) {
      assert(Number.isFinite(values[name]), name);
    }
    assertEquals([values.leaves, scores[0].label], [4, "Fréchet distance (classifier features)"]);
    assert(values.recall < 0.5, "an untrained generator reaches the data");
    assertEquals(valuesOf((await evaluator.evaluateRun(checkpoint)).scores), values);
    await evaluator.destroy();

    doing.clear();
    const pixels = await Evaluator.create(device, {
      ...options,
      request: { n: 80, features: "pixels", metrics: ["tree"] },
    });
    const ofTree = valuesOf((await pixels.evaluateRun(checkpoint)).scores);
    assertEquals(ofTree, Object.fromEntries(Object.keys(ofTree).map((name) => [name, values[name]])));
    assertEquals(doing, new Set(["classifier features of generated pictures"])); // labels for the tree; not trained again
    await pixels.destroy();

    const request = { n: 80, metrics: ["tree"] as const, forced: true };
    const forced = await Evaluator.create(device, { ...options, request });
    const { scores: ofForced, note } = await forced.evaluateRun(checkpoint);
    assert(Math.abs(valuesOf(ofForced).largestPathWeight - 1) < 1e-6); // a mean of ones, rounded

    assert(values.largestPathWeight < 0.99);
    assertEquals(note.includes("80 generated with forced paths against 80"), true, note);
    await forced.destroy();
  }));

Deno.test("evaluateRun() of points holds leaves against the classes of the nearest real points", () =>
  inFolder(async (runs) => {
    const checkpoint = await writeTinyRun(device, runs, { options: { ...PRESETS.toy, image: [1, 1, 2] } });
    const evaluator = await evaluatorOf(points(200), { metrics: ["tree"] });
    const values = valuesOf((await evaluator.evaluateRun(checkpoint)).scores);
    for (const name of ["leafNmi", "level1Ari", "dendrogramPurity"]) assert(values[name] > 0 && values[name] < 1, name);
    await evaluator.destroy();
  }));

Deno.test("evaluateRun() says that agreement is left out where all samples are of one class", () =>
  inFolder(async (runs) => {
    const model = { image: [16, 16, 1], body: [8], critic: [4, 8] } as const; // nearly grey
    const checkpoint = await writeTinyRun(device, runs, { options: model });
    const load = (split: Split) => Promise.resolve(labelledSet(100, split === "train" ? 1 : 2));
    const request = { n: 80, metrics: ["tree"] as const };
    const evaluator = await Evaluator.create(device, { load, cache: null, request });
    const { scores, note } = await evaluator.evaluateRun(checkpoint);
    assertEquals(scores.map(({ name }) => name).slice(-2), ["leafInformation", "largestPathWeight"]);
    assertStringIncludes(note, "agreement of leaves and labels is left out: the samples are of one class");
    await evaluator.destroy();
  }));

Deno.test("basis() has the request and what tells data and networks apart", async () => {
  const [data, other] = [points(200), points(200, 0.1)];
  const evaluator = await evaluatorOf(data, { n: 50 });
  const basis = await evaluator.basis();
  const { atMost: _, ...request } = evaluator.request;
  assertEquals(basis, { ...request, features: "points", labels: undefined, data: data.fingerprint });
  const moved = await evaluatorOf(other, { n: 50 });
  assertNotEquals(await moved.basis(), basis);
  await Promise.all([evaluator.destroy(), moved.destroy()]);
});

Deno.test("basis() names the classifier that gives features, or labels alone", async () => {
  const load = (split: Split) => Promise.resolve(labelledSet(100, split === "train" ? 1 : 2));
  const evaluator = await Evaluator.create(device, { load, cache: null, request: { n: 80 } });
  const { features, labels } = await evaluator.basis();
  assertMatch(String(features), /^classifier-[0-9a-f]{8}$/);
  assertEquals(labels, features);
  await evaluator.destroy();
  const pixels = await Evaluator.create(device, { load, cache: null, request: { n: 80, features: "pixels" } });
  assertEquals([(await pixels.basis()).features, (await pixels.basis()).labels], ["pixels", features]);
  await pixels.destroy();
});

Deno.test("evaluateRun() ends with the signal's reason while the classifier is trained, and destroy() after it", () =>
  inFolder(async (runs) => {
    const checkpoint = await writeTinyRun(device, runs, { options: { image: [16, 16, 1], body: [8], critic: [4, 8] } });
    const stop = new AbortController();
    const steps: number[] = [];
    const evaluator = await Evaluator.create(device, {
      load: () => Promise.resolve(labelledSet(64, 1)),
      request: { n: 20 },
      cache: null,
      signal: stop.signal,
      onProgress: ({ doing, done, total }) => {
        if (doing !== "Training a classifier") return;
        steps.push(done / total);
        stop.abort(new Error("enough"));
      },
    });
    await assertRejects(() => evaluator.evaluateRun(checkpoint), Error, "enough");
    assert(steps.at(-1)! < 1, "it was trained to the end");
    await evaluator.destroy();
  }));

Deno.test("evaluateRun() refuses a run of pictures of another size", () =>
  inFolder(async (runs) => {
    const checkpoint = await writeTinyRun(device, runs);
    const evaluator = await evaluatorOf(labelledSet(30, 1), { features: "pixels" });
    await assertRejects(() => evaluator.evaluateRun(checkpoint), RunError, "pictures of 32x32x1, expected 16x16x1");
  }));

Deno.test("evaluateSamples() of unlabelled colour pictures gives all that can be computed, and its note says what not", () =>
  inFolder(async (folder) => {
    const path = `${folder}/samples.npy`;
    await Deno.writeFile(path, encodeNpy({ shape: [...COLOUR.shape], data: COLOUR.images.slice() }));
    const evaluator = await evaluatorOf(COLOUR, {});
    const { scores, note, leftOut } = await evaluator.evaluateSamples(path);
    const { kernel, nn1, recall } = valuesOf(scores);
    assertEquals([nn1, recall, Number.isFinite(kernel)], [0, 1, true]); // copies of the real pictures
    assertEquals(leftOut, ["fid is left out: found 12288 dimensions, expected at most 4096"]);
    assertEquals(evaluator.leftOut, leftOut);
    assertStringIncludes(note, "split, seed 0; fid is left out: found 12288 dimensions");
    await evaluator.destroy();

    const asked = await evaluatorOf(COLOUR, { metrics: ["knn"] });
    await Deno.writeFile(path, encodeNpy({ shape: [4, 64, 64, 3], data: COLOUR.images.slice(0, 4 * 64 * 64 * 3) }));
    await assertRejects(() => asked.evaluateSamples(path), RangeError, "found 4 samples, expected at least 6");
    await asked.destroy();
  }));

Deno.test("chosenFrom() takes pictures with their labels, other ones for another seed, never more than there are", () => {
  const data = labelledSet(30, 1);
  const chosen = chosenFrom(data, { n: 10, seed: 1 });
  const size = 16 * 16;
  const rows = Array.from({ length: 30 }, (_, i) => data.images.subarray(i * size, (i + 1) * size).join());
  const found = Array.from(
    { length: 10 },
    (_, i) => rows.indexOf(chosen.images.subarray(i * size, (i + 1) * size).join()),
  );
  assertEquals(new Set(found).size, 10);
  assertEquals([...chosen.labels!], found.map((i) => data.labels[i]));
  assert(chosenFrom(data, { n: 10, seed: 2 }).images.join() !== chosen.images.join());

  const all = chosenFrom(data, { n: 30, seed: 1 });
  const order = Array.from(
    { length: 30 },
    (_, i) => rows.indexOf(all.images.subarray(i * size, (i + 1) * size).join()),
  );
  assertEquals(order.toSorted((a, b) => a - b), rows.map((_, i) => i));
  assertNotEquals(order, rows.map((_, i) => i), "a set may be sorted by class");
  assertEquals([...all.labels!], order.map((i) => data.labels[i]));
  assertEquals(chosenFrom(data, { n: 30, seed: 2 }), all, "kept features of a whole set serve every seed");
  assertThrows(
    () => chosenFrom(data, { n: 31, seed: 1 }),
    RangeError,
    "with 31 of bars: expected a whole number from 1 to 30",
  );
});

Deno.test("nearestLabels() gives each point the class of the nearest one", () => {
  const real = { images: Float32Array.of(0, 0, 1, 1, 5, 5), labels: Uint32Array.of(4, 7, 9) };
  assertEquals([...nearestLabels(Float32Array.of(0.1, 0, 4, 4, 0.9, 0.9), real)], [4, 9, 7]);
});
