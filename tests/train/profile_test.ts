import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { openDevice } from "../../core/gpu/device.ts";
import { resolveOptions } from "../../core/train/options.ts";
import { chromeTrace, type Profile, profileTable } from "../../core/train/profile.ts";
import { checkProfile } from "../../core/train/profiler.ts";
import { findResumable } from "../../core/train/resume.ts";
import { train, type TrainEvent, type TrainJob } from "../../core/train/train.ts";
import { device } from "../gpu.ts";
import { inFolder } from "../in_folder.ts";
import { shapes } from "./shapes.ts";

const DATA = shapes(96);
const REQUEST = { dataset: "shapes", preset: "tiny", batch: 8, seed: 5, iterations: 5 };
const { options: OPTIONS } = resolveOptions(REQUEST, { traits: device.traits, count: 96 });
const MS = 1e6; // ns
const SLACK = 1e-3; // ms of rounding

/** Two iterations of a critic step and a generator step; the host's clock begins at 100 ms, the GPU's at 5000 ms. */
const PROFILE: Profile = {
  adapter: "a GPU",
  batch: 64,
  commands: {
    critic: [{ label: "conv2d [8]", multiplyAdds: 4e6 }, { label: "copy", multiplyAdds: 0 }],
    generator: [{ label: "conv2d [8]", multiplyAdds: 2e6 }, { label: "conv2d [8]", multiplyAdds: 2e6 }],
  },
  runs: [3, 4].flatMap((iteration) => {
    const at = 20 * (iteration - 3);
    return [
      {
        step: "critic",
        iteration,
        host: { begin: 100 + at, encoded: 101 + at, submitted: 103 + at },
        begins: Float64Array.of((5000 + at) * MS, (5005 + at) * MS),
        ends: Float64Array.of((5004 + at) * MS, (5006 + at) * MS),
      },
      {
        step: "generator",
        iteration,
        host: { begin: 103 + at, encoded: 103.5 + at, submitted: 104 + at },
        begins: Float64Array.of((5010 + at) * MS, (5011 + at) * MS),
        ends: Float64Array.of((5011 + at) * MS, (5012 + at) * MS),
      },
    ] as const;
  }),
  wall: 42,
  plain: { encoding: 0.5, submitting: 7, wall: 20 },
};

const trained = async (job: Partial<TrainJob>) => {
  const events = await Array.fromAsync(train({ device, data: DATA, options: OPTIONS, ...job }));
  return { profiled: events.find(isProfile), folder: (events.at(-1) as { folder: string }).folder };
};
const isProfile = (event: TrainEvent) => event.kind === "profiled";

Deno.test("profileTable() has totals of an iteration, then kernels by share with their speed", () => {
  const lines = profileTable(PROFILE).split("\n").map((line) => line.trim().replaceAll(/ +/g, " "));
  assertEquals(lines.slice(0, 7), [
    "Profile of iterations 3 to 4 on a GPU, batch 64; ms per iteration",
    "",
    "GPU GPU with gaps encoding submitting wall",
    "critic step x 1 5.000 6.000 1.000 2.000",
    "generator step x 1 2.000 2.000 0.500 0.500",
    "iteration 7.000 8.000 1.500 2.500 21.0",
    "iteration before, without timestamps 0.500 7.000 20.0",
  ]);
  assertEquals(lines.slice(lines.indexOf("share ms calls GFLOP/s step kernel")), [
    "share ms calls GFLOP/s step kernel",
    "57.1 % 4.000 1 2.0 critic conv2d [8]", // 2 · 4e6 in 4 ms
    "28.6 % 2.000 2 4.0 generator conv2d [8]",
    "14.3 % 1.000 1 critic copy",
    "",
  ]);
  assertStringIncludes(profileTable(PROFILE, { rows: 1 }), "\nand 2 more, 42.9 %\n");
});

Deno.test("chromeTrace() lays host and steps on tracks of their own, in microseconds of one clock", () => {
  const { traceEvents } = JSON.parse(chromeTrace(PROFILE));
  const names = traceEvents.filter(({ name }: { name: string }) => name === "thread_name");
  assertEquals(names.map(({ tid, args }: { tid: number; args: { name: string } }) => [tid, args.name]), [
    [0, "host"],
    [1, "critic steps"],
    [2, "generator steps"],
  ]);
  const shown = traceEvents.filter(({ ph, args }: { ph: string; args: { iteration?: number } }) =>
    ph === "X" && (args.iteration ?? 3) === 3
  ).slice(0, 9);
  assertEquals(
    shown.map(({ name, pid, tid, ts, dur }: Record<string, unknown>) => [name, pid, tid, ts, dur]),
    [ // the GPU begins when the first step is submitted, 3 ms behind the first sign of the host
      ["encode critic step", 1, 0, 0, 1000],
      ["submit critic step", 1, 0, 1000, 2000],
      ["critic step", 1, 1, 3000, 6000],
      ["conv2d [8]", 1, 1, 3000, 4000],
      ["copy", 1, 1, 8000, 1000],
      ["encode generator step", 1, 0, 3000, 500],
      ["submit generator step", 1, 0, 3500, 500],
      ["generator step", 1, 2, 13000, 2000],
      ["conv2d [8]", 1, 2, 13000, 1000],
    ],
  );
});

Deno.test("checkProfile() says how many iterations can be profiled, and which adapter cannot", async () => {
  checkProfile(3, { device, left: 5 });
  for (const count of [0, -1, 4, 1.5, NaN]) {
    assertThrows(
      () => checkProfile(count, { device, left: 5 }),
      RangeError,
      "expected a whole number from 1 to 3, those",
    );
  }
  assertThrows(() => checkProfile(1, { device, left: 2 }), RangeError, "Cannot profile with 2 iterations left");
  const other = await openDevice({}, []);
  assertThrows(() => checkProfile(1, { device: other, left: 5 }), RangeError, "it has no timestamp queries");
  await other.destroy();
});

Deno.test("train() with a profile makes the same checkpoint, and times that fit into the wall time", () =>
  inFolder(async (runs) => {
    const { profiled, folder } = await trained({ runs, profile: 2 });
    const { profile, paths } = profiled!;
    assertEquals(paths, [`${folder}/profile.txt`, `${folder}/profile.json`]);
    assertEquals(await Deno.readTextFile(paths[0]), profileTable(profile));
    assertEquals(await Deno.readTextFile(paths[1]), chromeTrace(profile));
    const plain = await trained({ runs });
    const files = [folder, plain.folder].map((run) => Deno.readFile(`${run}/checkpoint-000005.safetensors`));
    const [a, b] = await Promise.all(files);
    assertEquals(a, b);

    assertEquals(
      profile.runs.map(({ step, iteration }) => `${iteration} ${step}`),
      [3, 4].flatMap((iteration) => [
        ...Array(5).fill(`${iteration} critic`),
        `${iteration} generator`,
      ]),
    );
    let time = 0;
    for (const { step, begins, ends } of profile.runs) {
      assertEquals([begins.length, ends.length], Array(2).fill(profile.commands[step].length));
      for (const [i, begin] of begins.entries()) {
        assert(begin >= time && ends[i] >= begin, `${profile.commands[step][i].label} from ${begin} to ${ends[i]} ns`);
        time = ends[i];
      }
    }
    assert((time - profile.runs[0].begins[0]) / MS <= profile.wall + SLACK, `${time / MS} in ${profile.wall} ms`);
  }));

Deno.test("train() profiles a resumed run, and what was done of a profile when it is stopped", () =>
  inFolder(async (runs) => {
    const { folder } = await trained({ runs, options: { ...OPTIONS, iterations: 2 } });
    const resume = await findResumable(folder, { changes: { iterations: 100 } });
    const controller = new AbortController();
    const events: TrainEvent[] = [];
    const job = { device, data: DATA, options: resume.options, resume, profile: 50, signal: controller.signal };
    for await (const event of train(job)) {
      events.push(event);
      if (event.kind === "measured" && event.measurement.iteration === 5) controller.abort();
    }
    const { profile } = events.find(isProfile)!;
    assertEquals(profile.runs[0].iteration, 5);
    assert(profile.runs.length < 50);
    await assertRejects(() => trained({ resume, options: resume.options, profile: 97 }), RangeError, "from 1 to 96");
  }));
