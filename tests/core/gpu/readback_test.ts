/** Reading buffers back: in one piece or in many, kept or freed. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { createState } from "../../../core/compile/program.ts";
import { DeviceError } from "../../../core/gpu/device.ts";
import { Readback } from "../../../core/gpu/executor.ts";
import { constant } from "../../../core/ops/source.ts";
import { device } from "../../gpu.ts";

const LENGTHS = [5, 1, 16, 40, 3];
const TOTAL = 4 * LENGTHS.reduce((a, b) => a + b);

/** Buffers of these many numbers, every number another one. */
function sources(): { buffer: GPUBuffer; bytes: number; data: Float32Array<ArrayBuffer> }[] {
  return LENGTHS.map((length, i) => {
    const data = Float32Array.from({ length }, (_, at) => 1000 * i + at);
    const buffer = device.createBuffer(4 * length, "source");
    device.gpu.queue.writeBuffer(buffer, 0, data);
    return { buffer, bytes: 4 * length, data };
  });
}

Deno.test("Readback reads the same in pieces as at once", async () => {
  const before = device.bytes;
  const list = sources();
  const expected = list.map(({ data }) => [...data]);
  for (const chunk of [4, 8, 12, 60, 64, TOTAL - 4, TOTAL, 2 ** 26]) {
    const readback = new Readback(device, chunk);
    const parts = await readback.read(list);
    assertEquals(parts.map((part) => [...new Float32Array(part)]), expected, `in pieces of ${chunk} bytes`);
    const inTurn = await readback.readInTurn(list);
    assertEquals(inTurn.map((part) => [...new Float32Array(part)]), expected, `in turn, in pieces of ${chunk} bytes`);
    readback.destroy();
  }
  for (const { buffer } of list) device.release(buffer);
  assertEquals(device.bytes, before);
});

Deno.test("Readback reads pieces as they were before what is submitted later", async () => {
  const list = sources();
  const readback = new Readback(device, 16);
  const early = readback.read(list);
  for (const { buffer, data } of list) device.gpu.queue.writeBuffer(buffer, 0, data.map((x) => -x));
  const late = readback.read(list);
  const total = (parts: ArrayBuffer[]) => parts.map((part) => [...new Float32Array(part)]);
  assertEquals(total(await early), list.map(({ data }) => [...data]));
  assertEquals(total(await late), list.map(({ data }) => [...data.map((x) => -x)]));
  readback.destroy();
  for (const { buffer } of list) device.release(buffer);
});

Deno.test("Readback counts its staging buffers, keeps small ones and frees large ones", async () => {
  const before = device.bytes;
  const reading = async (bytes: number) => {
    const buffer = device.createBuffer(bytes, "source");
    const readback = new Readback(device);
    const read = readback.read([{ buffer, bytes }]);
    const during = device.bytes - before;
    await read;
    const after = device.bytes - before;
    device.release(buffer);
    readback.destroy();
    return { during: during - bytes, after: after - bytes };
  };
  assertEquals(await reading(64), { during: 64, after: 64 });
  assertEquals(await reading(2 ** 23), { during: 2 ** 23, after: 0 });
  assertEquals(device.bytes, before);
});

Deno.test("Readback.readInTurn() has one staging buffer at a time, and ends when what it reads is freed", async () => {
  const list = sources();
  const before = device.bytes;
  const readback = new Readback(device, 16);
  const read = readback.readInTurn(list);
  assertEquals(device.bytes - before, 16);
  await read;
  assertEquals(device.bytes - before, 16 + TOTAL % 16); // small ones are kept, one of each size
  const again = readback.readInTurn(list);
  readback.destroy();
  await assertRejects(() => again, DeviceError, "it was freed meanwhile");
  for (const { buffer } of list) device.release(buffer);
});

Deno.test("a state that is destroyed while it is read gives everything back", async () => {
  const before = device.bytes;
  const state = await createState(device, { a: constant([1, 2, 3]), b: constant(Uint32Array.of(4)) });
  const read = state.read();
  state.destroy();
  assert(device.bytes > before, "the read under way is not counted");
  assertEquals(await read, { a: Float32Array.of(1, 2, 3), b: Uint32Array.of(4) });
  assertEquals(device.bytes, before);
});
