import { assertEquals } from "@std/assert";
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
    assertEquals(response.headers.get("www-authenticate"), `Bearer realm="hmog"`);
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

Deno.test("token() makes a browser ask for it, and takes it as the password that browsers send", async () => {
  const ask = behind(token(SECRET));
  const page = await ask("/", { headers: { accept: "text/html,*/*;q=0.8" } });
  assertEquals([page.status, page.headers.get("www-authenticate")?.includes("Basic realm=")], [401, true]);
  for (const name of ["", "me"]) {
    const authorization = `Basic ${btoa(`${name}:${SECRET}`)}`;
    assertEquals((await ask("/", { headers: { authorization } })).status, 200);
  }
});
