import { assertEquals } from "@std/assert";
import { rateLimit } from "../../../server/middleware/rate_limit.ts";
import { behind } from "./middleware_app.ts";

const RATE = 5; // requests a second; two seconds' worth may come at once

function limited() {
  let time = 0;
  const ask = behind(rateLimit(RATE, () => time));
  const statuses = async (count: number, client = "a", path = "/") => {
    const found: number[] = [];
    for (let i = 0; i < count; i++) found.push((await ask(path, {}, client)).status);
    return found;
  };
  return { ask, statuses, pass: (ms: number) => time += ms };
}

const times = (count: number, status: number) => new Array(count).fill(status);

Deno.test("rateLimit() takes two seconds' worth at once, then as many as time has brought", async () => {
  const { statuses, pass } = limited();
  assertEquals(await statuses(12), [...times(10, 200), ...times(2, 429)]);
  pass(1000);
  assertEquals(await statuses(6), [...times(5, 200), 429]);
  pass(3_600_000);
  assertEquals(await statuses(11), [...times(10, 200), 429]);
});

Deno.test("rateLimit() says when to come again, and coming then is enough", async () => {
  const { ask, statuses, pass } = limited();
  await statuses(10);
  const refused = await ask("/", {}, "a");
  assertEquals([(await refused.json()).error.code, refused.headers.get("retry-after")], ["too_many_requests", "1"]);
  pass(Number(refused.headers.get("retry-after")) * 1000);
  assertEquals(await statuses(1), [200]);
});

Deno.test("rateLimit() tells clients apart and leaves health free", async () => {
  const { statuses } = limited();
  assertEquals((await statuses(11, "a")).at(-1), 429);
  assertEquals(await statuses(1, "b"), [200]);
  assertEquals(await statuses(1, "a", "/v2/health/ready"), [200]);
});

Deno.test("rateLimit() remembers so many clients and no more", async () => {
  const { statuses } = limited();
  await statuses(11, "first");
  for (let i = 0; i < 10_000; i++) await statuses(1, `client ${i}`);
  assertEquals(await statuses(1, "first"), [200], "forgotten, as the one that came first");
});
