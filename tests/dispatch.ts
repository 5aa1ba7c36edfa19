/** Runs one `Kernel` on raw WebGPU, with nothing fused behind it. */

import { expand } from "../core/compile/expand.ts";
import { type Kernel, TEXTURE_PITCH } from "../core/tensor.ts";

/** A device with the adapter's own limits, and subgroups where it has them; null where there is no adapter. */
export async function openDevice(): Promise<GPUDevice | null> {
  return await open(["subgroups"]).catch(() => open([]));
}

async function open(requiredFeatures: GPUFeatureName[]): Promise<GPUDevice | null> {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) return null;
  const { maxStorageBufferBindingSize, maxBufferSize, maxComputeWorkgroupStorageSize } = adapter.limits;
  return await adapter.requestDevice({
    requiredFeatures,
    requiredLimits: { maxStorageBufferBindingSize, maxBufferSize, maxComputeWorkgroupStorageSize },
  });
}

/** The pipeline of a kernel whose `store` only writes. */
export function pipelineOf(device: GPUDevice, kernel: Kernel): Promise<GPUComputePipeline> {
  const text = expand(kernel.shader, kernel.constants);
  const type = kernel.width === 4 ? "vec4<f32>" : "f32";
  const code = `${text}
alias T = ${type};
@group(0) @binding(${kernel.operands.length}) var<storage, read_write> out: array<T>;
fn store(index: u32, value: T) { out[index] = value; }
`;
  const constants = Object.fromEntries(
    Object.entries(kernel.constants).filter(([name]) => new RegExp(`\\boverride ${name}\\b`).test(text)),
  );
  return device.createComputePipelineAsync({
    layout: "auto",
    compute: { module: device.createShaderModule({ code }), entryPoint: kernel.entryPoint, constants },
  });
}

/** One kernel with its buffers, ready to be encoded any number of times. */
export class Dispatch {
  readonly result: GPUBuffer;
  readonly #bindings: GPUBindGroup;

  constructor(
    readonly device: GPUDevice,
    readonly kernel: Kernel,
    readonly pipeline: GPUComputePipeline,
    inputs: readonly Float32Array<ArrayBuffer>[],
    readonly size: number,
  ) {
    this.result = device.createBuffer({ size: size * 4, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC });
    const resources = inputs.map((data, i): GPUBindingResource =>
      kernel.operands[i] === "texture" ? texture(device, data).createView() : { buffer: buffer(device, data) }
    );
    this.#bindings = device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [...resources, { buffer: this.result }].map((resource, binding) => ({ binding, resource })),
    });
  }

  /** Encodes the dispatch. */
  encode(pass: GPUComputePassEncoder): void {
    pass.setPipeline(this.pipeline);
    pass.setBindGroup(0, this.#bindings);
    pass.dispatchWorkgroups(...this.kernel.workgroups);
  }

  /** The results of running it once over a buffer filled with NaN, so that a missing element shows. */
  async run(): Promise<Float32Array> {
    const { device, size } = this;
    device.queue.writeBuffer(this.result, 0, new Float32Array(size).fill(NaN));
    const copy = device.createBuffer({ size: size * 4, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    this.encode(pass);
    pass.end();
    encoder.copyBufferToBuffer(this.result, 0, copy, 0, size * 4);
    device.queue.submit([encoder.finish()]);
    await copy.mapAsync(GPUMapMode.READ);
    const values = new Float32Array(copy.getMappedRange().slice(0));
    copy.destroy();
    return values;
  }
}

/** An operand as the engine may find it: behind its numbers lies NaN, as a larger one may have left there. */
function padded(data: Float32Array<ArrayBuffer>, multiple: number): Float32Array<ArrayBuffer> {
  const numbers = new Float32Array(Math.ceil(data.length / multiple) * multiple).fill(NaN);
  numbers.set(data);
  return numbers;
}

function buffer(device: GPUDevice, data: Float32Array<ArrayBuffer>): GPUBuffer {
  const numbers = padded(data, 4);
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
  const buffer = device.createBuffer({ size: numbers.byteLength, usage });
  device.queue.writeBuffer(buffer, 0, numbers);
  return buffer;
}

function texture(device: GPUDevice, data: Float32Array<ArrayBuffer>): GPUTexture {
  const texels = padded(data, TEXTURE_PITCH * 4);
  const size = [TEXTURE_PITCH, texels.length / 4 / TEXTURE_PITCH];
  const texture = device.createTexture({
    size,
    format: "rgba32float",
    usage: GPUTextureUsage.STORAGE_BINDING | GPUTextureUsage.TEXTURE_BINDING | GPUTextureUsage.COPY_DST,
  });
  device.queue.writeTexture({ texture }, texels, { bytesPerRow: TEXTURE_PITCH * 16 }, size);
  return texture;
}
