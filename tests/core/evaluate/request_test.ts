import { assertEquals, assertThrows } from "@std/assert";
import type { EvaluatedSet } from "../../../core/evaluate/real.ts";
import { type EvaluationRequest, metricsFor, resolveRequest } from "../../../core/evaluate/request.ts";
import type { FeatureName } from "../../../core/metrics/metric.ts";
import { labelledSet } from "./labelled.ts";
import { COLOUR, points } from "./small_sets.ts";

Deno.test("resolveRequest() and metricsFor() take what goes together and say why the rest does not", () => {
  const [pictures, toy] = [labelledSet(30, 1), points(20)];
  assertEquals(resolveRequest({}, pictures), {
    features: "classifier",
    n: 30,
    atMost: true,
    seed: 0,
    split: "test",
    forced: false,
    metrics: undefined,
    weights: undefined,
  });
  assertEquals(resolveRequest({}, toy).features, "points");
  assertEquals(resolveRequest({}, { ...pictures, labels: null }).features, "pixels");
  const all = metricsFor({ features: "points" }, toy, { leaves: 4, samples: 20 });
  assertEquals(all, { metrics: ["fid", "kid", "knn", "mmd", "prdc", "modes", "tree"], leftOut: [] });
  const wrong: [EvaluationRequest, EvaluatedSet, string][] = [
    [{ features: "classifier" }, toy, "Cannot make classifier features of pair: it has points"],
    [{ features: "inception" }, pictures, "without weights: expected --weights FILE"],
    [{ weights: "file.pth" }, pictures, "with classifier features: expected --features inception"],
    [{ metrics: ["is"], features: "pixels" }, pictures, "Cannot compute is from pixels"],
    [{ metrics: ["modes"] }, pictures, "Cannot compute modes of bars: its modes are not known"],
    [
      { metrics: ["fid"] },
      COLOUR,
      "Cannot compute fid of flat by pixels: found 12288 dimensions, expected at most 4096",
    ],
    [{ metrics: ["prdc"], n: 5 }, pictures, "Cannot compute prdc of bars by classifier: found 5 samples, expected at"],
  ];
  for (const [request, data, message] of wrong) assertThrows(() => resolveRequest(request, data), RangeError, message);
  assertThrows(
    () => metricsFor({ metrics: ["tree"], features: "pixels" }, pictures, { leaves: 0, samples: 20 }),
    RangeError,
    "expected a run",
  );
});

Deno.test("metricsFor() leaves out what sets of that size do not allow, and says why", () => {
  const few = (features: FeatureName, samples: number) => metricsFor({ features }, COLOUR, { leaves: 4, samples });
  assertEquals(few("pixels", 8), {
    metrics: ["kid", "knn", "mmd", "prdc", "tree"],
    leftOut: ["fid is left out: found 12288 dimensions, expected at most 4096"],
  });
  assertEquals(few("inception", 5), {
    metrics: ["fid", "kid", "mmd", "tree"],
    leftOut: [
      "knn is left out: found 5 samples, expected at least 6",
      "prdc is left out: found 5 samples, expected at least 6",
      "is is left out: found 5 samples, expected at least 10",
    ],
  });
  assertEquals(few("classifier", 1).metrics, ["tree"]);
});
