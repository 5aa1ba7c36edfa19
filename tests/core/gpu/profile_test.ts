import { assert, assertEquals } from "@std/assert";
import { openDevice } from "../../../core/gpu/device.ts";
import type { Command } from "../../../core/gpu/executor.ts";
import { Recorder } from "../../../core/gpu/profile.ts";

const device = await openDevice();
const COUNTER = `
@group(0) @binding(0) var<storage, read_write> count: array<u32, 4>;
@compute @workgroup_size(1) fn main() {
  count[0] += 1u;
}`;
const MORE_THAN_A_SET = 2048 + 3; // commands; a query set holds two timestamps of each

Deno.test("Recorder.submit() runs all commands and times each, in order, also more than a query set holds", async () => {
  const recorder = (await Recorder.open(device))!;
  const [count, copied] = ["count", "copied"].map((label) => device.createBuffer(16, label));
  const { pipeline, layout } = await device.pipelines.get({
    label: "count",
    code: COUNTER,
    entryPoint: "main",
    constants: {},
    bindings: ["write"],
  });
  const bindGroup = device.gpu.createBindGroup({ layout, entries: [{ binding: 0, resource: { buffer: count } }] });
  const dispatch: Command = { kind: "dispatch", label: "count", pipeline, bindGroup, workgroups: [1, 1, 1] };
  const texture = device.createTexture(16, 1, "texels");
  const commands: Command[] = [
    ...Array(MORE_THAN_A_SET).fill(dispatch),
    { kind: "texture", from: { buffer: count, offset: 0 }, to: texture, texels: 1 },
    { kind: "buffer", from: { buffer: count, offset: 0 }, to: { buffer: copied, offset: 0 }, bytes: 16 },
  ];
  const before = performance.now();
  const [first, second] = await Promise.all([recorder.submit(commands), recorder.submit(commands)]);
  const wall = performance.now() - before;
  let time = 0;
  for (const { begins, ends, host } of [first, second]) {
    assertEquals([begins.length, ends.length], [commands.length, commands.length]);
    for (const [i, begin] of begins.entries()) {
      assert(begin >= time && ends[i] >= begin, `command ${i} from ${begin} to ${ends[i]} ns`);
      time = ends[i];
    }
    assert(host.begin <= host.encoded && host.encoded <= host.submitted);
  }
  device.check();
  assertEquals(first.begins[0], 0); // the clock begins with the first command
  assert(time / 1e6 <= wall, `${time / 1e6} ms in ${wall} ms`);

  const staging = device.createStaging(16);
  const encoder = device.gpu.createCommandEncoder();
  encoder.copyBufferToBuffer(copied, 0, staging, 0, 16);
  device.gpu.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  assertEquals(new Uint32Array(staging.getMappedRange())[0], 2 * MORE_THAN_A_SET);
  staging.unmap();
  for (const resource of [count, copied, texture, staging]) device.release(resource);
  recorder.destroy();
  assertEquals(device.bytes, 0);
});

Deno.test("Recorder.open() gives none where the device was opened without timestamps", async () => {
  const other = await openDevice({}, []);
  assertEquals(await Recorder.open(other), null);
  await other.destroy();
});
