import { assertEquals } from "@std/assert";
import { plan } from "../../../core/compile/plan.ts";
import { add, mul } from "../../../core/ops/elementwise.ts";
import { transpose } from "../../../core/ops/movement.ts";
import { variable } from "../../../core/ops/source.ts";

Deno.test("plan() binds no more buffers than the adapter has, also where values are read in two ways", () => {
  for (const maxStorageBuffers of [8, 10, 32]) {
    const adapter = {
      software: true,
      maxInvocations: 256,
      maxWorkgroupMemory: 2 ** 14,
      maxStorageTextures: 4,
      maxTextureSide: 8192,
    };
    const xs = Array.from({ length: 40 }, (_, i) => variable({ name: `x${i}`, shape: [4, 4] }));
    const both = xs.map((x) => mul(x, transpose(x))).reduce((a, b) => add(a, b)); // by fours and by element
    const texts = plan([both], [], { ...adapter, maxStorageBuffers }).kernels.map(([best]) => best());
    assertEquals(texts.filter(({ bindings }) => bindings.length > maxStorageBuffers), []);
  }
});
