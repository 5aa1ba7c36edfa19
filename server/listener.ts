/**
 * An app on a port. `node:http` stands in front, since it has what `Deno.serve` has not: a time within which headers and
 * bodies must have arrived, and a say in what is answered to a client whose request never becomes one.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { App } from "./app.ts";
import { RequestError } from "./errors.ts";

/**
 * Most connections at a time; others are closed at once. Fewer than a process may have files, by the least of usual limits:
 * at that one Deno would accept no connection ever again.
 */
const MOST_CONNECTIONS = 900;
/** Most bytes of the request line and headers together. */
const MOST_HEADERS = 16 << 10;
/** Unused connections stay open so long, in ms; longer than most proxies keep theirs. */
const IDLE_TIME = 65_000;
/** A connection on which nothing comes or goes for so long is closed, in ms: a client that reads no more. */
const SILENT_TIME = 300_000;
/** What is left of a body that nobody reads is taken for so long after the answer, in ms, then the connection ends. */
const LINGER = 2000;
const LOOK_EVERY = 50; // ms, while the server ends
const JSON_TYPE = { "content-type": "application/json" };
const METHODS = "GET, HEAD, POST, OPTIONS";

/** How long a client may take, in ms. */
export interface Times {
  /** For its headers. */
  readonly headers: number;
  /** For headers and body; the app gives up a little earlier on bodies, and says so. */
  readonly request: number;
}

const TIMES: Times = { headers: 10_000, request: 15_000 };

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
  static async open(app: App, place: Place, times: Times = TIMES): Promise<Listener> {
    const server = createServer({
      maxHeaderSize: MOST_HEADERS,
      headersTimeout: times.headers,
      requestTimeout: times.request,
      keepAliveTimeout: IDLE_TIME,
      connectionsCheckingInterval: times.headers / 10,
      requireHostHeader: false, // what has no host is answered like the rest
    });
    server.setTimeout(SILENT_TIME);
    server.maxConnections = MOST_CONNECTIONS;
    const listener = new Listener(app, server);
    server.on("connection", (socket) => socket.setMaxListeners(0)); // one for each request that it has sent ahead
    server.on("request", (request, response) => void listener.#answer(request, response));
    server.on("connect", (_, socket) => refuseSocket(socket, noMethod("CONNECT")));
    server.on("clientError", (error: Error & { code?: string }, socket) => {
      if (socket.writable && error.code !== "ECONNRESET") refuseSocket(socket, unreadable(error.code, times));
      else socket.destroy();
    });
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
    const { socket } = incoming;
    const done = () => {
      outgoing.off("close", done);
      socket.off("close", done);
      this.#underWay--;
      if (!outgoing.writableFinished) gone.abort();
    };
    outgoing.on("close", done);
    socket.on("close", done); // an answer that waits for the one before it hears of no end
    outgoing.on("finish", () => discardRest(incoming));
    for (const stream of [incoming, outgoing]) stream.on("error", () => {}); // the client has gone, which "close" tells
    try {
      const request = requestOf(incoming, gone.signal);
      await this.#send(await this.app(request, incoming.socket.remoteAddress), outgoing);
    } catch (error) {
      if (!(error instanceof RequestError) || outgoing.headersSent) return void outgoing.destroy();
      outgoing.writeHead(error.status, { ...error.headers, ...JSON_TYPE }).end(JSON.stringify(error.body));
    }
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
    if (!outgoing.write(read.value) && !outgoing.destroyed) await room(outgoing);
  }
  outgoing.end();
}

/** Waits until the client has taken what was written, or has gone. */
function room(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      outgoing.off("drain", go).off("close", go);
      resolve();
    };
    outgoing.on("drain", go).on("close", go);
  });
}

/** @throws {RequestError} If it is none that a handler could be given */
function requestOf(incoming: IncomingMessage, signal: AbortSignal): Request {
  const { method = "GET", url = "/", rawHeaders } = incoming;
  const target = url.startsWith("/") ? `http://localhost${url}` : url;
  if (!URL.canParse(target)) {
    throw new RequestError(400, "bad_request", "Cannot read the request: its target is no path");
  }
  const headers = new Headers();
  for (let i = 0; i < rawHeaders.length; i += 2) headers.append(rawHeaders[i], rawHeaders[i + 1]);
  const bare = method === "GET" || method === "HEAD";
  const empty = bare || !("transfer-encoding" in incoming.headers) && !Number(incoming.headers["content-length"]);
  const body = empty ? undefined : bodyOf(incoming);
  try {
    return new Request(target, { method, headers, body, signal });
  } catch {
    throw noMethod(method); // TRACE
  }
}

/** Piece by piece as it is read; `Readable.toWeb` ends the process where pieces come after it was cancelled. */
function bodyOf(incoming: IncomingMessage): ReadableStream<Uint8Array<ArrayBuffer>> {
  return ReadableStream.from(incoming.iterator({ destroyOnReturn: false }));
}

/** Lets a client that still sends come to read its answer, and the next request on the connection be found. */
function discardRest(incoming: IncomingMessage): void {
  if (incoming.complete) return;
  const { socket } = incoming;
  const timer = setTimeout(() => socket.destroy(), LINGER);
  const done = () => {
    clearTimeout(timer);
    socket.off("close", done);
  };
  incoming.once("end", done);
  socket.on("close", done);
  incoming.resume();
}

function noMethod(method: string): RequestError {
  const message = `Cannot ${method}: there is no such method here, expected one of ${METHODS}`;
  return new RequestError(405, "method_not_allowed", message, null, { allow: METHODS });
}

/** What the parser could make nothing of, by its code. */
function unreadable(code: string | undefined, times: Times): RequestError {
  if (code === "HPE_HEADER_OVERFLOW") {
    const message =
      `Cannot read the request: URL and headers are too long, expected at most ${MOST_HEADERS} bytes together`;
    return new RequestError(431, "large_headers", message);
  }
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") {
    const message = `Cannot read the request: it was not there in time, expected its headers within ` +
      `${times.headers / 1000} s and its body within ${times.request / 1000} s`;
    return new RequestError(408, "slow_request", message);
  }
  return new RequestError(400, "bad_request", "Cannot read the request: it is no HTTP/1.1");
}

/** Answers where there is no request to answer to, and ends the connection. */
function refuseSocket(socket: Duplex, { status, headers, body }: RequestError): void {
  const text = JSON.stringify(body);
  const lines = Object.entries({
    ...headers,
    ...JSON_TYPE,
    "content-length": new TextEncoder().encode(text).length,
    connection: "close",
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join("")}\r\n${text}`);
}

function cannotListen(error: Error & { code?: string }, { host, port }: Place): Error {
  return new Error(`Cannot listen on ${host} port ${port}: ${reason(error)}`, { cause: error });
}

function reason({ code, message }: Error & { code?: string }): string {
  if (code === "EADDRINUSE") return "another program has it, expected another port";
  if (code === "EACCES") return "the system does not allow it, expected a port above 1023";
  if (code === "EADDRNOTAVAIL") return "this machine has no such address";
  return `${message}, expected a host name or address of this machine`;
}
