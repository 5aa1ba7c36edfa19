import { assertEquals, assertThrows } from "@std/assert";
import { Admission, admit } from "../../server/admission.ts";
import { RequestError } from "../../server/errors.ts";
import { withApp } from "./served_app.ts";

Deno.test("admit() bounds what waits on all samplers of a server together", () => {
  const admission = new Admission(100);
  const queues = [{ waiting: 0 }, { waiting: 0 }];
  for (const queue of queues) admission.add(queue);
  admit(queues[0], 60);
  queues[0].waiting = 60;
  admit(queues[1], 40);
  assertEquals([admission.waiting, admission.admitted], [60, 100]);
  const refused = assertThrows(
    () => admit(queues[1], 41),
    RequestError,
    "60 samples wait, expected room for 41 among 100",
  );
  assertEquals([refused.status, refused.code, refused.headers], [503, "busy", { "retry-after": "1" }]);
  admission.remove(queues[0]);
  admit(queues[1], 41);
});

Deno.test("admit() lets any request into an empty queue, and everything where no server has a bound", () => {
  const admission = new Admission(10);
  const queue = { waiting: 0 };
  admit(queue, 1e6);
  admission.add(queue);
  admit(queue, 256);
});

Deno.test("a full queue refuses with 503 and Retry-After, and what is in it is answered", () =>
  withApp(async ({ get }) => {
    const responses = await Promise.all(Array.from({ length: 8 }, (_, seed) => get(`/sample?n=256&seed=${seed}`)));
    const statuses = responses.map(({ status }) => status);
    assertEquals(new Set(statuses), new Set([200, 503]));
    assertEquals(statuses[0], 200);
    const refused = responses[statuses.indexOf(503)];
    assertEquals([refused.headers.get("retry-after"), (await refused.json()).error.code], ["1", "busy"]);
    for (const response of responses) if (!response.bodyUsed) await response.body?.cancel();
    assertEquals((await get("/sample?n=256&seed=1")).status, 200);
  }, { registry: { queue: 512 } }));
