/** Who may ask: whoever knows the token. */

import { createHash, timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import type { Env } from "../env.ts";
import { RequestError } from "../errors.ts";

/** What anybody may ask, so that what watches a server needs no secret. */
const OPEN = /^\/(health|v2\/health\/(live|ready))$/;
const HEADERS = { "www-authenticate": `Bearer realm="hmog"` };

/**
 * Answers 401 `unauthorized` without `Authorization: Bearer TOKEN`. Digests are compared, in a time that says nothing of
 * them, so neither the length of the token nor how much of it was right can be measured.
 */
export function token(secret: string): MiddlewareHandler<Env> {
  const expected = digest(secret);
  return async (c, next) => {
    if (!OPEN.test(c.req.path)) {
      const given = /^bearer +(\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1];
      if (given === undefined || !timingSafeEqual(digest(given), expected)) {
        const found = given === undefined ? "no token was given" : "the token is another one";
        const message = `Cannot answer: ${found}, expected the server's as "Authorization: Bearer TOKEN"`;
        throw new RequestError(401, "unauthorized", message, "authorization", HEADERS);
      }
    }
    await next();
  };
}

const digest = (text: string): Uint8Array => createHash("sha256").update(text).digest();
