/** jax-js, where its package is in Deno's cache: `jax_js.ts` as a process with its own permissions. */

import type { Training } from "../training.ts";
import { Peer, PeerError } from "./process.ts";

/** What jax-js takes; times in ms. */
export interface JaxResult {
  version: string;
  /** Of the calls that compile, one a step. */
  firstCriticMs: number;
  firstGeneratorMs: number | null;
  criticMs: number | null;
  generatorMs: number | null;
  /** Five critic steps and one generator step; where the deadline passed, what they take at least. */
  iterationMs: number;
  complete: boolean;
  note: string;
}

/** The package that is measured. */
export const JAX_PACKAGE = "npm:@jax-js/jax@0.1.25";

const SCRIPT = new URL("jax_js.ts", import.meta.url);
const NOTE = "times only: its WebGPU back end gets some weight gradients of strided convolutions wrong";

type Steps = Partial<Record<Report["done"], number>>;

/** A line that the process prints when something is done. */
interface Report {
  done: "start" | "firstCritic" | "critic" | "firstGenerator" | "generator";
  ms: number;
}

/**
 * Measures one iteration by its steps, within a deadline for everything.
 *
 * @throws {PeerError} If the package is not there, or fails
 */
export async function jaxIteration(training: Training, deadlineMs: number): Promise<JaxResult> {
  const peer = Peer.start({
    program: Deno.execPath(),
    args: [
      ...["run", "--quiet", "--no-prompt", "--no-lock", "--no-config", "--cached-only", "--allow-env", "--allow-read"],
      ...[SCRIPT.pathname, JAX_PACKAGE, JSON.stringify(training)],
    ],
    env: { NO_COLOR: "1" },
  });
  const end = performance.now() + deadlineMs;
  const ms: Steps = {};
  let last = performance.now();
  try {
    while (ms.generator === undefined) {
      const report = await peer.answer<Report>(Math.max(0, end - performance.now()));
      ms[report.done] = report.ms;
      last = performance.now();
    }
  } catch (error) {
    if (!(error instanceof PeerError) || performance.now() < end) throw notThere(error);
  } finally {
    await peer.close();
  }
  return resultOf(ms, performance.now() - last);
}

/**
 * What is known of an iteration.
 *
 * @param waited Milliseconds since the last step that is known, which the next one takes at least
 * @throws {PeerError} If nothing is known: not even the first step ended
 */
export function resultOf({ firstCritic, critic, firstGenerator, generator }: Steps, waited: number): JaxResult {
  if (firstCritic === undefined) {
    throw new PeerError("Cannot tell what jax-js takes: its first step, which compiles, missed the deadline");
  }
  const generatorAtLeast = generator ?? (firstGenerator === undefined ? 0 : waited);
  return {
    version: JAX_PACKAGE.split("@").at(-1)!,
    firstCriticMs: firstCritic,
    firstGeneratorMs: firstGenerator ?? null,
    criticMs: critic ?? null,
    generatorMs: generator ?? null,
    iterationMs: 5 * (critic ?? waited) + (critic === undefined ? 0 : generatorAtLeast),
    complete: generator !== undefined,
    note: NOTE,
  };
}

function notThere(error: unknown): unknown {
  if (!(error instanceof PeerError) || !/failed loading|could not find|not found/i.test(error.message)) return error;
  return new PeerError(
    `Cannot use jax-js: it is not in Deno's cache, put it there with: deno cache --no-lock --no-config ${JAX_PACKAGE}`,
  );
}
