import { assert, assertEquals, assertThrows } from "@std/assert";
import { DeviceError, openDevice } from "../../../core/gpu/device.ts";

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
