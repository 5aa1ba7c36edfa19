import { assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { TINY_RUN } from "../../sampling/tiny_run.ts";
import { type ServedApp, withApp } from "../served_app.ts";

const MODEL = `/v2/models/${TINY_RUN}`;
const ROUNDING = 1e-6; // JSON has all digits of f32, paths are rounded to six decimals

const latent = (rows: number[][]) => ({
  name: "latent",
  datatype: "FP32",
  shape: [rows.length, rows[0].length],
  data: rows,
});
const posted = (body: unknown, type = "application/json"): RequestInit => ({
  method: "POST",
  headers: { "content-type": type },
  body: typeof body === "string" ? body : JSON.stringify(body),
});

Deno.test("GET /v2/models/{name} says what goes in and comes out", () =>
  withApp(async ({ json, refusal }) => {
    assertEquals(await json(MODEL), {
      name: TINY_RUN,
      versions: ["500"],
      platform: "hmog_webgpu",
      inputs: [{ name: "latent", datatype: "FP32", shape: [-1, 8] }],
      outputs: [
        { name: "images", datatype: "FP32", shape: [-1, 32, 32, 1] },
        { name: "weights", datatype: "FP32", shape: [-1, 4] },
        { name: "gates", datatype: "FP32", shape: [-1, 3] },
      ],
    });
    assertEquals(await json(`${MODEL}/ready`), { name: TINY_RUN, ready: true });
    assertEquals((await json(`${MODEL}/versions/500`)).name, TINY_RUN);
    assertEquals((await refusal(`${MODEL}/versions/400`)).code, "other_iteration");
    assertEquals((await refusal("/v2/models/other")).code, "unknown_run");
    assertEquals((await json("/v2")).name, "hmog");
  }));

Deno.test("POST /v2/models/{name}/infer gives the same pictures and paths as sampling with these latents", () =>
  withApp(async ({ json }) => {
    const { samples } = await json("/sample.json?n=2&seed=4&latents=true");
    const rows = samples.map(({ latent }: { latent: number[] }) => latent);
    const { outputs, ...rest } = await json(`${MODEL}/infer`, posted({ id: "a", inputs: [latent(rows)] }));
    assertEquals(rest, { model_name: TINY_RUN, model_version: "500", id: "a" });
    const [images, weights, gates] = outputs;
    assertEquals([images.name, images.shape, images.data.length], ["images", [2, 32, 32, 1], 2 * 32 * 32]);
    const near = (found: number[], expected: number[]) =>
      found.forEach((x, i) => assertAlmostEquals(x, expected[i], 2 * ROUNDING));
    near(weights.data, samples.flatMap(({ weights }: { weights: number[] }) => weights));
    near(gates.data, samples.flatMap(({ gates }: { gates: number[] }) => gates));
    const flat = { ...latent(rows), data: rows.flat() };
    const some = await json(`${MODEL}/infer`, posted({ inputs: [flat], outputs: [{ name: "weights" }] }));
    assertEquals([some.outputs.length, some.outputs[0].data], [1, weights.data]);
  }));

Deno.test("POST /v2/models/{name}/infer refuses what is no request of the protocol, and names the part", () =>
  withApp(async (app) => {
    const good = latent([[1, 2, 3, 4, 5, 6, 7, 8]]);
    const cases: [body: unknown, parameter: string | null, message: string][] = [
      ["{", null, "no JSON text"],
      ["[]", "body", "body is a list of 0, expected an object"],
      [{}, "inputs", "one input, latent"],
      [{ inputs: [good, good] }, "inputs", "one input, latent"],
      [{ inputs: [{ ...good, name: "z" }] }, "inputs.0.name", `inputs.0.name is "z", expected latent`],
      [{ inputs: [{ ...good, datatype: "FP64" }] }, "inputs.0.datatype", "expected FP32"],
      [{ inputs: [{ ...good, shape: [1, 7] }] }, "inputs.0.shape", "expected 8"],
      [{ inputs: [{ ...good, shape: [257, 8] }] }, "inputs.0.shape.0", "257, expected a whole number from 1 to 256"],
      [{ inputs: [{ ...good, shape: ["1", 8] }] }, "inputs.0.shape.0", "expected a whole number from 1 to 256"],
      [{ inputs: [{ ...good, shape: [1, 7.5] }] }, "inputs.0.shape.1", "7.5, expected a whole number"],
      [{ inputs: [[good]] }, "inputs.0", "expected an object"],
      [{ inputs: [good], outputs: "images" }, "outputs", "expected an array of outputs"],
      [{ inputs: [{ ...good, data: [1, 2] }] }, "inputs.0.data", "it has 2 numbers, expected 8"],
      [{ inputs: [{ ...good, data: [1, 2, 3, 4, 5, 6, 7, null] }] }, "inputs.0.data", "number 7 is null"],
      [
        { inputs: [{ ...good, data: [1, 2, 3, 4, 5, 6, 7, 1001] }] },
        "inputs.0.data",
        "expected a number from -1000 to 1000",
      ],
      [{ inputs: [good], outputs: [{ name: "z" }] }, "outputs.0.name", "one of images, weights, gates"],
    ];
    for (const [body, parameter, message] of cases) {
      const found = await refusal(app, body);
      assertEquals([found.status, found.parameter], [400, parameter], JSON.stringify(body));
      assertStringIncludes(found.message, message);
    }
    assertEquals((await app.refusal(`${MODEL}/infer`, posted({ inputs: [good] }, "text/plain"))).status, 415);
  }));

const refusal = ({ refusal }: ServedApp, body: unknown) => refusal(`${MODEL}/infer`, posted(body));
