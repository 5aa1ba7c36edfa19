/**
 * Time from the start of a process to the end of its first iteration. This file is also what that process runs: one
 * iteration of the training that its argument describes.
 */

import { openTuned, type Tuning } from "./device.ts";
import { clocked } from "./measure.ts";
import { iterate, openTrainer, type Training } from "./training.ts";

const CACHES = ["XDG_CACHE_HOME", "MESA_SHADER_CACHE_DIR", "__GL_SHADER_DISK_CACHE_PATH", "LOCALAPPDATA"];

/**
 * Milliseconds with empty caches, and with those that this has filled.
 *
 * @throws {Error} If the process fails
 */
export async function firstIterations(training: Training & Tuning): Promise<{ cold: number; warm: number }> {
  const folder = await Deno.makeTempDir({ prefix: "hmog-bench-" });
  try {
    const env = Object.fromEntries(CACHES.map((name) => [name, folder]));
    const modules = { DENO_DIR: await modulesFolder() };
    const cold = await clocked(() => start(training, { ...env, ...modules }));
    return { cold, warm: await clocked(() => start(training, { ...env, ...modules })) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function start(training: Training & Tuning, env: Record<string, string>): Promise<void> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "-A", import.meta.filename!, JSON.stringify(training)],
    env,
    stderr: "piped",
  }).output();
  if (code === 0) return;
  throw new Error(`Cannot measure the first iteration: ${new TextDecoder().decode(stderr).trim()}`);
}

/** Where Deno keeps compiled modules: the other caches move, this one stays. */
async function modulesFolder(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}

if (import.meta.main) {
  const training: Training & Tuning = JSON.parse(Deno.args[0]);
  const device = await openTuned(training);
  const trainer = await openTrainer(device, training);
  await iterate(trainer, 1);
  trainer.destroy();
  await device.destroy();
}
