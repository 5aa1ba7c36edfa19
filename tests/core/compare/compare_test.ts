/** A comparison from its first training to its pictures, stopped in between. */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { compare, type CompareEvent, type CompareJob } from "../../../core/compare/compare.ts";
import { type CompareRequest, methodsOf } from "../../../core/compare/request.ts";
import { latestCheckpoint, RunError } from "../../../core/sampling/run.ts";
import { meaningOf } from "../../../core/metrics/evaluation.ts";
import { device } from "../../gpu.ts";
import { inFolder, names } from "../../in_folder.ts";
import { points } from "../../train/shapes.ts";

const ITERATIONS = 12;
const REQUEST: CompareRequest = {
  methods: methodsOf("madgan,mog"),
  seeds: 2,
  shared: { dataset: "circle", iterations: ITERATIONS, objective: "lsgan", batch: 16, depth: 1 },
};
const SVG = new TextEncoder().encode("pixels"); // what becomes of it is the rasteriser's to test

/** A job that scores a run by its last iteration and counts how often it is asked to. */
function jobIn(folder: string): CompareJob & { scored: string[] } {
  const scored: string[] = [];
  return {
    device,
    data: points(64),
    request: REQUEST,
    folder,
    scored,
    evaluation: { samples: 10 },
    rasterize: () => SVG,
    evaluate: async (run) => {
      scored.push(run);
      const { iteration } = await latestCheckpoint(run);
      const score = { name: "modesFound", value: iteration, ...meaningOf("modesFound", "pixels") };
      return { scores: [score], note: "the last iteration" };
    },
  };
}

/** Stops at an iteration of a seed. */
async function stoppedAt(job: CompareJob, seed: number, iteration: number): Promise<CompareEvent[]> {
  const stop = new AbortController();
  const events: CompareEvent[] = [];
  for await (const event of compare({ ...job, signal: stop.signal })) {
    events.push(event);
    if (event.kind === "training" && event.cell.seed === seed && event.iteration >= iteration) stop.abort();
  }
  return events;
}

const kinds = (events: readonly CompareEvent[]) => [...new Set(events.map(({ kind }) => kind))];

Deno.test("compare() goes on where it was stopped, and writes table and pictures at the end", () =>
  inFolder(async (folder) => {
    const first = jobIn(folder);
    const stopped = await stoppedAt(first, 1, 3);
    assertEquals(kinds(stopped), ["refused", "training", "done", "stopped"]);
    assertEquals(first.scored.length, 1);
    assertEquals(await names(folder), [".lock", "cells", "comparison.json", "table.csv", "table.md"]);

    const second = jobIn(folder);
    const events = await Array.fromAsync(compare(second));
    const done = events.flatMap((event) => event.kind === "done" ? [[event.cell.seed, event.did]] : []);
    assertEquals(done, [[0, null], [1, "train"]]);
    assertEquals(second.scored.map((run) => run.slice(folder.length)), ["/cells/mog-1/00000-circle-mog-toy"]);
    const iterations = events.flatMap((event) => event.kind === "training" ? [event.iteration] : []);
    assert(iterations[0] > 3, `went on at ${iterations[0]}`);
    assertEquals(iterations.at(-1), ITERATIONS);

    const figures = ["curves", "generators-mog", "metrics", "scatter"];
    const files = [...figures.flatMap((name) => [`${name}.png`, `${name}.svg`]), "table.csv", "table.md"];
    assertEquals((await names(folder)).filter((name) => name.includes(".") && !/^\.|json$/.test(name)), files);
    const wrote = events.flatMap((event) => event.kind === "wrote" ? [event.path] : []);
    assertEquals(wrote.length, 2 + figures.length);
    const table = await Deno.readTextFile(`${folder}/table.md`);
    assertStringIncludes(table, "| mog    | 12.00 ± 0.00  |");
    assertStringIncludes(table, "- madgan: Cannot train madgan with lsgan");
    assertStringIncludes(table, "Scores: the last iteration.");
    assertStringIncludes(await Deno.readTextFile(`${folder}/scatter.svg`), "modes found 12.00 ± 0.00");
    assertStringIncludes(await Deno.readTextFile(`${folder}/generators-mog.svg`), ">leaf 1<");

    const shared = { ...REQUEST.shared, batch: 8 };
    const other = { ...jobIn(folder), request: { ...REQUEST, shared } };
    await assertRejects(() => Array.fromAsync(compare(other)), RunError, "batch was 16 and is 8");
  }));

Deno.test("compare() scores runs again, and trains none, where what decides the scores is another", () =>
  inFolder(async (folder) => {
    const request = { ...REQUEST, methods: methodsOf("mog"), shared: { ...REQUEST.shared, iterations: 2 } };
    await Array.fromAsync(compare({ ...jobIn(folder), request }));
    const second = { ...jobIn(folder), request, evaluation: { samples: 20 } };
    const events = await Array.fromAsync(compare(second));
    assertEquals(kinds(events), ["done", "wrote"]);
    const done = events.filter((event) => event.kind === "done");
    assertEquals(done.map(({ did }) => did), ["score", "score"]);
    const [{ result: { seconds }, secondsLeft }] = done;
    assert(secondsLeft! < seconds, `${secondsLeft} s left, as if the other run had to be trained`);
    assertEquals(second.scored.length, 2);
    await Array.fromAsync(compare(second));
    assertEquals(second.scored.length, 2, "they were scored twice alike");
  }));

Deno.test("compare() notes a run that cannot be scored, and scores it when it is called again", () =>
  inFolder(async (folder) => {
    const request = { ...REQUEST, methods: methodsOf("mog"), seeds: 1, shared: { ...REQUEST.shared, iterations: 2 } };
    const evaluate = () => Promise.reject(new RangeError("Cannot compute modes: fake has Infinity"));
    const refused = await Array.fromAsync(compare({ ...jobIn(folder), request, evaluate }));
    assertEquals(refused.flatMap((event) => event.kind === "done" ? [[event.did, "failure" in event.result]] : []), [
      ["train", true],
    ]);
    assertStringIncludes(await Deno.readTextFile(`${folder}/table.md`), "- mog: seed 0: Cannot compute modes");
    const scored = await Array.fromAsync(compare({ ...jobIn(folder), request }));
    assertEquals(scored.some(({ kind }) => kind === "training"), false);
    assertStringIncludes(await Deno.readTextFile(`${folder}/table.md`), "| mog    | 2.000         |");
  }));

Deno.test("compare() that is stopped while a run is scored scores it when it is called again", () =>
  inFolder(async (folder) => {
    const request = { ...REQUEST, methods: methodsOf("mog"), seeds: 1, shared: { ...REQUEST.shared, iterations: 2 } };
    const stop = new AbortController();
    const evaluate = () => {
      stop.abort();
      return Promise.reject(stop.signal.reason);
    };
    const stopped = await Array.fromAsync(compare({ ...jobIn(folder), request, evaluate, signal: stop.signal }));
    assertEquals(kinds(stopped), ["training", "stopped"]);
    const scored = await Array.fromAsync(compare({ ...jobIn(folder), request }));
    assertEquals(kinds(scored), ["done", "wrote"]);
  }));

Deno.test("compare() notes a training whose loss is no number, and goes on", () =>
  inFolder(async (folder) => {
    const shared = { ...REQUEST.shared, regularizers: { gp: 3.4e38 } }; // a float holds no more
    const job = { ...jobIn(folder), request: { ...REQUEST, methods: methodsOf("mog"), seeds: 1, shared } };
    const events = await Array.fromAsync(compare(job));
    assertEquals(job.scored, []);
    assertEquals(events.at(-1), { kind: "wrote", path: `${folder}/table.csv` }); // and nothing to draw
    assertStringIncludes(await Deno.readTextFile(`${folder}/table.md`), "- mog: seed 0: Cannot go on training");
    const again = await Array.fromAsync(compare(job));
    assertEquals(again.flatMap((event) => event.kind === "done" ? [event.did] : []), [null]);
  }));
