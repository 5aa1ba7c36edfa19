/** Peers as processes: answers, ends and deadlines; none of the real ones is needed. */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { resultOf } from "../../bench/peers/jax.ts";
import { Peer, PeerError } from "../../bench/peers/process.ts";
import { startTorch } from "../../bench/peers/torch.ts";

const PATIENCE = 20_000;
const start = (code: string) => Peer.start({ program: Deno.execPath(), args: ["eval", code] });

Deno.test("Peer answers a line for a line", async () => {
  const peer = start(`
    const decoder = new TextDecoder();
    console.log("{}");
    for await (const chunk of Deno.stdin.readable) console.log(JSON.stringify([JSON.parse(decoder.decode(chunk))]));`);
  assertEquals(await peer.answer(PATIENCE), {});
  assertEquals(await peer.ask({ batch: 1 }, PATIENCE), [{ batch: 1 }]);
  assertEquals(await peer.ask("again", PATIENCE), ["again"]);
  await peer.close();
});

Deno.test("Peer says how a process ended that did not answer", async () => {
  const peer = start(`console.error("first"); console.error("no module named torch"); Deno.exit(1);`);
  await assertRejects(() => peer.answer(PATIENCE), PeerError, 'it ended with "no module named torch"');
  await peer.close();
});

Deno.test("Peer ends a process that is too late", async () => {
  const peer = start("setTimeout(() => {}, 60_000)");
  await assertRejects(() => peer.answer(50), PeerError, "no answer after");
  await peer.close();
});

Deno.test("Peer names a program that is not there", () => {
  assertThrows(() => Peer.start({ program: "no-such-program", args: [] }), PeerError, "no-such-program");
});

Deno.test("startTorch() says which Python it tried", async () => {
  await assertRejects(() => startTorch("no-such-python"), PeerError, "Cannot use PyTorch: no Python has it");
});

Deno.test("resultOf() is five critic steps and one generator step, or at least what is known of them", () => {
  const known = { start: 1, firstCritic: 9000, critic: 1000, firstGenerator: 5000, generator: 500 };
  assertEquals(resultOf(known, 0).iterationMs, 5500);
  const { complete, iterationMs, generatorMs } = resultOf({ ...known, generator: undefined }, 300);
  assertEquals([complete, iterationMs, generatorMs], [false, 5300, null]);
  assertEquals(resultOf({ firstCritic: 9000, critic: 1000 }, 300).iterationMs, 5000); // 300 ms may be compiling
  assertEquals(resultOf({ firstCritic: 9000 }, 300).iterationMs, 1500);
  assertThrows(() => resultOf({ start: 1 }, 60_000), PeerError, "missed the deadline");
});
