import { assertEquals } from "@std/assert";
import { requestOf } from "../../cli/train_flags.ts";

Deno.test("requestOf() takes a list of augmentations with blanks, none, or nothing", () => {
  const augmentOf = (augment?: string) => requestOf({ dataset: "glyphs", augment }).augment;
  assertEquals(augmentOf("flip, translation"), ["flip", "translation"]);
  assertEquals(augmentOf(" color ,cutout "), ["color", "cutout"]);
  assertEquals([augmentOf("none"), augmentOf(" none"), augmentOf()], [[], [], []]);
});
