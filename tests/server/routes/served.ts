/** Routes over an untrained `tiny` generator, a tree with leaves 0 to 3, as functions: no port. */

import { OpenAPIHono } from "@hono/zod-openapi";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { openDevice } from "../../../core/gpu/device.ts";
import type { ModelOptions } from "../../../core/models/presets.ts";
import type { Env } from "../../../server/env.ts";
import { refuse, RequestError } from "../../../server/errors.ts";
import { openRegistry, type Registry } from "../../../server/registry.ts";
import { type Change, TINY_RUN, writeTinyRun } from "../../sampling/tiny_run.ts";

/** Some routes, and the registry behind them. */
export interface Served {
  registry: Registry;
  get(path: string, init?: RequestInit): Promise<Response>;
  /** Posts JSON. */
  post(path: string, body: unknown, init?: RequestInit): Promise<Response>;
  /** What JSON says that is got. */
  // deno-lint-ignore no-explicit-any
  json(path: string): Promise<any>;
  /** Status and error of a request that is refused. */
  refusal(path: string, init?: RequestInit): Promise<Refusal>;
}

/** A request that was refused. */
export interface Refusal {
  status: number;
  code: string;
  message: string;
  parameter: string | null;
}

/** What is served: other tensors or another model than those of the `tiny` tree, and options of its run. */
export interface ServedOptions {
  change?: Change;
  options?: Partial<ModelOptions>;
  run?: Record<string, unknown>;
  /** Parts of the failures that are to be reported, in order. */
  failures?: readonly string[];
}

/** Runs a test with routes of a run. No answer may be a 500. */
export async function withServed(
  routes: (registry: Registry) => OpenAPIHono<Env>,
  test: (served: Served) => Promise<void>,
  { change, options, run, failures: expected = [] }: ServedOptions = {},
): Promise<void> {
  const runs = await Deno.makeTempDir();
  const device = await openDevice();
  try {
    await writeTinyRun(device, runs, { change, options, run });
    const failures: unknown[] = [];
    const registry = await openRegistry(device, { run: `${runs}/${TINY_RUN}` }, {
      lookEvery: 0,
      report: (error) => failures.push(error),
    });
    await test(clientOf(registry, routes(registry), failures));
    await registry.close();
    assertEquals(failures.length, expected.length, failures.join("\n"));
    expected.forEach((part, i) => assertStringIncludes(String(failures[i]), part));
  } finally {
    await device.destroy();
    await Deno.remove(runs, { recursive: true });
  }
}

function clientOf(registry: Registry, routes: OpenAPIHono<Env>, failures: unknown[]): Served {
  const app = new OpenAPIHono<Env>();
  app.use(async (c, next) => {
    c.set("signal", c.req.raw.signal);
    await next();
  });
  app.route("/", routes);
  app.onError((error, c) => {
    if (error instanceof RequestError) return refuse(c, error);
    failures.push(error);
    return c.text("", 500);
  });
  const get = async (path: string, init?: RequestInit) => await app.request(`http://localhost${path}`, init);
  return {
    registry,
    get,
    post: (path, body, init) =>
      get(path, {
        method: "POST",
        body: typeof body === "string" ? body : JSON.stringify(body),
        headers: { "content-type": "application/json" },
        ...init,
      }),
    json: async (path) => await (await get(path)).json(),
    refusal: async (path, init) => await refusalOf(await get(path, init)),
  };
}

/** Status and error of an answer that refuses. */
export async function refusalOf(response: Response): Promise<Refusal> {
  assertStringIncludes(response.headers.get("content-type") ?? "", "application/json");
  const { error, ...rest } = await response.json();
  assertEquals([Object.keys(error), rest], [["code", "message", "parameter"], {}]);
  return { status: response.status, ...error };
}
