/** jax-js, where its package is in Deno's cache: `jax_js.ts` as a process with its own permissions. */

import type { Training } from "../training.ts";
import { Peer, PeerError } from "./process.ts";

/** What jax-js takes; times in ms. */
export interface JaxResult {
  version: string;
  /** Of the calls that compile, one a step. */
  firstCriticMs: number | null;
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
  });
  const end = performance.now() + deadlineMs;
  const ms: Partial<Record<Report["done"], number>> = {};
  try {
    while (ms.generator === undefined) {
      const report = await peer.answer<Report>(Math.max(0, end - performance.now()));
      ms[report.done] = report.ms;
    }
  } catch (error) {
    if (!(error instanceof PeerError) || ms.start === undefined || !error.message.startsWith("Cannot wait")) {
      throw notThere(error);
    }
  } finally {
    await peer.close();
  }
  return resultOf(ms, deadlineMs);
}

/** What is known of an iteration. */
export function resultOf(ms: Partial<Record<Report["done"], number>>, deadlineMs: number): JaxResult {
  const { firstCritic, critic, firstGenerator, generator } = ms;
  const complete = critic !== undefined && generator !== undefined;
  // What is not known counts as nothing; where not even one critic step ended, the deadline stands for it.
  const iterationMs = critic === undefined ? deadlineMs : 5 * critic + (generator ?? 0);
  return {
    version: JAX_PACKAGE.split("@").at(-1)!,
    firstCriticMs: firstCritic ?? null,
    firstGeneratorMs: firstGenerator ?? null,
    criticMs: critic ?? null,
    generatorMs: generator ?? null,
    iterationMs,
    complete,
    note: NOTE,
  };
}

function notThere(error: unknown): unknown {
  if (!(error instanceof PeerError) || !/cache|not found/i.test(error.message)) return error;
  return new PeerError(`Cannot use jax-js: it is not in Deno's cache, put it there with: deno cache ${JAX_PACKAGE}`);
}
