import { assert, assertAlmostEquals, assertEquals, assertGreater, assertLess, assertThrows } from "@std/assert";
import { coverage, GLYPH_PATHS, type GlyphDataset, glyphs } from "../../datasets/glyphs.ts";

/** Whether `(x, y)`, in radii, is inside each shape with lines of half width `w`: plain geometry, no distances. */
const INSIDE: Record<string, (x: number, y: number, w: number) => boolean> = {
  disk: (x, y) => x * x + y * y < 0.81,
  crescent: (x, y) => x * x + y * y < 1 && (x - 0.5) ** 2 + y * y > 0.5625,
  square: (x, y) => x > -0.75 && x < 0.75 && y > -0.75 && y < 0.75,
  triangle: (x, y) =>
    // corners at 1.06 radii, the first at the top
    corners(x, y, [90, 210, 330].map((degrees) => [1.06 * cos(degrees), 1.06 * cos(degrees - 90)])),
  ring: (x, y, w) => x * x + y * y > (0.8 - w) ** 2 && x * x + y * y < (0.8 + w) ** 2,
  arc: (x, y, w) => (x < 0 && INSIDE.ring(x, y, w)) || near(x, y, 0, 0.8, w) || near(x, y, 0, -0.8, w),
  cross: (x, y, w) => [[x, y], [y, x]].some(([u, v]) => line(u, v, [-0.85, 0], [0.85, 0], w)),
  chevron: (x, y, w) => [y, -y].some((v) => line(x, v, [0.55, 0], [-0.45, 0.7], w)),
};
const FINE = 8; // points on a side of a pixel
/** Coverage by distance is exact for straight edges along the pixels; this is how far the rest may add up to. */
const SHARE_OF_AREA = 0.03;
const HALF_A_LEVEL = 0.5;

Deno.test("coverage() gives the parts of pixels that points inside the shape have", () => {
  const size = 32;
  const glyph = { x: 0.47, y: 0.53, radius: 0.35, rotation: 0.4, stroke: 0.15 };
  GLYPH_PATHS.forEach(([, , name], shape) => {
    const found = coverage({ ...glyph, shape }, size);
    let [error, area] = [0, 0];
    for (let pixel = 0; pixel < size * size; pixel++) {
      let inside = 0;
      for (let point = 0; point < FINE * FINE; point++) {
        const right = (pixel % size + (point % FINE + 0.5) / FINE) / size - glyph.x;
        const up = glyph.y - (Math.floor(pixel / size) + (Math.floor(point / FINE) + 0.5) / FINE) / size;
        const [c, s] = [Math.cos(glyph.rotation) / glyph.radius, Math.sin(glyph.rotation) / glyph.radius];
        inside += Number(INSIDE[name](c * right + s * up, c * up - s * right, glyph.stroke));
      }
      area += inside / FINE ** 2;
      error += Math.abs(found[pixel] - inside / FINE ** 2);
    }
    assertGreater(area, 50);
    assertLess(error / area, SHARE_OF_AREA, name);
  });
});

Deno.test("GLYPH_PATHS is a balanced binary tree in level order, and labels are its leaves", () => {
  assertEquals(GLYPH_PATHS.length, 8);
  for (let level = 1; level <= 3; level++) {
    const nodes = new Map<string, number[]>();
    GLYPH_PATHS.forEach((path, label) => {
      const node = path.slice(0, level).join();
      nodes.set(node, [...nodes.get(node) ?? [], label >> (3 - level)]);
    });
    assertEquals(nodes.size, 2 ** level);
    assertEquals([...nodes.values()].map((places) => new Set(places).size), new Array(2 ** level).fill(1));
  }
  const { hierarchy, classNames } = glyphs({ count: 1 });
  assertEquals(hierarchy.map((path) => path[2]), classNames);
});

Deno.test("glyphs() draws light shapes on a dark ground, whole, all classes as often", () => {
  const count = 2000;
  const { images, shape, labels, name, source } = glyphs({ count });
  assertEquals([name, source, shape, images.length], [
    "glyphs",
    "code with seed 0",
    [count, 32, 32, 1],
    2_048_000,
  ]);
  for (let i = 0; i < count; i++) {
    const image = images.subarray(1024 * i, 1024 * (i + 1));
    const ground = image[0];
    assertLess(ground, 40);
    assertGreater(Math.max(...image), 126);
    for (let k = 0; k < 32; k++) {
      const border = [image[k], image[992 + k], image[32 * k], image[32 * k + 31]];
      assert(border.every((pixel) => pixel === ground), `shape ${labels[i]} of picture ${i} touches the border`);
    }
  }
  const deviation = Math.sqrt(count * (1 / 8) * (7 / 8));
  for (let label = 0; label < 8; label++) {
    assertAlmostEquals(labels.filter((other) => other === label).length, count / 8, 5 * deviation);
  }
});

Deno.test("glyphs() draws classes that neighbours in pixels tell apart, and every level of the tree better", () => {
  const [train, test] = [glyphs({ count: 1500 }), glyphs({ count: 300, split: "test" })];
  const found = nearestLabels(train, test);
  const accuracy = [1, 2, 3].map((level) => {
    return found.filter((label, i) => label >> (3 - level) === test.labels[i] >> (3 - level)).length / 300;
  });
  assertGreater(accuracy[2], 0.85); // 0.125 by chance
  assert(accuracy[0] >= accuracy[1] && accuracy[1] >= accuracy[2], `accuracies ${accuracy} from the root down`);
});

Deno.test("glyphs() draws the same shapes in every size, grey or in colour", () => {
  const count = 16;
  const [grey, large, colour] = [{}, { size: 64 }, { channels: 3 as const }].map((options) =>
    glyphs({ count, seed: 5, ...options })
  );
  assertEquals([large.labels, colour.labels], [grey.labels, grey.labels]);
  let difference = 0;
  grey.images.forEach((pixel, i) => {
    assertAlmostEquals(Math.max(...colour.images.subarray(3 * i, 3 * i + 3)), pixel, HALF_A_LEVEL);
    const [image, row, column] = [i >> 10, i >> 5 & 31, i & 31];
    const corner = image * 4096 + row * 128 + column * 2;
    const mean = [0, 1, 64, 65].reduce((sum, offset) => sum + large.images[corner + offset], 0) / 4;
    difference += Math.abs(mean - pixel) / grey.images.length;
  });
  assertLess(difference, 0.5); // levels: edges alone differ
  const hues = new Set(Array.from({ length: count }, (_, i) => {
    const middle = colour.images.subarray(3 * 1024 * i, 3 * 1024 * (i + 1));
    return [0, 1, 2].map((c) => middle.filter((_, j) => j % 3 === c).reduce((a, b) => a + b)).join();
  }));
  assertEquals(hues.size, count);
});

Deno.test("glyphs() depends on split and seed alone", () => {
  const set = glyphs({ count: 20 });
  assertEquals(glyphs({ count: 20, split: "train", seed: 0, size: 32, channels: 1 }), set);
  const others = [glyphs({ count: 20, split: "test" }), glyphs({ count: 20, seed: 1 }), set];
  assertEquals(new Set(others.map(({ fingerprint }) => fingerprint)).size, 3);
  assertEquals([glyphs({ size: 16 }).shape[0], glyphs({ size: 16, split: "test" }).shape[0]], [20_000, 4_000]);
});

Deno.test("glyphs() refuses sizes, counts and channels it cannot draw", () => {
  for (const options of [{ size: 15 }, { size: 129 }, { size: 32.5 }, { count: 0 }, { channels: 2 as 1 }]) {
    assertThrows(() => glyphs(options), RangeError, "expected a count of at least 1, a size from 16 to 128 and 1 or 3");
  }
});

function cos(degrees: number): number {
  return Math.cos(degrees * Math.PI / 180);
}

function near(x: number, y: number, cx: number, cy: number, radius: number): boolean {
  return (x - cx) ** 2 + (y - cy) ** 2 < radius ** 2;
}

/** Whether a point is inside a convex polygon whose corners go counter-clockwise. */
function corners(x: number, y: number, points: number[][]): boolean {
  return points.every(([ax, ay], i) => {
    const [bx, by] = points[(i + 1) % points.length];
    return (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0;
  });
}

/** Whether a point is inside a line with round ends: in its rectangle or in one of two disks. */
function line(x: number, y: number, [ax, ay]: number[], [bx, by]: number[], w: number): boolean {
  const length = Math.hypot(bx - ax, by - ay);
  const [dx, dy] = [(bx - ax) / length, (by - ay) / length];
  const [along, across] = [(x - ax) * dx + (y - ay) * dy, (y - ay) * dx - (x - ax) * dy];
  const inRectangle = along > 0 && along < length && Math.abs(across) < w;
  return inRectangle || near(x, y, ax, ay, w) || near(x, y, bx, by, w);
}

/** The label of the nearest picture for each of others. */
function nearestLabels(known: GlyphDataset, asked: GlyphDataset): number[] {
  const size = 1024;
  return Array.from(asked.labels, (_, i) => {
    let [best, least] = [0, Infinity];
    for (let j = 0; j < known.labels.length; j++) {
      let distance = 0;
      for (let k = 0; k < size && distance < least; k++) {
        distance += (asked.images[i * size + k] - known.images[j * size + k]) ** 2;
      }
      if (distance < least) [best, least] = [known.labels[j], distance];
    }
    return best;
  });
}
