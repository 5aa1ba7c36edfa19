import { assertEquals } from "@std/assert";
import type { Job } from "../../core/sampling/job.ts";
import { RowQueue } from "../../core/sampling/row_queue.ts";

/** A queue with all rows of these requests, and the names and indices of what it gives. */
function queueOf(jobs: readonly Pick<Job, "name" | "kind" | "missing">[]) {
  const queue = new RowQueue();
  for (const job of jobs) {
    for (let index = 0; index < Math.max(job.missing, 1); index++) queue.push({ job: job as Job, index, round: 0 });
  }
  const take = () => {
    const counts: Record<string, number> = {};
    for (const { job } of queue.take()) counts[job.name] = (counts[job.name] ?? 0) + 1;
    return counts;
  };
  return { queue, take };
}

Deno.test("take() gives at most half of a pass to one request while others wait, and the rest of it afterwards", () => {
  const { queue, take } = queueOf([
    { name: "large", kind: "free prior", missing: 300 },
    { name: "small", kind: "free prior", missing: 3 },
  ]);
  assertEquals(take(), { large: 253, small: 3 });
  assertEquals(take(), { large: 47 });
  assertEquals([take(), queue.length], [{}, 0]);
});

Deno.test("take() gives rows of one kind, other kinds first the next time, and none of a request that has ended", () => {
  const { take } = queueOf([
    { name: "failed", kind: "free region", missing: 0 },
    { name: "prior", kind: "free prior", missing: 300 },
    { name: "region", kind: "free region", missing: 2 },
  ]);
  assertEquals(take(), { prior: 256 });
  assertEquals(take(), { region: 2 });
  assertEquals(take(), { prior: 44 });
});
