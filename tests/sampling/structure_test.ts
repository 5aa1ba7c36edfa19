import { assertEquals } from "@std/assert";
import type { HeadName } from "../../core/models/presets.ts";
import { structureOf } from "../../core/sampling/structure.ts";

Deno.test("structureOf() a tree has its nodes in level order", () => {
  const { leaves, nodes, decisions, nodeOf, leafOf, pathTo, region, ...around } = structureOf({
    head: "tree",
    depth: 2,
  });
  assertEquals([leaves, nodes, nodeOf(1), pathTo(1), pathTo(2)], [4, 7, 4, [0, 1, 4], [0, 2, 5]]);
  assertEquals([...region(2)], [0, 0, 1, 1]);
  assertEquals([decisions, leafOf(2), leafOf(3), leafOf(6)], [3, null, 0, 3]);
  assertEquals([around.parent(0), around.parent(1), around.parent(6)], [null, 0, 2]);
  assertEquals([around.children(0), around.children(2), around.children(3)], [[1, 2], [5, 6], []]);
  assertEquals([0, 1, 2, 3, 6].map(around.level), [0, 1, 1, 2, 2]);
});

Deno.test("structureOf() every other mixture is a root with its generators below", () => {
  for (const head of ["flat", "disjoint", "prior", "gumbel", "latents"] satisfies HeadName[]) {
    const { leaves, nodes, decisions, nodeOf, pathTo, region, children, level } = structureOf({ head, depth: 2 });
    assertEquals([leaves, nodes, decisions, nodeOf(3), pathTo(3)], [4, 5, 0, 4, [0, 4]], head);
    assertEquals([[...region(0)], [...region(4)]], [[1, 1, 1, 1], [0, 0, 0, 1]], head);
    assertEquals([children(0), children(4), level(4)], [[1, 2, 3, 4], [], 1]);
  }
});

Deno.test("structureOf() a single generator is one leaf, which is the root", () => {
  const { leaves, nodes, pathTo, leafOf, children, region } = structureOf({ head: "single", depth: 5 });
  assertEquals([leaves, nodes, pathTo(0), leafOf(0), children(0), [...region(0)]], [1, 1, [0], 0, [], [1]]);
});
