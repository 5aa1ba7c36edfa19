/** What the figures should reach, and whether they do. */

import type { GrowthPoint } from "./growth.ts";
import type { KernelsResult } from "./kernels.ts";
import type { MetricsResult } from "./metrics.ts";
import { type PeersResult, RIVALS } from "./peers.ts";
import type { Results } from "./results.ts";
import type { LoadName, ServingResult } from "./serving.ts";
import type { StepsResult } from "./steps.ts";

/** Limits on a software adapter and on a GPU. */
const LIMITS = {
  matmulShare: { software: 0.4, gpu: 0.6 },
  convolutionShare: { software: 0.35, gpu: 0.45 },
  paperOverTorch: { software: 3, gpu: 0.8 },
  smallOverTorch: { software: 2.5, gpu: 0.5 },
  timesFasterThanJax: { software: 12, gpu: 4 },
  hostMs: { software: 5, gpu: 2 },
  criticDispatches: { software: 150, gpu: 150 },
  generatorDispatches: { software: 100, gpu: 100 },
  requestsOverFastapi: { software: 1, gpu: 1 },
  metricSeconds: { software: 60, gpu: 60 },
} as const;

const NOISE = 1.05; // growth of times that stand still is measured as up to this

/** `matmul 1024³, share of the peak: target at least 0.4, measured 0.43: reached`. */
export function verdict(what: string, target: "at least" | "at most", limit: number, measured: number): string {
  const reached = target === "at least" ? measured >= limit : measured <= limit;
  const number = (value: number) => Number(value.toPrecision(3));
  return `${what}: target ${target} ${number(limit)}, measured ${number(measured)}: ${reached ? "reached" : "missed"}`;
}

/** A line for every target that something was measured for. */
export function verdicts({ machine, measurements }: Results): string[] {
  const kind = machine.software ? "software" : "gpu";
  const figures = <T>(part: string): [name: string, figures: T][] =>
    Object.entries(measurements[part] ?? {}).map(([name, { figures }]) => [name, figures as T]);
  return [
    ...figures<KernelsResult>("kernels").flatMap(([name, result]) => kernelVerdicts(name, result, kind)),
    ...figures<StepsResult>("steps").flatMap(([name, { hostMs, dispatches: { critic, generator } }]) => [
      verdict(`${name}, host ms an iteration`, "at most", LIMITS.hostMs[kind], hostMs.median),
      verdict(`${name}, dispatches of a critic step`, "at most", LIMITS.criticDispatches[kind], critic),
      verdict(`${name}, dispatches of a generator step`, "at most", LIMITS.generatorDispatches[kind], generator),
    ]),
    ...figures<PeersResult>("peers").flatMap(([name, result]) => peerVerdicts(name, result, kind)),
    ...figures<ServingResult>("serving").flatMap(([name, result]) => servingVerdicts(name, result, kind)),
    ...figures<GrowthPoint[]>("growth").flatMap(([, points]) => growthVerdicts(points)),
    ...figures<MetricsResult>("metrics").flatMap(([size, result]) =>
      Object.entries(result).map(([metric, { wall }]) =>
        verdict(`${metric} of ${size}, s`, "at most", LIMITS.metricSeconds[kind], wall.median)
      )
    ),
  ];
}

type Kind = "software" | "gpu";

/** Longest latencies of `small` on a software adapter, in ms. */
const LATENCIES: readonly (readonly [load: LoadName, of: "p50" | "p99", ms: number])[] = [
  ["one of leaf 3, 64 clients", "p99", 80],
  ["one, one client", "p50", 30],
  ["64, one client", "p50", 60],
];

function servingVerdicts(name: string, result: ServingResult, kind: Kind): string[] {
  if ("refused" in result) return [];
  const rates = Object.entries(result.loads).flatMap(([load, { ratio }]) =>
    ratio === null || load.endsWith("one client")
      ? []
      : [verdict(`${name}, ${load}, times FastAPI's requests`, "at least", LIMITS.requestsOverFastapi[kind], ratio)]
  );
  const latencies = LATENCIES.flatMap(([load, of, most]) =>
    load in result.loads
      ? [verdict(`${name}, ${load}, ${of} in ms`, "at most", most, result.loads[load].ours[of].median)]
      : []
  );
  return [...rates, ...latencies];
}

function kernelVerdicts(name: string, { kernels, convolutionShare }: KernelsResult, kind: Kind): string[] {
  const square = kernels.find(({ count, op }) => count === 0 && op === "matmul");
  return [
    ...(square && name.startsWith("paper")
      ? [verdict("matmul 1024³, share of the peak", "at least", LIMITS.matmulShare[kind], square.share)]
      : []),
    ...(name.startsWith("paper")
      ? [verdict(`${name}, convolutions by time`, "at least", LIMITS.convolutionShare[kind], convolutionShare)]
      : []),
  ];
}

function peerVerdicts(name: string, { training, oursMs, torch, jax }: PeersResult, kind: Kind): string[] {
  const limit = training.preset === "paper" ? LIMITS.paperOverTorch[kind] : LIMITS.smallOverTorch[kind];
  const variants = "refused" in torch ? {} : torch.variants;
  const rivals = RIVALS.flatMap((name) => variants[name] && !("refused" in variants[name]) ? [variants[name]] : []);
  return [
    ...(rivals.length > 0
      ? [
        verdict(
          `${name}, times PyTorch's time`,
          "at most",
          limit,
          Math.max(...rivals.map(({ ratio }) => ratio.median)),
        ),
      ]
      : []),
    ...("refused" in jax ? [] : [
      verdict(
        `${name}, times faster than jax-js${jax.complete ? "" : " (which missed its deadline)"}`,
        "at least",
        LIMITS.timesFasterThanJax[kind],
        jax.iterationMs / oursMs.median,
      ),
    ]),
  ];
}

/** Growth with the depth against that of the arithmetic. */
function growthVerdicts(points: readonly GrowthPoint[]): string[] {
  return points.flatMap(({ axis, training, growth, arithmetic }) => {
    if (axis !== "depth" || growth === undefined || arithmetic === undefined) return [];
    const what = `${training.preset}, depth ${training.depth! - 1} to ${training.depth}, times the time`;
    return [verdict(what, "at most", arithmetic * NOISE, growth.median)];
  });
}
