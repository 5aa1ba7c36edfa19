import { assertEquals, assertThrows } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { decodeTorchFile } from "../../core/torch_file.ts";

const GOLDEN = fromFileUrl(new URL("../golden", import.meta.url));
const { tensors: expected }: { tensors: Record<string, { shape: number[]; data: number[] }> } = JSON.parse(
  await Deno.readTextFile(`${GOLDEN}/torch_file.json`),
);
const files = ["torch_file.pth", "torch_file_older.pth"];

for (const file of files) {
  Deno.test(`decodeTorchFile() reads every f32 tensor of ${file}, views and nested ones too`, async () => {
    const found = decodeTorchFile(await Deno.readFile(`${GOLDEN}/${file}`));
    assertEquals(Object.keys(found).sort(), Object.keys(expected).sort());
    for (const [name, { shape, data }] of Object.entries(found)) {
      assertEquals({ shape, data: [...data] }, expected[name], name);
    }
  });

  Deno.test(`decodeTorchFile() gives a SyntaxError for ${file} cut short anywhere, and for nothing else`, async () => {
    const bytes = await Deno.readFile(`${GOLDEN}/${file}`);
    for (let length = 0; length < bytes.length; length += 7) {
      assertThrows(() => decodeTorchFile(bytes.slice(0, length)), SyntaxError);
    }
  });

  Deno.test(`decodeTorchFile() answers any changed byte of ${file} with tensors or a SyntaxError`, async () => {
    const bytes = await Deno.readFile(`${GOLDEN}/${file}`);
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice();
      changed[at] ^= 1 << (at % 8);
      try {
        decodeTorchFile(changed);
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw new Error(`byte ${at}: ${error}`, { cause: error });
      }
    }
  });
}

Deno.test("decodeTorchFile() calls nothing that a pickle names but what tensors are made with", () => {
  const bytes = Uint8Array.from("\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R.", (c) => c.charCodeAt(0));
  assertThrows(() => decodeTorchFile(bytes), SyntaxError, "found a call of os system, expected only collections");
});
