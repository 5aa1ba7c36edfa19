/** `deno task bench [kernels|steps] [flags]`: one measurement, as a table; the method stands in each file's head. */

import { parseArgs } from "node:util";
import { measureSteps } from "./steps.ts";

async function steps(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      preset: { type: "string" }, // all of small and paper unless given
      batch: { type: "string", default: "64" },
      iterations: { type: "string", default: "12" },
    },
  });
  const [preset, batch, iterations] = [values.preset, Number(values.batch), Number(values.iterations)];
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

const [what = "steps", ...args] = Deno.args;
if (what === "steps") await steps(args);
else if (what === "kernels") await import("./kernels.ts");
else {
  console.error(`bench: Cannot measure "${what}": expected kernels or steps`);
  Deno.exit(2);
}
