/** `/tree`: what every node of the tree does, in numbers and in pictures. */

import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { isPoint } from "../../core/models/presets.ts";
import type { NodeReading, TreeReading } from "../../core/reading/reading.ts";
import { imageGrid } from "../../core/sampling/grid.ts";
import { samplePicture } from "../../core/sampling/sample_picture.ts";
import type { Env } from "../env.ts";
import { RequestError } from "../errors.ts";
import { pngOf } from "../formats/png.ts";
import type { Model, Registry } from "../registry.ts";
import { type TreeLabels, treeLabels } from "../tree_labels.ts";
import { bytesTag, cacheControl, entityTag, isKnown } from "./cache.ts";
import { binarySchema, cachedAnswer, refusals, treeSchema } from "./descriptions.ts";
import { choice, queryReader, shown, usually } from "./parameters.ts";
import { checkSize, scatterSide, usualScale } from "./sample_answer.ts";
import { pictureKinds, runKinds } from "./sample_kinds.ts";
import { queryOf, samplerOf } from "./sample.ts";

const { run, iteration } = runKinds();
const TREE = queryReader({ run, iteration });
const PICTURE = queryReader({
  kind: usually(
    choice(["typical", "mean", "grid"], {
      description:
        "The sample that stands for the node, the mean of all that go through it, or sixteen of them (of points 128)",
    }),
    "typical",
  ),
  scale: pictureKinds().scale,
  run,
  iteration,
});
const JSON_TYPE = "application/json";
const PNG = "image/png";
const GRID_COLUMNS = 4;

/** `GET /tree` and `GET /tree/{node}.png`. */
export function treeRoutes(registry: Registry): OpenAPIHono<Env> {
  const app = new OpenAPIHono<Env>();
  app.openAPIRegistry.registerPath(createRoute({
    method: "get",
    path: "/tree",
    summary: "The nodes of the tree: usage, decisions, label shares where they are known",
    request: { query: TREE.schema },
    responses: { ...cachedAnswer("The tree", { [JSON_TYPE]: { schema: treeSchema } }), ...refusals },
  }));
  app.get("/tree", (c) => {
    const query = queryOf(c);
    return registry.use(query.get("run") ?? undefined, (model) => tree(c, model, query));
  });
  const node = z.string().openapi({ type: "integer", minimum: 0, description: "In level order from the root, 0" });
  app.openAPIRegistry.registerPath(createRoute({
    method: "get",
    path: "/tree/{node}.png",
    summary: "A picture of a node",
    request: { params: z.object({ node }), query: PICTURE.schema },
    responses: { ...cachedAnswer("The picture", { [PNG]: { schema: binarySchema } }), ...refusals },
  }));
  app.get("/tree/:node{[^/]*\\.png}", (c) => {
    const query = queryOf(c);
    const node = c.req.param("node").slice(0, -".png".length);
    return registry.use(query.get("run") ?? undefined, (model) => picture(c, model, node, query));
  });
  return app;
}

async function tree(c: Context<Env>, model: Model, query: URLSearchParams): Promise<Response> {
  const values = TREE.read(query, "show the tree");
  await samplerOf(model, { ...values, weights: "ema" });
  const [reading, labels] = await Promise.all([model.reading(), treeLabels(model)]);
  const body = JSON.stringify(bodyOf(model, reading, labels));
  const headers = { "cache-control": "no-cache", etag: bytesTag(body) }; // labels may come without a new checkpoint
  if (isKnown(c, headers.etag)) return c.body(null, 304, headers);
  return c.body(body, 200, { ...headers, "content-type": JSON_TYPE });
}

async function picture(c: Context<Env>, model: Model, file: string, query: URLSearchParams): Promise<Response> {
  const { kind, ...values } = PICTURE.read(query, "show a node");
  const sampler = await samplerOf(model, { ...values, weights: "ema" });
  const { structure, options } = sampler;
  const node = /^\d{1,6}$/.test(file) ? Number(file) : NaN;
  if (!(node < structure.nodes)) {
    const message = `Cannot show node ${shown(file)}: expected a whole number from 0 to ${structure.nodes - 1}`;
    throw new RequestError(404, "unknown_node", message, "node");
  }
  const scale = values.scale ?? usualScale(options.image);
  const headers = {
    "cache-control": cacheControl({ ...values, seed: 0 }),
    etag: entityTag(sampler, ["tree", node, kind, scale]),
  };
  if (isKnown(c, headers.etag)) return c.body(null, 304, headers);
  const { image, nodes } = await model.reading();
  const { [kind]: pixels, gridLeaves } = nodes[node];
  const shape = [pixels.length / (image[0] * image[1] * image[2]), ...image];
  checkSize(shape[0], options, scale);
  const drawn = isPoint(image)
    ? samplePicture(pixels, { shape, leaves: gridLeaves, side: scatterSide(scale) })
    : imageGrid(pixels, { shape, scale, ...kind === "grid" ? { columns: GRID_COLUMNS } : { padding: 0 } });
  return c.body(pngOf(drawn), 200, { ...headers, "content-type": PNG });
}

/** A node in JSON. */
export interface TreeNode extends
  Pick<
    NodeReading,
    "node" | "level" | "parent" | "children" | "leaf" | "usage" | "balance" | "decisionEntropy" | "information"
  > {
  /** Shares in the order of `labelNames`. */
  labels: number[] | null;
  /** Path of its picture. */
  picture: string;
}

function bodyOf({ run, iteration, sampler, options }: Model, reading: TreeReading, known: TreeLabels) {
  const { head, depth, leaves, latent, image, samples, usageEntropy, pathEntropy } = reading;
  const nodes = reading.nodes.map((node): TreeNode => ({
    node: node.node,
    level: node.level,
    parent: node.parent,
    children: node.children,
    leaf: node.leaf,
    usage: rounded(node.usage),
    balance: rounded(node.balance),
    decisionEntropy: rounded(node.decisionEntropy),
    information: rounded(node.information),
    labels: known.labels[node.node] ?? null,
    picture: `/tree/${node.node}.png`,
  }));
  return {
    run,
    iteration,
    head,
    depth,
    leaves,
    latent,
    image,
    dataset: typeof options.dataset === "string" ? options.dataset : null,
    temperature: sampler.temperature,
    samples,
    usageEntropy: rounded(usageEntropy),
    pathEntropy: rounded(pathEntropy),
    labelNames: known.labelNames,
    nodes,
    scores: known.scores,
    dendrogramPurity: known.dendrogramPurity,
  };
}

/** Six decimals. */
function rounded<T extends number | null>(value: T): T {
  return (value === null ? null : Math.round(value * 1e6) / 1e6) as T;
}
