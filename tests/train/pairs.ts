/** Methods and objectives that tests of whole steps run with: each of both once, as all 70 pairs would take too long. */

import type { MethodName } from "../../core/train/methods.ts";
import type { ObjectiveName } from "../../core/train/objectives.ts";

/** Every method with another objective; `dcgan` is `gan`. `methods_test.ts` builds all pairs, in float64. */
export const PAIRS: readonly { method: MethodName; objective: ObjectiveName }[] = [
  { method: "hmog", objective: "wgan-gp" },
  { method: "mog", objective: "non-saturating" },
  { method: "gan", objective: "lsgan" },
  { method: "deligan", objective: "hinge" },
  { method: "madgan", objective: "minimax" },
  { method: "mgan", objective: "dragan" },
  { method: "megan", objective: "rpgan" },
  { method: "dmwgan-pl", objective: "wgan" },
];
