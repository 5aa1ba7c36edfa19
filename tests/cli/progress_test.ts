import { assert, assertEquals } from "@std/assert";
import { duration, ProgressDisplay, progressLine } from "../../cli/progress.ts";

Deno.test("progressLine() has iteration, losses, images/s and time left", () => {
  const progress = {
    iteration: 500,
    iterations: 1500,
    criticLoss: -3.2141,
    generatorLoss: 1.2069,
    speed: { imagesPerSecond: 533.4, secondsLeft: 599 },
  };
  const line = " 500/1500  critic -3.214  generator 1.207  533 images/s  10 min left";
  assertEquals(progressLine(progress), line);
  assertEquals(progressLine({ ...progress, iteration: 1500 }).endsWith("533 images/s  done"), true);
});

Deno.test("duration() rounds up to what one cares about", () => {
  assertEquals([0.2, 45, 100, 599, 6000, 7200, 12001].map(duration), [
    "1 s",
    "45 s",
    "2 min",
    "10 min",
    "1 h 40 min",
    "2 h",
    "3 h 21 min",
  ]);
});

/** Shows `iterations` iterations of `ms` each, the first one 10 times as long; what was written. */
function shown(terminal: boolean, iterations: number, ms: number, columns = 60): string {
  let [text, time] = ["", 0];
  const display = new ProgressDisplay({
    iterations,
    images: 320,
    terminal,
    columns: () => columns,
    write: (more) => text += more,
    now: () => time,
  });
  for (let iteration = 1; iteration <= iterations; iteration++) {
    time += iteration === 1 ? 10 * ms : ms;
    display.measured({ iteration, criticLoss: -1, generatorLoss: 2 });
  }
  display.line("Trained");
  return text;
}

Deno.test("ProgressDisplay rewrites one line on a terminal, not too often and no longer than it is wide", () => {
  const text = shown(true, 100, 10);
  const states = text.split("\r\x1b[K").slice(1);
  assertEquals(states.length, 11); // every 100 ms and the last one
  assertEquals(text.split("\n").length, 3); // the line, "Trained", the end
  assertEquals(states.every((state) => state.split("\n")[0].length < 60), true);
});

Deno.test("ProgressDisplay shows the whole line on a terminal that gives no width", () => {
  const states = shown(true, 100, 10, 0).split("\r\x1b[K").slice(1);
  assertEquals(states[0], "  1/100  critic -1.000  generator 2.000");
  assertEquals(states[1], " 11/100  critic -1.000  generator 2.000  32000 images/s  1 s left");
});

Deno.test("ProgressDisplay writes few plain lines elsewhere and leaves the first iteration out of the speed", () => {
  const lines = shown(false, 1500, 100).trimEnd().split("\n");
  assertEquals(lines.length, 1 + 20 + 1);
  assertEquals(lines[0], "   1/1500  critic -1.000  generator 2.000");
  assertEquals(lines[1], "  75/1500  critic -1.000  generator 2.000  3200 images/s  3 min left");
  assertEquals(lines[21], "Trained");
});

Deno.test("ProgressDisplay gives no speed before an iteration that ran alone was measured", () => {
  const lines: string[] = [];
  let time = 0;
  const display = new ProgressDisplay({
    iterations: 4,
    images: 320,
    terminal: false,
    write: (line) => lines.push(line.trimEnd()),
    now: () => time,
  });
  [5000, 10, 500, 500].forEach((ms, i) => { // the second was under way while the first compiled
    time += ms;
    display.measured({ iteration: i + 1, criticLoss: -1, generatorLoss: 2 });
  });
  assertEquals(lines.map((line) => /[\d.]+ images/.exec(line)?.[0]), [
    undefined,
    undefined,
    "640 images",
    "640 images",
  ]);
});

Deno.test("ProgressDisplay.restart() forgets the time before it", () => {
  const lines: string[] = [];
  let time = 0;
  const display = new ProgressDisplay({
    iterations: 8,
    images: 320,
    terminal: false,
    write: (line) => lines.push(line.trimEnd()),
    now: () => time,
  });
  for (let iteration = 1; iteration <= 8; iteration++) {
    if (iteration === 5) {
      time += 60_000; // compiles
      display.restart();
    }
    time += iteration < 5 ? 100 : 500;
    display.measured({ iteration, criticLoss: -1, generatorLoss: 2 });
  }
  const speeds = lines.map((line) => /(\d+) images/.exec(line)?.[1]);
  assertEquals(speeds, [undefined, undefined, "3200", "3200", undefined, undefined, "640", "640"]);
});

Deno.test("ProgressDisplay is never silent for more than 30 s and an iteration", () => {
  const seconds = 2;
  const lines = shown(false, 1000, 1000 * seconds).trimEnd().split("\n").slice(0, -1);
  const iterations = lines.map((line) => Number(line.split("/")[0]));
  assertEquals([iterations[0], iterations.at(-1)], [1, 1000]);
  for (const [i, iteration] of iterations.slice(1).entries()) {
    assert((iteration - iterations[i]) * seconds <= 30, `silent from iteration ${iterations[i]} to ${iteration}`);
  }
});
