import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { vjp } from "../../core/grad.ts";
import { constant } from "../../core/ops/source.ts";
import {
  type Objective,
  OBJECTIVE_NAMES,
  objectiveName,
  OBJECTIVES,
  wasserstein,
} from "../../core/train/objectives.ts";
import { assertGolden, constants } from "../models/golden.ts";
import { evaluate64 } from "../reference/interpreter.ts";
import golden from "../golden/objectives.json" with { type: "json" };

const TOLERANCE = 1e-12; // float64

const { scores: SCORES, ...LOSSES } = golden.losses;

Deno.test("objectives: both losses and their gradients in all scores agree with PyTorch, also for scores of 900", async () => {
  const { real, fake } = constants(SCORES);
  const computed = (name: keyof typeof OBJECTIVES, player: "critic" | "generator") => {
    const loss = (OBJECTIVES[name] as Objective)[player]({ real, fake });
    const [dReal, dFake] = vjp(loss, [real, fake]);
    return { loss, gradients: { real: dReal, fake: dFake } };
  };
  const claims = OBJECTIVE_NAMES.flatMap((name) =>
    (["critic", "generator"] as const).map((player) =>
      [`${name} ${player}`, { computed: computed(name, player), expected: LOSSES[name][player] }] as const
    )
  );
  await assertGolden(Object.fromEntries(claims));
});

Deno.test("objectives: the generator's loss depends on real images where it says so and nowhere else", () => {
  const relativistic = OBJECTIVE_NAMES.filter((name) => (OBJECTIVES[name] as Objective).relativistic);
  assertEquals(relativistic, ["rpgan"]);
  for (const name of OBJECTIVE_NAMES) {
    const loss = (real: number) =>
      evaluate64(OBJECTIVES[name].generator({ real: constant([real], [1, 1]), fake: constant([0.5], [1, 1]) }))[0];
    assertEquals(loss(3) !== loss(-3), name === "rpgan", name);
  }
});

Deno.test("minimax: the generator's loss has no gradient where the critic is certain, that of non-saturating has", () => {
  const fake = constant([-40], [1, 1]);
  const slope = (name: "minimax" | "non-saturating") =>
    evaluate64(vjp(OBJECTIVES[name].generator({ real: fake, fake }), [fake])[0])[0];
  assertAlmostEquals(slope("minimax"), 0, TOLERANCE);
  assertAlmostEquals(slope("non-saturating"), -1, TOLERANCE);
});

Deno.test("wgan: parameters are cut to 0.01, as published", () => assertEquals(wasserstein.clip, 0.01));

Deno.test("objectiveName() names the nearest objective", () => {
  assertThrows(
    () => objectiveName("wgan-pg"),
    RangeError,
    "Cannot find objective wgan-pg: it is unknown, expected one of minimax, non-saturating, lsgan, hinge, wgan, " +
      "wgan-gp, dragan, rpgan; the nearest is wgan-gp",
  );
});
