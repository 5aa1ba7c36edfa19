import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { openDevice } from "../../core/gpu/device.ts";
import { checkpointName, RunError } from "../../core/sampling/run.ts";
import { writeWhole } from "../../core/sampling/write.ts";
import type { RequestError } from "../../server/errors.ts";
import { openRegistry, type Registry, type RegistryOptions } from "../../server/registry.ts";
import { TINY_RUN, writeTinyRun } from "../sampling/tiny_run.ts";

interface Place {
  readonly runs: string;
  readonly folder: string;
  readonly failures: unknown[];
  open(served?: { run: string } | { runs: string }, options?: RegistryOptions): Promise<Registry>;
  /** Writes a checkpoint with an average picture of another brightness for every iteration. */
  write(iteration: number): Promise<string>;
}

async function inPlace(test: (place: Place) => Promise<void>): Promise<void> {
  const runs = await Deno.makeTempDir();
  const device = await openDevice();
  const open: Registry[] = [];
  const failures: unknown[] = [];
  const folder = `${runs}/${TINY_RUN}`;
  try {
    await test({
      runs,
      folder,
      failures,
      async open(served = { run: folder }, options = {}) {
        const report = (error: unknown) => failures.push(error);
        const registry = await openRegistry(device, served, { lookEvery: 0, report, ...options });
        open.push(registry);
        return registry;
      },
      write: (iteration) =>
        writeTinyRun(device, runs, {
          iteration,
          change: (tensors) => {
            const gates = tensors["ema/head/gates/bias"].data;
            gates[0] = iteration / 1000; // other weights of paths
          },
        }),
    });
    for (const registry of open) await registry.close();
    const { bytes } = device;
    assertEquals(bytes, 0, "memory on the GPU that nobody uses");
  } finally {
    await device.destroy();
    await Deno.remove(runs, { recursive: true });
  }
}

const iterationOf = (registry: Registry, run?: string) =>
  registry.use(run, ({ iteration }) => Promise.resolve(iteration));

const codeOf = async (asked: Promise<unknown>) => {
  const { status, code, parameter, headers } = (await asked.then(() => null, (error) => error)) as RequestError;
  return [status, code, parameter, "retry-after" in headers];
};

Deno.test("openRegistry() serves a run, a checkpoint file alone or in its run, and a folder of runs", () =>
  inPlace(async ({ open, write, runs, folder }) => {
    const first = await write(500);
    await write(600);
    assertEquals(await iterationOf(await open()), 600);
    const pinned = await open({ run: first });
    assertEquals([pinned.names(), await iterationOf(pinned)], [[TINY_RUN], 500]);
    assertEquals((await pinned.find(undefined)).folder, folder);
    const many = await open({ runs });
    assertEquals([many.names(), many.models().length], [[TINY_RUN], 0]);
    assertEquals(await iterationOf(many), 600);
    await Deno.copyFile(first, `${runs}/alone.safetensors`);
    const alone = await open({ run: `${runs}/alone.safetensors` });
    assertEquals([alone.names(), (await alone.find(undefined)).folder], [["alone.safetensors"], null]);
  }));

Deno.test("openRegistry() refuses folders that are not there and checkpoint files that cannot be used", () =>
  inPlace(async ({ open, runs }) => {
    await assertRejects(() => open({ runs: `${runs}/none` }), RunError, "there is no such folder");
    await assertRejects(() => open({ run: `${runs}/none` }), RunError, "Cannot find run");
    await assertRejects(() => open({ run: `${runs}/none.safetensors` }), RunError, "there is no such file");
  }));

Deno.test("Registry.use() tells unknown runs, runs without a name and runs without a checkpoint apart", () =>
  inPlace(async ({ open, write, runs, folder }) => {
    await Deno.mkdir(folder);
    const registry = await open({ runs });
    assertEquals(await codeOf(iterationOf(registry)), [503, "no_checkpoint", "run", true]);
    await write(500);
    assertEquals(await iterationOf(registry), 500);
    await Deno.mkdir(`${runs}/00001-fashionmnist-mog-tiny`);
    await registry.refresh();
    assertEquals(await codeOf(iterationOf(registry)), [400, "run_needed", "run", false]);
    assertEquals(await codeOf(iterationOf(registry, "00001-fashionmnist-mog-tiny")), [
      503,
      "no_checkpoint",
      "run",
      true,
    ]);
    for (const name of ["x", "..", `../${TINY_RUN}`, `${TINY_RUN}/.`, "/etc", "", "__proto__", "a".repeat(10_000)]) {
      assertEquals(await codeOf(iterationOf(registry, name)), [404, "unknown_run", "run", false], name.slice(0, 40));
    }
    const { message } = await iterationOf(registry, "fashionmnist-hmog-tiny").catch((error) => error);
    assertStringIncludes(message, `the nearest is ${TINY_RUN}`);
    await Deno.remove(folder, { recursive: true });
    await registry.refresh();
    assertEquals(registry.names(), ["00001-fashionmnist-mog-tiny"]);
  }));

Deno.test("Registry swaps checkpoints under concurrent requests: none fails, each is answered by one model", () =>
  inPlace(async ({ open, write, folder, failures }) => {
    await write(100);
    const registry = await open({ run: folder }, { lookEvery: 10 });
    const seen = new Map<number, string>();
    let asking = true;
    const ask = async () => {
      while (asking) {
        const [iteration, weights] = await registry.use(undefined, async ({ iteration, sampler }) => {
          const { samples } = await sampler.sample({ n: 2, seed: 3 });
          return [iteration, JSON.stringify(samples)] as const;
        });
        assertEquals(seen.get(iteration) ?? weights, weights, "an iteration is one model");
        seen.set(iteration, weights);
      }
    };
    const asked = Promise.all(Array.from({ length: 8 }, ask));
    for (const iteration of [200, 300, 400]) {
      await write(iteration);
      await writeWhole(`${folder}/${checkpointName(iteration + 50)}`, [new Uint8Array(1000)]); // a damaged one, newer
      while (!seen.has(iteration)) await new Promise((resolve) => setTimeout(resolve, 10));
    }
    asking = false;
    await asked;
    assertEquals([...seen.keys()].sort(), [100, 200, 300, 400]);
    assertEquals(new Set(seen.values()).size, 4, "checkpoints differ");
    assertEquals(failures.length, 3, "every damaged file is told of once");
    assertEquals(registry.models().length, 1);
  }));

Deno.test("Registry keeps a model open for those who use it, and takes a file that was written anew", () =>
  inPlace(async ({ open, write }) => {
    const path = await write(100);
    const registry = await open();
    const gate = Promise.withResolvers<void>();
    const using = registry.use(undefined, async ({ sampler }) => {
      await gate.promise;
      return (await sampler.sample({ n: 1, seed: 1 })).samples[0].gates;
    });
    await new Promise((resolve) => setTimeout(resolve, 10)); // the time of the file is another one
    await Deno.remove(path);
    await write(100);
    const [before] = registry.models();
    await registry.refresh();
    assertEquals(registry.models()[0] === before, false);
    gate.resolve();
    const again = registry.use(
      undefined,
      async ({ sampler }) => (await sampler.sample({ n: 1, seed: 1 })).samples[0].gates,
    );
    assertEquals(await using, await again);
  }));

Deno.test("Registry keeps three models open: those that were asked for last", () =>
  inPlace(async ({ open, write, runs, folder }) => {
    await write(500);
    const names = Array.from({ length: 4 }, (_, i) => `0000${i + 1}-fashionmnist-hmog-tiny`);
    for (const name of names) {
      await Deno.mkdir(`${runs}/${name}`);
      await Deno.copyFile(`${folder}/${checkpointName(500)}`, `${runs}/${name}/${checkpointName(500)}`);
    }
    const registry = await open({ runs });
    for (const name of names) assertEquals(await iterationOf(registry, name), 500);
    await registry.refresh();
    assertEquals(registry.models().map(({ run }) => run), names.slice(1));
    assertEquals(await iterationOf(registry, names[0]), 500);
  }));
