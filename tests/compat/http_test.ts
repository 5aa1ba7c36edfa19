import { accepts } from "@std/http";
import { assertEquals } from "@std/assert";

const request = (accept?: string) =>
  new Request("http://localhost/", accept === undefined ? {} : { headers: { accept } });

Deno.test("accepts() gives the type of highest quality", () => {
  const found = accepts(request("application/json;q=0.9, image/png"), "application/json", "image/png");
  assertEquals(found, "image/png");
  assertEquals(
    accepts(request("image/png;q=0.1, application/json"), "application/json", "image/png"),
    "application/json",
  );
});

Deno.test("accepts() gives the first type where the request takes anything", () => {
  assertEquals(accepts(request("*/*"), "image/png", "application/json"), "image/png");
  assertEquals(accepts(request(), "image/png", "application/json"), "image/png");
});

Deno.test("accepts() follows the most specific range and quality 0", () => {
  assertEquals(accepts(request("image/*, image/png;q=0"), "image/png"), undefined);
  assertEquals(accepts(request("text/html"), "image/png", "application/json"), undefined);
});

Deno.test("accepts() without types lists what the header names, best first", () => {
  assertEquals(accepts(request("text/html;q=0.5, image/png, */*;q=0.1")), ["image/png", "text/html", "*/*"]);
});
