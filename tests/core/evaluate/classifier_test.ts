import { assert, assertAlmostEquals, assertEquals, assertGreater, assertRejects } from "@std/assert";
import { classesOf, classifierFeatures, trainedClassifier } from "../../../core/evaluate/classifier_features.ts";
import { crossEntropy, usualEpochs } from "../../../core/evaluate/classifier_training.ts";
import { evaluate } from "../../../core/compile/program.ts";
import { constant } from "../../../core/ops/source.ts";
import { device } from "../../gpu.ts";
import { inFolder } from "../../in_folder.ts";
import { labelledSet } from "./labelled.ts";

/** f32 sums of three terms. */
const F32 = 1e-6;

Deno.test("crossEntropy() is -log of the probability of the class, also for large logits", async () => {
  const logits = [[1, 2, 3], [100, -50, 0.5]];
  const labels = [0, 2];
  const losses = logits.map((row, i) => {
    const largest = Math.max(...row);
    return largest + Math.log(row.reduce((sum, x) => sum + Math.exp(x - largest), 0)) - row[labels[i]];
  });
  const loss = crossEntropy(constant(logits.flat(), [2, 3]), constant(Uint32Array.from(labels)));
  const { value } = await evaluate(device, { value: loss });
  assertAlmostEquals(value[0], (losses[0] + losses[1]) / 2, F32 * 100);
});

Deno.test("trainedClassifier() learns three shapes, is kept, and is read again by the same data alone", async () => {
  const cache = await Deno.makeTempDir();
  try {
    const [train, test] = [labelledSet(450, 1), labelledSet(150, 2)];
    let steps = 0;
    const source = { train, test, cache, epochs: 12, onProgress: ({ step }: { step: number }) => steps = step };
    const trained = await trainedClassifier(device, source);
    assertEquals([steps, trained.tested], [12 * 7, 150]);
    assertGreater(trained.accuracy, 0.95);

    steps = 0;
    const extractor = await classifierFeatures(device, source);
    assertEquals(steps, 0, "it was trained again");
    assertEquals(extractor.note, `accuracy ${(100 * trained.accuracy).toFixed(2)} % on 150 test images`);
    const { features, probabilities } = await extractor.extract(test);
    assertEquals([features.rows, features.columns, probabilities?.rows, probabilities?.columns], [150, 128, 150, 3]);
    const right = classesOf(probabilities!).filter((label, i) => label === test.labels[i]).length;
    assertEquals(right / 150, trained.accuracy);
    for (let row = 0; row < 150; row++) {
      const sum = probabilities!.values.subarray(row * 3, row * 3 + 3).reduce((a, b) => a + b);
      assertAlmostEquals(sum, 1, F32);
    }
    extractor.destroy();

    const [file] = await Array.fromAsync(Deno.readDir(`${cache}/classifiers`));
    const path = `${cache}/classifiers/${file.name}`;
    await Deno.writeFile(path, (await Deno.readFile(path)).slice(0, -5));
    await trainedClassifier(device, { ...source, epochs: 1 });
    assertEquals(steps, 7, "a damaged file was used");
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
});

Deno.test("trainedClassifier() that cannot be kept is of use all the same, and a warning says why", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    const [train, test] = [labelledSet(30, 1), labelledSet(30, 2)];
    const warnings: string[] = [];
    const onWarning = (warning: string) => warnings.push(warning);
    const { tested } = await trainedClassifier(device, { train, test, cache: `${folder}/file`, epochs: 1, onWarning });
    assertEquals(tested, 30);
    assertEquals(warnings, [
      `Cannot make folder ${folder}/file/classifiers: a part of the path is a file, expected a folder; what was to be ` +
      "kept there is computed again next time",
    ]);
  }));

Deno.test("trainedClassifier() needs classes to tell apart", async () => {
  const data = labelledSet(30, 1);
  const found: [Partial<typeof data> | { labels: null }, string][] = [
    [{ labels: null }, "it has no labels, expected features pixels or inception"],
    [{ classNames: ["one"] }, "it has labels of 1 class, expected features pixels or inception"],
  ];
  for (const [change, message] of found) {
    const train = { ...data, ...change };
    await assertRejects(() => trainedClassifier(device, { train, test: data, cache: null }), RangeError, message);
  }
});

Deno.test("usualEpochs() is three, more for small sets so that 600 steps are made, at most 60", () => {
  assertEquals([60_000, 6400, 30].map(usualEpochs), [3, 6, 60]);
  assert(usualEpochs(1000) * Math.floor(1000 / 64) >= 600);
});
