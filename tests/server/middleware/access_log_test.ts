import { assertEquals, assertGreaterOrEqual } from "@std/assert";
import { withApp } from "../served_app.ts";

Deno.test("accessLog() writes a line for every answer, with nothing in it that may be secret", () => {
  const lines: string[] = [];
  return withApp(async ({ get }) => {
    const authorization = "Bearer correct-horse";
    await (await get("/sample?n=1&seed=1&run=s3cret", { headers: { "x-request-id": "r1", authorization } }, "10.0.0.1"))
      .bytes();
    await (await get("/sample", { method: "DELETE", headers: { authorization: "Bearer wr0ng" } })).bytes();
    await (await get(`/${"a".repeat(1000)}`, { headers: { authorization } })).bytes();
    const logged = lines.map((line) => JSON.parse(line));
    const [first] = logged;
    assertEquals(Object.keys(first), ["time", "requestId", "client", "method", "path", "status", "ms"]);
    assertEquals([first.requestId, first.client, first.path, first.status], ["r1", "10.0.0.1", "/sample", 404]);
    assertGreaterOrEqual(first.ms, 0);
    assertEquals(logged.map(({ status }) => status), [404, 401, 404]);
    assertEquals(logged[2].path.length, 256);
    for (const secret of ["correct-horse", "wr0ng", "s3cret"]) assertEquals(lines.join().includes(secret), false);
  }, { app: { log: (line) => lines.push(line), token: "correct-horse" } });
});
