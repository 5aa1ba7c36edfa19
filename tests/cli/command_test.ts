import { assertEquals } from "@std/assert";
import { commandOf } from "../../cli/command.ts";

Deno.test("commandOf() is what can be pasted into a shell", () => {
  assertEquals(
    commandOf("sample", { run: "runs/00000-ring8-hmog-toy" }),
    "./hmog sample --run runs/00000-ring8-hmog-toy",
  );
  assertEquals(
    commandOf("train", { resume: "my runs/it's", "data-dir": undefined }),
    `./hmog train --resume 'my runs/it'\\''s'`,
  );
});
