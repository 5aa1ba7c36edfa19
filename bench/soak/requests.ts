/** What the soak asks of a server: everything it can answer, and a fifth of everything it must refuse. */

/** One request, and what an answer to it must be. */
export interface Ask {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** `ok`: 200 or 304, whole; `refused`: 4xx with the one shape of errors; `dropped`: the client goes away, any will do. */
  readonly expect: "ok" | "refused" | "dropped";
}

/** What is known of the model that is served. */
export interface Served {
  readonly run: string;
  readonly leaves: number;
  readonly nodes: number;
  readonly latent: number;
}

/** A whole number from 0 to `n - 1`. */
type Below = (n: number) => number;

const JSON_BODY = { "content-type": "application/json" };
const latents = (rows: number, { latent }: Served, below: Below): number[][] =>
  Array.from({ length: rows }, () => Array.from({ length: latent }, () => below(2000) / 500 - 2));

const GOOD: ((served: Served, below: Below) => Omit<Ask, "expect">)[] = [
  ({ leaves }, below) => ({ path: `/sample?n=1&leaf=${below(leaves)}` }),
  ({ leaves }, below) => ({ path: `/sample?n=1&leaf=${below(leaves)}&seed=${below(1e9)}` }),
  (_, below) => ({ path: `/sample.png?n=${1 + below(9)}&seed=${below(1e9)}&columns=3&scale=2` }),
  ({ nodes }, below) => ({ path: `/sample.json?n=2&seed=${below(1e9)}&node=${below(nodes)}&temperature=0.5` }),
  ({ leaves }, below) => ({ path: `/sample.npy?n=2&leaf=${below(leaves)}&mode=forced&truncation=0.7` }),
  (_, below) => ({ path: `/sample?n=2&seed=${below(50)}`, headers: { accept: "application/json" } }),
  (_, below) => ({ path: `/sample.json?n=1&seed=${below(1e9)}&images=each&latents=true&force=0:left` }),
  (served, below) => ({
    path: "/sample.json",
    method: "POST",
    headers: JSON_BODY,
    body: JSON.stringify({ latents: latents(2, served, below), force: { 0: "right" } }),
  }),
  (_, below) => ({ path: `/activations?n=8&seed=${below(1e9)}` }),
  (_, below) => ({ path: `/interpolate?from=${below(1e6)}&to=${below(1e6)}&steps=4` }),
  ({ nodes }, below) => ({ path: `/tree/${below(nodes)}.png` }),
  () => ({ path: "/tree" }),
  () => ({ path: "/health" }),
  () => ({ path: "/runs" }),
  () => ({ path: "/v2/health/ready" }),
  (served, below) => ({
    path: `/v2/models/${served.run}/infer`,
    method: "POST",
    headers: JSON_BODY,
    body: JSON.stringify({
      inputs: [{
        name: "latent",
        shape: [1, served.latent],
        datatype: "FP32",
        data: latents(1, served, below)[0],
      }],
    }),
  }),
];

const QUERIES = [
  ["n=0", "n=257", "n=abc", "n=1e2", "n=-1", "n=1.5", "n=", "n=1&n=2", "n=99999999999999999999", "n=%00"],
  ["leaf=1000000", "leaf=-1", "leaf=1&node=1", "node=1000000", "leaf=NaN", "mode=forced", "mode=sideways&leaf=0"],
  ["seed=-1", "seed=0.5", "seed=9007199254740993", "temperature=0", "temperature=NaN", "temperature=1e9"],
  ["truncation=0", "truncation=2", "scale=0", "scale=99", "columns=0", "weights=best", "nn=1", "images=all"],
  [
    "force=0",
    "force=0:up",
    "force=999999:left",
    "run=..%2F..%2Fetc%2Fpasswd",
    "run=%00",
    "run=nowhere",
    "iteration=-1",
  ],
].flat();
const BODIES = ["", "{", "[]", "null", '{"n":"1"}', '{"latents":[[1,2,3]]}', '{"latents":[["NaN"]]}', '{"latents":[]}'];

const BAD: ((served: Served, below: Below) => Omit<Ask, "expect">)[] = [
  (_, below) => ({ path: `/sample?${QUERIES[below(QUERIES.length)]}` }),
  (_, below) => ({ path: `/activations?${QUERIES[below(QUERIES.length)]}` }),
  (_, below) => ({ path: "/sample", method: "POST", headers: JSON_BODY, body: BODIES[below(BODIES.length)] }),
  () => ({ path: "/sample", method: "POST", headers: { "content-type": "text/plain" }, body: "n=1" }),
  () => ({ path: "/sample?n=1", method: "DELETE" }),
  () => ({ path: "/nowhere" }),
  () => ({ path: "/tree/1000000.png" }),
  () => ({ path: "/tree/..%2f..%2fetc%2fpasswd" }),
  () => ({ path: "/web/..%2f..%2fdeno.json" }),
  () => ({ path: "/interpolate?from=1" }),
  () => ({ path: "/interpolate?from=a&to=b&steps=1" }),
  () => ({ path: "/sample?n=1", headers: { accept: "application/pdf" } }),
  ({ run }) => ({ path: `/v2/models/${run}/infer`, method: "POST", headers: JSON_BODY, body: '{"inputs":[]}' }),
  () => ({ path: "/v2/models/nowhere/infer", method: "POST", headers: JSON_BODY, body: "{}" }),
  () => ({ path: "/assign", method: "POST", headers: { "content-type": "image/png" }, body: "no picture" }),
];
/** Rare ones: large. */
const LARGE: (() => Omit<Ask, "expect">)[] = [
  () => ({ path: "/sample", method: "POST", headers: JSON_BODY, body: `[${"0,".repeat(2 ** 20)}0]` }),
  () => ({ path: `/sample?${"n".repeat(20_000)}=1` }),
];

/** Request number `i` of a soak: the same for the same number. A fifth must be refused, one of 100 is given up at once. */
export function askOf(i: number, served: Served, below: Below): Ask {
  if (i % 1000 === 999) return { ...LARGE[below(LARGE.length)](), expect: "refused" };
  if (i % 5 === 4) return { ...BAD[below(BAD.length)](served, below), expect: "refused" };
  const ask = GOOD[below(GOOD.length)](served, below);
  return { ...ask, expect: i % 100 === 50 ? "dropped" : "ok" };
}
