/** What requests for samples say: their parameters read, and how these go together. */

import type { SampleRequest } from "../../core/sampling/request.ts";
import type { Sampler } from "../../core/sampling/sampler.ts";
import type { Structure } from "../../core/sampling/structure.ts";
import { bodyReader, invalid, queryReader, type Values } from "./parameters.ts";
import {
  drawKinds,
  type Extent,
  extentOf,
  type placeKinds,
  sampleBodyKinds,
  sampleKinds,
  USUAL_PICTURES,
} from "./sample_kinds.ts";

type DrawValues = Values<ReturnType<typeof drawKinds>>;
/** What the parameters of a request for samples say. */
export type SampleValues = Omit<Values<ReturnType<typeof sampleKinds>>, "latents"> & {
  latents: boolean | Float32Array;
};

/** What reads the parameters of requests for samples of a model. */
export const readersFor = perExtent((extent) => ({
  sample: queryReader(sampleKinds(extent)),
  activations: queryReader(drawKinds(extent)),
  body: bodyReader(sampleBodyKinds(extent)),
}));

/** The same for every sampler of one extent; made once, since making a schema takes longer than a sample. */
export function perExtent<T>(make: (extent: Extent) => T): (sampler: Sampler) => T {
  const made = new Map<string, T>();
  return (sampler) => {
    const extent = extentOf(sampler);
    const name = Object.values(extent).join();
    const known = made.get(name) ?? make(extent);
    made.set(name, known);
    return known;
  };
}

/**
 * What a sampler is asked for; checks how parameters go together.
 *
 * @throws {RequestError} 400 with the parameter that does not go with the others
 */
export function requestOf(
  values: Pick<DrawValues, "n" | "first"> & PlaceValues & { latents: boolean | Float32Array },
  { structure, passes }: Sampler,
): Omit<SampleRequest, "seed"> {
  const { first, leaf, node, mode, temperature, truncation, force: decisions } = values;
  checkPlace(values, structure);
  const latents = values.latents instanceof Float32Array ? values.latents : undefined;
  const given = latents && latents.length / passes.trained.generator.head.latent;
  const n = given ?? values.n ?? USUAL_PICTURES;
  if (latents !== undefined) checkLatents(values, n);
  return { n, first, leaf, node, mode, temperature, truncation, decisions, latents };
}

/** Values that say where samples come from. */
export type PlaceValues = Values<ReturnType<typeof placeKinds>>;

/**
 * Checks that a place is one, that it is there where one is forced, and that no forced decision shuts it off.
 *
 * @throws {RequestError} 400
 */
export function checkPlace({ leaf, node, mode, force = {} }: PlaceValues, structure: Structure): void {
  if (leaf !== undefined && node !== undefined) {
    throw invalid("sample", "node", `both leaf ${leaf} and node ${node} were given`, "at most one of them");
  }
  const place = leaf === undefined ? node : structure.nodeOf(leaf);
  if (mode === "forced" && place === undefined) {
    throw invalid("sample", "mode", `mode is "forced"`, "a leaf or node with it (mode=forced&leaf=0)");
  }
  for (let at = place ?? 0; at !== 0;) {
    const above = structure.parent(at)!;
    const side = structure.children(above)[0] === at ? "left" : "right";
    if (force[above] !== undefined && force[above] !== side) {
      const name = leaf === undefined ? `node ${node}` : `leaf ${leaf}`;
      throw invalid(
        "sample",
        "force",
        `node ${above} is forced away from ${name}`,
        `${above}:${side}, or no such decision`,
      );
    }
    at = above;
  }
}

function checkLatents({ n, leaf, node, mode, truncation }: PlaceValues & Pick<DrawValues, "n">, given: number): void {
  if (n !== undefined && n !== given) {
    throw invalid("sample", "n", `n is ${n} with ${given} latents`, `${given}, or no n`);
  }
  if ((leaf ?? node) !== undefined && mode !== "forced") {
    const name = leaf === undefined ? "node" : "leaf";
    throw invalid("sample", name, `a ${name} was given with latents`, "mode forced with it, or neither");
  }
  if (truncation !== 1) {
    throw invalid("sample", "truncation", `truncation is ${truncation} with given latents`, "1, or no truncation");
  }
}
