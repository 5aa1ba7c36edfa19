/** What one can do where samples are points. Run by `page_test.ts`. */

/// <reference lib="dom" />

import { assert, assertAlmostEquals, assertEquals, assertNotEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { closeBrowser, PAGE, POINT_RUN, queryOf, RUNS, visit } from "./visit.ts";

const SHOWN = 256;
const LEAST_DOT = 6; // pixels across: what is smaller is hard to see and to hit

const dots = (page: Page) => page.locator(".gallery .dot");
const allShown = (page: Page) =>
  page.waitForFunction((n) => document.querySelectorAll(".gallery .dot").length === n, SHOWN);

/** The middle of a dot on the screen. */
async function middleOf(page: Page, number: number): Promise<{ x: number; y: number }> {
  const { x, y, width, height } = (await dots(page).nth(number).boundingBox())!;
  return { x: x + width / 2, y: y + height / 2 };
}

Deno.test("points are dots of one plane, each where it is and in the colour of its leaf, which a legend tells", () =>
  visit({ run: POINT_RUN }, async (page) => {
    await allShown(page);
    const answer = await fetch(`${PAGE}/sample.json?run=${POINT_RUN}&n=${SHOWN}&seed=0&images=each&scale=1`);
    const { samples } = await answer.json();
    const drawn = await dots(page).evaluateAll((all) =>
      all.map((dot) => ({
        x: Number(dot.getAttribute("cx")),
        y: Number(dot.getAttribute("cy")),
        colour: getComputedStyle(dot).color,
        width: dot.getBoundingClientRect().width,
      }))
    );
    const place = (value: number) => (Math.max(-1.1, Math.min(1.1, value)) / 1.1 + 1) * 220; // of 440, to the ends of the axes
    const leaves = new Map<number, string>();
    samples.forEach(({ leaf, point: [x, y] }: { leaf: number; point: [number, number] }, i: number) => {
      assertAlmostEquals(drawn[i].x, place(x), 1e-9);
      assertAlmostEquals(drawn[i].y, place(-y), 1e-9);
      assertEquals(drawn[i].colour, leaves.get(leaf) ?? drawn[i].colour);
      leaves.set(leaf, drawn[i].colour);
      assert(drawn[i].width >= LEAST_DOT, `${drawn[i].width} pixels`);
    });
    assertEquals(new Set(leaves.values()).size, leaves.size);
    const legend = await page.locator(".legend li").allInnerTexts();
    assertEquals(legend.filter((text) => /^leaf \d+\s*[\d.]+ %$/.test(text)).length, leaves.size);
  }));

Deno.test("a click near a dot chooses it; its way, its flip and a strip are shown in the plane", () =>
  visit({ run: POINT_RUN, query: "seed=3" }, async (page) => {
    await allShown(page);
    await page.locator(".gallery").scrollIntoViewIfNeeded();
    const { x, y } = await middleOf(page, 5);
    await page.mouse.click(x, y);
    const chosen = Number(queryOf(page).sample);
    const near = await middleOf(page, chosen); // another dot may lie on the same pixel
    assert(Math.hypot(near.x - x, near.y - y) < 2);
    assertEquals(await page.locator(".gallery [aria-selected=true]").count(), 1);
    assertEquals(await page.locator(".marks circle").count(), 1);
    assert(await page.locator("[role=treeitem].main").count() > 1);
    await page.getByRole("button", { name: "Flip gate 0" }).click();
    await page.getByRole("img", { name: "Gate 0 forced right" }).waitFor();
    await page.getByRole("button", { name: "Strip from here" }).click();
    assertEquals(await page.locator(".marks text").allTextContents(), ["A"]);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    assertEquals(await page.locator(".marks circle").count(), 0);
    const corner = (await page.locator(".gallery .ground").boundingBox())!;
    await page.mouse.click(corner.x + 1, corner.y + corner.height - 1);
    assert(!("sample" in queryOf(page)), "a click far from all dots chooses none");
  }));

Deno.test("arrows walk from dot to dot where they point to", () =>
  visit({ run: POINT_RUN, query: "sample=7" }, async (page) => {
    await allShown(page);
    await page.locator(".gallery [tabindex='0']").focus();
    const where = () =>
      page.evaluate(() => {
        const { cx, cy } = document.activeElement as SVGCircleElement;
        return [cx.baseVal.value, cy.baseVal.value];
      });
    for (const [key, axis, way] of [["ArrowRight", 0, 1], ["ArrowUp", 1, -1], ["ArrowLeft", 0, -1]] as const) {
      const before = await where();
      await page.keyboard.press(key);
      const after = await where();
      assertNotEquals(after, before, key);
      assert(way * (after[axis] - before[axis]) > 0, key);
    }
    await page.keyboard.press("Enter");
    assertNotEquals(queryOf(page).sample, "7");
  }));

for (const dark of [false, true]) {
  Deno.test(`the plane is ${dark ? "dark" : "light"} where the page is, with dots that differ from it`, () =>
    visit({ run: POINT_RUN, dark }, async (page) => {
      await allShown(page);
      await page.locator(".node .pictures image").first().waitFor();
      const light = (selector: string, property: "fill" | "color") =>
        page.locator(selector).first().evaluate((element, property) => {
          const context = document.createElement("canvas").getContext("2d")!;
          context.fillStyle = getComputedStyle(element)[property];
          context.fillRect(0, 0, 1, 1);
          return Math.max(...context.getImageData(0, 0, 1, 1).data.slice(0, 3));
        }, property);
      const grounds = [await light(".gallery .ground", "fill"), await light(".node .tile", "fill")];
      assert(grounds.every((ground) => dark ? ground < 60 : ground > 220), `${grounds}`);
      const filter = await page.locator(".node .pictures").first().evaluate((group) => getComputedStyle(group).filter);
      assertEquals(filter !== "none", dark);
    }));
}

Deno.test("the plane and its legend fit a narrow screen, also with points beyond the axes", () =>
  visit({ run: POINT_RUN, width: 360, query: "sample=2&flip=0" }, async (page) => {
    await allShown(page);
    await page.getByText("beyond the axes").waitFor();
    assertEquals(await page.evaluate(() => document.documentElement.scrollWidth), 360);
  }));

Deno.test("a log of one line is drawn as a dot in every chart", () =>
  visit({ run: POINT_RUN }, async (page) => {
    await page.locator("#curves canvas").first().waitFor();
    const inked = await page.locator("#curves canvas").evaluateAll((all) =>
      all.map((canvas) => {
        const { width, height } = canvas as HTMLCanvasElement;
        const { data } = (canvas as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, width, height);
        let orange = 0; // of the accent; axes and grid are grey
        for (let i = 0; i < data.length; i += 4) orange += Number(data[i + 3] > 0 && data[i] - data[i + 2] > 100);
        return orange;
      })
    );
    assertEquals(inked.length, 2);
    for (const pixels of inked) assert(pixels > 20, `${pixels} pixels`);
  }));

Deno.test("a report's tree that is wider than the screen begins at its middle, and can be moved", () =>
  visit({ run: POINT_RUN, width: 400 }, async (page) => {
    await page.goto("about:blank"); // a page of its own, without the explorer's rules for content
    await page.setContent(await Deno.readTextFile(`${RUNS}/report/tree.html`));
    await page.waitForTimeout(1000); // until it is let go
    const [start, moved, middle] = await page.locator(".wide").evaluate((tree) => {
      const start = tree.scrollLeft;
      tree.scrollLeft = 10;
      return [start, tree.scrollLeft, (tree.scrollWidth - tree.clientWidth) / 2];
    });
    assert(middle > 50 && Math.abs(start - middle) <= 2, `starts at ${start}, the middle is at ${middle}`);
    assertEquals(moved, 10);
    assertEquals(await page.evaluate(() => document.documentElement.scrollWidth), 400);
  }));

Deno.test("closes the browser of these, too", closeBrowser);
