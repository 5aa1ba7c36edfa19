import { assertEquals } from "@std/assert";
import { METRICS_FILE, OPTIONS_FILE } from "../../../core/sampling/run.ts";
import { TINY_RUN } from "../../sampling/tiny_run.ts";
import { withApp } from "../served_app.ts";

const OTHER = "00001-celeba-mog-paper";

Deno.test("GET /runs says of every run what its files do", () =>
  withApp(async ({ json, runs, registry, refusal }) => {
    const options = { dataset: "celeba", method: "mog", preset: "paper", iterations: 100 };
    await Deno.mkdir(`${runs}/${OTHER}`);
    await Deno.writeTextFile(`${runs}/${OTHER}/${OPTIONS_FILE}`, JSON.stringify({ options }));
    await registry.refresh();
    const other = { name: OTHER, iteration: null, dataset: "celeba", method: "mog", preset: "paper", training: false };
    const tiny = { name: TINY_RUN, iteration: 500, dataset: null, method: null, preset: null, training: false };
    assertEquals(await json("/runs"), { runs: [tiny, other] });
    await Deno.writeTextFile(`${runs}/${OTHER}/${METRICS_FILE}`, `{"iteration":1}\n`);
    assertEquals((await json("/runs")).runs[1].training, true);
    await Deno.utime(`${runs}/${OTHER}/${METRICS_FILE}`, 0, Date.now() / 1000 - 3600);
    assertEquals((await json("/runs")).runs[1].training, false);
    assertEquals((await refusal("/runs?x=1")).code, "unknown_parameter");
  }, { folder: true }));
