/** Where a run comes from: versions of what made it, and the commit if the program lies in a git repository. */

const ROOT = new URL("../../", import.meta.url);

/** What is written beside the options of a run. */
export interface Provenance {
  readonly versions: { readonly hmog: string; readonly deno: string };
  /** Null where there is no repository. */
  readonly commit: string | null;
}

/** Versions and commit of the running program. */
export async function provenance(): Promise<Provenance> {
  const config = await read("deno.json");
  return {
    versions: { hmog: config ? JSON.parse(config).version : "unknown", deno: Deno.version.deno },
    commit: await commit(),
  };
}

/** `HEAD` is a commit or names a branch, which is a file of its own or a line of `packed-refs`. */
async function commit(): Promise<string | null> {
  const head = (await read(".git/HEAD"))?.trim();
  const branch = head?.match(/^ref: (.+)$/)?.[1];
  if (branch === undefined) return head ?? null;
  const own = await read(`.git/${branch}`);
  if (own !== null) return own.trim();
  const line = (await read(".git/packed-refs"))?.split("\n").find((line) => line.endsWith(` ${branch}`));
  return line?.split(" ")[0] ?? null;
}

async function read(path: string): Promise<string | null> {
  return ROOT.protocol === "file:" ? await Deno.readTextFile(new URL(path, ROOT)).catch(() => null) : null;
}
