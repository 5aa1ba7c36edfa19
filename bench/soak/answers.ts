/** Sends requests and judges the answers: whole, of the right kind, never a failure of the server. */

import type { Ask } from "./requests.ts";

/** What became of a request. */
export type Outcome =
  | { kind: "whole"; status: number }
  /** Refused for a while, as a server with a full queue does, and one that ends. */
  | { kind: "busy" }
  /** The connection ended before an answer, or the client went away. */
  | { kind: "none" }
  /** What must not be. */
  | { kind: "wrong"; why: string };

const PNG_END = [0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82]; // "IEND" and its check sum
const DROP_AFTER = 3; // ms
const PATIENCE = 30_000; // ms for an answer

/** Sends a request and judges what comes back. */
export async function judge(base: string, ask: Ask): Promise<Outcome> {
  const { method = "GET", headers, body, expect } = ask;
  const signal = AbortSignal.timeout(expect === "dropped" ? DROP_AFTER : PATIENCE);
  let response: Response, bytes: Uint8Array;
  try {
    response = await fetch(base + ask.path, { method, headers, body, signal });
    bytes = new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    const hung = signal.aborted && expect !== "dropped";
    return hung ? wrong(ask, `no answer in ${PATIENCE / 1000} s: ${error}`) : { kind: "none" };
  }
  const { status } = response;
  const ending = (json(bytes)?.error as Record<string, unknown> | undefined)?.code === "ending";
  if (status === 503 && (response.headers.has("retry-after") || ending)) return { kind: "busy" };
  if (status >= 500) return wrong(ask, `status ${status}: ${new TextDecoder().decode(bytes).slice(0, 300)}`);
  if (expect === "refused" ? !(status >= 400) : expect === "ok" && status !== 200 && status !== 304) {
    return wrong(ask, `status ${status}, ${expect}: ${new TextDecoder().decode(bytes).slice(0, 300)}`);
  }
  const broken = status === 304 ? undefined : flaw(status, response.headers.get("content-type") ?? "", bytes);
  return broken === undefined ? { kind: "whole", status } : wrong(ask, broken);
}

/** Why a body is not what its status and type say; nothing if it is. */
function flaw(status: number, type: string, bytes: Uint8Array): string | undefined {
  if (status >= 400) {
    const error = json(bytes)?.error as Record<string, unknown> | undefined;
    const shaped = typeof error?.code === "string" && typeof error.message === "string" && "parameter" in error;
    if (!shaped) {
      return `a refusal without code, message and parameter: ${new TextDecoder().decode(bytes).slice(0, 300)}`;
    }
    if (/\bat .+:\d+:\d+/.test(error.message as string)) return `a refusal with a stack trace: ${error.message}`;
    return;
  }
  if (type.startsWith("image/png") && !PNG_END.every((byte, i) => bytes.at(i - PNG_END.length) === byte)) {
    return `a PNG file of ${bytes.length} bytes without its end`;
  }
  if (type.startsWith("application/json") && json(bytes) === undefined) return `JSON that cannot be read`;
}

function json(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

function wrong({ method = "GET", path, body }: Ask, why: string): Outcome {
  return { kind: "wrong", why: `${method} ${path.slice(0, 120)} ${body?.slice(0, 80) ?? ""}: ${why}` };
}
