/** What `mod.ts` exports is documented. */

import { assert, assertEquals, assertGreater } from "@std/assert";

const MODULE = new URL("../mod.ts", import.meta.url).href;

interface Documentation {
  module_doc?: { doc: string };
  symbols: { name: string; declarations: { jsDoc?: { doc?: string } }[] }[];
}

Deno.test("mod.ts exports nothing without a docstring", async () => {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["doc", "--json", MODULE] }).output();
  const documentation: Documentation = JSON.parse(new TextDecoder().decode(stdout)).nodes[MODULE];
  assert(documentation.module_doc, "Cannot publish mod.ts: found no @module text");
  assertGreater(documentation.symbols.length, 0);
  const bare = documentation.symbols.filter(({ declarations }) => !declarations.some(({ jsDoc }) => jsDoc?.doc));
  assertEquals(bare.map(({ name }) => name), []);
});
