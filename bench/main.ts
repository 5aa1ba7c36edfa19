/** `deno task bench [kernels|steps] [flags]`: one measurement, as a table; the method stands in each file's head. */

import { readFlags, UsageError } from "../cli/flags.ts";
import { runTask } from "../cli/run_task.ts";
import { measureSteps } from "./steps.ts";

const FLAGS = {
  preset: { kind: "text", meaning: "small, paper or tiny; all of small and paper unless given", value: "NAME" },
  batch: { kind: "integer", meaning: "Images of a step (64)" },
  iterations: { kind: "integer", meaning: "Iterations to run, the first two not counted (12)" },
} as const;

async function steps(args: readonly string[]): Promise<void> {
  const { preset, batch = 64, iterations = 12 } = readFlags(args, FLAGS);
  for (const name of preset ? [preset] : ["small", "paper"]) {
    const result = await measureSteps({ preset: name, batch, iterations });
    const { firstIterationMs, iterationMs, dispatches, gpuMegabytes, residentMegabytes } = result;
    const ms = (value: number) => `${value.toFixed(0)} ms`;
    const mb = ({ early, end }: { early: number; end: number }) => `${early.toFixed(0)} -> ${end.toFixed(0)} MB`;
    console.log(`${name}, batch ${batch}, on ${result.adapter}`);
    console.log(`  first iteration done after ${ms(firstIterationMs)}`);
    console.log(`  iteration ${ms(iterationMs.median)} (${ms(iterationMs.least)} to ${ms(iterationMs.largest)})`);
    console.log(`  dispatches ${Object.entries(dispatches).map(([step, count]) => `${step} ${count}`).join(", ")}`);
    console.log(`  GPU ${mb(gpuMegabytes)}, process ${mb(residentMegabytes)}`);
  }
}

await runTask("bench", async () => {
  const [what = "steps", ...args] = Deno.args;
  if (what === "steps") return await steps(args);
  if (what === "kernels") return await import("./kernels.ts").then(() => {});
  throw new UsageError(`Cannot measure ${what}: expected kernels or steps`);
});
