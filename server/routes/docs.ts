/** `GET /openapi.json` and `GET /docs`: the API as a document for programs and as a page for people. */

import { OpenAPIHono, z } from "@hono/zod-openapi";
import style from "../document.css" with { type: "text" };
import { type Document, documentPage } from "../document_page.ts";
import type { Env } from "../env.ts";
import { describeRoute } from "./describing.ts";

const INFO = {
  openapi: "3.1.0",
  info: {
    title: "hmog",
    version: "1",
    description:
      "Samples of hierarchical mixtures of generators: pictures, the paths they took, and what the tree has learned.",
  },
};

/** Answers with what `app` and all its groups of routes say of themselves. */
export function docsRoutes(app: OpenAPIHono<Env>): OpenAPIHono<Env> {
  const docs = new OpenAPIHono<Env>();
  describeRoute(docs, {
    path: "/openapi.json",
    summary: "This document",
    answers: { "application/json": z.object({}) },
  });
  describeRoute(docs, { path: "/docs", summary: "This page", answers: { "text/html": z.string() } });
  let document: Document | undefined;
  const read = () => document ??= app.getOpenAPI31Document(INFO) as unknown as Document;
  let page: string | undefined;
  docs.get("/openapi.json", (c) => c.json(read()));
  docs.get("/docs.css", (c) => c.body(style, 200, { "content-type": "text/css; charset=utf-8" }));
  docs.get("/docs", (c) => c.html(page ??= documentPage(read())));
  return docs;
}
