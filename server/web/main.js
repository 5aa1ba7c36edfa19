// @ts-check
/// <reference lib="dom" />
/** The page: asks the server for what the state says, and gives the answers to the views. */

import { address, ask, Place } from "./api.js";
import { choice, controls, newSeed, themeButton } from "./controls.js";
import { CurvesView } from "./curves_view.js";
import { byId, html } from "./dom.js";
import { factsOf, nameOf, showLabels, showScores } from "./node_view.js";
import { PictureView } from "./picture_view.js";
import { SampleView } from "./sample_view.js";
import { SamplesView } from "./samples_view.js";
import { go, onState, state } from "./state.js";
import { between, StripView } from "./strip_view.js";
import { skeleton } from "./tree_layout.js";
import { TreeView } from "./tree_view.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("./api.js").Sample} Sample */
/** @typedef {import("./api.js").Samples} Samples */
/** @typedef {import("./api.js").Tree} Tree */
/** @typedef {{name: string, iteration: number, dataset: string, method: string, preset: string, training: boolean}} Run */

/** @type {Samples | null} */
let drawn = null; // the samples shown
let drawnFor = ""; // what they were asked with
/** @type {Tree | null} */
let tree = null;
/** @type {Run[]} */
let runs = [];

const drawing = new TreeView(
  /** @type {HTMLElement} */ (byId("tree").querySelector(".drawing")),
  (node) => go({ node }),
);
const gallery = new SamplesView(
  /** @type {HTMLElement} */ (byId("samples").querySelector(".gallery")),
  (sample) => go({ sample: state().sample === sample ? null : sample }),
);
const detail = new SampleView(byId("sample"), {
  flip: (flip) => go({ flip }),
  pick: (end) => go({ [end]: `${state().mode === "forced" ? 0 : state().node}:${state().seed}:${state().sample}` }),
  close: () => go({ sample: null }),
});
const strip = new StripView(byId("strip"), {
  light: (weights) => drawing.light(weights),
  dark: () => light(),
  close: () => go({ from: null, to: null }),
});
const picture = new PictureView(byId("picture"), {
  query: () => ({ run: state().run }),
  light: (weights) => {
    placed = weights;
    light();
  },
  visit: ({ leaf }) => go({ node: drawing.nodes.find((node) => node.leaf === leaf)?.node ?? 0 }),
});
/** @type {number[] | null} */
let placed = null; // the path weights of a dropped picture
const curves = new CurvesView(byId("curves"));
const showControls = controls(byId("controls"));
const weights = choice("Weights", [
  { value: "ema", text: "ema", title: "The running average of the weights" },
  { value: "live", text: "live", title: "The weights as the last step left them" },
], (value) => go({ weights: /** @type {State["weights"]} */ (value) }));

const places = {
  tree: new Place(byId("tree")),
  samples: new Place(byId("samples")),
  sample: new Place(byId("sample")),
  strip: new Place(byId("strip")),
  curves: new Place(byId("curves")),
};

/** What every question about the model says. @param {State} state */
const model = ({ run, weights }) => ({ run, weights: weights === "ema" ? null : weights });

/** What one draws samples with. @param {State} state */
const spread = ({ temperature, truncation }) => ({
  temperature: temperature === 1 ? null : temperature,
  truncation: truncation === 1 ? null : truncation,
});

/** Where samples are drawn from. @param {State} state */
const place = ({ node, mode }) => ({ node: node === 0 ? null : node, mode: mode === "region" ? null : mode });

/** The same in the body of a question with latents, which a region does not change. @param {State} state */
const how = ({ node, mode, temperature, weights }) => ({
  weights,
  temperature,
  ...(mode === "forced" && node !== 0 ? { node, mode } : {}),
});

/** @param {State} state */
function show(state) {
  showControls(state);
  weights.set(state.weights);
  drawing.select(state.node);
  showNode(state);
  showSamples(state);
  showStrip(state);
}

/** @param {State} state */
function showNode({ node }) {
  const found = drawing.nodes[node];
  byId("samples-title").textContent = found ? nameOf(found) : node === 0 ? "All samples" : `Node ${node}`;
  byId("node-facts").textContent = found ? factsOf(found) : "";
  showLabels(byId("labels"), found, tree?.labelNames ?? null);
  document.title = `${byId("samples-title").textContent} – ${tree?.run ?? "hmog"}`;
}

/** @param {State} state */
function showSamples(state) {
  const { n, seed } = state;
  const query = { ...model(state), n, seed, ...place(state), ...spread(state), images: "each", latents: true };
  const asked = address("sample.json", query);
  if (asked === drawnFor) return showSample(state);
  drawnFor = asked;
  places.samples.ask((signal) => ask("sample.json", query, { signal }), (/** @type {Samples} */ answer) => {
    drawn = answer;
    if (drawing.nodes.length === 0) drawing.show(skeleton(answer.samples[0]), { labels: null, picture: () => null });
    gallery.show(answer.samples);
    byId("more").hidden = n >= 256;
    showNode(stateNow());
    showSample(stateNow(), { redrawn: true });
  }).then(() => drawnFor = drawn === null ? "" : drawnFor);
}

const stateNow = state;
let sampleShown = "";

/** @param {State} state @param {{redrawn?: boolean}} [options] */
function showSample(state, { redrawn = false } = {}) {
  const { sample, flip, from, to } = state;
  const chosen = sample === null ? undefined : drawn?.samples[sample];
  gallery.select(chosen ? sample : null, marks(state));
  const key = JSON.stringify([sample, flip, from, to, drawnFor, drawing.nodes.length]);
  if (key === sampleShown && !redrawn) return;
  sampleShown = key;
  if (chosen) detail.show(chosen, { nodes: drawing.nodes, flip });
  else detail.empty();
  light();
  if (!chosen || flip === null) return places.sample.rest();
  const latents = [chosen.latent];
  /** @param {"left" | "right"} side @param {AbortSignal} signal */
  const forced = (side, signal) =>
    ask("sample.json", {}, {
      signal,
      body: JSON.stringify({
        ...how(state),
        run: state.run ?? undefined,
        latents,
        force: { [flip]: side },
        images: "each",
      }),
    });
  places.sample.ask(
    (signal) => Promise.all([forced("left", signal), forced("right", signal)]),
    ([left, right]) => detail.showFlip(flip, left.samples[0], right.samples[0]),
  );
}

/** The ends of the strip among the samples shown. @param {State} state */
function marks({ from, to, node, mode, seed }) {
  const here = `${mode === "forced" ? 0 : node}:${seed}:`;
  /** @type {[string | null, string][]} */
  const ends = [[from, "A"], [to, "B"]];
  return new Map(
    ends.flatMap(([end, letter]) =>
      end?.startsWith(here) ? [/** @type {[number, string]} */ ([+end.slice(here.length), letter])] : []
    ),
  );
}

/** Lights the path of the dropped picture, else of the chosen sample, else none. */
function light() {
  const { sample } = state();
  drawing.light(placed ?? (sample === null ? null : drawn?.samples[sample]?.weights ?? null));
}

let stripShown = "";

/** @param {State} state */
function showStrip(state) {
  const { from, to, run } = state;
  byId("strip").hidden = from === null && to === null;
  const key = JSON.stringify([from, to, run, how(state), spread(state)]);
  if (key === stripShown) return;
  stripShown = key;
  if (from === null || to === null) {
    places.strip.rest();
    return strip.half(from === null ? "from" : "to");
  }
  /** @param {number} first @param {number} node @param {number} seed */
  const one = (first, node, seed) => ({
    ...model(state),
    ...spread(state),
    n: 1,
    first,
    seed,
    node: node === 0 ? null : node,
  });
  places.strip.ask((signal) => between(state, one, how(state), signal), (answer) => strip.show(answer));
}

/** Asks for what does not change with the state but with run, weights or checkpoint. @param {State} state */
function load(state) {
  const query = model(state);
  places.tree.ask((signal) => ask("tree", { run: state.run }, { signal }), (/** @type {Tree} */ answer) => {
    tree = answer;
    drawing.show(answer.nodes, {
      labels: answer.labelNames,
      picture: ({ leaf, picture }) =>
        picture
          ? address(picture.replace(/^\//, ""), {
            ...query,
            kind: leaf === null ? "typical" : "grid",
            iteration: answer.iteration,
          })
          : null,
    });
    showScores(byId("scores"), answer);
    const note = byId("tree").querySelector(".note");
    if (note) note.textContent = noteOn(answer);
    showNode(stateNow());
    showSample(stateNow(), { redrawn: true });
    drawing.select(stateNow().node);
  });
  places.curves.ask(async (signal) => {
    const [answer] = await Promise.all([ask("curves", { run: state.run, points: 500 }, { signal }), uPlotLoaded()]);
    return answer;
  }, (answer) => curves.show(answer));
}

/** @param {Tree} tree */
function noteOn({ leaves, usageEntropy, pathEntropy }) {
  if (leaves === 1) return "One generator: there is no tree to read.";
  const even = usageEntropy === undefined
    ? ""
    : `Leaves are used ${Math.round(100 * usageEntropy)} % as evenly as they could be`;
  const sharp = pathEntropy === undefined
    ? ""
    : `; a sample’s path is ${Math.round(100 * (1 - pathEntropy))} % decided.`;
  return even + sharp;
}

/** @type {Promise<void> | undefined} */
let plot;

/** The package that draws curves, once it is needed. */
function uPlotLoaded() {
  return plot ??= new Promise((resolve, reject) => {
    document.head.append(
      html("link", { rel: "stylesheet", href: "web/uplot.css" }),
      html("script", {
        src: "web/uplot.js",
        load: () => resolve(),
        error: () => reject(new Error("The curves cannot be drawn: uPlot did not load")),
      }),
    );
  });
}

/** @type {EventSource | null} */
let events = null;

/** Follows the run while it trains. @param {State} state */
function follow(state) {
  events?.close();
  events = new EventSource(address("events", { run: state.run }));
  events.addEventListener("metrics", ({ data }) => curves.add(JSON.parse(data)));
  events.addEventListener("checkpoint", () => {
    drawnFor = "";
    stripShown = "";
    load(stateNow());
    show(stateNow());
  });
}

/** @param {State} state */
function showRun(state) {
  const chosen = runs.find(({ name }) => name === state.run) ?? runs[0];
  if (!chosen) return;
  const facts = html("span", { class: "facts" }, `iteration ${chosen.iteration}`);
  const name = runs.length === 1 ? html("span", {}, chosen.name) : html("select", {
    "aria-label": "Run",
    change: (/** @type {Event} */ event) =>
      go({ run: /** @type {HTMLSelectElement} */ (event.target).value, node: 0, sample: null, from: null, to: null }),
  }, ...runs.map(({ name }) => html("option", { value: name, selected: name === chosen.name }, name)));
  byId("run").replaceChildren(name, facts);
}

let loadedFor = "";

/** @param {State} state */
function update(state) {
  const key = JSON.stringify(model(state));
  if (key !== loadedFor) {
    if (loadedFor !== "" && state.run !== JSON.parse(loadedFor).run) {
      drawing.show([], {
        labels: null,
        picture: () => null,
      });
    }
    loadedFor = key;
    load(state);
    follow(state);
    showRun(state);
  }
  show(state);
}

addEventListener("keydown", (event) => {
  const { target, key } = event;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (target instanceof HTMLInputElement && target.type !== "range" || target instanceof HTMLSelectElement) return;
  const { sample, flip, from, to, mode } = state();
  if (key === "n") newSeed();
  else if (key === "f") go({ mode: mode === "forced" ? "region" : "forced" });
  else if (key === "Escape") {
    if (picture.open) picture.close();
    else if (flip !== null) go({ flip: null });
    else if (sample !== null) go({ sample: null });
    else if (from !== null || to !== null) go({ from: null, to: null });
    else if (state().node !== 0) go({ node: 0 });
  }
});
addEventListener("pagehide", () => events?.close());
byId("more").addEventListener("click", () => go({ n: Math.min(256, state().n + 24) }));
byId("weights").append(weights.element);
themeButton(byId("theme"));
onState(update);

ask("runs", {}).then((answer) => {
  runs = answer.runs;
  // Several runs and none chosen: the newest, and the address says so.
  if (runs.length > 1 && !runs.some(({ name }) => name === state().run)) {
    go({ run: runs[runs.length - 1].name }, { replace: true });
  } else update(state());
  showRun(state());
}, (error) => {
  update(state());
  byId("run").textContent = error.message;
});
