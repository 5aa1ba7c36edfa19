/** What every handler of the server finds in its context. */

/** Variables of a request (`c.var`), set before any route runs. */
export interface Env {
  Variables: {
    /** Of the request and its answer: in the header `x-request-id`, in the access log, in reports of failures. */
    requestId: string;
    /** Aborted when the client goes or the deadline passes; its reason is then what is answered. */
    signal: AbortSignal;
  };
}
