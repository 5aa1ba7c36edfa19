import * as path from "@std/path";
import { assertEquals } from "@std/assert";

Deno.test("path functions split, join and resolve", () => {
  assertEquals(path.join("runs", "..", "a", "b.png"), path.normalize("a/b.png"));
  assertEquals(path.basename("/a/b.txt", ".txt"), "b");
  assertEquals(path.dirname("/a/b.txt"), "/a");
  assertEquals(path.extname("/a/b.tar.gz"), ".gz");
  assertEquals(path.parse("/a/b.txt").name, "b");
  assertEquals(path.relative(path.resolve("/a/b"), path.resolve("/a/c")), path.join("..", "c"));
});

Deno.test("fromFileUrl() undoes toFileUrl()", () => {
  const file = path.resolve("a folder", "ünï#1.png");
  assertEquals(path.fromFileUrl(path.toFileUrl(file)), file);
  assertEquals(path.isAbsolute(file), true);
});
