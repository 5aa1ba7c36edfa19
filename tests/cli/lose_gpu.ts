/** Loaded before a task: the GPU is lost when a tiny run is some iterations old. */

const SUBMISSIONS = 24; // an iteration has three: all its steps and two readings

const requestDevice = GPUAdapter.prototype.requestDevice;

GPUAdapter.prototype.requestDevice = async function (descriptor) {
  const gpu = await requestDevice.call(this, descriptor);
  const { promise: lost, resolve } = Promise.withResolvers<{ reason: string; message: string }>();
  const { queue } = gpu;
  const submit = queue.submit.bind(queue);
  let count = 0;
  queue.submit = (buffers) => {
    submit(buffers);
    if (++count !== SUBMISSIONS) return;
    gpu.destroy();
    resolve({ reason: "unknown", message: "the driver was reset" });
  };
  return new Proxy(gpu, {
    get: (target, name) => {
      if (name === "lost") return lost;
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
};
