/** Bodies of requests: read before a route runs, no larger and no slower than is allowed. */

import type { MiddlewareHandler } from "hono";
import type { Env } from "../env.ts";
import { RequestError } from "../errors.ts";

/** Largest body in bytes, unless told otherwise. */
export const MOST_BYTES = 1 << 20;
/** Longest time for a body to arrive, in ms. */
const PATIENCE = 10_000;

/** How large and slow bodies may be. */
export interface BodyOptions {
  /** In bytes. */
  readonly most?: number;
  /** In ms. */
  readonly patience?: number;
}

/** Answers 413 `too_large` and 408 `slow_body`; routes find the body in memory. */
export function body({ most = MOST_BYTES, patience = PATIENCE }: BodyOptions = {}): MiddlewareHandler<Env> {
  return async (c, next) => {
    const { raw } = c.req;
    if (raw.body !== null) {
      if (Number(c.req.header("content-length") ?? 0) > most) throw tooLarge(most);
      const bytes = await readBody(raw.body, { most, patience });
      c.req.raw = new Request(raw.url, { method: raw.method, headers: raw.headers, signal: raw.signal, body: bytes });
    }
    await next();
  };
}

async function readBody(stream: ReadableStream<Uint8Array>, { most, patience }: Required<BodyOptions>) {
  const reader = stream.getReader();
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    reader.cancel().catch(() => {});
  }, patience);
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      pieces.push(read.value as Uint8Array<ArrayBuffer>);
      size += read.value.length;
      if (size > most) break;
    }
  } catch {
    throw new RequestError(400, "broken_body", "Cannot read the body: it ended before all of it was there");
  } finally {
    clearTimeout(timer);
  }
  if (late) {
    const message = `Cannot read the body: it was not there after ${patience / 1000} s, expected all of it`;
    throw new RequestError(408, "slow_body", message);
  }
  if (size <= most) return new Blob(pieces).bytes();
  reader.cancel().catch(() => {});
  throw tooLarge(most);
}

function tooLarge(most: number): RequestError {
  return new RequestError(413, "too_large", `Cannot read the body: it is too large, expected at most ${most} bytes`);
}
