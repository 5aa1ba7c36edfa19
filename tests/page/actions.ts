/** What one can do on the page, each in a browser. `page_test.ts` runs this file and says where the page is. */

/// <reference lib="dom" />

import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import type { Page } from "playwright-core";
import { closeBrowser, FLAT_RUN, otherPictures, PAGE, pictures, queryOf, RUNS, TREE_RUN, visit } from "./visit.ts";

const FIRST_PICTURE = 3000; // ms; 1 s on a machine that has nothing else to do
const MOST_BYTES = 300_000; // of the page with its packages

const node = (page: Page, number: number) => page.locator(`[role=treeitem][data-node="${number}"]`);
const tile = (page: Page, number: number) => page.locator(".gallery .tile").nth(number);
const path = (page: Page) =>
  page.locator("[role=treeitem].main").evaluateAll((items) =>
    items.map((item) => Number((item as HTMLElement).dataset.node)).sort((a, b) => a - b)
  );
const sizeOf = (page: Page, selector: string) =>
  page.locator(selector).evaluateAll((elements) => elements.map((element) => element.getBoundingClientRect().width));

Deno.test("opens with the tree, pictures in it and samples, in few bytes and soon", async () => {
  const bytes = new Map<string, number>();
  const bodies: Promise<unknown>[] = [];
  let opened = 0;
  await visit({
    before: (page) => {
      opened = Date.now();
      page.on("response", (response) => {
        const { pathname } = new URL(response.url());
        if (pathname !== "/" && !pathname.startsWith("/web/")) return;
        bodies.push(response.body().then((body) => bytes.set(pathname, body.length)));
      });
      return Promise.resolve();
    },
  }, async (page) => {
    const waited = Date.now() - opened;
    assert(waited < FIRST_PICTURE, `the first picture came after ${waited} ms, expected at most ${FIRST_PICTURE}`);
    await node(page, 6).locator(".pictures image").waitFor();
    assertEquals(await page.locator("[role=treeitem]").count(), 7);
    assertEquals(await page.locator(".edge").count(), 6);
    assertEquals((await pictures(page)).length, 30);
    assertMatch(await page.locator("#samples-title").innerText(), /All samples/);
    await page.locator("#curves canvas").first().waitFor();
    await Promise.all(bodies);
    const sum = [...bytes.values()].reduce((a, b) => a + b, 0);
    assert(bytes.has("/web/uplot.js") && bytes.has("/web/d3-hierarchy.js"));
    assert(sum < MOST_BYTES, `the page has ${sum} bytes, expected fewer than ${MOST_BYTES}`);
  });
});

Deno.test("lines are as wide as what goes through them, and bars tell how much each leaf is used", () =>
  visit({}, async (page) => {
    await node(page, 6).locator(".pictures image").waitFor();
    const { nodes } = await (await fetch(`${PAGE}/tree?run=${TREE_RUN}`)).json();
    for (const { node: number, usage, leaf } of nodes.slice(1)) {
      const width = Number(
        await page.locator(`.edge[data-node="${number}"] path`).first().getAttribute("stroke-width"),
      );
      assert(Math.abs(width - (1 + 14 * usage)) < 1e-3, `line to ${number}: ${width}`);
      if (leaf === null) continue;
      const [of, bar] = await sizeOf(page, `[data-node="${number}"] .usage-of, [data-node="${number}"] .usage`);
      assert(Math.abs(bar / of - usage) < 0.02, `bar of leaf ${leaf}: ${bar} of ${of}, used ${usage}`);
    }
  }));

Deno.test("a click on a node shows its samples, has an address, and the browser goes back", () =>
  visit({}, async (page) => {
    const all = await pictures(page);
    await node(page, 5).click();
    const some = await otherPictures(page, all);
    assertEquals(queryOf(page), { node: "5" });
    assertEquals(await page.locator("#samples-title").innerText(), "Leaf 2");
    assertEquals(await node(page, 5).getAttribute("aria-selected"), "true");
    const answer = await fetch(`${PAGE}/sample.json?run=${TREE_RUN}&n=30&seed=0&node=5&images=each&scale=1`);
    const { samples } = await answer.json();
    assertEquals(some, samples.map(({ image }: { image: string }) => `data:image/png;base64,${image}`));
    await page.goBack();
    assertEquals(await otherPictures(page, some), all);
    await page.goForward();
    assertEquals(await otherPictures(page, all), some);
  }));

Deno.test("the switch shows the samples forced", () =>
  visit({ query: "node=4" }, async (page) => {
    const own = await pictures(page);
    await page.getByRole("radio", { name: "forced" }).click();
    const forced = await otherPictures(page, own);
    assertEquals(queryOf(page), { node: "4", mode: "forced" });
    await tile(page, 0).click();
    assertEquals(await path(page), [0, 1, 4]);
    assertEquals(await node(page, 4).locator(".weight text").textContent(), "1.00");
    await page.keyboard.press("f");
    assertNotEquals(await otherPictures(page, forced), forced);
  }));

Deno.test("a click on a sample lights its path with the weights and shows its gates; its address does the same", () =>
  visit({ query: "seed=3" }, async (page) => {
    const { samples } = await (await fetch(`${PAGE}/sample.json?run=${TREE_RUN}&n=30&seed=3`)).json();
    const { path: expected, weights, gates } = samples[2];
    await tile(page, 2).click();
    for (const time of ["clicked", "opened by its address"]) {
      await page.locator(".gates li").first().waitFor();
      await node(page, 3).locator(".weight text").waitFor({ state: "attached" });
      assertEquals(await path(page), expected, time);
      assertEquals(queryOf(page), { seed: "3", sample: "2" });
      for (const [leaf, weight] of weights.entries()) {
        const text = await node(page, 3 + leaf).locator(".weight text").textContent();
        assertEquals(text, weight < 0.02 ? "0.00" : weight.toFixed(2), `leaf ${leaf}, ${time}`);
      }
      const rows = await page.locator(".gates li").allInnerTexts();
      assertEquals(rows.length, gates.length);
      const shares = rows.map((row) => /(\d)\s+(left|right) ([\d.]+)/.exec(row)!);
      for (const [, gate, side, share] of shares) {
        assertEquals(Number(share).toFixed(2), Math.max(gates[+gate], 1 - gates[+gate]).toFixed(2));
        assertEquals(side, gates[+gate] >= 0.5 ? "left" : "right");
      }
      if (time === "clicked") await page.reload();
    }
    await page.getByRole("button", { name: "Close the sample" }).click();
    assertEquals([await path(page), queryOf(page)], [[], { seed: "3" }]);
  }));

Deno.test("flipping a gate shows the same latent forced left and right", () =>
  visit({ query: "sample=1" }, async (page) => {
    await page.getByRole("button", { name: "Flip gate 0" }).click();
    await page.getByAltText("Gate 0 forced left").waitFor();
    assertEquals(queryOf(page), { sample: "1", flip: "0" });
    const [left, right] = await page.locator(".flipped img").evaluateAll((all) =>
      all.map((img) => img.getAttribute("src"))
    );
    assertNotEquals(left, right);
    const expected = await fetch(
      `${PAGE}/sample.json?run=${TREE_RUN}&n=1&first=1&seed=0&force=0:left&images=each&scale=1`,
    );
    assertEquals(left, `data:image/png;base64,${(await expected.json()).samples[0].image}`);
    await page.reload();
    await page.getByAltText("Gate 0 forced right").waitFor();
    await page.getByRole("button", { name: "Flip gate 1" }).click();
    await page.getByAltText("Gate 1 forced left").waitFor();
    await page.keyboard.press("Escape");
    assertEquals([queryOf(page), await page.locator(".flipped img").count()], [{ sample: "1" }, 0]);
  }));

Deno.test("sliders change temperature and truncation, each step of the history once", () =>
  visit({}, async (page) => {
    const before = await pictures(page);
    await page.getByLabel("Truncation").fill("0.3");
    const typical = await otherPictures(page, before);
    assertEquals(queryOf(page), { truncation: "0.3" });
    await page.getByLabel("Temperature").fill("-1.5");
    await otherPictures(page, typical);
    assertEquals(queryOf(page), { truncation: "0.3", temperature: "0.032" });
    await page.goBack();
    await page.waitForFunction(() => !location.search.includes("temperature"));
    assertEquals(await page.locator("output").allInnerTexts(), ["1.00", "0.30"]);
    await page.goBack();
    assertEquals(await otherPictures(page, typical), before);
  }));

Deno.test("seeds are typed or new, and have a history of their own", () =>
  visit({}, async (page) => {
    const first = await pictures(page);
    await page.getByLabel("Seed", { exact: true }).fill("17");
    await page.keyboard.press("Enter");
    const second = await otherPictures(page, first);
    assertEquals(queryOf(page), { seed: "17" });
    await page.getByRole("button", { name: "New" }).click();
    const third = await otherPictures(page, second);
    assertMatch(queryOf(page).seed, /^\d{1,6}$/);
    const back = page.getByRole("button", { name: "Seed before" });
    await back.click();
    assertEquals(await otherPictures(page, third), second);
    await back.click();
    assertEquals(await otherPictures(page, second), first);
    assert(await back.isDisabled());
    await page.getByRole("button", { name: "Seed after" }).click();
    assertEquals(await otherPictures(page, first), second);
    await page.getByLabel("Seed", { exact: true }).fill("nothing");
    await page.keyboard.press("Enter");
    assertEquals(await page.getByLabel("Seed", { exact: true }).inputValue(), "17");
  }));

Deno.test("the newest weights can be seen beside their average", () =>
  visit({}, async (page) => {
    const average = await pictures(page);
    await page.getByRole("radio", { name: "live" }).click();
    assertNotEquals(await otherPictures(page, average), average);
    assertEquals(queryOf(page), { weights: "live" });
  }));

Deno.test("the strip goes from one sample to another, across nodes", () =>
  visit({ query: "node=3&sample=1" }, async (page) => {
    const first = await tile(page, 1).locator("img").getAttribute("src");
    await page.getByRole("button", { name: "Strip from here" }).click();
    assertEquals(await tile(page, 1).getAttribute("data-mark"), "A");
    await node(page, 6).click();
    await page.waitForFunction(() => document.querySelector("#samples-title")?.textContent === "Leaf 3");
    await page.locator("#samples:not([aria-busy])").waitFor();
    await tile(page, 4).click();
    const last = await tile(page, 4).locator("img").getAttribute("src");
    await page.getByRole("button", { name: "Strip to here" }).click();
    await page.locator(".strip li").first().waitFor();
    assertEquals(queryOf(page), { node: "6", sample: "4", from: "3:0:1", to: "6:0:4" });
    const strip = await page.locator(".strip img").evaluateAll((all) => all.map((img) => img.getAttribute("src")));
    assertEquals([strip.length, strip[0], strip.at(-1)], [12, first, last]);
    await page.getByRole("button", { name: "Close the strip" }).click();
    assert(await page.locator("#strip").isHidden());
  }));

Deno.test("labels and scores are shown where a report knows them", () =>
  visit({ query: "node=4" }, async (page) => {
    await page.locator(".labels li").first().waitFor();
    assertEquals(await page.locator(".labels li").allInnerTexts(), ["Coat 67 %", "Bag 33 %"]);
    const [of, bar] = await sizeOf(page, ".labels li:first-child .share, .labels li:first-child .share i");
    assert(Math.abs(bar / of - 4 / 6) < 0.02, `${bar} of ${of}`);
    assertMatch(await node(page, 3).textContent() ?? "", /Bag|Coat/);
    const rows = await page.locator("#scores tbody tr").allInnerTexts();
    assertEquals(rows.map((row) => row.split(/\s+/)), [
      ["1", "2", "0.500", "0.250", "0.125"],
      ["2", "4", "0.750", "0.500", "0.375"],
    ]);
    assert(await page.getByText("Dendrogram purity 0.400").isVisible());
  }));

Deno.test("a run is chosen of several, and a flat mixture is drawn as well", () =>
  visit({ query: "node=3&sample=1" }, async (page) => {
    const tree = await pictures(page);
    await page.getByLabel("Run", { exact: true }).selectOption(FLAT_RUN);
    await otherPictures(page, tree);
    await page.waitForFunction(() => document.querySelectorAll("[role=treeitem]").length === 5);
    assertEquals([queryOf(page), new URL(page.url()).searchParams.get("run")], [{}, FLAT_RUN]);
    await tile(page, 0).click();
    assertEquals(await page.locator(".gates li").count(), 4);
    assertEquals(await page.locator(".gates button").count(), 0);
    assertEquals((await path(page)).length, 2);
    await node(page, 2).click();
    await page.waitForFunction(() => document.querySelector("#samples-title")?.textContent === "Leaf 1");
  }));

Deno.test("a picture of one's own lights its path and finds its like", () =>
  visit({}, async (page) => {
    const picture = await (await fetch(`${PAGE}/sample.png?run=${TREE_RUN}&n=1&seed=5`)).bytes();
    const file = await page.evaluateHandle((bytes) => {
      const files = new DataTransfer();
      files.items.add(new File([new Uint8Array(bytes)], "own.png", { type: "image/png" }));
      return files;
    }, [...picture]);
    await page.dispatchEvent("body", "drop", { dataTransfer: file });
    await page.getByText("Nearest samples").waitFor();
    assert((await path(page)).length === 3);
    const tiles = page.locator(".nearest .tile");
    assert(await tiles.count() > 0);
    const name = /^Sample \d+/.exec(await tiles.first().getAttribute("aria-label") ?? "")![0];
    await tiles.first().click();
    await page.waitForFunction((name) => document.querySelector("#sample-title")?.textContent === name, name);
    assertEquals(Number(queryOf(page).first ?? 0) + Number(queryOf(page).sample), Number(name.split(" ")[1]));
    await page.keyboard.press("Escape");
    assertEquals(await tiles.count(), 0);
    await page.keyboard.press("Escape");
    assertEquals(await path(page), []);
  }));

Deno.test("a file that is no picture is refused with a sentence", () =>
  visit({}, async (page) => {
    await page.locator("#picture-file").setInputFiles({
      name: "own.txt",
      mimeType: "text/plain",
      buffer: Buffer.of(1, 2, 3),
    });
    await page.getByText("Cannot place own.txt: it is text/plain, expected a PNG or JPEG").waitFor();
  }));

Deno.test("curves are drawn, grow while the run trains, and a new checkpoint is shown", () =>
  visit({ query: "seed=2" }, async (page) => {
    const names = page.locator("#curves figcaption");
    await names.first().waitFor();
    assertEquals((await names.allInnerTexts()).map((text) => text.split("\n")[0].trim()), [
      "critic loss",
      "generator loss",
    ]);
    const folder = `${RUNS}/runs/${TREE_RUN}`;
    const line = { iteration: 600, criticLoss: 77, generatorLoss: 1 };
    await Deno.writeTextFile(`${folder}/metrics.jsonl`, `${JSON.stringify(line)}\n`, { append: true });
    await page.getByText("77").waitFor();
    assert(await page.getByText("training now").isVisible());
    await Deno.rename(
      `${RUNS}/later/${TREE_RUN}/checkpoint-000600.safetensors`,
      `${folder}/checkpoint-000600.safetensors`,
    );
    await page.getByText("iteration 600").waitFor();
  }));

Deno.test("closes the browser", closeBrowser);
