/** What answers tell browsers: what the page may load, and which other pages may read answers. */

import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { secureHeaders } from "hono/secure-headers";
import type { Env } from "../env.ts";

const SELF = "'self'";
const NONE = "'none'";
const READABLE = ["etag", "retry-after", "x-hmog-seed", "x-request-id"];
const PREFLIGHT_AGE = 600; // s

/** Headers that keep a browser from loading or running what is not ours. The server speaks HTTP: no word on HTTPS. */
export function securityHeaders(shared: boolean): MiddlewareHandler<Env> {
  return secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: [SELF],
      imgSrc: [SELF, "data:", "blob:"],
      objectSrc: [NONE],
      baseUri: [NONE],
      formAction: [NONE],
      frameAncestors: [NONE],
    },
    crossOriginResourcePolicy: shared ? "cross-origin" : "same-origin",
    strictTransportSecurity: false,
    xDownloadOptions: false,
    xPermittedCrossDomainPolicies: false,
    xDnsPrefetchControl: false,
    xFrameOptions: "DENY",
  });
}

/** Lets pages of some origins (`*`: all) read answers, and answers what their browsers ask before. */
export function sharedWith(origins: readonly string[]): MiddlewareHandler<Env> {
  const share = cors({
    origin: origins.includes("*") ? "*" : [...origins],
    allowMethods: ["GET", "HEAD", "POST"],
    allowHeaders: ["authorization", "content-type", "x-request-id", "last-event-id"],
    exposeHeaders: READABLE,
    maxAge: PREFLIGHT_AGE,
  });
  return async (c, next) => {
    if (c.req.header("origin") !== undefined) return await share(c, next);
    await next();
    c.res.headers.append("vary", "Origin"); // what is kept for this one would not do for a page of another origin
  };
}
