import { assertEquals, assertThrows } from "@std/assert";
import { nearestHint, nearestName, oneOf } from "../../core/nearest.ts";

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

Deno.test("nearestHint() names the nearest unless more than half of it would change", () => {
  assertEquals(nearestHint("--dataste", ["--dataset", "--gp"]), "; the nearest is --dataset");
  assertEquals(nearestHint("ab", ["ax"]), "; the nearest is ax");
  assertEquals(nearestHint("--out", ["--seed", "--gp"]), "");
  assertEquals(nearestHint("a", []), "");
});

Deno.test("oneOf() takes the exact name alone and says which there are", () => {
  const names = ["mnist", "fashionmnist"] as const;
  assertEquals(oneOf("data set", "mnist", names), "mnist");
  assertThrows(
    () => oneOf("data set", "MNIST", names),
    RangeError,
    "Cannot find data set MNIST: it is unknown, expected one of mnist, fashionmnist; the nearest is mnist",
  );
});
