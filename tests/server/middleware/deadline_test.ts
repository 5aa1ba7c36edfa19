import { assertEquals, assertLess } from "@std/assert";
import { deadline } from "../../../server/middleware/deadline.ts";
import { behind } from "./middleware_app.ts";

const SHORT = 50; // ms
const LONG = 5000;

Deno.test("deadline() answers 504 in time, to handlers that listen to the signal and to those that do not", async () => {
  for (const listens of [true, false]) {
    const ask = behind(deadline(SHORT), async (c) => {
      await new Promise((resolve, reject) => {
        const timer = setTimeout(resolve, LONG);
        c.get("signal").addEventListener("abort", () => {
          clearTimeout(timer);
          listens ? reject(c.get("signal").reason) : resolve(null);
        });
      });
      return c.text("late");
    });
    const start = performance.now();
    const response = await ask("/");
    assertEquals([response.status, (await response.json()).error.code], [504, "deadline"]);
    assertLess(performance.now() - start, LONG / 2);
  }
});

Deno.test("deadline() aborts the signal when the client has gone, and leaves no timer behind", async () => {
  const client = new AbortController();
  let reason: unknown;
  const ask = behind(deadline(LONG), async (c) => {
    const signal = c.get("signal");
    client.abort();
    await Promise.resolve();
    reason = signal.reason;
    signal.throwIfAborted();
    return c.text("unread");
  });
  assertEquals((await ask("/", { signal: client.signal })).status, 499);
  assertEquals((reason as { code: string }).code, "client_gone");
  const quick = behind(deadline(LONG));
  assertEquals(await (await quick("/")).text(), "ok"); // a timer that stayed would fail the test
});
