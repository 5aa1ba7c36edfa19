/** How long a comparison still takes. */

import { assertAlmostEquals, assertEquals } from "@std/assert";
import { secondsLeft } from "../../../core/compare/time_left.ts";

Deno.test("secondsLeft() is unknown before anything is known", () => {
  assertEquals(secondsLeft({ done: [], waiting: ["gan"] }), null);
  assertEquals(secondsLeft({ done: [], waiting: [], underWay: { method: "gan", seconds: 5, share: 0.01 } }), null);
});

Deno.test("secondsLeft() goes by the same method, else by the mean of the others", () => {
  const done = [{ method: "gan", seconds: 10 }, { method: "gan", seconds: 20 }, { method: "hmog", seconds: 60 }];
  assertEquals(secondsLeft({ done, waiting: [] }), 0);
  assertEquals(secondsLeft({ done, waiting: ["gan", "hmog"] }), 15 + 60);
  assertEquals(secondsLeft({ done, waiting: ["mgan"] }), 30);
});

Deno.test("secondsLeft() counts what is only to be scored by the time of scoring", () => {
  const done = [{ method: "gan", seconds: 10, scoring: 2 }, { method: "hmog", seconds: 60, scoring: 4 }];
  assertEquals(secondsLeft({ done, waiting: ["gan"], toScore: 3 }), 10 + 3 * 3);
  assertEquals(secondsLeft({ done: [{ method: "gan", seconds: 10 }], waiting: [], toScore: 1 }), null);
});

Deno.test("secondsLeft() counts the training under way by its own speed, once that tells", () => {
  const underWay = { method: "hmog", seconds: 30, share: 0.25 };
  assertAlmostEquals(secondsLeft({ done: [], waiting: ["gan"], underWay })!, 90 + 120, 1e-9);
  const done = [{ method: "gan", seconds: 50 }];
  assertEquals(secondsLeft({ done, waiting: [], underWay: { ...underWay, share: 0.001 } }), 20);
});
