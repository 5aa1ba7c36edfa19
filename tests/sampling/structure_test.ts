import { assertEquals } from "@std/assert";
import type { HeadName } from "../../core/models/presets.ts";
import { structureOf } from "../../core/sampling/structure.ts";

Deno.test("structureOf() a tree has its nodes in level order", () => {
  const { leaves, nodes, nodeOf, pathTo, region } = structureOf({ head: "tree", depth: 2 });
  assertEquals([leaves, nodes, nodeOf(1), pathTo(1), pathTo(2)], [4, 7, 4, [0, 1, 4], [0, 2, 5]]);
  assertEquals([...region(2)], [0, 0, 1, 1]);
});

Deno.test("structureOf() every other mixture is a root with its generators below", () => {
  for (const head of ["flat", "disjoint", "prior", "gumbel", "latents"] satisfies HeadName[]) {
    const { leaves, nodes, nodeOf, pathTo, region } = structureOf({ head, depth: 2 });
    assertEquals([leaves, nodes, nodeOf(3), pathTo(3)], [4, 5, 4, [0, 4]], head);
    assertEquals([[...region(0)], [...region(4)]], [[1, 1, 1, 1], [0, 0, 0, 1]], head);
  }
});

Deno.test("structureOf() a single generator is one leaf, which is the root", () => {
  const { leaves, nodes, pathTo, region } = structureOf({ head: "single", depth: 5 });
  assertEquals([leaves, nodes, pathTo(0), [...region(0)]], [1, 1, [0], [1]]);
});
