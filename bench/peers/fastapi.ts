/** A plain server of samples in FastAPI and PyTorch: `fastapi_server.py` as a process. */

import { fromFileUrl } from "@std/path";
import { Peer, PeerError } from "./process.ts";

/** What is served: a checkpoint of a tree with the sizes of a preset. */
export interface FastapiModel {
  readonly checkpoint: string;
  readonly preset: string;
  /** Of the gates. */
  readonly temperature: number;
}

/** The server, once it listens. */
export interface FastapiServer {
  /** Versions, threads and encoder. */
  readonly about: string;
  readonly url: string;
  close(): Promise<void>;
}

const SCRIPT = fromFileUrl(new URL("fastapi_server.py", import.meta.url));
const PYTHONS = ["python3", "python", "/usr/bin/python3"]; // the system's own may have what another one hides
/**
 * One thread for products: an `async` handler works at one request at a time, and threads that spin while they wait for each
 * other took a hundred times as long where wrk had the other core.
 */
const ENVIRONMENT = { OMP_WAIT_POLICY: "PASSIVE", OPENBLAS_NUM_THREADS: "1" };
const START_MS = 60_000;

/**
 * Starts the server.
 *
 * @param python The Python to use; the first that has all it needs unless given
 * @throws {PeerError} If none has it, or the checkpoint is of another model
 */
export async function startFastapi(model: FastapiModel, python: string | null): Promise<FastapiServer> {
  const { checkpoint, preset, temperature } = model;
  const args = [SCRIPT, "--checkpoint", checkpoint, "--preset", preset, "--temperature", String(temperature)];
  const reasons: string[] = [];
  for (const program of python === null ? PYTHONS : [python]) {
    try {
      const peer = Peer.start({ program, args, env: ENVIRONMENT });
      return { ...await peer.answer<{ about: string; url: string }>(START_MS), close: () => peer.close() };
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      reasons.push(`${program}: ${error.message}`);
    }
  }
  throw new PeerError(`Cannot use FastAPI: no Python has it (${reasons.join("; ")})`);
}
