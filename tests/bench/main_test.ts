/** `bench` as people run it. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { measureGrowth } from "../../bench/growth.ts";
import { heavyCases } from "../../bench/shapes.ts";
import { multiplyAddsOf, openTrainer } from "../../bench/training.ts";
import { readResults } from "../../bench/results.ts";
import { runTaskFile } from "../cli/task.ts";
import { device } from "../gpu.ts";
import { inFolder } from "../in_folder.ts";

Deno.test("bench refuses a wrong flag with one sentence and exit code 2", async () => {
  const { code, stdout, stderr } = await runTaskFile("bench/main.ts", ["kernels", "--batch", "-1"]);
  assertEquals([code, stdout], [2, ""]);
  assertEquals(stderr.trim().split("\n").length, 1);
});

Deno.test("bench --show says that nothing was measured yet", async () => {
  await inFolder(async (folder) => {
    const { code, stderr } = await runTaskFile("bench/main.ts", ["--show", "--results", folder]);
    assertEquals(code, 1);
    assertStringIncludes(stderr, "there is none, expected one that bench has written");
  });
});

Deno.test("bench measures two parts, prints their tables and writes their figures", async () => {
  await inFolder(async (folder) => {
    const args = ["steps", "sampling", "--quick", "--preset", "tiny", "--batch", "16", "--results", folder];
    const { code, stdout, stderr } = await runTaskFile("bench/main.ts", args);
    assertEquals(code, 0, stderr);
    assertStringIncludes(stdout, "| dispatches, critic / generator step |");
    assertStringIncludes(stdout, "| pictures a second");
    const [{ name }] = await Array.fromAsync(Deno.readDir(folder));
    const { measurements } = (await readResults(`${folder}/${name}`))!;
    assertEquals(Object.keys(measurements), ["steps", "sampling"]);
    const { origin, figures } = measurements.steps["tiny 16"];
    assertEquals(origin.quick, true);
    assertEquals(Object.keys(figures as object).slice(0, 3), ["iterationMs", "criticMs", "generatorMs"]);
    const shown = await runTaskFile("bench/main.ts", ["--show", "--results", folder]);
    const lines = (text: string) => text.split("\n").filter((line) => line.startsWith("| d") || line.startsWith("## "));
    assertEquals(lines(shown.stdout), lines(stdout));
  });
});

Deno.test("measureGrowth() measures neighbours in turns, says what is refused, and leaves out what comes too late", async () => {
  const point = (depth: number) => ({ axis: "depth" as const, training: { preset: "tiny", batch: 4, depth } });
  const sizes = [point(1), point(2), point(99), point(3)];
  const begin = (text: string) => !text.endsWith("3");
  const points = await measureGrowth(sizes, { iterations: 1, tune: false, begin });
  assertEquals(points.map(({ training }) => training.depth), [1, 2, 99]);
  assertEquals(points.map(({ growth }) => growth?.n), [undefined, 1, undefined]);
  assertEquals(points[1].arithmetic, points[1].multiplyAdds! / points[0].multiplyAdds!);
  assertStringIncludes(points[2].refused!, "depth 99");
});

Deno.test("heavyCases() are all the multiply-adds of an iteration", async () => {
  const training = { preset: "tiny", batch: 16 };
  const trainer = await openTrainer(device, training);
  const cases = heavyCases(device.traits, training);
  assertEquals(
    cases.reduce((sum, { count, multiplyAdds }) => sum + count * multiplyAdds, 0),
    multiplyAddsOf(trainer),
  );
  trainer.destroy();
});
