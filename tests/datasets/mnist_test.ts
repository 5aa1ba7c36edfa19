import { assertEquals, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { encodeIdx, type IdxArray } from "../../datasets/idx.ts";
import { FASHION_MNIST, loadMnistLike, MNIST } from "../../datasets/mnist.ts";

const COUNT = 3;
// Pixel (y, x) of image n is n + y + 5x, so that a shift along any axis shows.
const PIXELS = Uint8Array.from(
  { length: COUNT * 784 },
  (_, i) => Math.floor(i / 784) + Math.floor(i % 784 / 28) + 5 * (i % 28),
);
const IMAGES: IdxArray = { shape: [COUNT, 28, 28], type: "uint8", data: PIXELS };
const LABELS: IdxArray = { shape: [COUNT], type: "uint8", data: new Uint8Array([9, 0, 3]) };

/** Runs `body` with a folder of the given train files; the arrays are written as IDX, packed if the name says so. */
async function withFiles(
  files: Record<string, IdxArray | Uint8Array>,
  body: (dataDir: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, content] of Object.entries(files)) {
      const bytes = content instanceof Uint8Array ? content : encodeIdx(content);
      await Deno.writeFile(`${folder}/${name}`, name.endsWith(".gz") ? gzipSync(bytes) : bytes);
    }
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function refusal(images: IdxArray | Uint8Array, labels: IdxArray | Uint8Array): Promise<string> {
  let message = "";
  await withFiles({ "train-images-idx3-ubyte": images, "train-labels-idx1-ubyte": labels }, async (dataDir) => {
    const error = await assertRejects(() => loadMnistLike(MNIST, { dataDir }), SyntaxError);
    message = error.message.replaceAll(`${dataDir}/`, "");
  });
  return message;
}

Deno.test("loadMnistLike() puts the exact pixels within a border of 2 zeros", async () => {
  await withFiles({ "train-images-idx3-ubyte.gz": IMAGES, "train-labels-idx1-ubyte.gz": LABELS }, async (dataDir) => {
    const { images, shape, ...rest } = await loadMnistLike(FASHION_MNIST, { dataDir });
    assertEquals(shape, [COUNT, 32, 32, 1]);
    for (let i = 0; i < images.length; i++) {
      const [n, y, x] = [Math.floor(i / 1024), Math.floor(i % 1024 / 32) - 2, i % 32 - 2];
      const inside = y >= 0 && y < 28 && x >= 0 && x < 28;
      assertEquals(images[i], inside ? n + y + 5 * x : 0);
    }
    assertEquals(rest, {
      name: "fashionmnist",
      labels: LABELS.data as Uint8Array,
      classNames: FASHION_MNIST.classNames,
      fingerprint: createHash("sha256").update(images).update(LABELS.data).digest("hex"),
      source: dataDir,
    });
  });
});

Deno.test("loadMnistLike() gives equal fingerprints for packed and plain files, another for other pixels", async () => {
  const fingerprints: string[] = [];
  const other = { ...IMAGES, data: PIXELS.with(100, 0) };
  for (
    const [suffix, images] of [["-idx3-ubyte.gz", IMAGES], [".idx3-ubyte", IMAGES], ["-idx3-ubyte", other]] as const
  ) {
    await withFiles({ [`train-images${suffix}`]: images, "train-labels.idx1-ubyte": LABELS }, async (dataDir) => {
      fingerprints.push((await loadMnistLike(MNIST, { dataDir })).fingerprint);
    });
  }
  assertEquals(fingerprints[0], fingerprints[1]);
  assertEquals(fingerprints[0] === fingerprints[2], false);
});

Deno.test("loadMnistLike() reads the test split from the t10k files", async () => {
  await withFiles({ "t10k-images-idx3-ubyte": IMAGES, "t10k-labels-idx1-ubyte": LABELS }, async (dataDir) => {
    assertEquals((await loadMnistLike(MNIST, { dataDir, split: "test" })).shape[0], COUNT);
    await assertRejects(() => loadMnistLike(MNIST, { dataDir }), Deno.errors.NotFound, "expected train-images");
  });
});

Deno.test("loadMnistLike() refuses labels in place of images and images in place of labels", async () => {
  assertEquals(
    await refusal(LABELS, LABELS),
    "Cannot read images from train-images-idx3-ubyte: found uint8 [3], which are labels, expected uint8 [1 or more, 28, 28]",
  );
  assertEquals(
    await refusal(IMAGES, IMAGES),
    "Cannot read labels from train-labels-idx1-ubyte: found uint8 [3, 28, 28], which are images, expected uint8 [count]",
  );
});

Deno.test("loadMnistLike() refuses images of another size, another type or none at all", async () => {
  const images = (shape: number[]) => ({ shape, type: "uint8", data: new Uint8Array(shape[0] * 784) }) as const;
  assertEquals(
    await refusal(images([1, 14, 56]), LABELS),
    "Cannot read images from train-images-idx3-ubyte: found uint8 [1, 14, 56], expected uint8 [1 or more, 28, 28]",
  );
  assertEquals(
    await refusal({ shape: [1, 28, 28], type: "float32", data: new Float32Array(784) }, LABELS),
    "Cannot read images from train-images-idx3-ubyte: found float32 [1, 28, 28], expected uint8 [1 or more, 28, 28]",
  );
  assertEquals(
    await refusal(images([0, 28, 28]), LABELS),
    "Cannot read images from train-images-idx3-ubyte: found uint8 [0, 28, 28], expected uint8 [1 or more, 28, 28]",
  );
});

Deno.test("loadMnistLike() refuses labels that are too few, too many or of no class", async () => {
  const labels = (...data: number[]): IdxArray => ({ shape: [data.length], type: "uint8", data: new Uint8Array(data) });
  const mismatch = (count: number) =>
    `Cannot label the images of train-images-idx3-ubyte: found ${count} labels in train-labels-idx1-ubyte, expected 3`;
  assertEquals(await refusal(IMAGES, labels(1, 2)), mismatch(2));
  assertEquals(await refusal(IMAGES, labels(1, 2, 3, 4)), mismatch(4));
  assertEquals(
    await refusal(IMAGES, labels(1, 12, 3)),
    "Cannot read labels from train-labels-idx1-ubyte: found 12 for image 1, expected 0 to 9",
  );
});

Deno.test("loadMnistLike() names a truncated file with both sizes", async () => {
  assertEquals(
    await refusal(encodeIdx(IMAGES).subarray(0, 1000), LABELS),
    "Cannot read train-images-idx3-ubyte: found 1000 bytes, expected 2368 for uint8 [3, 28, 28]",
  );
});

Deno.test("loadMnistLike() refuses a set of the same format in the place of another", async () => {
  await withFiles({ "train-images-idx3-ubyte": IMAGES, "train-labels-idx1-ubyte": LABELS }, async (dataDir) => {
    const { fingerprint } = await loadMnistLike(MNIST, { dataDir });
    const family = [{ ...MNIST, fingerprints: { train: fingerprint, test: "" } }, FASHION_MNIST];
    assertEquals((await loadMnistLike(MNIST, { dataDir }, family)).name, "mnist");
    await assertRejects(
      () => loadMnistLike(FASHION_MNIST, { dataDir }, family),
      SyntaxError,
      `Cannot load data set fashionmnist from ${dataDir}: found the train images of mnist, expected the train images of fashionmnist`,
    );
  });
});

Deno.test("loadMnistLike() refuses another size than 32, and colour", async () => {
  const message = "Cannot load data set mnist as 64x64x1: expected 32x32x1, as it is";
  assertEquals((await assertRejects(() => loadMnistLike(MNIST, { size: 64 }), RangeError)).message, message);
  await assertRejects(() => loadMnistLike(MNIST, { channels: 3 }), RangeError, "as 32x32x3: expected 32x32x1");
});
