import { assertEquals, assertStringIncludes } from "@std/assert";
import { RequestError } from "../../../server/errors.ts";
import { securityHeaders, sharedWith } from "../../../server/middleware/headers.ts";
import { behind } from "./middleware_app.ts";

const ORIGIN = "https://a.example";

Deno.test("securityHeaders() lets a page load from its own origin alone, and says so on refusals too", async () => {
  const refused = behind(securityHeaders(false), () => Promise.reject(new RequestError(400, "bad", "Cannot")));
  for (const ask of [behind(securityHeaders(false)), refused]) {
    const { headers } = await ask("/");
    assertStringIncludes(headers.get("content-security-policy")!, "default-src 'self'; img-src 'self' data: blob:");
    assertEquals(headers.get("x-content-type-options"), "nosniff");
    assertEquals(headers.get("cross-origin-resource-policy"), "same-origin");
    assertEquals(headers.get("strict-transport-security"), null);
  }
});

Deno.test("sharedWith() lets pages of the origins it was told read answers, and no others", async () => {
  const ask = behind(sharedWith([ORIGIN]));
  const allowed = async (origin: string) =>
    (await ask("/", { headers: { origin } })).headers.get("access-control-allow-origin");
  assertEquals(await allowed(ORIGIN), ORIGIN);
  for (const other of ["https://a.example.org", "null", "http://a.example"]) assertEquals(await allowed(other), null);
  const response = await ask("/", { headers: { origin: ORIGIN } });
  assertStringIncludes(response.headers.get("access-control-expose-headers")!, "x-hmog-seed");
  assertEquals(response.headers.get("vary"), "Origin");
  const without = await ask("/");
  assertEquals(["access-control-allow-origin", "vary"].map((name) => without.headers.get(name)), [null, "Origin"]);
  assertEquals(
    (await behind(sharedWith(["*"]))("/", { headers: { origin: "x" } })).headers.get("access-control-allow-origin"),
    "*",
  );
});

Deno.test("sharedWith() answers what browsers ask before they post", async () => {
  const headers = { origin: ORIGIN, "access-control-request-method": "POST" };
  const response = await behind(sharedWith([ORIGIN]))("/", { method: "OPTIONS", headers });
  assertEquals([response.status, response.headers.get("access-control-allow-methods")], [204, "GET,HEAD,POST"]);
  assertStringIncludes(response.headers.get("access-control-allow-headers")!, "authorization");
});
