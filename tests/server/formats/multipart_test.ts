import { assert, assertEquals } from "@std/assert";
import { multipartOf } from "../../../server/formats/multipart.ts";

const PARTS = [
  { name: "samples", type: "application/json", body: `{"seed":1}` },
  { name: "image", type: "image/png", filename: "samples.png", body: Uint8Array.of(0, 13, 10, 45, 45, 255) },
];

Deno.test("multipartOf() writes parts that the runtime's own parser reads back", async () => {
  const { type, body } = multipartOf(PARTS);
  const form = await new Response(body, { headers: { "content-type": type } }).formData();
  assertEquals([...form.keys()], ["samples", "image"]);
  assertEquals(form.get("samples"), `{"seed":1}`);
  const image = form.get("image");
  assert(image instanceof File);
  assertEquals([image.name, image.type, await image.bytes()], ["samples.png", "image/png", PARTS[1].body]);
});

Deno.test("multipartOf() gives the same bytes for the same parts, and another boundary for others", () => {
  assertEquals(multipartOf(PARTS), multipartOf(structuredClone(PARTS)));
  assert(multipartOf(PARTS).type !== multipartOf([PARTS[0]]).type);
});
