/**
 * The training step of this repository in jax-js on its WebGPU back end, each step jitted as a whole: a peer for `deno
 * task bench`, which runs this file by itself. It prints a line of JSON when something is done.
 *
 *     deno run -A --no-lock --no-config bench/peers/jax_js.ts npm:@jax-js/jax@0.1.25 '{"preset":"small","batch":64}'
 *
 * Times only: some of its gradients are wrong on WebGPU. Latents, epsilon and images come from the host; there is no
 * moving average. jax-js counts references: a value that is used again is passed as `.ref`.
 */

import { type ModelOptions, PRESETS } from "../../core/models/presets.ts";

/** A tensor of jax-js, as far as it is used here. */
interface Value {
  readonly ref: Value;
  readonly shape: number[];
  slice(...ranges: [number, number][]): Value;
  data(): Promise<Float32Array>;
}
type Call = (...args: unknown[]) => Value;
type Library = Record<string, Call>;
type Step = (...args: unknown[]) => [...Value[]];
interface Jax {
  init(device: string): Promise<string[]>;
  defaultDevice(device: string): void;
  numpy: Library;
  lax: Library;
  nn: Library;
  grad(f: (x: Value) => Value): (x: Value) => Value;
  valueAndGrad(f: (parameters: Value[]) => Value): (parameters: Value[]) => [Value, Value[]];
  jit(f: (state: Value[][], ...inputs: Value[]) => [Value[][], Value]): (
    state: Value[][],
    ...inputs: Value[]
  ) => [Value[][], Value];
}

const [specifier, request] = Deno.args;
const { preset, batch } = JSON.parse(request) as { preset: keyof typeof PRESETS; batch: number };
const jax: Jax = await import(specifier); // computed, so that nobody without the package trips over it
const { numpy: np, lax, nn } = jax;
const options: ModelOptions = PRESETS[preset];
const [BETA1, BETA2, EPSILON, RATE, PENALTY] = [0.5, 0.999, 1e-8, 1e-4, 10];
const SIDE = options.image[0];
const LEAVES = 2 ** options.depth;
const TWICE = [[2, 2], [[1, 1], [1, 1]]]; // stride and padding

const add = (a: unknown, b: unknown) => np.add(a, b);
const sub = (a: unknown, b: unknown) => np.subtract(a, b);
const mul = (a: unknown, b: unknown) => np.multiply(a, b);
const perChannel = (b: Value) => np.reshape(b, [1, -1, 1, 1]);

/** Normal numbers on the device. */
function normal(shape: number[], std = 1): Value {
  const size = shape.reduce((a, b) => a * b, 1);
  const numbers = Float32Array.from({ length: size }, () => {
    return std * Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  });
  return np.reshape(np.array(numbers), shape);
}

function generatorParameters(): Value[] {
  const { latent, features, body, image } = options;
  const channels = [features, ...body, image[2]];
  const out = features * (SIDE / 2 ** (channels.length - 1)) ** 2;
  const layers = channels.slice(1).flatMap((o, i) => [normal([channels[i], o, 4, 4], 0.02), normal([o], 0)]);
  const scale = Math.sqrt(1 / latent);
  return [
    normal([latent, LEAVES - 1], scale),
    normal([LEAVES - 1], 0),
    normal([LEAVES * latent, out], scale),
    normal([LEAVES, out], 0),
    ...layers,
  ];
}

function criticParameters(): Value[] {
  const channels = [options.image[2], ...options.critic];
  const layers = options.critic.flatMap((o, i) => {
    const side = SIDE / 2 ** (i + 1);
    return [normal([o, channels[i], 4, 4], 0.02), normal([o], 0), np.ones([o, side, side]), np.zeros([o, side, side])];
  });
  const features = options.critic.at(-1)! * (SIDE / 2 ** options.critic.length) ** 2;
  return [...layers, normal([features, 1], 0.02), normal([1], 0)];
}

/** Images of latents: the head as one product `(p ⊗ z) W + p B`, then the body. */
function generate([gateWeight, gateBias, leafWeight, leafBias, ...layers]: Value[], z: Value): Value {
  const gates = nn.sigmoid(add(np.matmul(z.ref, gateWeight.ref), gateBias.ref));
  let p = np.ones([batch, 1]);
  for (let level = 0; level < options.depth; level++) {
    const left = mul(p.ref, gates.ref.slice([0, batch], [2 ** level - 1, 2 ** (level + 1) - 1]));
    p = np.reshape(np.stack([left.ref, sub(p, left)], -1), [batch, 2 ** (level + 1)]);
  }
  const outer = mul(np.reshape(p.ref, [batch, LEAVES, 1]), np.reshape(z, [batch, 1, options.latent]));
  const product = np.matmul(np.reshape(outer, [batch, LEAVES * options.latent]), leafWeight.ref);
  const side = SIDE / 2 ** (options.body.length + 1);
  let x = np.reshape(add(product, np.matmul(p, leafBias.ref)), [batch, options.features, side, side]);
  for (let i = 0; i < layers.length; i += 2) {
    const upsampled = lax.convTranspose(i === 0 ? x : nn.relu(x), layers[i].ref, ...TWICE, { transposeKernel: true });
    x = add(upsampled, perChannel(layers[i + 1].ref));
  }
  return options.output === "tanh" ? np.tanh(x) : x;
}

/** Scores of images, `[batch, 1]`. */
function score(parameters: Value[], x: Value): Value {
  for (let i = 0; i < parameters.length - 2; i += 4) {
    const [weight, bias, scale, shift] = parameters.slice(i, i + 4);
    const y = add(lax.convGeneralDilated(x, weight.ref, ...TWICE), perChannel(bias.ref));
    const over = [[1, 2, 3], { keepdims: true }];
    const centred = sub(y.ref, np.mean(y, ...over));
    const deviation = np.sqrt(add(np.mean(np.square(centred.ref), ...over), 1e-5));
    x = nn.leakyRelu(add(mul(np.divide(centred, deviation), scale.ref), shift.ref), 0.2);
  }
  const [weight, bias] = parameters.slice(-2);
  return add(np.matmul(np.reshape(x, [batch, -1]), weight.ref), bias.ref);
}

/** One step of Adam with AMSGrad; the correction of its averages is left to the rate. */
function adam([parameters, first, second, largest]: Value[][], gradients: Value[]): Value[][] {
  const results = parameters.map((p, i) => {
    const m = add(mul(first[i], BETA1), mul(gradients[i].ref, 1 - BETA1));
    const v = add(mul(second[i], BETA2), mul(np.square(gradients[i]), 1 - BETA2));
    const most = np.maximum(largest[i], v.ref);
    return [sub(p, mul(np.divide(m.ref, add(np.sqrt(most.ref), EPSILON)), RATE)), m, v, most];
  });
  return [0, 1, 2, 3].map((part) => results.map((result) => result[part]));
}

const criticStep = jax.jit((state, real, fake, epsilon) => {
  const loss = (parameters: Value[]): Value => {
    const between = add(fake.ref, mul(epsilon, sub(real.ref, fake.ref)));
    const gradient = jax.grad((x) => np.sum(score(parameters, x)))(between);
    const norm = np.sqrt(add(np.sum(np.square(gradient), [1, 2, 3]), 1e-12));
    const distance = sub(np.mean(score(parameters, real)), np.mean(score(parameters, fake)));
    return sub(mul(np.mean(np.square(sub(norm, 1))), PENALTY), distance);
  };
  const [value, gradients] = jax.valueAndGrad(loss)(state[0].map((p) => p.ref));
  return [adam(state, gradients), value];
});

const generatorStep = jax.jit((state, z, ...critic) => {
  const loss = (parameters: Value[]): Value => np.negative(np.mean(score(critic, generate(parameters, z))));
  const [value, gradients] = jax.valueAndGrad(loss)(state[0].map((p) => p.ref));
  return [adam(state, gradients), value];
});

const make = jax.jit((parameters, z) => [[], generate(parameters[0], z)]);

/** Starting state of a model: parameters and three lists of moments like them. */
function stateOf(parameters: Value[]): Value[][] {
  return [parameters, ...[0, 1, 2].map(() => parameters.map(({ shape }) => np.zeros(shape)))];
}

async function main(): Promise<void> {
  const report = (done: string, ms: number) => console.log(JSON.stringify({ done, ms }));
  const timed = async (done: string, work: () => Promise<unknown>) => {
    const start = performance.now();
    await work();
    report(done, performance.now() - start);
  };
  if (!(await jax.init("webgpu")).includes("webgpu")) throw new Error("Cannot use WebGPU: jax-js found no adapter");
  jax.defaultDevice("webgpu");
  let [generator, critic] = [stateOf(generatorParameters()), stateOf(criticParameters())];
  const latents = () => normal([batch, options.latent]);
  const refs = (values: Value[]) => values.map((value) => value.ref);
  const stepCritic = async () => {
    const [, fake] = make([refs(generator[0])], latents());
    const real = np.clip(normal([batch, 1, SIDE, SIDE], 0.5), -1, 1);
    const [state, loss] = criticStep(critic, real, fake, np.array(new Float32Array(1).fill(0.5)));
    critic = state;
    await loss.data();
  };
  const stepGenerator = async () => {
    const [state, loss] = generatorStep(generator, latents(), ...refs(critic[0]));
    generator = state;
    await loss.data();
  };
  report("start", performance.now());
  await timed("firstCritic", stepCritic);
  await timed("critic", stepCritic);
  await timed("firstGenerator", stepGenerator);
  await timed("generator", stepGenerator);
  Deno.exit(0); // its device would keep the process
}

await main();
