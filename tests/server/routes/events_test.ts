import { assertEquals } from "@std/assert";
import { checkpointName, METRICS_FILE } from "../../../core/sampling/run.ts";
import { TINY_RUN } from "../../sampling/tiny_run.ts";
import { withApp } from "../served_app.ts";

/** Reads events until there are so many. */
async function read(response: Response, count: number): Promise<string[]> {
  const events: string[] = [];
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (events.length < count) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`Cannot read ${count} events: the stream ended after ${events.length}`);
    text += value;
    const parts = text.split("\n\n");
    text = parts.pop()!;
    events.push(...parts.filter((part) => !part.startsWith(":")));
  }
  await reader.cancel();
  return events;
}

const checkpoint = (iteration: number) => `event: checkpoint\nid: ${iteration}\ndata: {"iteration":${iteration}}`;
const metrics = (iteration: number) => `event: metrics\nid: ${iteration}\ndata: {"iteration":${iteration},"loss":1}`;
const line = (iteration: number) => `{"iteration":${iteration},"loss":1}\n`;

Deno.test("GET /events tells of new lines and checkpoints, whole lines alone, the newest checkpoint at once", () =>
  withApp(async ({ get, runs }) => {
    const folder = `${runs}/${TINY_RUN}`;
    const log = `${folder}/${METRICS_FILE}`;
    await Deno.writeTextFile(log, line(10) + line(20));
    const response = await get("/events");
    assertEquals([response.status, response.headers.get("content-type")], [200, "text/event-stream"]);
    const events = read(response, 4);
    await new Promise((resolve) => setTimeout(resolve, 50)); // what is there was read
    await Deno.writeTextFile(log, `${line(30)}{"iteration":40`, { append: true });
    await new Promise((resolve) => setTimeout(resolve, 600));
    await Deno.writeTextFile(log, `,"loss":1}\n`, { append: true });
    await Deno.copyFile(`${folder}/${checkpointName(500)}`, `${folder}/${checkpointName(600)}`);
    assertEquals(await events, [checkpoint(500), metrics(30), metrics(40), checkpoint(600)]);
    const again = await get("/events", { headers: { "last-event-id": "10" } });
    assertEquals(await read(again, 3), [metrics(20), metrics(30), metrics(40)]);
  }));

Deno.test("GET /events ends when the server does, and has a bound on listeners", () => {
  const ending = new AbortController();
  return withApp(async ({ get, refusal }) => {
    const head = await get("/events", { method: "HEAD" });
    assertEquals([head.status, head.headers.get("content-type"), await head.text()], [200, "text/event-stream", ""]);
    const listening = await Promise.all(Array.from({ length: 100 }, () => get("/events")));
    assertEquals((await refusal("/events")).code, "busy");
    await listening[0].body!.cancel();
    do {
      await new Promise((resolve) => setTimeout(resolve, 10));
      listening[0] = await get("/events");
    } while (listening[0].status === 503); // until the one that went is forgotten
    assertEquals(listening[0].status, 200);
    ending.abort();
    for (const response of listening) await response.text();
  }, { app: { ending: ending.signal } });
});
