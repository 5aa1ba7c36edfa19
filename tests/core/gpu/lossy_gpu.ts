/** A GPU that is lost when a test wants it. */

import { Device, openDevice } from "../../../core/gpu/device.ts";

/** An opened adapter, and what takes it away as a driver would: everything fails, and a loss is reported. */
export interface LossyGpu {
  device: Device;
  lose: () => void;
}

/** The real GPU behind a `lost` of its own: WebGPU reports the end of a device that was destroyed as no loss. */
export async function lossyGpu(): Promise<LossyGpu> {
  const { gpu, traits, description } = await openDevice();
  const { promise: lost, resolve } = Promise.withResolvers<{ reason: string; message: string }>();
  const proxy = new Proxy(gpu, {
    get: (target, name) => {
      if (name === "lost") return lost;
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const lose = () => {
    gpu.destroy();
    resolve({ reason: "unknown", message: "the driver was reset" });
  };
  return { device: new Device(proxy, traits, description), lose };
}
