/** PyTorch, where a Python has it: `hmog_torch.py` as a process that answers requests. */

import { Peer, PeerError } from "./process.ts";

/** What is installed. */
export interface TorchInfo {
  torch: string;
  python: string;
  device: string;
  /** Of each preset. */
  parameters: Record<string, { generator: number; critic: number }>;
}

/** Variants of the step; targets are about the faster of the first two. */
export const TORCH_VARIANTS = ["eager", "one-thread", "published-head", "tf32", "compile"];

/** What is asked for. */
export interface TorchRequest {
  preset: string;
  batch: number;
  variant: string;
  iterations: number;
}

/** Milliseconds of an iteration and the last losses, or why there are none. */
export type TorchAnswer = { ms: number; criticLoss: number; generatorLoss: number } | { refused: string };

const SCRIPT = new URL("hmog_torch.py", import.meta.url);
const PYTHONS = ["python3", "python", "/usr/bin/python3"]; // the system's own may have what another one hides
// Threads that spin while they wait for each other take 10 times as long on a machine that has anything else to do.
const ENVIRONMENT = { OMP_WAIT_POLICY: "PASSIVE" };
const START_MS = 60_000;

/**
 * Starts PyTorch.
 *
 * @param python The Python to use; the first that has PyTorch unless given
 * @throws {PeerError} If none has it
 */
export async function startTorch(python: string | null): Promise<{ peer: Peer; info: TorchInfo }> {
  const pythons = python === null ? PYTHONS : [python];
  const reasons: string[] = [];
  for (const program of pythons) {
    try {
      const peer = Peer.start({ program, args: [SCRIPT.pathname, "--serve"], env: ENVIRONMENT });
      return { peer, info: await peer.answer<TorchInfo>(START_MS) };
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      reasons.push(`${program}: ${error.message}`);
    }
  }
  throw new PeerError(`Cannot use PyTorch: no Python has it (${reasons.join("; ")})`);
}
