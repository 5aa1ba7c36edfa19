/** The rooms of the house: who may import whom, what files are called, how long they are. */

import { assertEquals, assertGreater } from "@std/assert";
import { fromFileUrl, join } from "@std/path";

const ROOT = fromFileUrl(new URL("..", import.meta.url));
const MAX_LINES = 300;

/** Files that are longer, each with its reason. */
const LONG_FILES: Record<string, string> = {
  "tests/ops_test.ts": "one table, a case for every op",
};

/** `core/` from the bottom up: what a room may import, besides itself. `pure` is a file directly in `core/`. */
const PURE = ["pure"];
const TENSOR = [...PURE, "tensor"];
const OPS = [...TENSOR, "op", "ops"];
const GRAD = [...OPS, "grad"];
const MODELS = [...GRAD, "nn", "models"];
const CORE = [
  ...[...MODELS, "compile", "gpu", "program", "sampling", "recognition", "metrics", "reading"],
  ...["train", "evaluate", "assign", "compare"],
];
const WITHOUT_TRAIN = CORE.filter((room) => !["train", "evaluate", "assign", "compare"].includes(room));

const MAY_IMPORT: Record<string, readonly string[]> = {
  pure: [],
  tensor: PURE,
  op: TENSOR,
  ops: [...OPS, "shaders"],
  grad: OPS,
  nn: GRAD,
  models: [...GRAD, "nn"],
  compile: [...OPS, "shaders"],
  gpu: PURE,
  program: [...GRAD, "compile", "gpu"],
  sampling: [...MODELS, "gpu", "program"],
  recognition: [...MODELS, "gpu", "program", "sampling"],
  metrics: [...MODELS, "gpu", "program", "sampling"],
  reading: [...MODELS, "gpu", "program", "sampling", "metrics"],
  train: [...MODELS, "gpu", "program", "sampling", "metrics"],
  evaluate: [...MODELS, "gpu", "program", "sampling", "metrics", "reading", "train"],
  assign: [...MODELS, "gpu", "program", "sampling", "recognition", "metrics", "reading", "train", "evaluate"],
  compare: [...MODELS, "gpu", "program", "sampling", "metrics", "train", "evaluate"],
  datasets: [], // and DATASETS_MAY_IMPORT
  server: WITHOUT_TRAIN,
  mod: [...CORE, "datasets"],
  cli: [...CORE, "datasets", "server", "mod"],
  bench: [...CORE, "datasets", "server", "mod"],
  tests: [...CORE, "datasets", "server", "mod", "cli", "bench", "shaders"],
  compat: [],
};

/** What the server makes of pictures that are sent is what data sets make of theirs. */
const SERVER_MAY_IMPORT = ["datasets/decode.ts", "datasets/picture.ts", "datasets/picture_header.ts"];
const DATASETS_MAY_IMPORT = ["core/draws.ts", "core/nearest.ts", "core/shape.ts"];

/** Rooms that may import packages: any, or the runtime's own (`node:`) alone. */
const MAY_USE_PACKAGES: Record<string, RegExp> = {
  train: /^node:/,
  compat: /^node:/,
  datasets: /./,
  server: /./,
  cli: /./,
  bench: /./,
  tests: /./,
};

/** Rooms of `core/` that may use `Deno`: the ones that read or write runs, and what is kept of data sets. */
const MAY_USE_DENO = ["train", "sampling", "recognition", "evaluate", "assign", "compare"];

/** Files directly in `core/` that are rooms of their own, and those of `compile` that join it with `gpu`. */
const SINGLE_FILES: Record<string, string> = {
  "core/tensor.ts": "tensor",
  "core/op.ts": "op",
  "core/grad.ts": "grad",
  "core/compile/assemble.ts": "program",
  "core/compile/program.ts": "program",
  "core/compile/scratch.ts": "program",
  "core/compile/select.ts": "program",
  "core/compile/state.ts": "program",
  "mod.ts": "mod",
};

interface Import {
  from: string; // path in the repository
  to: string; // path in the repository, or the name of a package
}

/** Name of the room a file lies in, `undefined` if there is no such room. */
function roomOf(file: string): string | undefined {
  if (file in SINGLE_FILES) return SINGLE_FILES[file];
  const parts = file.split("/");
  if (parts[0] !== "core") return parts[0] in MAY_IMPORT || parts[0] === "shaders" ? parts[0] : undefined;
  if (parts.length === 2) return "pure";
  return CORE.includes(parts[1]) && !Object.values(SINGLE_FILES).includes(parts[1]) ? parts[1] : undefined;
}

/** One sentence for every import that goes the wrong way. */
function violations(imports: readonly Import[]): string[] {
  return imports.flatMap(({ from, to }) => {
    const room = roomOf(from);
    if (room === undefined) return [`${from} is in no known room`];
    if (!/\.(ts|wgsl|json|css|js|html)$/.test(to)) {
      return MAY_USE_PACKAGES[room]?.test(to) ? [] : [`${from} imports ${to}: ${room} may not import this package`];
    }
    const target = roomOf(to);
    if (target === room) return [];
    if (room === "datasets" && DATASETS_MAY_IMPORT.includes(to)) return [];
    if (room === "server" && SERVER_MAY_IMPORT.includes(to)) return [];
    return target !== undefined && MAY_IMPORT[room].includes(target)
      ? []
      : [`${from} imports ${to}: ${room} may not import ${target}`];
  });
}

/** What is wrong with the name or the length of a file. */
function misfits(file: string, lines: number): string[] {
  const name = file.split("/").at(-1)!;
  return [
    ...(/^(utils?|helpers?|misc|common)\.ts$/.test(name) ? [`${file} says nothing by its name`] : []),
    ...(/^[a-z0-9]+(_[a-z0-9]+)*(\.d)?\.(ts|wgsl)$/.test(name) ? [] : [`${file} is not named in snake_case`]),
    ...(lines > MAX_LINES && !(file in LONG_FILES)
      ? [`${file} has ${lines} lines, expected at most ${MAX_LINES}`]
      : []),
  ];
}

/** Text of a module without comments. */
function code(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "");
}

async function sources(folder = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(join(ROOT, folder))) {
    if (/^(\.|node_modules$|runs$|docs$)/.test(entry.name)) continue;
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory) found.push(...await sources(path));
    else if (/\.(ts|wgsl)$/.test(entry.name)) found.push(path);
  }
  return found.sort();
}

/** All imports between and out of the files, read by Deno itself (types and dynamic imports too). */
async function importsOf(files: readonly string[]): Promise<Import[]> {
  const folder = await Deno.makeTempDir();
  try {
    const entry = join(folder, "all.ts");
    await Deno.writeTextFile(entry, files.map((file) => `import ${JSON.stringify(join(ROOT, file))};\n`).join(""));
    const info = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", "--config", join(ROOT, "deno.json"), entry],
    }).output();
    const root = new URL("..", import.meta.url).href;
    const { modules }: { modules: Module[] } = JSON.parse(new TextDecoder().decode(info.stdout));
    return modules.filter(({ specifier }) => specifier.startsWith(root)).flatMap((module) =>
      (module.dependencies ?? []).map(({ specifier }) => ({
        from: module.specifier.slice(root.length),
        to: /^\.{1,2}\//.test(specifier) ? new URL(specifier, module.specifier).href.slice(root.length) : specifier,
      }))
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

interface Module {
  specifier: string;
  dependencies?: { specifier: string }[];
}

Deno.test("layering: imports go one way", async () => {
  const files = await sources();
  const imports = await importsOf(files.filter((file) => file.endsWith(".ts")));
  assertGreater(imports.length, files.length / 2);
  assertEquals(violations(imports), []);
  assertEquals(files.filter((file) => roomOf(file) === undefined), [], "files in no known room");
});

Deno.test("layering: files are named in snake_case, say what they hold and are short", async () => {
  const texts = (await sources()).map(async (file) => ({ file, text: await Deno.readTextFile(join(ROOT, file)) }));
  const wrong = (await Promise.all(texts)).flatMap(({ file, text }) => misfits(file, text.split("\n").length - 1));
  assertEquals(wrong, []);
});

Deno.test("layering: core uses Deno only where runs are read and written", async () => {
  const files = (await sources("core")).filter((file) => !MAY_USE_DENO.includes(roomOf(file)!));
  const texts = await Promise.all(files.map((file) => Deno.readTextFile(join(ROOT, file))));
  assertEquals(files.filter((_, i) => /\bDeno\./.test(code(texts[i]))), []);
});

Deno.test("layering: mod.ts holds re-exports and nothing else", async () => {
  const statements = code(await Deno.readTextFile(join(ROOT, "mod.ts"))).split(";").map((text) => text.trim());
  assertEquals(statements.filter((text) => text !== "" && !/^export [^=]* from "\.\/[^"]*"$/.test(text)), []);
});

Deno.test("layering: the check finds what it is there to find", () => {
  const wrong: [from: string, to: string][] = [
    ["core/shape.ts", "core/tensor.ts"],
    ["core/ops/matmul.ts", "core/grad.ts"],
    ["core/ops/matmul.ts", "core/compile/lower.ts"],
    ["core/nn/linear.ts", "core/gpu/device.ts"],
    ["core/models/critic.ts", "core/compile/program.ts"],
    ["core/nn/linear.ts", "core/models/critic.ts"],
    ["core/compile/fuse.ts", "core/gpu/device.ts"],
    ["core/compile/fuse.ts", "core/compile/program.ts"],
    ["core/gpu/executor.ts", "core/tensor.ts"],
    ["core/nn/linear.ts", "shaders/matmul.wgsl"],
    ["core/op.ts", "zod"],
    ["core/png.ts", "node:zlib"],
    ["core/train/checkpoint.ts", "@std/path"],
    ["core/train/trainer.ts", "datasets/idx.ts"],
    ["datasets/idx.ts", "core/tensor.ts"],
    ["server/app.ts", "core/train/checkpoint.ts"],
    ["server/app.ts", "core/assign/k_means.ts"],
    ["server/app.ts", "datasets/registry.ts"],
    ["core/recognition/recogniser.ts", "core/train/steps.ts"],
    ["server/app.ts", "cli/train.ts"],
    ["core/shape.ts", "mod.ts"],
    ["cli/train.ts", "tests/gradcheck.ts"],
    ["core/misc/thing.ts", "core/shape.ts"],
  ];
  for (const [from, to] of wrong) assertEquals(violations([{ from, to }]).length, 1, `${from} -> ${to}`);
  const right: [from: string, to: string][] = [
    ["core/tensor.ts", "core/shape.ts"],
    ["core/ops/matmul.ts", "core/ops/movement.ts"],
    ["core/ops/matmul.ts", "shaders/matmul.wgsl"],
    ["core/compile/program.ts", "core/gpu/executor.ts"],
    ["core/train/trainer.ts", "core/compile/program.ts"],
    ["core/train/trainer.ts", "core/gpu/device.ts"],
    ["core/train/run_folder.ts", "node:path"],
    ["datasets/registry.ts", "core/nearest.ts"],
    ["server/app.ts", "hono"],
    ["tests/cli/train_test.ts", "cli/train.ts"],
  ];
  for (const [from, to] of right) assertEquals(violations([{ from, to }]), []);
  assertEquals(misfits("core/utils.ts", 10).length, 1);
  assertEquals(misfits("core/softTree.ts", 10).length, 1);
  assertEquals(misfits("core/soft_tree.ts", MAX_LINES + 1).length, 1);
  assertEquals(misfits("core/soft_tree.ts", MAX_LINES), []);
});
