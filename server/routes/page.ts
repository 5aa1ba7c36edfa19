/** The explorer: the files of `server/web/` and of the two packages it draws with, all from our own origin. */

import { Hono } from "hono";
import { etag } from "hono/etag";
import type { Env } from "../env.ts";
import api from "../web/api.js" with { type: "text" };
import controls from "../web/controls.js" with { type: "text" };
import controlsStyle from "../web/controls.css" with { type: "text" };
import curvesView from "../web/curves_view.js" with { type: "text" };
import dom from "../web/dom.js" with { type: "text" };
import follow from "../web/follow.js" with { type: "text" };
import icon from "../web/icon.svg" with { type: "text" };
import index from "../web/index.html" with { type: "text" };
import main from "../web/main.js" with { type: "text" };
import nodePictures from "../web/node_pictures.js" with { type: "text" };
import nodeView from "../web/node_view.js" with { type: "text" };
import pictureView from "../web/picture_view.js" with { type: "text" };
import plane from "../web/plane.js" with { type: "text" };
import pointsStyle from "../web/points.css" with { type: "text" };
import questions from "../web/questions.js" with { type: "text" };
import runsView from "../web/runs_view.js" with { type: "text" };
import sampleView from "../web/sample_view.js" with { type: "text" };
import samplesView from "../web/samples_view.js" with { type: "text" };
import samplesStyle from "../web/samples.css" with { type: "text" };
import scatter from "../web/scatter.js" with { type: "text" };
import state from "../web/state.js" with { type: "text" };
import stripView from "../web/strip_view.js" with { type: "text" };
import style from "../web/style.css" with { type: "text" };
import theme from "../web/theme.js" with { type: "text" };
import treeStyle from "../web/tree.css" with { type: "text" };
import treeLayout from "../web/tree_layout.js" with { type: "text" };
import treeView from "../web/tree_view.js" with { type: "text" };

const FILES: Readonly<Record<string, string>> = {
  "api.js": api,
  "controls.css": controlsStyle,
  "controls.js": controls,
  "curves_view.js": curvesView,
  "dom.js": dom,
  "follow.js": follow,
  "icon.svg": icon,
  "main.js": main,
  "node_pictures.js": nodePictures,
  "node_view.js": nodeView,
  "picture_view.js": pictureView,
  "plane.js": plane,
  "points.css": pointsStyle,
  "questions.js": questions,
  "runs_view.js": runsView,
  "sample_view.js": sampleView,
  "samples.css": samplesStyle,
  "samples_view.js": samplesView,
  "scatter.js": scatter,
  "state.js": state,
  "strip_view.js": stripView,
  "style.css": style,
  "theme.js": theme,
  "tree.css": treeStyle,
  "tree_layout.js": treeLayout,
  "tree_view.js": treeView,
};

/** Files of packages, in the form that a browser reads without a build: read when the page is first asked for. */
const PACKAGES: Readonly<Record<string, () => Promise<string>>> = {
  "d3-hierarchy.js": async () => {
    await import("d3-hierarchy"); // only packages that something is imported from are there
    return fileNear(import.meta.resolve("d3-hierarchy"), "d3-hierarchy.min.js");
  },
  "uplot.js": uplot("uPlot.iife.min.js"),
  "uplot.css": uplot("uPlot.min.css"),
};

const TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};

/** Answers `/` with the page and `/web/*` with its files, each with an ETag: a browser asks again and is told 304. */
export function pageRoutes(): Hono<Env> {
  const app = new Hono<Env>();
  app.use("/", etag());
  app.use("/web/*", etag());
  app.get("/", (c) => c.body(index, 200, headersOf("index.html")));
  for (const [name, text] of Object.entries(FILES)) {
    app.get(`/web/${name}`, (c) => c.body(text, 200, headersOf(name)));
  }
  for (const [name, read] of Object.entries(PACKAGES)) {
    let text: Promise<string> | undefined;
    app.get(`/web/${name}`, async (c) => c.body(await (text ??= read()), 200, headersOf(name)));
  }
  return app;
}

function headersOf(name: string): Record<string, string> {
  return { "content-type": TYPES[name.split(".").at(-1)!], "cache-control": "no-cache" };
}

function uplot(file: string): () => Promise<string> {
  return async () => {
    await import("uplot");
    return fileNear(import.meta.resolve("uplot"), file);
  };
}

const fileNear = (module: string, file: string): Promise<string> => Deno.readTextFile(new URL(file, module));
