/** Who may ask: whoever knows the token. */

import { createHash, timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import type { Env } from "../env.ts";
import { RequestError } from "../errors.ts";

/** What anybody may ask, so that what watches a server needs no secret. */
const OPEN = /^\/(health|v2\/health\/(live|ready))$/;
/**
 * How it can be sent. `Basic` makes a browser ask its user, then send the token with all that the page asks for; it comes
 * first, since Chromium reads no other.
 */
const HEADERS = {
  "www-authenticate": `Basic realm="hmog: any name, the token as password", charset="UTF-8", Bearer realm="hmog"`,
};

/**
 * Answers 401 `unauthorized` without `Authorization: Bearer TOKEN`, or the token as password of `Basic`, as browsers send it.
 * Digests are compared, in a time that says nothing of them, so neither the length of the token nor how much of it was right
 * can be measured. What only some may ask is kept by no cache that others share.
 */
export function token(secret: string): MiddlewareHandler<Env> {
  const expected = digest(secret);
  return async (c, next) => {
    if (!OPEN.test(c.req.path)) {
      const given = tokenIn(c.req.header("authorization") ?? "");
      if (given === undefined || !timingSafeEqual(digest(given), expected)) throw unauthorized(given);
    }
    await next();
    const kept = c.res.headers.get("cache-control");
    if (kept?.startsWith("public")) c.res.headers.set("cache-control", kept.replace("public", "private"));
  };
}

function tokenIn(authorization: string): string | undefined {
  const [, scheme = "", credentials = ""] = /^(\w+) +(\S+)$/.exec(authorization) ?? [];
  if (scheme.toLowerCase() === "bearer") return credentials;
  if (scheme.toLowerCase() === "basic") return passwordIn(credentials);
}

/** The password in `base64(name:password)`. */
function passwordIn(credentials: string): string | undefined {
  try {
    return /^[^:]*:(.*)$/s.exec(new TextDecoder().decode(Uint8Array.fromBase64(credentials)))?.[1];
  } catch {
    return undefined; // no base64
  }
}

function unauthorized(given: string | undefined): RequestError {
  const found = given === undefined ? "no token was given" : "the token is another one";
  const message = `Cannot answer: ${found}, expected the server's as "Authorization: Bearer TOKEN"`;
  return new RequestError(401, "unauthorized", message, "authorization", HEADERS);
}

const digest = (text: string): Uint8Array => createHash("sha256").update(text).digest();
