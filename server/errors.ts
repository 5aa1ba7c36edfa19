/** The one shape of every error that is answered: `{ error: { code, message, parameter } }`. */

import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";

/** What went wrong, for programs (`code`) and people (`message`); `parameter` is null where none is to blame. */
export interface ErrorBody {
  error: { code: string; message: string; parameter: string | null };
}

/** A request that is refused. */
export class RequestError extends Error {
  override name = "RequestError";

  constructor(
    readonly status: ContentfulStatusCode,
    readonly code: string,
    message: string,
    readonly parameter: string | null = null,
    /** Go out with the answer, such as `retry-after`. */
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }

  /** What is answered. */
  get body(): ErrorBody {
    const { code, message, parameter } = this;
    return { error: { code, message, parameter } };
  }
}

/** The answer to a request that is refused. */
export function refuse(c: Context, error: RequestError): Response {
  return c.json(error.body, error.status, error.headers);
}
