import { assertEquals, assertMatch } from "@std/assert";
import { runTaskFile } from "./task.ts";
import { withTinyRuns } from "../sampling/tiny_run.ts";

/** Where Vulkan and OpenGL look for drivers, pointed at nothing. */
const NOWHERE = "/nonexistent";
const NO_DRIVERS = {
  VK_DRIVER_FILES: NOWHERE,
  VK_ICD_FILENAMES: NOWHERE,
  __EGL_VENDOR_LIBRARY_DIRS: NOWHERE,
  __EGL_VENDOR_LIBRARY_FILENAMES: NOWHERE,
  LIBGL_DRIVERS_PATH: NOWHERE,
};

Deno.test({
  name: "tasks say what to install where there is no adapter, exit code 1",
  ignore: Deno.build.os !== "linux", // elsewhere no variable hides the drivers
  fn: () =>
    withTinyRuns(async (_, checkpoint) => {
      const { code, stdout, stderr } = await runTaskFile("cli/sample.ts", ["--run", checkpoint], { env: NO_DRIVERS });
      assertEquals([code, stdout], [1, ""]);
      assertMatch(stderr, /^sample: Cannot open a GPU: found no WebGPU adapter, expected .+install.+\n$/);
    }),
});
