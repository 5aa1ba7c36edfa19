/** One line for every answer. */

import type { MiddlewareHandler } from "hono";
import type { Env } from "../env.ts";

/** What a line says; the query and headers, which may hold secrets, are not in it. */
export interface AccessLine {
  /** When the answer began, as ISO 8601. */
  time: string;
  requestId: string;
  /** Address of the client. */
  client: string;
  method: string;
  path: string;
  status: number;
  /** From the request to the beginning of the answer. */
  ms: number;
}

const MOST_PATH = 256; // characters

/** Writes a JSON object for every answer. */
export function accessLog(write: (line: string) => void): MiddlewareHandler<Env> {
  return async (c, next) => {
    const start = performance.now();
    await next();
    const line: AccessLine = {
      time: new Date().toISOString(),
      requestId: c.get("requestId"),
      client: c.env?.client ?? "",
      method: c.req.method,
      path: c.req.path.slice(0, MOST_PATH),
      status: c.res.status,
      ms: Math.round((performance.now() - start) * 100) / 100,
    };
    write(JSON.stringify(line));
  };
}
