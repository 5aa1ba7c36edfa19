/** How the page behaves: by keyboard, on narrow screens, in the dark, when answers are late or fail. Run by `page_test.ts`. */

/// <reference lib="dom" />

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { closeBrowser, DISJOINT_RUN, FLAT_RUN, otherPictures, pictures, queryOf, SINGLE_RUN, visit } from "./visit.ts";

const focused = (page: Page) =>
  page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent ?? "");

Deno.test("everything can be reached with the keyboard: arrows walk the tree and the samples", () =>
  visit({}, async (page) => {
    await page.locator("#tree:not([aria-busy]) [role=treeitem][tabindex='0']").waitFor();
    const press = async (...keys: string[]) => {
      for (const key of keys) await page.keyboard.press(key);
      return (await focused(page)).split(",")[0];
    };
    await page.locator("[role=treeitem][tabindex='0']").focus();
    assertEquals(await press("ArrowDown"), "Node 1");
    assertEquals(await press("ArrowRight"), "Node 2");
    assertEquals(await press("ArrowDown", "ArrowRight"), "Leaf 3");
    assertEquals(await press("ArrowRight"), "Leaf 3");
    assertEquals(await press("Home"), "All samples");
    assertEquals(await press("End"), "Leaf 3");
    assertEquals(await press("ArrowUp"), "Node 2");
    const outline = await page.locator("[data-node='2'] .ring").evaluate((ring) => getComputedStyle(ring).strokeWidth);
    assertEquals(outline, "3px");
    const before = await pictures(page);
    await press("Enter");
    await otherPictures(page, before);
    assertEquals([queryOf(page), await press()], [{ node: "2" }, "Node 2"]);

    await page.locator(".gallery [tabindex='0']").focus();
    assertEquals(await press("ArrowRight", "ArrowRight"), "Sample 2");
    assertEquals(await press("ArrowDown"), "Sample 12");
    assertEquals(await press("ArrowUp", "ArrowLeft"), "Sample 1");
    await press("Enter");
    assertEquals(queryOf(page), { node: "2", sample: "1" });
    await press("Escape");
    assertEquals(queryOf(page), { node: "2" });
    await press("Escape");
    assertEquals(queryOf(page), {});

    await page.getByLabel("Truncation").focus();
    await press("ArrowLeft");
    await page.waitForFunction(() => location.search.includes("truncation"));
    await page.getByRole("radio", { name: "region" }).focus();
    await press("ArrowRight");
    assertEquals(queryOf(page).mode, "forced");
    await press("n");
    assert("seed" in queryOf(page));
  }));

Deno.test("one Tab leads into the tree and one out of it", () =>
  visit({}, async (page) => {
    await page.locator("#tree:not([aria-busy]) [role=treeitem]").first().waitFor();
    assertEquals(await page.locator("[role=treeitem][tabindex='0']").count(), 1);
    assertEquals(await page.locator(".gallery [tabindex='0']").count(), 1);
    await page.locator("[role=treeitem][tabindex='0']").focus();
    await page.keyboard.press("Tab");
    assertEquals(await page.evaluate(() => document.activeElement?.closest("#samples") !== null), true);
  }));

for (const width of [360, 600, 1600]) {
  Deno.test(`fits a screen of ${width} pixels, with everything open`, () =>
    visit({ width, query: "node=1&sample=2&flip=1&from=1:0:2&to=2:0:1" }, async (page) => {
      await page.locator(".flipped img").first().waitFor();
      await page.locator(".strip img").first().waitFor();
      await page.locator("#curves canvas").first().waitFor();
      assertEquals(await page.evaluate(() => document.documentElement.scrollWidth), width);
    }));
}

Deno.test("is dark where the system is, and light or dark by choice, kept over visits", () =>
  visit({ dark: true }, async (page) => {
    const brightness = () =>
      page.evaluate(() => Number(/\d+/.exec(getComputedStyle(document.body).backgroundColor)?.[0]));
    assert(await brightness() < 60);
    await page.getByRole("button", { name: "Light or dark" }).click();
    assert(await brightness() > 220);
    await page.reload();
    await page.locator(".gallery img").first().waitFor();
    assert(await brightness() > 220);
  }));

Deno.test("a late answer never stands in for a newer one, and one sees that something happens", () =>
  visit({}, async (page) => {
    const first = await pictures(page);
    await page.route("**/sample.json*seed=1&*", async (route) => {
      await new Promise((done) => setTimeout(done, 800));
      await route.continue().catch(() => {}); // the page has given it up
    });
    await page.getByLabel("Seed", { exact: true }).fill("1");
    await page.keyboard.press("Enter");
    await page.locator("#samples[aria-busy=true]").waitFor();
    assertEquals(await pictures(page), first);
    await page.getByLabel("Seed", { exact: true }).fill("2");
    await page.keyboard.press("Enter");
    const second = await otherPictures(page, first);
    await page.waitForTimeout(1000);
    assertEquals([await pictures(page), queryOf(page).seed], [second, "2"]);
    assertEquals(await page.locator("#samples[aria-busy]").count(), 0);
  }));

Deno.test("a click on a sample answers at once: nothing is asked of the server", () =>
  visit({}, async (page) => {
    const lit = await page.evaluate(() => {
      document.querySelectorAll<HTMLElement>(".gallery .tile")[3].click();
      return [document.querySelectorAll("[role=treeitem].main").length, document.querySelectorAll(".gates li").length];
    });
    assertEquals(lit, [3, 3]);
  }));

Deno.test("what went wrong with a flip is gone with it", () =>
  visit({ refusals: true, query: "sample=0" }, async (page) => {
    await page.route("**/sample.json", (route) => route.abort());
    await page.getByRole("button", { name: "Flip gate 0" }).click();
    const message = page.getByText("The server cannot be reached");
    await message.waitFor();
    await page.keyboard.press("Escape");
    assert(await message.isHidden());
  }));

Deno.test("an error is one sentence, takes nothing away, and can be tried again", () =>
  visit({ refusals: true }, async (page) => {
    const before = await pictures(page);
    const message = "Cannot sample: 4096 samples wait, expected fewer";
    await page.route(
      "**/sample.json*",
      (route) => route.fulfill({ status: 503, json: { error: { code: "busy", message, parameter: null } } }),
    );
    await page.getByRole("radio", { name: "live" }).click();
    await page.getByText(message).waitFor();
    assertEquals(await pictures(page), before);
    await page.unroute("**/sample.json*");
    await page.getByRole("button", { name: "Try again" }).click();
    assertNotEquals(await otherPictures(page, before), before);
    assert(await page.getByText(message).isHidden());
  }));

Deno.test("an address that says nonsense opens the page as at the start", () =>
  visit({ query: "seed=-1&node=x&temperature=1e9&mode=soft&from=zzz&sample=999&other=1" }, async (page) => {
    assertEquals(await page.locator("#samples-title").innerText(), "All samples");
    assertEquals(queryOf(page), {}); // the address is what is shown
    assert(await page.locator("#strip").isHidden());
    assert(await page.getByText("No sample chosen").isVisible());
  }));

Deno.test("what says nothing of a model is not there: leaves of one generator, a temperature without gates", async () => {
  const curves = (page: Page) => page.locator("#curves figcaption").allInnerTexts();
  await visit({ run: SINGLE_RUN }, async (page) => {
    await page.locator("body[data-head=single]").waitFor();
    assert(await page.getByText("Choose one to see it by itself").isVisible());
    await page.locator("#curves figure").first().waitFor();
    assertEquals((await curves(page)).length, 2);
    for (const name of ["Temperature", "How samples are drawn"]) assert(await page.getByLabel(name).isHidden());
    assert(await page.locator("#tree .caption").isHidden());
    await page.locator(".gallery [role=option]").first().click();
    assert(await page.locator("#sample header .facts").isHidden());
  });
  await visit({ run: DISJOINT_RUN }, async (page) => {
    await page.locator("body[data-head=disjoint]").waitFor();
    assert(await page.getByText("Choose one to see how much of it each leaf makes").isVisible());
    assert(await page.getByLabel("Temperature").isHidden());
    assert(await page.getByLabel("How samples are drawn").isVisible());
  });
  await visit({ run: FLAT_RUN }, async (page) => {
    await page.locator("body[data-head=flat]").waitFor();
    assert(await page.getByLabel("Temperature").isVisible());
  });
});

Deno.test("an address with a run that is not served says so, and lets choose one that is", () =>
  visit({ refusals: true }, async (page) => {
    await page.goto(page.url().replace(/run=\w+/, "run=99999"));
    await page.locator("#samples").getByText(/Cannot find run .*99999/).waitFor();
    await page.getByLabel("Run", { exact: true }).selectOption(FLAT_RUN);
    await page.locator(".gallery img").first().waitFor();
    assertEquals(await page.locator(".problem:visible").count(), 0);
  }));

Deno.test("names of controls and pictures are there for those who do not see them", () =>
  visit({ query: "sample=0", run: FLAT_RUN }, async (page) => {
    const nameless = await page.locator("button, input, select, img, [role=treeitem], [role=option]").evaluateAll((
      all,
    ) =>
      all.filter((element) => {
        const labelled = "labels" in element && (element as HTMLInputElement).labels?.length;
        const text = element.getAttribute("aria-label") ?? element.getAttribute("alt") ?? element.textContent?.trim();
        return !labelled && text === "" && element.closest("[aria-label]") === null;
      }).map((element) => element.outerHTML.slice(0, 100))
    );
    assertEquals(nameless, []);
  }));

Deno.test("closes the browser of these", closeBrowser);
