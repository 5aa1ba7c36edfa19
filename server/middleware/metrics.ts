/** What the server did so far, for Prometheus. */

import type { MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import { Counter, Gauge, Histogram, Registry as Metrics } from "prom-client";
import type { Env } from "../env.ts";
import type { Registry } from "../registry.ts";

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const METHODS = ["GET", "HEAD", "POST", "OPTIONS"];
const NO_ROUTE = "none";
/** A parameter of a route, and the ending that its expression asks for. */
const PARAMETER = /:(\w+)(?:\{[^}]*?(?:\\(\.\w+))?\})?/g;

/** Counts requests, and reads the rest when it is asked for. */
export class ServerMetrics {
  readonly #metrics = new Metrics();
  readonly #requests: Counter<"method" | "route" | "status">;
  readonly #seconds: Histogram<"route">;
  #under = 0;

  constructor(readonly registry: Registry) {
    const registers = [this.#metrics];
    this.#requests = new Counter({
      name: "hmog_requests_total",
      help: "Answers by method, route and status",
      labelNames: ["method", "route", "status"],
      registers,
    });
    this.#seconds = new Histogram({
      name: "hmog_request_seconds",
      help: "Time from a request to the beginning of its answer",
      labelNames: ["route"],
      buckets: SECONDS,
      registers,
    });
    const gauge = (name: string, help: string, read: () => number) =>
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    const { admission, device } = registry;
    new Counter({
      name: "hmog_samples_total",
      help: "Samples that were asked for and let in",
      registers,
      collect() {
        this.reset();
        this.inc(admission.admitted);
      },
    });
    gauge("hmog_samples_waiting", "Samples that wait for the GPU or are under way", () => admission.waiting);
    gauge("hmog_requests_under_way", "Requests without an answer yet", () => this.#under);
    gauge("hmog_gpu_bytes", "Memory on the GPU", () => device.bytes);
    gauge("process_resident_memory_bytes", "Memory of the process", () => Deno.memoryUsage().rss);
    new Gauge({
      name: "hmog_model_iteration",
      help: "Iteration of the checkpoint that answers, by run",
      labelNames: ["run"],
      registers,
      collect() {
        this.reset();
        for (const { run, iteration } of registry.models()) this.set({ run }, iteration);
      },
    });
  }

  /** Counts every answer. */
  count(): MiddlewareHandler<Env> {
    return async (c, next) => {
      const start = performance.now();
      this.#under++;
      try {
        await next();
      } finally {
        this.#under--;
      }
      const path = routePath(c, -1);
      const route = path.endsWith("*") ? NO_ROUTE : path.replace(PARAMETER, "{$1}$2"); // as in the document
      const method = METHODS.includes(c.req.method) ? c.req.method : "other";
      this.#requests.inc({ method, route, status: c.res.status });
      this.#seconds.observe({ route }, (performance.now() - start) / 1000);
    };
  }

  /** In the text format of Prometheus, and its media type. */
  async text(): Promise<{ text: string; type: string }> {
    return { text: await this.#metrics.metrics(), type: this.#metrics.contentType };
  }
}
