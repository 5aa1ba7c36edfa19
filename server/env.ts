/** What every handler of the server finds in its context. */

/** Types of a handler's context. */
export interface Env {
  /** What the listener knows beside the request (`c.env`); not there where the app is called as a function. */
  Bindings: {
    /** Address of the client. */
    client: string;
  };
  /** Variables of a request (`c.var`), set before any route runs. */
  Variables: {
    /** Of the request and its answer: in the header `x-request-id`, in the access log, in reports of failures. */
    requestId: string;
    /** Aborted when the client goes or the deadline passes; its reason is then what is answered. */
    signal: AbortSignal;
  };
}
