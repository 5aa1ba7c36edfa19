import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { vjp } from "../../core/grad.ts";
import type { Mixture } from "../../core/models/mixture.ts";
import { add } from "../../core/ops/elementwise.ts";
import { slice } from "../../core/ops/movement.ts";
import { constant } from "../../core/ops/source.ts";
import type { Tensor } from "../../core/tensor.ts";
import {
  checkTogether,
  type GeneratorView,
  identity,
  type Method,
  METHOD_NAMES,
  type MethodName,
  methodName,
  METHODS,
} from "../../core/train/methods.ts";
import { OBJECTIVE_NAMES, type ObjectiveName, OBJECTIVES } from "../../core/train/objectives.ts";
import { assertGolden64, constants, type Golden } from "../models/golden.ts";
import { evaluate64 } from "../reference/interpreter.ts";
import { PAIRS } from "./pairs.ts";
import golden from "../golden/methods.json" with { type: "json" };

const { terms } = golden;
const LEAVES = 4;
const TOLERANCE = 1e-12; // float64

/** What a method adds to the generator's loss, seen as in training. */
function added(name: MethodName, view: Partial<Omit<GeneratorView, "mixture">> & { weights?: Tensor }): Tensor {
  const weights = view.weights ?? constant(new Float32Array(LEAVES), [1, LEAVES]);
  const mixture: Mixture = { features: weights, weights, gates: weights, logits: weights };
  return (METHODS[name] as Method).generator!({ head: {}, iteration: constant([0]), ...view, mixture });
}

/** A loss and its gradients in its inputs, as they should be. */
function claim(
  inputs: Record<string, Tensor>,
  loss: Tensor,
  expected: { loss: Golden; gradients: Record<string, Golden> },
) {
  const gradients = vjp(loss, Object.values(inputs));
  const byName = Object.fromEntries(Object.keys(inputs).map((name, i) => [name, gradients[i]]));
  return { computed: { loss, gradients: byName }, expected: { loss: expected.loss, gradients: expected.gradients } };
}

Deno.test("methods: what deligan, mgan, megan and dmwgan-pl add to the generator's loss agrees with PyTorch", () => {
  const { deligan, mgan, megan } = terms;
  const [width, told, usage] = [deligan, mgan, megan].map(({ inputs }) => constants(inputs) as Record<string, Tensor>);
  const one = constants(mgan.constants.weights);
  assertGolden64({
    deligan: claim(width, added("deligan", { head: width }), deligan),
    mgan: claim(told, added("mgan", { ...told, weights: one }), mgan),
    megan: claim(usage, added("megan", usage), megan),
  });
  for (const [iteration, values] of Object.entries(terms["dmwgan-pl"])) {
    const inputs = constants(values.inputs);
    const [weights, realClasses] = [constants(values.constants.weights), constants(values.constants.realClasses)];
    const view = { classes: inputs.classes, weights, realClasses, iteration: constant([Number(iteration)]) };
    assertGolden64({ prior: claim(inputs, added("dmwgan-pl", { head: { prior: inputs.prior }, ...view }), values) });
  }
});

Deno.test("madgan: with minimax the critic's loss is the cross entropy of all generators and the data, as in PyTorch", () => {
  const { critic, generator } = terms.madgan;
  const { real, fake } = constants(critic.inputs);
  const part = (x: Tensor, first: number, count: number) => slice(x, { start: [0, first], shape: [x.shape[0], count] });
  const judge = (logits: Tensor) => METHODS.madgan.score!(part(logits, LEAVES, 1), part(logits, 0, LEAVES));
  const scores = { real: judge(real), fake: judge(fake) };
  const told = identity(part(fake, 0, LEAVES), constants(critic.constants.weights));
  assertGolden64({
    critic: claim({ real, fake }, add(OBJECTIVES.minimax.critic(scores), told), critic),
    generator: claim({ real, fake }, OBJECTIVES.minimax.generator(scores), generator),
  });
});

Deno.test("dmwgan-pl: an even prior stays even where the recogniser sees all alike, and then follows what it sees", () => {
  const slope = (seen: number[], iteration: number) => {
    const prior = constant([0, 0, 0, 0]);
    const realClasses = constant(seen.map(Math.log), [1, LEAVES]);
    const view = { classes: realClasses, weights: constant([1, 0, 0, 0], [1, LEAVES]), realClasses };
    const loss = added("dmwgan-pl", { head: { prior }, iteration: constant([iteration]), ...view });
    return [...evaluate64(vjp(loss, [prior])[0])];
  };
  slope([1, 1, 1, 1], 500).forEach((g) => assertAlmostEquals(g, 0, 1e-7));
  const [rare, , , frequent] = slope([1, 1, 1, 7], 500);
  assertAlmostEquals(rare, 0.25 - 0.1, 1e-7); // π − seen, since an even prior has the largest entropy
  assertAlmostEquals(frequent, 0.25 - 0.7, 1e-7);
});

Deno.test("dmwgan-pl: the recogniser learns nothing from real images", () => {
  const realClasses = constant([1, 2, 3, 4], [1, LEAVES]);
  const head = { prior: constant([0.1, 0.2, 0, 0.5]) };
  const classes = constant([0, 1, 0, 0], [1, LEAVES]);
  const loss = added("dmwgan-pl", { head, classes, realClasses, iteration: constant([9]) });
  assertEquals([...evaluate64(vjp(loss, [realClasses])[0])].map((g) => g + 0), [0, 0, 0, 0]);
});

Deno.test("identity() is the cross entropy in the classes and has no gradient in the weights", () => {
  const [classes, weights] = [constant([0, 0, 0, 0], [1, 4]), constant([0, 1, 0, 0], [1, 4])];
  const loss = identity(classes, weights);
  assertAlmostEquals(evaluate64(loss)[0], Math.log(4), TOLERANCE);
  assertEquals([...evaluate64(vjp(loss, [weights])[0])].map((g) => g + 0), [0, 0, 0, 0]);
});

Deno.test("checkTogether() refuses madgan with scores that are no logarithms of odds, with the reason, and nothing else", () => {
  const refused = METHOD_NAMES.flatMap((method) =>
    OBJECTIVE_NAMES.filter((objective) => {
      try {
        checkTogether(method, objective);
        return false;
      } catch (error) {
        return error instanceof RangeError;
      }
    }).map((objective): [MethodName, ObjectiveName] => [method, objective])
  );
  assertEquals(refused, [["madgan", "lsgan"], ["madgan", "hinge"], ["madgan", "wgan"], ["madgan", "wgan-gp"]]);
  assertThrows(
    () => checkTogether("madgan", "wgan"),
    RangeError,
    "Cannot train madgan with wgan: its critic is a classifier of real and each generator, whose score is the logarithm " +
      "of odds, and wgan has scores without such a meaning, expected --objective minimax, " +
      "non-saturating, dragan or rpgan",
  );
});

Deno.test("methodName() names the nearest method", () => {
  assertEquals(methodName("dcgan"), "dcgan");
  assertThrows(
    () => methodName("mdagan"),
    RangeError,
    "Cannot find method mdagan: it is unknown, expected one of hmog, mog, gan, dcgan, deligan, madgan, mgan, megan, " +
      "dmwgan-pl; the nearest is madgan",
  );
});

Deno.test("PAIRS of whole steps have every method and every objective", () => {
  assertEquals(PAIRS.map(({ method }) => method).sort(), METHOD_NAMES.filter((name) => name !== "dcgan").sort());
  assertEquals(PAIRS.map(({ objective }) => objective).sort(), [...OBJECTIVE_NAMES].sort());
  assertEquals(METHODS.dcgan, METHODS.gan);
  for (const { method, objective } of PAIRS) checkTogether(method, objective);
});

Deno.test("methods: every docstring has equations, the paper with its year, and what differs from it", async () => {
  const source = await Deno.readTextFile(new URL("../../core/train/methods.ts", import.meta.url));
  const docs = [...source.matchAll(/\/\*\*((?:(?!\*\/)[^])*)\*\/\nconst (\w+): Method = /g)].map(([, text, name]) => ({
    text,
    name,
  }));
  assertEquals(docs.length, new Set(Object.values(METHODS)).size);
  for (const part of [/`h = [^`]+`/, /\b(19|20)\d\d\b/, /^ \* Differs from the (paper|reference)/m]) {
    assertEquals(docs.filter(({ text }) => !part.test(text)).map(({ name }) => name), [], String(part));
  }
});
