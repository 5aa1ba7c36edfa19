import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DeviceError, isIntegrated, openDevice } from "../../../core/gpu/device.ts";
import { Readback } from "../../../core/gpu/executor.ts";
import { lossyGpu } from "./lossy_gpu.ts";

Deno.test("Device.lost resolves when the GPU reports an error, with the error that check() throws", async () => {
  const device = await openDevice();
  device.check();
  const { maxBufferSize } = device.gpu.limits;
  device.gpu.createBuffer({ size: maxBufferSize + 16, usage: GPUBufferUsage.STORAGE }); // more than is allowed
  const error = await device.lost;
  assert(
    error instanceof DeviceError && /^Cannot go on: the GPU reported ".+", expected no error$/s.test(error.message),
  );
  assertEquals(assertThrows(() => device.check()), error);
  await device.destroy();
});

Deno.test("Device ends waits for reads when the GPU is lost, with the error that check() throws", async () => {
  const { device, lose } = await lossyGpu();
  const buffer = device.createBuffer(16, "test");
  const readback = new Readback(device);
  const read = readback.read([{ buffer, bytes: 16 }]);
  lose();
  const error = await assertRejects(
    () => read,
    DeviceError,
    "Cannot go on: the GPU was lost (the driver was reset), expected it to stay",
  );
  assertEquals([await device.lost, assertThrows(() => device.check())], [error, error]);
  assertEquals(device.forgive(), false);
  assertThrows(() => device.check(), DeviceError);
  await assertRejects(() => device.track(new Promise(() => {})), DeviceError); // nothing will end it
  await device.destroy();
});

Deno.test("Device.forgive() lets buffers be read after an error that was only reported", async () => {
  const device = await openDevice();
  const buffer = device.createBuffer(16, "test");
  device.gpu.queue.writeBuffer(buffer, 0, new Float32Array([1, 2, 3, 4]));
  const encoder = device.gpu.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, 0, buffer, 0, 16); // onto itself, which is not allowed
  device.gpu.queue.submit([encoder.finish()]);
  await device.lost;
  const readback = new Readback(device);
  assertThrows(() => readback.read([{ buffer, bytes: 16 }]), DeviceError, "the GPU reported");
  assertEquals(device.forgive(), true);
  const [bytes] = await readback.read([{ buffer, bytes: 16 }]);
  assertEquals([...new Float32Array(bytes)], [1, 2, 3, 4]);
  readback.destroy();
  await device.destroy();
});

Deno.test("isIntegrated() tells graphics of a processor from a card by the name", () => {
  for (
    const name of [
      "Intel(R) UHD Graphics 630 (CFL GT2)",
      "Intel(R) Iris(R) Xe Graphics (TGL GT2)",
      "Intel(R) Arc(TM) Graphics (MTL)",
      "Apple M2 Pro",
      "AMD Radeon Graphics (RADV RENOIR)",
      "AMD Radeon(TM) Graphics",
      "AMD Radeon 780M Graphics (RADV PHOENIX)",
      "AMD Radeon Vega 8 Graphics (RADV RAVEN)",
      "Mali-G78",
      "Adreno (TM) 740",
      "V3D 7.1.7",
      "NVIDIA Tegra Orin (nvgpu)",
    ]
  ) assertEquals(isIntegrated(name), true, name);
  for (
    const name of [
      "Intel(R) Arc(TM) A770 Graphics (DG2)",
      "AMD Radeon RX 6800 XT (RADV NAVI21)",
      "AMD Radeon Pro W7900",
      "NVIDIA GeForce RTX 4090",
      "NVIDIA H200",
      "",
    ]
  ) assertEquals(isIntegrated(name), false, name);
});
