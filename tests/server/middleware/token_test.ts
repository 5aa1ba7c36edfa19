import { assertEquals, assertMatch } from "@std/assert";
import { token } from "../../../server/middleware/token.ts";
import { behind } from "./middleware_app.ts";

const SECRET = "correct-horse";

Deno.test("token() lets nobody in without it, says how to send it, and never says what it is", async () => {
  const ask = behind(token(SECRET));
  const wrong = [undefined, "", "Bearer", `Bearer ${SECRET}x`, `Bearer ${SECRET.slice(1)}`, `Basic ${SECRET}`, SECRET]
    .concat(`Basic ${btoa(SECRET)}`, `Basic ${btoa(`${SECRET}:x`)}`, "Basic ***", `Digest ${SECRET}`);
  for (const authorization of wrong) {
    const response = await ask("/sample", { headers: authorization === undefined ? {} : { authorization } });
    const text = await response.text();
    assertEquals([response.status, JSON.parse(text).error.code, text.includes(SECRET)], [401, "unauthorized", false]);
    assertMatch(
      response.headers.get("www-authenticate")!,
      /^Basic realm="[^"]+", charset="UTF-8", Bearer realm="hmog"$/,
    );
  }
  for (const authorization of [`Bearer ${SECRET}`, `bearer  ${SECRET}`]) {
    assertEquals((await ask("/sample", { headers: { authorization } })).status, 200);
  }
});

Deno.test("token() leaves the health of the server open, and nothing that looks like it", async () => {
  const ask = behind(token(SECRET));
  for (const path of ["/health", "/v2/health/live", "/v2/health/ready"]) assertEquals((await ask(path)).status, 200);
  for (const path of ["/healthy", "/v2/health", "/x/health", "/health/../sample", "//health"]) {
    assertEquals((await ask(path)).status, 401, path);
  }
});

Deno.test("token() lets no cache that others share keep an answer", async () => {
  const ask = behind(
    token(SECRET),
    (c) => Promise.resolve(c.text("ok", 200, { "cache-control": c.req.query("kept")! })),
  );
  const kept = async (value: string) => {
    const response = await ask(`/sample?kept=${value}`, { headers: { authorization: `Bearer ${SECRET}` } });
    return response.headers.get("cache-control");
  };
  assertEquals(await kept("public, immutable"), "private, immutable");
  assertEquals(await kept("no-store"), "no-store");
});

Deno.test("token() takes it as the password that browsers send, under any name", async () => {
  const ask = behind(token(SECRET));
  for (const name of ["", "me"]) {
    const authorization = `Basic ${btoa(`${name}:${SECRET}`)}`;
    assertEquals((await ask("/", { headers: { authorization } })).status, 200);
  }
});
