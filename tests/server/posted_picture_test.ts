import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { encodePng } from "../../core/png.ts";
import { decodeBase64 } from "../datasets/base64.ts";
import golden from "../golden/pictures.json" with { type: "json" };
import { RequestError } from "../../server/errors.ts";
import { postedPicture } from "../../server/posted_picture.ts";

const ROUNDING = 1e-6; // f32 keeps seven digits

const JPEG = 4 / 127.5; // decoders differ by a few steps of a byte

const grey = (side: number, data: Uint8Array<ArrayBuffer>) =>
  encodePng({ width: side, height: data.length / side, channels: 1, data });
const white = (count: number) => new Uint8Array(count).fill(255);

Deno.test("postedPicture() gives 28x28 pixels the border of the MNIST family, for its sets alone", async () => {
  const file = await grey(28, white(28 * 28));
  const image = await postedPicture(file, { image: [32, 32, 1], dataset: "fashionmnist" });
  assertEquals(image.length, 32 * 32);
  image.forEach((pixel, i) => {
    const inside = [i % 32, Math.floor(i / 32)].every((place) => place >= 2 && place < 30);
    assertEquals(pixel, inside ? 1 : -1);
  });
  await assertRejects(() => postedPicture(file, { image: [32, 32, 1] }), RequestError, "is 28x28 pixels");
});

Deno.test("postedPicture() takes the middle by area, and makes grey of colour and colour of grey", async () => {
  const half = Uint8Array.from({ length: 64 * 80 }, (_, i) => i < 64 * 8 ? 77 : i % 2 === 0 ? 0 : 255); // a strip above
  const image = await postedPicture(await grey(64, half), { image: [32, 32, 1] });
  image.forEach((pixel) => assertAlmostEquals(pixel, 128 / 127.5 - 1, ROUNDING));
  const red = await encodePng({ width: 1, height: 1, channels: 3, data: Uint8Array.of(255, 0, 0) });
  assertAlmostEquals((await postedPicture(red, { image: [1, 1, 1] }))[0], 76 / 127.5 - 1, ROUNDING);
  assertEquals([...await postedPicture(await grey(1, white(1)), { image: [1, 1, 3] })], [1, 1, 1]);
});

Deno.test("postedPicture() reads JPEG and turns it upright as Exif asks", async () => {
  const { file, pixels, width, height } = golden.files.find(({ name }) => name === "colour.jpg")!;
  const image = await postedPicture(decodeBase64(file), { image: [height, height, 3] });
  const expected = decodeBase64(pixels);
  image.forEach((value, i) => {
    const [y, x] = [Math.floor(i / 3 / height), Math.floor(i / 3) % height];
    const byte = expected[3 * (y * width + x + (width - height) / 2) + i % 3];
    assertAlmostEquals(value, byte / 127.5 - 1, JPEG);
  });
  for (const { name, file, pixels } of golden.turned) {
    const upright = decodeBase64(pixels);
    const found = await postedPicture(decodeBase64(file), { image: [8, 8, 3] });
    assert(found.every((value, i) => Math.abs(value - (upright[i] / 127.5 - 1)) <= JPEG), `orientation ${name}`);
  }
});

Deno.test("postedPicture() refuses more pixels than can be decoded at once, before it decodes them", async () => {
  const file = await grey(1, white(1));
  new DataView(file.buffer).setUint32(16, 2001); // the width in the header
  new DataView(file.buffer).setUint32(20, 2000);
  const { status, code } = await assertRejects(
    () => postedPicture(file, { image: [32, 32, 1] }),
    RequestError,
    "Cannot assign the picture: it is 2001x2000 pixels, expected at most 4 million",
  );
  assertEquals([status, code], [400, "picture_too_large"]);
});
