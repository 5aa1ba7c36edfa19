import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { interpolateLatents } from "../../core/sampling/interpolation.ts";
import { ShapeError } from "../../core/shape.ts";

const F32 = 1e-6; // rounding of f32, relative to numbers near 1

Deno.test("interpolateLatents() keeps to the sphere, in equal angles, from end to end", () => {
  const [a, b] = [Float32Array.of(2, 0, 0), Float32Array.of(0, -2, 0)];
  const latents = interpolateLatents(a, b, 4);
  assertEquals([latents.subarray(0, 3), latents.subarray(9)], [a, b]);
  for (let step = 0; step < 4; step++) {
    const angle = step / 3 * Math.PI / 2;
    assertAlmostEquals(latents[step * 3], 2 * Math.cos(angle), F32);
    assertAlmostEquals(latents[step * 3 + 1], -2 * Math.sin(angle), F32);
  }
});

Deno.test("interpolateLatents() is linear between parallel latents, opposite ones and the origin", () => {
  const middle = (a: number[], b: number[]) =>
    [...interpolateLatents(Float32Array.from(a), Float32Array.from(b), 3)].slice(2, 4);
  assertEquals(middle([1, 1], [3, 3]), [2, 2]);
  assertEquals(middle([1, 1], [-1, -1]), [0, 0]);
  assertEquals(middle([0, 0], [4, 2]), [2, 1]);
});

Deno.test("interpolateLatents() refuses latents of different lengths, and a single step", () => {
  const latent = new Float32Array(3);
  assertThrows(() => interpolateLatents(latent, new Float32Array(2), 3), ShapeError, "from [3] to [2]");
  assertThrows(() => interpolateLatents(latent, latent, 1), RangeError, "in 1 steps");
});
