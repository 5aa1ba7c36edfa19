// @ts-check
/// <reference lib="dom" />
/** The page: asks the server for what the state says, and gives the answers to the views. */

import { address, ask, Place } from "./api.js";
import { choice, controls, newSeed, themeButton } from "./controls.js";
import { CurvesView, uPlotLoaded } from "./curves_view.js";
import { byId } from "./dom.js";
import { Follower } from "./follow.js";
import { factsOf, nameOf, noteOn, showLabels, showScores } from "./node_view.js";
import { PictureView } from "./picture_view.js";
import { endOf, flipBody, marksOf, samplesQuery } from "./questions.js";
import { showRun } from "./runs_view.js";
import { SampleView } from "./sample_view.js";
import { SamplesView } from "./samples_view.js";
import { go, onState, START, state } from "./state.js";
import { between, StripView } from "./strip_view.js";
import { isPoint, skeleton } from "./tree_layout.js";
import { TreeView } from "./tree_view.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("./api.js").Samples} Samples */
/** @typedef {import("./api.js").Tree} Tree */

const MORE = 30;
const QUIET = 60_000; // ms without a line of the log, until one asks whether the run still trains
const MOST = 256; // samples of one answer

/** What the server said last, and what it was asked. */
const known = {
  /** @type {import("./runs_view.js").Run[]} */
  runs: [],
  /** @type {Tree | null} */
  tree: null,
  /** @type {Samples | null} */
  samples: null,
  /** @type {number[] | null} The path weights of a picture that was placed */
  placed: null,
};
const asked = { run: /** @type {string | null | undefined} */ (undefined), samples: "", sample: "", strip: "" };

/** @param {string} selector */
const find = (selector) => /** @type {HTMLElement} */ (document.querySelector(selector));

const drawing = new TreeView(find("#tree .drawing"), (node) => go({ node }));
const gallery = new SamplesView(
  find("#samples .gallery"),
  (sample) => go({ sample: state().sample === sample ? null : sample }),
);
const detail = new SampleView(byId("sample"), {
  flip: (flip) => go({ flip }),
  pick: (end) => go({ [end]: endOf(state(), state().sample ?? 0) }),
  close: () => go({ sample: null }),
  light: (weights) => weights ? drawing.light(weights) : light(),
});
const strip = new StripView(byId("strip"), {
  light: (weights) => drawing.light(weights),
  dark: light,
  close: () => go({ from: null, to: null }),
});
const picture = new PictureView(byId("picture"), {
  query: () => ({ run: state().run }),
  light: (weights) => {
    known.placed = weights;
    light();
  },
  visit: ({ seed, index }) => {
    const { run, n } = START;
    go({ ...START, run: state().run ?? run, seed, first: index - index % n, sample: index % n });
  },
});
const curves = new CurvesView(byId("curves"));
const showControls = controls(byId("controls"), byId("mode"));
const weights = choice("Weights", [
  { value: "ema", text: "ema", title: "The running average of the weights" },
  { value: "live", text: "live", title: "The weights as the last step left them" },
], (value) => go({ weights: /** @type {State["weights"]} */ (value) }));

const places = {
  tree: new Place(byId("tree"), drawing.element),
  samples: new Place(byId("samples"), gallery.element),
  sample: new Place(byId("sample")),
  strip: new Place(byId("strip"), strip.strip),
  curves: new Place(byId("curves")),
};

/** Brings all that depends on the state up to date. @param {State} now */
function show(now) {
  showControls(now);
  weights.set(now.weights);
  drawing.select(now.node);
  showNode(now);
  showSamples(now);
  showStrip(now);
}

/** @param {State} now */
function showNode({ node, first }) {
  const found = drawing.nodes[node];
  const name = found ? nameOf(found) : node === 0 ? "All samples" : `Node ${node}`;
  byId("samples-title").textContent = name;
  const start = first === 0 ? [] : [`from number ${first} on`];
  byId("node-facts").textContent = [...start, ...found ? factsOf(found) : []].join(" · ");
  showLabels(byId("labels"), found, known.tree?.labelNames ?? null);
  document.title = `${name} · ${known.tree?.run ?? "hmog"}`;
}

/** @param {State} now */
function showSamples(now) {
  const query = samplesQuery(now);
  const key = address("", query);
  if (key === asked.samples) return showSample(now);
  asked.samples = key;
  gallery.element.classList.add("stale");
  places.samples.ask((signal) => ask("sample.json", query, { signal }), (/** @type {Samples} */ answer) => {
    known.samples = answer;
    if (drawing.nodes.length === 0) drawing.show(skeleton(answer.samples[0]));
    gallery.show(answer.samples);
    gallery.element.classList.remove("stale");
    byId("more").hidden = answer.samples.length >= MOST;
    if (isPoint(answer.shape.slice(1))) go({ n: MOST }, { replace: true }); // they have room
    showNode(state());
    showSample(state(), { again: true });
  });
}

/** @param {State} now @param {{again?: boolean}} [options] */
function showSample(now, { again = false } = {}) {
  const { sample, flip } = now;
  const chosen = sample === null ? undefined : known.samples?.samples[sample];
  gallery.select(chosen ? sample : null, marksOf(now));
  const key = JSON.stringify([sample, flip, asked.samples]);
  if (key === asked.sample && !again) return;
  if (chosen && key !== asked.sample) known.placed = null;
  asked.sample = key;
  if (chosen) detail.show(chosen, { nodes: drawing.nodes, flip });
  else detail.empty(drawing.nodes);
  light();
  if (!chosen || flip === null) return places.sample.rest();
  /** @param {"left" | "right"} side @param {AbortSignal} signal @returns {Promise<Samples>} */
  const forced = (side, signal) => {
    const body = JSON.stringify(flipBody(now, { latent: chosen.latent, gate: flip, side, nodes: drawing.nodes }));
    return ask("sample.json", {}, { signal, body });
  };
  places.sample.ask(
    (signal) => Promise.all([forced("left", signal), forced("right", signal)]),
    ([left, right]) => detail.showFlip(flip, [left.samples[0], right.samples[0]]),
  );
}

/** Lights the path of the picture that was placed, else of the chosen sample, else none. */
function light() {
  const { sample } = state();
  drawing.light(known.placed ?? (sample === null ? null : known.samples?.samples[sample]?.weights ?? null));
}

/** @param {State} now */
function showStrip(now) {
  const { from, to, run, weights, node, mode, temperature, truncation } = now;
  byId("strip").hidden = from === null && to === null;
  const key = JSON.stringify([from, to, run, weights, mode === "forced" && node, temperature, truncation]);
  if (key === asked.strip) return;
  asked.strip = key;
  if (from !== null && to !== null) {
    return places.strip.ask((signal) => between(now, signal), (found) => strip.show(found));
  }
  places.strip.rest();
  strip.half(from === null ? "from" : "to");
}

/** Asks for what changes with run, weights and checkpoint alone. @param {State} now */
function load(now) {
  const { run } = now;
  places.tree.ask((signal) => ask("tree", { run }, { signal }), (/** @type {Tree} */ tree) => {
    known.tree = tree;
    const query = { run, kind: "grid", scale: isPoint(tree.image) ? 2 : 1 };
    drawing.show(tree.nodes, {
      labels: tree.labelNames,
      image: tree.image,
      picture: ({ picture }) => picture ? address(picture.replace(/^\//, ""), query) : null,
    });
    document.body.dataset.head = tree.head;
    document.body.classList.toggle("points", isPoint(tree.image));
    byId("picture").hidden = isPoint(tree.image);
    byId("note").textContent = noteOn(tree);
    showScores(byId("scores"), tree);
    showNode(state());
    showSample(state(), { again: true });
  });
  loadCurves(now);
}

/** @param {State} now */
function loadCurves({ run }) {
  places.curves.ask(async (signal) => {
    const [found] = await Promise.all([ask("curves", { run, points: 500 }, { signal }), uPlotLoaded()]);
    return found;
  }, (found) => curves.show(found));
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let quiet;

const follower = new Follower({
  metrics: (line) => {
    curves.add(line);
    clearTimeout(quiet);
    quiet = setTimeout(learnRuns, QUIET);
  },
  checkpoint: (iteration) => {
    // While the first samples are under way nothing is newer; where there were none, anything is.
    if (iteration <= (known.samples?.iteration ?? (places.samples.failed ? -1 : Infinity))) return;
    Object.assign(asked, { samples: "", sample: "", strip: "" });
    show(state());
    load(state());
    learnRuns();
  },
  back: () => {
    loadCurves(state());
    learnRuns();
  },
});

function showTraining() {
  const chosen = showRun(byId("run"), known.runs, state().run);
  curves.setLive(chosen?.training ?? false);
}

async function learnRuns() {
  try {
    known.runs = (await ask("runs", {})).runs;
    showTraining();
  } catch (error) {
    byId("run").textContent = /** @type {Error} */ (error).message;
  }
}

/** @param {State} now */
function update(now) {
  if (now.run === asked.run) return show(now);
  if (asked.run !== undefined) forget();
  asked.run = now.run;
  show(now); // first of all the samples: reading the tree takes longer
  load(now);
  follower.follow(now.run);
  showTraining();
}

/** What is known of one run says nothing of another. */
function forget() {
  Object.assign(known, { tree: null, samples: null, placed: null });
  for (const place of Object.values(places)) place.rest();
  drawing.show([]);
  picture.close();
  for (const id of ["scores", "curves"]) byId(id).hidden = true;
  byId("note").textContent = "";
}

/** Goes back by one step of what is open. */
function close() {
  const { sample, flip, from, to, node } = state();
  if (picture.open) picture.close();
  else if (flip !== null) go({ flip: null });
  else if (sample !== null) go({ sample: null });
  else if (from !== null || to !== null) go({ from: null, to: null });
  else if (node !== 0) go({ node: 0 });
}

addEventListener("keydown", ({ target, key, ctrlKey, metaKey, altKey }) => {
  const typing = target instanceof HTMLInputElement && target.type === "text" || target instanceof HTMLSelectElement;
  if (ctrlKey || metaKey || altKey || typing) return;
  if (key === "n") newSeed();
  else if (key === "f") go({ mode: state().mode === "forced" ? "region" : "forced" });
  else if (key === "Escape") close();
});
byId("more").addEventListener("click", () => go({ n: Math.min(MOST, state().n + MORE) }));
byId("weights").append(weights.element);
themeButton(byId("theme"));
onState(update);

// What needs no answer stands there at once.
showControls(state());
weights.set(state().weights);
showNode(state());
detail.empty([]);
byId("tree").setAttribute("aria-busy", "true");
await learnRuns();
// Several runs and none chosen: the newest, and the address says so.
const newest = known.runs.at(-1)?.name;
if (known.runs.length > 1 && newest && state().run === null) go({ run: newest }, { replace: true });
else update(state());
