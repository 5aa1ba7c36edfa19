/** A name for every request, by which log, reports and client speak of it. */

import type { MiddlewareHandler } from "hono";
import type { Env } from "../env.ts";

/** Header of a request's id, both ways. */
export const ID_HEADER = "x-request-id";
const SANE = /^[\w.:=+/-]{1,128}$/;

/** Takes the id of the client or of a proxy over where it is sane, makes one otherwise; answers with it. */
export function requestId(): MiddlewareHandler<Env> {
  return async (c, next) => {
    const given = c.req.header(ID_HEADER);
    const id = given !== undefined && SANE.test(given) ? given : crypto.randomUUID();
    c.set("requestId", id);
    await next();
    c.res.headers.set(ID_HEADER, id);
  };
}
