import { assertEquals } from "@std/assert";
import { METRICS_FILE } from "../../../core/sampling/run.ts";
import { TINY_RUN } from "../../sampling/tiny_run.ts";
import { withApp } from "../served_app.ts";

Deno.test("GET /curves gives the numbers in the log, means of neighbours where there are more than asked for", () =>
  withApp(async ({ json, refusal, runs }) => {
    assertEquals((await refusal("/curves")).code, "no_log");
    const lines = Array.from(
      { length: 10 },
      (_, i) => ({ iteration: 10 * (i + 1), loss: i, note: "text", ...i > 7 && { late: 1 } }),
    );
    const text = `${lines.map((line) => JSON.stringify(line)).join("\n")}\nno JSON\n{"iteration":110,"lo`;
    await Deno.writeTextFile(`${runs}/${TINY_RUN}/${METRICS_FILE}`, text);
    const whole = await json("/curves");
    assertEquals(whole.run, TINY_RUN);
    assertEquals(whole.iterations, lines.map(({ iteration }) => iteration));
    assertEquals(whole.series, { loss: lines.map(({ loss }) => loss), late: [...new Array(8).fill(null), 1, 1] });
    assertEquals(await json("/curves?points=4"), {
      run: TINY_RUN,
      iterations: [30, 60, 90, 100],
      series: { loss: [1, 4, 7, 9], late: [null, null, 1, 1] },
    });
    for (const points of ["1", "10001", "x", ""]) {
      const { status, parameter } = await refusal(`/curves?points=${points}`);
      assertEquals([status, parameter], [400, "points"]);
    }
  }));
