/** An OpenAPI document as a page for people: no script, nothing from elsewhere. */

/** What is read of a document. */
export interface Document {
  info: { title: string; description?: string };
  paths: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, Schema> };
}

interface Operation {
  summary?: string;
  parameters?: { name: string; in: string; required?: boolean; schema?: Schema; description?: string }[];
  requestBody?: { content: Record<string, { schema?: Schema }> };
  responses: Record<string, { description: string; content?: Record<string, { schema?: Schema }> }>;
}

interface Schema {
  $ref?: string;
  type?: string | string[];
  description?: string;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  example?: unknown;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  additionalProperties?: Schema | boolean;
  format?: string;
}

/** The page: every route with its parameters, bodies and errors, then the objects they speak of. */
export function documentPage({ info, paths, components = {} }: Document): string {
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => routeSection(method, path, operation))
  );
  const schemas = Object.entries(components.schemas ?? {}).map(([name, schema]) =>
    `<section id="${escape(name)}"><h3>${escape(name)}</h3>${properties(schema)}</section>`
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(info.title)}: API</title>
<link rel="icon" href="/web/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/docs.css">
</head>
<body>
<header><h1>${escape(info.title)}</h1><p>${escape(info.description ?? "")}</p>
<p><a href="/openapi.json">openapi.json</a> says the same to programs.</p></header>
<nav>${index(paths)}</nav>
<main>
${routes.join("\n")}
<h2>Objects</h2>
${schemas.join("\n")}
</main>
</body>
</html>
`;
}

/** Links to the routes, a line for those whose paths begin alike. */
function index(paths: Document["paths"]): string {
  const groups = Map.groupBy(Object.keys(paths), (path) => path.split(/[/.]/)[1]);
  return [...groups.values()].map((group) => {
    const links = group.flatMap((path) => Object.keys(paths[path]).map((method) => link(method.toUpperCase(), path)));
    return `<p>${links.join(" ")}</p>`;
  }).join("\n");
}

const link = (verb: string, path: string): string =>
  `<a href="#${escape(idOf(verb, path))}">${verb === "GET" ? "" : `<small>${verb}</small> `}<code>${
    escape(path)
  }</code></a>`;

const idOf = (verb: string, path: string): string => `${verb}-${path}`;

function routeSection(
  method: string,
  path: string,
  { summary, parameters = [], requestBody, responses }: Operation,
): string {
  const verb = method.toUpperCase();
  const id = idOf(verb, path);
  const body = requestBody === undefined ? "" : `<h4>Body</h4>${contents(requestBody.content)}`;
  const answers = Object.entries(responses).map(([status, { description, content }]) =>
    `<tr><td><code>${escape(status)}</code></td><td>${escape(description)}${
      Number(status) < 300 ? contents(content ?? {}) : ""
    }</td></tr>`
  );
  return `<section id="${escape(id)}">
<h2><a href="#${escape(id)}"><span class="verb">${verb}</span> <code>${escape(path)}</code></a></h2>
<p>${escape(summary ?? "")}</p>
${parameters.length === 0 ? "" : `<h4>Parameters</h4><table>${parameters.map(parameterRow).join("")}</table>`}
${body}
<h4>Answers</h4><table>${answers.join("")}</table>
</section>`;
}

function parameterRow(
  { name, in: place, schema = {}, description }: NonNullable<Operation["parameters"]>[number],
): string {
  const where = place === "query" ? "" : ` <small>in ${escape(place)}</small>`;
  return `<tr><td><code>${escape(name)}</code>${where}</td><td>${typeText(schema)}</td><td>${
    escape(description ?? schema.description ?? "")
  }</td></tr>`;
}

function contents(content: Record<string, { schema?: Schema }>): string {
  return Object.entries(content).map(([type, { schema = {} }]) =>
    `<p><code>${escape(type)}</code> ${schema.properties === undefined ? typeText(schema) : ""}</p>${
      properties(schema)
    }`
  ).join("");
}

function properties({ properties = {}, required = [] }: Schema): string {
  const rows = Object.entries(properties).map(([name, schema]) =>
    `<tr><td><code>${escape(name)}</code>${required.includes(name) ? "" : " <small>optional</small>"}</td><td>${
      typeText(schema)
    }</td><td>${escape(schema.description ?? "")}</td></tr>`
  );
  return rows.length === 0 ? "" : `<table>${rows.join("")}</table>`;
}

/** What a value may be, in a few words. */
function typeText(schema: Schema): string {
  const { $ref, anyOf, items, type = "any" } = schema;
  if ($ref !== undefined) {
    const name = $ref.split("/").at(-1)!;
    return `<a href="#${escape(name)}">${escape(name)}</a>`;
  }
  if (anyOf !== undefined) return anyOf.map(typeText).join(" or ");
  if (items !== undefined) return `array of ${typeText(items)}`;
  if (schema.const !== undefined) return `<code>${escape(JSON.stringify(schema.const))}</code>`;
  const name = schema.enum === undefined
    ? escape([type].flat().join(" or "))
    : schema.enum.map((value) => `<code>${escape(String(value))}</code>`).join(" or ");
  const usual = schema.default === undefined ? "" : `, <code>${escape(String(schema.default))}</code> unless given`;
  return `${name}${range(schema)}${usual}`;
}

function range({ minimum, maximum, exclusiveMinimum }: Schema): string {
  if (exclusiveMinimum !== undefined) return ` above ${exclusiveMinimum}, at most ${maximum}`;
  return `${minimum === undefined ? "" : ` from ${minimum}`}${maximum === undefined ? "" : ` to ${maximum}`}`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const escape = (text: string): string => text.replaceAll(/[&<>"']/g, (found) => ESCAPES[found]);
