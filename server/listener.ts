/**
 * An app on a port. `node:http` stands in front, since it has what `Deno.serve` has not: a time within which headers and
 * bodies must have arrived, and a say in what is answered to a client whose request never becomes one.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http";
import { Readable } from "node:stream";
import type { App } from "./app.ts";
import { type ErrorBody, RequestError } from "./errors.ts";

/** Most bytes of the request line and headers together. */
const MOST_HEADERS = 16 << 10;
/** Within which they must have arrived, in ms. */
const HEADERS_TIME = 10_000;
/** Within which the body must have, too; the app gives up a little earlier and says so. */
const REQUEST_TIME = 15_000;
/** Unused connections stay open so long, in ms; longer than most proxies keep theirs. */
const IDLE_TIME = 65_000;
const CHECK_EVERY = 1000; // ms
const LOOK_EVERY = 50; // ms, while the server ends

/** Where to listen. */
export interface Place {
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
}

/** An app that is listening. */
export class Listener {
  #underWay = 0;
  #closing = false;

  private constructor(readonly app: App, readonly server: Server) {}

  /**
   * Listens.
   *
   * @throws {Error} If the port cannot be listened on; the message says why
   */
  static async open(app: App, place: Place): Promise<Listener> {
    const server = createServer({
      maxHeaderSize: MOST_HEADERS,
      headersTimeout: HEADERS_TIME,
      requestTimeout: REQUEST_TIME,
      keepAliveTimeout: IDLE_TIME,
      connectionsCheckingInterval: CHECK_EVERY,
    });
    const listener = new Listener(app, server);
    server.on("request", (request, response) => void listener.#answer(request, response));
    server.on("clientError", refuseClient);
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error) => reject(cannotListen(error, place)));
      server.listen(place.port, place.host, resolve);
    });
    return listener;
  }

  /** `http://127.0.0.1:8000`. */
  get url(): string {
    const { address, port } = this.server.address() as { address: string; port: number };
    return `http://${address.includes(":") ? `[${address}]` : address}:${port}`;
  }

  /**
   * Takes requests until none is under way or `grace` ms have passed, then no more; resolves when the last is answered, or
   * after `patience` ms more.
   */
  async drain({ grace, patience }: { grace: number; patience: number }): Promise<void> {
    await this.#untilIdle(grace);
    this.#closing = true;
    this.server.close();
    await this.#untilIdle(patience);
    this.server.closeAllConnections();
  }

  async #untilIdle(ms: number): Promise<void> {
    const end = performance.now() + ms;
    while (this.#underWay > 0 && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
    }
  }

  async #answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    this.#underWay++;
    const gone = new AbortController();
    outgoing.on("close", () => {
      this.#underWay--;
      if (!outgoing.writableFinished) gone.abort();
    });
    outgoing.on("error", () => {}); // the client has gone, which "close" tells
    const request = requestOf(incoming, gone.signal);
    if (request instanceof RequestError) return refuseOutgoing(outgoing, request);
    const response = await this.app(request, incoming.socket.remoteAddress);
    await this.#send(response, outgoing).catch(() => outgoing.destroy());
  }

  async #send(response: Response, outgoing: ServerResponse): Promise<void> {
    const { status, headers, body } = response;
    if (this.#closing) outgoing.setHeader("connection", "close");
    headers.forEach((value, name) => outgoing.setHeader(name, value));
    outgoing.statusCode = status;
    if (body === null) outgoing.end();
    else if (headers.get("content-type") === "text/event-stream") await pipe(body, outgoing);
    else outgoing.end(await response.bytes());
  }
}

/** Passes a stream on piece by piece, no faster than the client takes it. */
async function pipe(body: ReadableStream<Uint8Array>, outgoing: ServerResponse): Promise<void> {
  const reader = body.getReader();
  outgoing.on("close", () => reader.cancel().catch(() => {}));
  outgoing.flushHeaders();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    if (!outgoing.write(read.value)) {
      await new Promise((resolve) => outgoing.once("drain", resolve).once("close", resolve));
    }
  }
  outgoing.end();
}

function requestOf(incoming: IncomingMessage, signal: AbortSignal): Request | RequestError {
  const { method = "GET", url = "/", rawHeaders } = incoming;
  const headers = new Headers();
  for (let i = 0; i < rawHeaders.length; i += 2) headers.append(rawHeaders[i], rawHeaders[i + 1]);
  const bare = method === "GET" || method === "HEAD";
  const empty = bare || !("transfer-encoding" in incoming.headers) && !Number(incoming.headers["content-length"]);
  const body = empty ? undefined : Readable.toWeb(incoming) as ReadableStream<Uint8Array<ArrayBuffer>>;
  const target = url.startsWith("/") ? `http://localhost${url}` : url;
  try {
    return new Request(target, { method, headers, body, signal });
  } catch {
    const wrong = !URL.canParse(target);
    return wrong
      ? new RequestError(400, "bad_request", "Cannot read the request: its target is no path")
      : new RequestError(405, "method_not_allowed", `Cannot ${method}: expected GET, HEAD or POST`, null, {
        allow: "GET, HEAD, POST",
      });
  }
}

function refuseOutgoing(outgoing: ServerResponse, error: RequestError): void {
  outgoing.writeHead(error.status, { ...error.headers, "content-type": "application/json" });
  outgoing.end(JSON.stringify(error.body));
}

/** Answers to what the parser could make nothing of, by its code. */
const REFUSALS: Readonly<Record<string, [status: number, code: string, message: string]>> = {
  HPE_HEADER_OVERFLOW: [
    431,
    "large_headers",
    `Cannot read the request: URL and headers are too long, expected at most ${MOST_HEADERS} bytes together`,
  ],
  ERR_HTTP_REQUEST_TIMEOUT: [
    408,
    "slow_request",
    `Cannot read the request: it was not there in time, expected its headers within ${HEADERS_TIME / 1000} s and its ` +
    `body within ${REQUEST_TIME / 1000} s`,
  ],
};
const MALFORMED = [400, "bad_request", "Cannot read the request: it is no HTTP"] as const;

function refuseClient(
  error: Error & { code?: string },
  socket: { writable: boolean; end(text: string): void; destroy(): void },
): void {
  if (!socket.writable || error.code === "ECONNRESET") return socket.destroy();
  const [status, code, message] = REFUSALS[error.code ?? ""] ?? MALFORMED;
  const body = JSON.stringify({ error: { code, message, parameter: null } } satisfies ErrorBody);
  const length = new TextEncoder().encode(body).length;
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n` +
      `connection: close\r\n\r\n${body}`,
  );
}

function cannotListen(error: Error & { code?: string }, { host, port }: Place): Error {
  return new Error(`Cannot listen on ${host} port ${port}: ${reason(error)}`, { cause: error });
}

function reason({ code, message }: Error & { code?: string }): string {
  if (code === "EADDRINUSE") return "another program has it, expected a free port (choose one with --port)";
  if (code === "EACCES") return "the system does not allow it, expected a port above 1023";
  if (code === "EADDRNOTAVAIL") return "this machine has no such address";
  return `${message}, expected a host name or address of this machine`;
}
