/** Tables: means, deviations, the best in bold, what is missing. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  bestOf,
  type Column,
  csvTable,
  headingOf,
  markdownTable,
  type Row,
  shownOf,
  textsOf,
} from "../../../core/compare/table.ts";

const column = (name: string, better: Column["better"]): Column => ({ name, label: name, better });
const row = (method: string, scores: Record<string, number>[], remarks: string[] = []): Row => ({
  method,
  cells: scores.map((values, seed) => ({ seed, values })),
  remarks,
});
const one = (name: string, ...values: number[]): Row[] => values.map((value) => row(`${value}`, [{ [name]: value }]));

// Python's statistics.mean and statistics.stdev: 24, 25, 25 have 24.6667 and 0.57735; 7, 9, 8 have 8 and 1.
const ROWS = [
  row("gan", [{ modes: 7, loss: 0.5 }, { modes: 9, loss: 0.25 }, { modes: 8 }], [
    "seed 2: diverged",
    "seed 2: diverged",
  ]),
  row("hmog", [{ modes: 24, loss: 0.5 }, { modes: 25, loss: 0.3 }, { modes: 25, loss: 0.7 }]),
  row("madgan", [], ["makes no sense | here"]),
];

Deno.test("textsOf() has mean and deviation of a sample, the best in bold", () => {
  assertEquals(textsOf(ROWS, column("modes", "higher")), ["8.00 ± 1.00", "**24.67 ± 0.58**", "–"]);
  assertEquals(textsOf(ROWS, column("modes", "higher"), { bold: false })[1], "24.67 ± 0.58");
  assertEquals(textsOf(ROWS, column("loss", "lower")), ["**0.3750 ± 0.1768**", "0.5000 ± 0.2000", "–"]);
});

Deno.test("textsOf() of one seed has no deviation", () => {
  assertEquals(textsOf(one("x", 1, 2), column("x", "lower")), ["**1.000**", "2.000"]);
});

Deno.test("textsOf() marks all that are written alike, and none where none is better", () => {
  assertEquals(textsOf(one("x", 1, 1.00001, 2), column("x", "lower")), ["**1.000**", "**1.000**", "2.000"]);
  assertEquals(textsOf(one("x", 1, 2), column("x", "neither")), ["1.000", "2.000"]);
  assertEquals(textsOf(one("x", 1), column("x", "lower")), ["1.000"]);
  assertEquals(textsOf(one("x", 0.8, 0.4, 0.99), column("x", "half")), ["0.8000", "**0.4000**", "0.9900"]);
  assertEquals(textsOf(one("x", 0.4, 0.6, 0.9), column("x", "half")), ["**0.4000**", "**0.6000**", "0.9000"]);
  assertEquals(textsOf(one("x", 1, 1), column("x", "half")), ["1.000", "1.000"]);
  assertEquals(textsOf(one("x", 0, 0), column("x", "higher")), ["0", "0"]);
});

Deno.test("textsOf() writes numbers of any size", () => {
  assertEquals(textsOf(one("x", 0, 0), column("x", "neither")), ["0", "0"]);
  assertEquals(textsOf(one("x", -1e-9, 2), column("x", "neither")), ["0.000", "2.000"]);
  assertEquals(textsOf(one("x", 12345, 3), column("x", "neither")), ["12345", "3"]);
  assertEquals(textsOf(one("x", 1e-7, 3e-9), column("x", "neither")), ["1.00e-7", "3.00e-9"]);
  assertEquals(textsOf(one("x", -0.02, 0.0001), column("x", "neither")), ["-0.02000", "0.00010"]);
});

Deno.test("textsOf() tells good numbers apart beside one that is far worse", () => {
  const texts = (...values: number[]) => textsOf(one("x", ...values), column("x", "lower"));
  assertEquals(texts(30000, 0.02, 0.4), ["30000.000", "**0.020**", "0.400"]);
  assertEquals(texts(1217.25, 8, 8.3), ["1217.3", "**8.0**", "8.3"]);
  assertEquals(texts(748.1, 702.3, 9001), ["748", "**702**", "9001"]);
  assertEquals(texts(2, 1e-9), ["2.000000", "**0.000000**"]);
});

Deno.test("bestOf() goes by the direction", () => {
  assertEquals(
    ["lower", "higher", "half", "neither"].map((better) => bestOf([3, 0.4, 1], better as Column["better"])),
    [
      0.4,
      3,
      0.4,
      undefined,
    ],
  );
  assertEquals(bestOf([], "lower"), undefined);
});

Deno.test("markdownTable() has a line for every method and says once why numbers are missing", () => {
  const columns = [column("modes", "higher"), column("loss", "lower")];
  const text = markdownTable(ROWS, columns, { title: "ring8", notes: ["Three seeds."] });
  assertEquals(text.split("\n"), [
    "# ring8",
    "",
    "| Method | modes ↑          | loss ↓              |",
    "| ------ | ---------------: | ------------------: |",
    "| gan    | 8.00 ± 1.00      | **0.3750 ± 0.1768** |",
    "| hmog   | **24.67 ± 0.58** | 0.5000 ± 0.2000     |",
    "| madgan | –                | –                   |",
    "",
    "Three seeds.",
    "",
    "- gan: seed 2: diverged",
    "- madgan: makes no sense | here",
    "",
  ]);
  assertStringIncludes(
    markdownTable(one("a|b", 1), [column("a|b", "half")], { title: "", notes: [] }),
    "a\\|b (best 0.5)",
  );
});

Deno.test("shownOf() leaves out what explains other numbers, and begins with what tells most", () => {
  const columns = ["trainingSeconds", "frechetOfMeans", "frechet", "modes", "modesFound"].map((name) =>
    column(name, "lower")
  );
  assertEquals(shownOf(columns).map(({ name }) => name), ["modesFound", "frechet", "trainingSeconds"]);
});

Deno.test("headingOf() has the direction", () => {
  assertEquals(headingOf(column("FID", "lower")), "FID ↓");
  assertEquals(headingOf(column("Training, s", "neither")), "Training, s");
});

Deno.test("csvTable() has every seed, mean and deviation, in full precision", () => {
  const columns = [column("modes", "higher"), { ...column("loss", "lower"), name: "loss" }];
  assertEquals(csvTable([ROWS[0], { ...ROWS[2], method: 'a,"b"' }], columns).split("\n"), [
    "method,seed,modes,loss",
    "gan,0,7,0.5",
    "gan,1,9,0.25",
    "gan,2,8,",
    "gan,mean,8,0.375",
    "gan,deviation,1,0.1767766952966369",
    '"a,""b""",mean,,',
    '"a,""b""",deviation,,',
    "",
  ]);
});
