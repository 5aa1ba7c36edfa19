/** The server as a function from request to response; the port is in listener.ts. */

import { OpenAPIHono } from "@hono/zod-openapi";
import type { Context, Handler } from "hono";
import { HTTPException } from "hono/http-exception";
import { DeviceError } from "../core/gpu/device.ts";
import { nearestHint } from "../core/nearest.ts";
import { RunError } from "../core/sampling/run.ts";
import { RareRegionError } from "../core/sampling/sampler.ts";
import type { Env } from "./env.ts";
import { refuse, RequestError } from "./errors.ts";
import { accessLog } from "./middleware/access_log.ts";
import { body } from "./middleware/body.ts";
import { deadline } from "./middleware/deadline.ts";
import { securityHeaders, sharedWith } from "./middleware/headers.ts";
import { ServerMetrics } from "./middleware/metrics.ts";
import { rateLimit } from "./middleware/rate_limit.ts";
import { requestId } from "./middleware/request_id.ts";
import { token } from "./middleware/token.ts";
import type { Registry } from "./registry.ts";
import { routesOf } from "./routes.ts";

/** Longest time until an answer, in ms, unless told otherwise. */
export const USUAL_DEADLINE = 30_000;
/** Longest URL, in characters. */
export const MOST_URL = 8192;
const SHOWN = 64; // characters of a path that an answer repeats
const LIST = new Intl.ListFormat("en-GB", { type: "disjunction" }); // GET, HEAD or POST

/** What the server is told beside its runs. */
export interface AppOptions {
  /** Gets what went wrong on the server's own side, with the request's id; nowhere unless given. */
  readonly report?: (error: unknown, requestId: string) => void;
  /** Gets a line of JSON for every answer; see `AccessLine`. */
  readonly log?: (line: string) => void;
  /** What a client must know to ask; anybody may ask without it. */
  readonly token?: string;
  /** Origins whose pages may read answers, such as `https://example.org`; `*`: all. None unless given. */
  readonly origins?: readonly string[];
  /** Most requests a second of one client, for long. No limit unless given. */
  readonly rate?: number;
  /** Longest time until an answer, in ms. */
  readonly deadline?: number;
  /** Aborted when the server begins to end: it is not ready any more, and streams of events end. */
  readonly ending?: AbortSignal;
}

/** An app: what answers a request; `client` is the address it came from. */
export type App = (request: Request, client?: string) => Response | Promise<Response>;

/**
 * Answers all routes in `routes.ts`, and every error with `{ error: { code, message, parameter } }`: 404 with the nearest
 * path, 405 with the methods there are, 414 for long URLs, what the middleware refuses, 500 with no word on the reason.
 *
 * @example
 * ```ts ignore
 * const device = await openDevice();
 * const registry = await openRegistry(device, { run: "runs/00000-fashionmnist-hmog-small" });
 * const app = createApp(registry, { token: "correct-horse" });
 * const response = await app(new Request("http://localhost/sample?leaf=3")); // 401, without a port
 * ```
 */
export function createApp(registry: Registry, options: AppOptions = {}): App {
  const { report = () => {}, origins = [], ending = new AbortController().signal } = options;
  const metrics = new ServerMetrics(registry);
  const app = new OpenAPIHono<Env>();
  app.use(requestId());
  if (options.log) app.use(accessLog(options.log));
  app.use(metrics.count(), securityHeaders(origins.length > 0), checkUrl);
  if (origins.length > 0) app.use(sharedWith(origins));
  if (options.rate !== undefined) app.use(rateLimit(options.rate));
  if (options.token !== undefined) app.use(token(options.token));
  app.use(body(), deadline(options.deadline ?? USUAL_DEADLINE));
  for (const routes of routesOf({ registry, metrics, ending, app })) app.route("/", routes);
  const paths = answerOtherMethods(app);
  app.notFound((c) => refuse(c, notFound(c.req.path, paths)));
  app.onError((error, c) => {
    const refusal = refusalOf(error);
    if (refusal === null || refusal.code === "device_lost") report(error, c.get("requestId"));
    return refuse(
      c,
      refusal ?? new RequestError(500, "internal", "Cannot answer: the server failed; its log says why"),
    );
  });
  return (request, client = "") => app.fetch(request, { client });
}

/** What an error tells the client; null where it is the server's own. */
function refusalOf(error: Error): RequestError | null {
  if (error instanceof RequestError) return error;
  if (error instanceof RareRegionError) return new RequestError(422, "rare_leaf", error.message, "leaf");
  if (error instanceof RunError) return new RequestError(409, "unusable_run", error.message); // its training diverged
  if (error instanceof DeviceError) return new RequestError(503, "device_lost", error.message);
  if (!(error instanceof HTTPException)) return null;
  if (error.status === 415) {
    return new RequestError(
      415,
      "unsupported_type",
      "Cannot read the body: its type is another than expected",
      "content-type",
    );
  }
  return new RequestError(error.status, "bad_request", `Cannot answer: ${error.message}`);
}

/** Runs before any route. */
const checkUrl: Handler<Env> = async (c, next) => {
  const { length } = c.req.url;
  if (length > MOST_URL) {
    throw new RequestError(
      414,
      "long_url",
      `Cannot answer: the URL has ${length} characters, expected at most ${MOST_URL}`,
    );
  }
  await next();
};

/** Answers OPTIONS with the methods of a path, other methods with 405; gives the paths that a client may have meant. */
function answerOtherMethods(app: OpenAPIHono<Env>): string[] {
  const methods = new Map<string, Set<string>>();
  for (const { path, method } of app.routes) {
    if (method === "ALL") continue;
    const known = methods.get(path) ?? methods.set(path, new Set()).get(path)!;
    for (const name of method === "GET" ? ["GET", "HEAD"] : [method]) known.add(name);
  }
  for (const [path, known] of methods) app.all(path, otherMethod([...known]));
  return [...methods.keys()].filter((path) => !/[:*]/.test(path));
}

function otherMethod(known: readonly string[]): Handler<Env> {
  const allow = [...known, "OPTIONS"].join(", ");
  const expected = LIST.format(known);
  return (c: Context<Env>) => {
    if (c.req.method === "OPTIONS") return c.body(null, 204, { allow });
    const message = `Cannot ${c.req.method.slice(0, SHOWN)} ${c.req.path.slice(0, SHOWN)}: expected ${expected}`;
    throw new RequestError(405, "method_not_allowed", message, null, { allow });
  };
}

function notFound(path: string, paths: readonly string[]): RequestError {
  const shown = path.slice(0, SHOWN);
  const message = `Cannot find ${shown}: expected a path of /docs${nearestHint(shown, paths)}`;
  return new RequestError(404, "not_found", message);
}
