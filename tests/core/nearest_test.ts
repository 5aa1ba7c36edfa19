import { assertEquals } from "@std/assert";
import { nearestName } from "../../core/nearest.ts";

Deno.test("nearestName() finds the name with the fewest insertions, deletions and replacements", () => {
  assertEquals(nearestName("--epoch", ["--epochs", "--seed"]), "--epochs");
  assertEquals(nearestName("smal", ["paper", "small", "tiny"]), "small");
  assertEquals(nearestName("fashion", ["mnist", "fashionmnist"]), "fashionmnist");
});

Deno.test("nearestName() counts a swap of neighbours as one edit", () => {
  assertEquals(nearestName("ab", ["bc", "ba"]), "ba");
});

Deno.test("nearestName() takes no notice of case and separators", () => {
  assertEquals(nearestName("Fashion_MNIST", ["mnist", "fashion-mnist"]), "fashion-mnist");
});

Deno.test("nearestName() takes the first of equally near names and none of an empty list", () => {
  assertEquals(nearestName("b", ["a", "c"]), "a");
  assertEquals(nearestName("a", []), undefined);
});
