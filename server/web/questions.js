// @ts-check
/** What the server is asked, by the state of the page. */

/** @typedef {import("./state.js").State} State */
/** @typedef {import("./api.js").TreeNode} TreeNode */

/** @param {State} state */
export const modelQuery = ({ run, weights }) => ({ run, weights: weights === "ema" ? null : weights });

/** @param {State} state */
const spread = ({ temperature, truncation }) => ({
  temperature: temperature === 1 ? null : temperature,
  truncation: truncation === 1 ? null : truncation,
});

/** @param {State} state */
const isForced = ({ node, mode }) => mode === "forced" && node !== 0; // all samples go through the root

/** The samples that are shown. @param {State} state */
export function samplesQuery(state) {
  const { n, seed, first, node } = state;
  return {
    ...modelQuery(state),
    ...spread(state),
    n,
    seed,
    first: first === 0 ? null : first,
    node: node === 0 ? null : node,
    mode: isForced(state) ? "forced" : null,
    images: "each",
    scale: 1,
    latents: true,
  };
}

/**
 * The name of a sample as an end of the strip. A forced one has the latent of the prior.
 *
 * @param {State} state
 * @param {number} sample Its place among those shown
 */
export function endOf({ mode, node, seed, first }, sample) {
  return `${mode === "forced" ? 0 : node}:${seed}:${first + sample}`;
}

/** The letters of the ends of the strip that are among the samples shown. @param {State} state */
export function marksOf(state) {
  const letters = new Map([[state.from, "A"], [state.to, "B"]]);
  const numbers = Array.from({ length: state.n }, (_, sample) => sample);
  return new Map(numbers.flatMap((sample) => {
    const letter = letters.get(endOf(state, sample));
    return letter ? [/** @type {[number, string]} */ ([sample, letter])] : [];
  }));
}

/** The latent of an end. @param {State} state @param {string} end */
export function endQuery(state, end) {
  const [node, seed, first] = end.split(":").map(Number);
  return { ...modelQuery(state), ...spread(state), n: 1, first, seed, node: node === 0 ? null : node, latents: true };
}

/**
 * The body that asks for pictures of given latents: their own paths, or forced where the state says so.
 *
 * @param {State} state
 * @param {number[][]} latents
 */
export function latentsBody(state, latents) {
  const { run, weights, temperature, node } = state;
  const forced = isForced(state) ? { node, mode: "forced" } : {};
  return { ...(run === null ? {} : { run }), weights, temperature, ...forced, latents, images: "each", scale: 1 };
}

/**
 * The body that asks for one latent with a gate forced. A path forced into a node below would leave that gate no choice, so
 * it is not forced then.
 *
 * @param {State} state
 * @param {{latent: number[], gate: number, side: "left" | "right", nodes: TreeNode[]}} of
 */
export function flipBody(state, { latent, gate, side, nodes }) {
  const free = isAbove(gate, state.node, nodes) ? { ...state, node: 0 } : state;
  return { ...latentsBody(free, [latent]), force: { [gate]: side } };
}

/** @param {number} gate @param {number} node @param {TreeNode[]} nodes */
function isAbove(gate, node, nodes) {
  for (let above = nodes[node]?.parent ?? null; above !== null; above = nodes[above].parent) {
    if (above === gate) return true;
  }
  return false;
}
