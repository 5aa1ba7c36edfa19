import { assertEquals } from "@std/assert";
import { body } from "../../../server/middleware/body.ts";
import { behind } from "./middleware_app.ts";

const MOST = 100;

const echo = behind(
  body({ most: MOST, patience: 200 }),
  async (c) => c.text(String((await c.req.arrayBuffer()).byteLength)),
);

/** Body and status of an answer. */
async function post(body: BodyInit, headers: Record<string, string> = {}): Promise<[number, string]> {
  const response = await echo("/", { method: "POST", body, headers });
  const text = await response.text();
  return [response.status, response.status === 200 ? text : JSON.parse(text).error.code];
}

Deno.test("body() takes what is as long as allowed and no longer, whether the length is told or not", async () => {
  assertEquals(await post("a".repeat(MOST)), [200, "100"]);
  assertEquals(await post("a".repeat(MOST + 1)), [413, "too_large"]);
  const stream = (size: number) => ReadableStream.from([new Uint8Array(size), new Uint8Array(1)]);
  assertEquals(await post(stream(MOST - 1)), [200, "100"]);
  assertEquals(await post(stream(MOST)), [413, "too_large"]);
  assertEquals(await post("a", { "content-length": "1000" }), [413, "too_large"]);
  assertEquals((await echo("/")).status, 200);
});

Deno.test("body() gives up on what does not come, and on what breaks off", async () => {
  assertEquals(await post(new ReadableStream({ start: (c) => c.enqueue(new Uint8Array(1)) })), [408, "slow_body"]);
  const broken = new ReadableStream({
    pull: () => {
      throw new Error("gone");
    },
  });
  assertEquals(await post(broken), [400, "broken_body"]);
});
