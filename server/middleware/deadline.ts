/** How long a request may take. */

import type { MiddlewareHandler } from "hono";
import type { Env } from "../env.ts";
import { RequestError } from "../errors.ts";

const CLIENT_GONE = 499; // what proxies log for it; nobody reads the answer

/**
 * Gives every request a signal that is aborted when the client goes or `ms` have passed without an answer, which is then 504
 * `deadline`. What streams has begun to answer, and may go on.
 */
export function deadline(ms: number): MiddlewareHandler<Env> {
  return async (c, next) => {
    const over = new AbortController();
    c.set("signal", over.signal);
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    over.signal.addEventListener("abort", () => reject(over.signal.reason));
    aborted.catch(() => {}); // after the answer nobody waits for it
    const client = c.req.raw.signal;
    const gone = () =>
      over.abort(new RequestError(CLIENT_GONE as 500, "client_gone", "Cannot answer: the client has gone"));
    if (client.aborted) gone();
    client.addEventListener("abort", gone, { once: true });
    const timer = setTimeout(() => over.abort(late(ms)), ms);
    try {
      await Promise.race([next(), aborted]);
    } finally {
      clearTimeout(timer);
    }
  };
}

function late(ms: number): RequestError {
  return new RequestError(
    504,
    "deadline",
    `Cannot answer in time: ${ms / 1000} s have passed, expected an answer before; ask for less or come again later`,
  );
}
