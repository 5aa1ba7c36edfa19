/** The whole app over an untrained `tiny` generator, a tree with leaves 0 to 3, as a function: no port. */

import { assertEquals } from "@std/assert";
import { type Device, openDevice } from "../../core/gpu/device.ts";
import { type AppOptions, createApp } from "../../server/app.ts";
import { openRegistry, type Registry, type RegistryOptions } from "../../server/registry.ts";
import { type Change, TINY_RUN, writeTinyRun } from "../sampling/tiny_run.ts";
import { type Refusal, refusalOf } from "./routes/served.ts";

/** An app, its registry, and the folder that its run is in. */
export interface ServedApp {
  readonly registry: Registry;
  readonly device: Device;
  readonly runs: string;
  get(path: string, init?: RequestInit, client?: string): Promise<Response>;
  // deno-lint-ignore no-explicit-any
  json(path: string, init?: RequestInit): Promise<any>;
  refusal(path: string, init?: RequestInit): Promise<Refusal>;
}

/** How the app is made, and what its run is. */
export interface ServedAppOptions {
  readonly app?: AppOptions;
  readonly registry?: RegistryOptions;
  /** Options of the run beside those of its model. */
  readonly run?: Record<string, unknown>;
  readonly change?: Change;
  /** Serves the folder that the run is in. */
  readonly folder?: boolean;
  /** Number of failures that the app may report. */
  readonly failures?: number;
}

/** Runs a test with an app. What fails on the server's side fails the test. */
export async function withApp(
  test: (served: ServedApp) => Promise<void>,
  { app: options = {}, registry: registryOptions = {}, run, change, folder = false, failures = 0 }: ServedAppOptions =
    {},
): Promise<void> {
  const runs = await Deno.makeTempDir();
  const device = await openDevice();
  const failed: unknown[] = [];
  const report = (error: unknown) => failed.push(error);
  try {
    await writeTinyRun(device, runs, { change, run });
    const served = folder ? { runs } : { run: `${runs}/${TINY_RUN}` };
    const registry = await openRegistry(device, served, { lookEvery: 0, report, ...registryOptions });
    const app = createApp(registry, { report, ...options });
    const get = async (path: string, init?: RequestInit, client?: string) =>
      await app(new Request(`http://localhost${path}`, init), client);
    await test({
      registry,
      device,
      runs,
      get,
      json: async (path, init) => await (await get(path, init)).json(),
      refusal: async (path, init) => await refusalOf(await get(path, init)),
    });
    await registry.close();
    assertEquals(failed.length, failures, `${failed}`);
  } finally {
    await device.destroy();
    await Deno.remove(runs, { recursive: true });
  }
}
