/** Compute pipelines, one for each different text. */

/** How a binding of group 0 is used: a buffer or an `rgba32float` texture. */
export type BindingKind = "read" | "write" | "texture" | "textureWrite";

/** What a pipeline is made of. */
export interface PipelineText {
  label: string;
  code: string;
  entryPoint: string;
  constants: Readonly<Record<string, number>>;
  bindings: readonly BindingKind[];
}

/** A pipeline and the layout its bind groups must have. */
export interface Pipeline {
  pipeline: GPUComputePipeline;
  layout: GPUBindGroupLayout;
}

const LAYOUTS: Record<BindingKind, Omit<GPUBindGroupLayoutEntry, "binding" | "visibility">> = {
  read: { buffer: { type: "read-only-storage" } },
  write: { buffer: { type: "storage" } },
  texture: { storageTexture: { access: "read-only", format: "rgba32float" } },
  textureWrite: { storageTexture: { access: "write-only", format: "rgba32float" } },
};

const keyOf = ({ code, entryPoint, constants, bindings }: PipelineText): string =>
  JSON.stringify([code, entryPoint, constants, bindings]);

/** Compiles every text once. */
export class PipelineCache {
  readonly #pipelines = new Map<string, Promise<Pipeline>>();
  readonly #layouts = new Map<string, GPUBindGroupLayout>();

  constructor(readonly gpu: GPUDevice) {}

  /** Number of pipelines compiled. */
  get size(): number {
    return this.#pipelines.size;
  }

  /** The pipeline of a text; rejects with a `SyntaxError` that names it if the driver refuses it. */
  get(text: PipelineText): Promise<Pipeline> {
    const key = keyOf(text);
    let pipeline = this.#pipelines.get(key);
    if (pipeline === undefined) {
      pipeline = this.#compile(text);
      this.#pipelines.set(key, pipeline);
    }
    return pipeline;
  }

  /** Lets the pipeline of a text go: a program that has it keeps it. */
  forget(text: PipelineText): void {
    this.#pipelines.delete(keyOf(text));
  }

  #layout(bindings: readonly BindingKind[]): GPUBindGroupLayout {
    const key = bindings.join();
    let layout = this.#layouts.get(key);
    if (layout === undefined) {
      layout = this.gpu.createBindGroupLayout({
        entries: bindings.map((kind, binding) => ({
          binding,
          visibility: GPUShaderStage.COMPUTE,
          ...LAYOUTS[kind],
        })),
      });
      this.#layouts.set(key, layout);
    }
    return layout;
  }

  async #compile({ label, code, entryPoint, constants, bindings }: PipelineText): Promise<Pipeline> {
    const layout = this.#layout(bindings);
    this.gpu.pushErrorScope("internal"); // what a driver says of a text that is valid
    this.gpu.pushErrorScope("validation");
    const pipeline = this.gpu.createComputePipelineAsync({
      label,
      layout: this.gpu.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module: this.gpu.createShaderModule({ label, code }), entryPoint, constants },
    });
    const scopes = [this.gpu.popErrorScope(), this.gpu.popErrorScope()];
    const error = Promise.all(scopes).then(([validation, internal]) => validation ?? internal);
    const failure = (message: string) =>
      new SyntaxError(
        `Cannot compile kernel ${label} with ${JSON.stringify(constants)}: ${message}, expected WGSL the adapter takes`,
      );
    try {
      const compiled = { pipeline: await pipeline, layout };
      const found = await error;
      if (found) throw failure(found.message);
      return compiled;
    } catch (cause) {
      const found = await error;
      throw cause instanceof SyntaxError ? cause : failure(found?.message ?? (cause as Error).message);
    }
  }
}
