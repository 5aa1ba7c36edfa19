/** `GET /events`: a run in training as it goes, as server-sent events. */

import { OpenAPIHono, z } from "@hono/zod-openapi";
import type { Env } from "../env.ts";
import { RequestError } from "../errors.ts";
import { follow } from "../follower.ts";
import type { Registry } from "../registry.ts";
import { describeRoute, RUN_KINDS } from "./describing.ts";
import { queryReader, whole } from "./parameters.ts";

/** Most clients that listen at a time. */
const MOST_LISTENERS = 100;
const PING_EVERY = 15_000; // ms; proxies end what is silent for long
const LAST = whole(0, Number.MAX_SAFE_INTEGER, { description: "" }).text;
const HEADERS = { "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no" };

/**
 * Answers with a stream: `metrics` with a line of the log, `checkpoint` with the iteration of a new one, the newest at once.
 * The id of an event is its iteration; a client that comes back with `Last-Event-ID` gets the lines in between.
 */
export function eventsRoutes(registry: Registry, ending: AbortSignal): OpenAPIHono<Env> {
  const app = new OpenAPIHono<Env>();
  const { schema, read } = queryReader(RUN_KINDS);
  let listeners = 0;
  describeRoute(app, {
    path: "/events",
    summary: "A run in training as it goes: events metrics (a line of its log) and checkpoint (an iteration)",
    query: schema,
    answers: { "text/event-stream": z.string() },
    errors: [400, 404, 503],
  });
  app.get("/events", async (c) => {
    const { run } = read(new URL(c.req.url).searchParams, "tell the events");
    const { folder, name } = await registry.find(run);
    if (folder === null) {
      throw new RequestError(404, "no_log", `Cannot follow ${name}: it is a file, expected a run folder`, "run");
    }
    if (c.req.raw.method === "HEAD") return c.body(null, 200, HEADERS);
    if (listeners >= MOST_LISTENERS) {
      const message = `Cannot follow ${name}: ${listeners} clients do, expected fewer`;
      throw new RequestError(503, "busy", message, null, { "retry-after": "30" });
    }
    const last = LAST.safeParse(c.req.header("last-event-id"));
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, ending]);
    listeners++;
    const events = follow(folder, { after: last.success ? last.data : null, signal });
    return c.body(asStream(events, { stop, signal, ended: () => listeners-- }), 200, HEADERS);
  });
  return app;
}

interface StreamOptions {
  stop: AbortController;
  signal: AbortSignal;
  ended: () => void;
}

/** Events as text, as fast as the client takes them, with a comment where nothing happens for long. */
function asStream(
  events: ReturnType<typeof follow>,
  { stop, signal, ended }: StreamOptions,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const encoder = new TextEncoder();
  let ping: ReturnType<typeof setInterval> | undefined;
  const end = () => {
    if (ping === undefined) return;
    clearInterval(ping); // at once: a comment to a client that has gone would end the process
    ping = undefined;
    ended();
  };
  return new ReadableStream({
    start(controller) {
      const send = (text: string) => controller.enqueue(encoder.encode(text));
      send(": hmog\n\n");
      ping = setInterval(() => send(": ping\n\n"), PING_EVERY);
    },
    async pull(controller) {
      const { value, done } = await events.next().catch((error) => {
        end();
        throw error;
      });
      if (stop.signal.aborted) return;
      if (!done && !signal.aborted) {
        const { event, iteration, data } = value;
        return controller.enqueue(encoder.encode(`event: ${event}\nid: ${iteration}\ndata: ${data}\n\n`));
      }
      end();
      controller.close();
    },
    cancel() {
      end();
      stop.abort();
    },
  });
}
