/** A page of the explorer in a browser, watched for what must never happen. */

/// <reference lib="dom" />

import { assertEquals } from "@std/assert";
import { type Browser, chromium, type Page } from "playwright-core";

/** Environment of the test that started this process. */
export const PAGE = Deno.env.get("PAGE")!;
export const RUNS = Deno.env.get("RUNS")!;
export const TREE_RUN = Deno.env.get("TREE_RUN")!;
export const FLAT_RUN = Deno.env.get("FLAT_RUN")!;
export const POINT_RUN = Deno.env.get("POINT_RUN")!;
export const SINGLE_RUN = Deno.env.get("SINGLE_RUN")!;
export const DISJOINT_RUN = Deno.env.get("DISJOINT_RUN")!;

const FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"];
const PATIENCE = 10_000; // ms for anything to appear: other tests have the machine, too

/** How a page is opened. */
export interface VisitOptions {
  /** Behind `?run=…`. */
  readonly query?: string;
  readonly run?: string;
  readonly width?: number;
  readonly dark?: boolean;
  /** Answers with an error status are part of the test. */
  readonly refusals?: boolean;
  /** Called before the page is opened. */
  readonly before?: (page: Page) => Promise<unknown>;
}

let browser: Promise<Browser> | undefined;

/** Closes the browser; the last test does. */
export async function closeBrowser(): Promise<void> {
  await (await browser)?.close();
}

/** Opens the page, waits for its samples, runs `test`; fails on errors in the console and requests to other hosts. */
export async function visit(options: VisitOptions, test: (page: Page) => Promise<void>): Promise<void> {
  const { query = "", run = TREE_RUN, width = 1280, dark = false, refusals = false, before } = options;
  browser ??= chromium.launch({ executablePath: Deno.env.get("CHROMIUM"), args: FLAGS });
  const context = await (await browser).newContext({
    viewport: { width, height: 800 },
    colorScheme: dark ? "dark" : "light",
    reducedMotion: "reduce",
  });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const wrong: string[] = [];
  page.on("console", (message) => {
    const refusal = refusals && message.text().startsWith("Failed to load resource");
    if (["error", "warning"].includes(message.type()) && !refusal) wrong.push(message.text());
  });
  page.on("pageerror", (error) => wrong.push(String(error.stack)));
  page.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (!["data:", "blob:"].includes(protocol) && origin !== PAGE) wrong.push(`a request to ${request.url()}`);
  });
  try {
    await before?.(page);
    await page.goto(`${PAGE}/?run=${run}${query === "" ? "" : `&${query}`}`);
    await page.locator(".gallery [role=option]").first().waitFor();
    await test(page);
    assertEquals(wrong, []);
  } finally {
    await context.close();
  }
}

/** The query of the page's address, but for the run. */
export function queryOf(page: Page): Record<string, string> {
  const { run: _, ...rest } = Object.fromEntries(new URL(page.url()).searchParams);
  return rest;
}

/** The pictures of the samples. */
export async function pictures(page: Page): Promise<string[]> {
  return await page.locator(".gallery img").evaluateAll((images) => images.map((image) => image.getAttribute("src")!));
}

/** Waits until the pictures of the samples are others. */
export async function otherPictures(page: Page, before: string[]): Promise<string[]> {
  await page.waitForFunction(
    (first) => document.querySelector(".gallery img")?.getAttribute("src") !== first,
    before[0],
  );
  return await pictures(page);
}
