import { assertEquals, assertRejects } from "@std/assert";
import { compile, createState } from "../../../core/compile/program.ts";
import { add } from "../../../core/ops/elementwise.ts";
import { zeros } from "../../../core/ops/source.ts";
import { device } from "../../gpu.ts";

Deno.test("compute() gives what run() and read() give, also for runs that are under way together", async () => {
  const state = await createState(device, { total: zeros([1]) });
  const program = await compile(device, ({ total }, { x }) => {
    const sum = add(total, x);
    return { state: { total: sum }, outputs: { sum } };
  }, { state, inputs: { x: { shape: [1] } } });
  const [first, second] = await Promise.all([1, 10].map((x) => program.compute({ x: Float32Array.of(x) })));
  assertEquals([[...first.sum], [...second.sum]], [[1], [11]]);
  program.run({ x: Float32Array.of(100) });
  assertEquals([...(await program.read()).sum], [111]);
  await assertRejects(() => program.compute({}), RangeError, "nothing for x");
  program.destroy();
  state.destroy();
});
