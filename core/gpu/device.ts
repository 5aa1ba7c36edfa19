/** The adapter and what was allocated on it. */

import type { AdapterTraits } from "../adapter.ts";
import { hashOf } from "./hash.ts";
import { PipelineCache } from "./pipelines.ts";
import type { Tuner } from "./tuning.ts";

/** A missing, failing or lost adapter. */
export class DeviceError extends Error {
  override name = "DeviceError";
}

const NO_ADAPTER = "Cannot open a GPU: found no WebGPU adapter, expected a GPU with a Vulkan, Metal or Direct3D 12 " +
  "driver, or a software driver; on Debian or Ubuntu install one with: apt install mesa-vulkan-drivers";

/** Limits that a smaller adapter may have; the adapter's own are asked for. */
const LIMITS = [
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxStorageBuffersPerShaderStage",
  "maxStorageTexturesPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupSizeY",
  "maxTextureDimension2D",
] as const;

const SUBGROUPS: GPUFeatureName = "subgroups";

/** What is asked for where the adapter has it: to measure kernels by, and for lanes that do loads for each other. */
const FEATURES: readonly GPUFeatureName[] = ["timestamp-query", SUBGROUPS];

/** Bytes of a buffer or an `rgba32float` texture. */
export function bytesOf(resource: GPUBuffer | GPUTexture): number {
  return resource instanceof GPUBuffer ? resource.size : resource.width * resource.height * 16;
}

/** Part of a buffer, in bytes: where a value lies. */
export interface BufferRange {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly size: number;
}

/** An opened adapter: counts bytes, shares pipelines, and turns errors of the driver into one `DeviceError`. */
export class Device {
  readonly pipelines: PipelineCache;
  /** Resolves when the adapter is lost other than by `destroy`, or reports an error: nothing can be had of it again. */
  readonly lost: Promise<DeviceError>;
  #bytes = 0;
  #failure: DeviceError | null = null;
  #gone = false;
  /** Where the values lie that stay between runs, by the variable that stands for them. */
  readonly variables: WeakMap<object, BufferRange> = new WeakMap();
  /** Textures that hold a copy of a variable, by the variable. */
  readonly cached: WeakMap<object, { fresh: boolean }[]> = new WeakMap();
  /** Chooses among the variants of kernels for the programs that are compiled; without one the rule does. */
  tuner: Tuner | null = null;
  /** Told what a user should know and nothing else says; prints unless replaced. */
  onWarning: (message: string) => void = console.warn;
  readonly #warned = new Set<string>();
  readonly #pending = new Set<Promise<unknown>>();
  readonly #waiting = new Set<(error: DeviceError) => void>();

  constructor(
    readonly gpu: GPUDevice,
    readonly traits: AdapterTraits,
    /** Name of the adapter, such as `llvmpipe (LLVM 15.0.6, 256 bits)`. */
    readonly description: string,
    /** All that is known of adapter and driver: another one of these, another adapter. */
    readonly identity: string = description,
  ) {
    this.pipelines = new PipelineCache(gpu);
    const { promise, resolve } = Promise.withResolvers<DeviceError>();
    this.lost = promise;
    const fail = (message: string) => resolve(this.#failure ??= new DeviceError(`Cannot go on: ${message}`));
    gpu.lost.then(({ reason, message }) => {
      if (reason === "destroyed") return;
      this.#gone = true;
      fail(`the GPU was lost (${message}), expected it to stay`);
      for (const reject of this.#waiting) reject(this.#failure!);
    });
    gpu.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      fail(`the GPU reported "${(event as GPUUncapturedErrorEvent).error.message.trim()}", expected no error`);
    });
  }

  /** Bytes allocated now, in buffers and textures. */
  get bytes(): number {
    return this.#bytes;
  }

  /** To be told when a variable was replaced: copies of it are no longer what it is. */
  changed(variable: object): void {
    for (const copy of this.cached.get(variable) ?? []) copy.fresh = false;
  }

  /** The largest buffer that can be bound. */
  get maxBufferBytes(): number {
    return Math.min(this.gpu.limits.maxStorageBufferBindingSize, this.gpu.limits.maxBufferSize);
  }

  /** @throws {DeviceError} If the adapter was lost or reported an error since it was opened */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  /** Lets the state be read after an error that was only reported; false where the adapter is lost. */
  forgive(): boolean {
    if (!this.#gone) this.#failure = null;
    return !this.#gone;
  }

  /** Tells `onWarning` in one line, once for every message. */
  warn(text: string): void {
    const message = text.replaceAll(/\s+/g, " ");
    if (this.#warned.has(message)) return;
    this.#warned.add(message);
    this.onWarning(message);
  }

  /**
   * A storage buffer of at least this size that can be copied from and to.
   *
   * @throws {DeviceError} If it is larger than the adapter can bind
   */
  createBuffer(bytes: number, label: string): GPUBuffer {
    const size = Math.max(16, Math.ceil(bytes / 16) * 16);
    const most = this.maxBufferBytes;
    if (size > most) {
      throw new DeviceError(`Cannot allocate ${label}: ${size} bytes, expected at most ${most}, the adapter's limit`);
    }
    this.#bytes += size;
    return this.gpu.createBuffer({
      label,
      size,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
  }

  /** A buffer to copy others to and to read from the host. */
  createStaging(bytes: number): GPUBuffer {
    this.#bytes += bytes;
    return this.gpu.createBuffer({
      label: "readback",
      size: bytes,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
  }

  /** An `rgba32float` texture to copy buffers to. */
  createTexture(width: number, height: number, label: string): GPUTexture {
    this.#bytes += width * height * 16;
    return this.gpu.createTexture({
      label,
      size: [width, height],
      format: "rgba32float",
      usage: GPUTextureUsage.STORAGE_BINDING | GPUTextureUsage.COPY_DST,
    });
  }

  /** Frees a buffer or texture made here. */
  release(resource: GPUBuffer | GPUTexture): void {
    this.#bytes -= bytesOf(resource);
    resource.destroy();
  }

  /** Ends a wait when the adapter is lost, and remembers it, so that `destroy` pulls no mapped buffer away from it. */
  track<T>(wait: Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    if (this.#gone) reject(this.#failure!);
    this.#waiting.add(reject);
    const settled = wait.then(resolve, reject).finally(() => {
      this.#waiting.delete(reject);
      this.#pending.delete(settled);
    });
    this.#pending.add(settled);
    return promise;
  }

  /** Waits for reads and work under way and gives the adapter back. */
  async destroy(): Promise<void> {
    if (this.#gone) return; // nothing to give back, and waits might not end
    while (this.#pending.size > 0) await Promise.all(this.#pending);
    // A process that ends while llvmpipe computes may be killed by its threads.
    await this.gpu.queue.onSubmittedWorkDone().catch(() => {});
    this.gpu.destroy();
  }
}

/**
 * Opens the adapter with its own limits.
 *
 * @param limits Smaller limits to ask for, to try what a smaller adapter would do
 * @param features Asked for where the adapter has them, such as `timestamp-query` to profile
 * @throws {DeviceError} If there is no adapter, or it gives no device
 * @example
 * ```ts
 * import { openDevice } from "@hmog/hmog";
 * import { assertGreater } from "@std/assert";
 *
 * const device = await openDevice();
 * assertGreater(device.traits.maxStorageBuffers, 7); // WebGPU promises 8
 * await device.destroy();
 * ```
 */
export async function openDevice(
  limits: Partial<Record<typeof LIMITS[number], number>> = {},
  features: readonly GPUFeatureName[] = FEATURES,
): Promise<Device> {
  // Deno names subgroups in no adapter's features; one that lacks them refuses.
  const { adapter, gpu } = await request(limits, features, features.includes(SUBGROUPS))
    .catch(() => request(limits, features, false));
  const { info } = adapter;
  const description = info.description || info.device || info.vendor;
  return new Device(
    gpu,
    {
      software: info.isFallbackAdapter || /llvmpipe|lavapipe|swiftshader/i.test(description),
      integrated: isIntegrated(description),
      subgroup: subgroupOf(gpu, info),
      maxInvocations: gpu.limits.maxComputeInvocationsPerWorkgroup,
      maxWorkgroupMemory: gpu.limits.maxComputeWorkgroupStorageSize,
      maxStorageBuffers: gpu.limits.maxStorageBuffersPerShaderStage,
      maxStorageTextures: gpu.limits.maxStorageTexturesPerShaderStage,
      maxTextureSide: gpu.limits.maxTextureDimension2D,
    },
    description,
    await identityOf(adapter),
  );
}

async function request(
  limits: Partial<Record<typeof LIMITS[number], number>>,
  features: readonly GPUFeatureName[],
  subgroups: boolean,
): Promise<{ adapter: GPUAdapter; gpu: GPUDevice }> {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new DeviceError(NO_ADAPTER);
  const requiredLimits = Object.fromEntries(LIMITS.map((name) => [name, limits[name] ?? adapter.limits[name]]));
  const requiredFeatures = features.filter((feature) =>
    feature === SUBGROUPS ? subgroups : adapter.features.has(feature)
  );
  const gpu = await adapter.requestDevice({ requiredLimits, requiredFeatures }).catch((error: Error) => {
    throw new DeviceError(
      `Cannot open a GPU: the adapter refused (${error.message}), expected a device with its limits`,
    );
  });
  return { adapter, gpu };
}

/** Lanes of the smallest subgroup; 0 without the feature, or where a workgroup of 64 might not be whole ones. */
function subgroupOf(gpu: GPUDevice, { subgroupMinSize, subgroupMaxSize }: GPUAdapterInfo): number {
  return gpu.features.has(SUBGROUPS) && subgroupMaxSize <= 64 ? subgroupMinSize : 0;
}

/** Makers and names of GPUs that are part of a processor, and of cards that would be taken for one. */
const INTEGRATED =
  /\b(intel|apple|mali|immortalis|adreno|powervr|videocore|v3d|tegra|orin|vega \d+|radeon(\(tm\))? graphics|\d{3}m)\b/i;
const CARDS = /\barc(\(tm\))? [ab]\d{3}|\bdg\d\b/i;

/** Whether an adapter shares the memory of the CPU; WebGPU does not say, so its name has to. */
export function isIntegrated(description: string): boolean {
  return INTEGRATED.test(description) && !CARDS.test(description);
}

/** WebGPU does not name the driver's version; what the driver offers changes with it. */
async function identityOf({ info, features, limits }: GPUAdapter): Promise<string> {
  const { vendor, architecture, device, description } = info;
  const numbers = Object.keys(Object.getPrototypeOf(limits)).map((name) => limits[name as keyof GPUSupportedLimits]);
  const parts = [
    description,
    vendor,
    device,
    architecture,
    navigator.userAgent,
    await hashOf([[...features].sort(), numbers]),
  ];
  return parts.filter((part) => part !== "").join(", ");
}
