/** One middleware in front of a trivial route, as a function. */

import { Hono, type MiddlewareHandler } from "hono";
import type { Env } from "../../../server/env.ts";
import { refuse, type RequestError } from "../../../server/errors.ts";

/** What answers a request from an address. */
export type Ask = (path: string, init?: RequestInit, client?: string) => Promise<Response>;

/** `handler` answers every path; `ok` unless given. */
export function behind(
  middleware: MiddlewareHandler<Env>,
  handler: MiddlewareHandler<Env> = (c) => Promise.resolve(c.text("ok")),
): Ask {
  const app = new Hono<Env>();
  app.use(middleware);
  app.all("*", handler);
  app.onError((error, c) => refuse(c, error as RequestError));
  return async (path, init, client = "") => await app.fetch(new Request(`http://localhost${path}`, init), { client });
}
