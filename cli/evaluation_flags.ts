/** What `evaluate` and `compare` can both be asked for. */

import { FEATURE_NAMES } from "../core/evaluate/features.ts";
import { METRIC_NAMES } from "../core/metrics/evaluation.ts";

/** The flags that say how samples are scored. */
export const EVALUATION_FLAGS = {
  metrics: {
    kind: "text",
    value: "LIST",
    meaning: `What is computed, joined by commas: ${METRIC_NAMES.join(", ")} (all that goes with the data)`,
  },
  features: {
    kind: "text",
    value: "NAME",
    meaning: `What pictures are compared by: ${FEATURE_NAMES.join(", ")} (classifier, pixels without labels)`,
  },
  weights: { kind: "text", value: "FILE", meaning: "Weights of inception: a PyTorch or safetensors file" },
} as const;
