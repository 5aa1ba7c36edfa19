"""Golden values of the hierarchical mixture of experts: likelihoods, and one EM iteration, by NumPy and SciPy.

    /usr/bin/python3 tests/golden/hme.py     # writes hme.json beside this file

Debian's python3-numpy and python3-scipy; seed and versions are in the file. The mixture is the definition of Jordan &
Jacobs 1994, node by node in a recursion, products of probabilities and no logarithms. Of the M-step, experts of a
regression are solved by a QR least-squares (numpy.linalg.lstsq on rows scaled by the roots of the weights), gates and
classifying experts by a general optimiser (scipy.optimize.minimize, BFGS) that knows no Newton step.
"""

import json
import pathlib
import sys

import numpy
import scipy
from scipy.optimize import minimize

SEED = 19940301
COUNT, INPUTS, DEPTH = 60, 2, 2
LEAVES, GATES = 2**DEPTH, 2**DEPTH - 1
rng = numpy.random.default_rng(SEED)


def sigmoid(a):
    return 1 / (1 + numpy.exp(-a))


def softmax(a):
    e = numpy.exp(a - a.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def with_ones(x):
    return numpy.hstack([x, numpy.ones((len(x), 1))])


def leaf_weights(p, x, node=0):
    """[count, leaves under node], by recursion."""
    if node >= GATES:
        return numpy.ones((len(x), 1))
    g = sigmoid(x @ p["gates"]["weight"][:, node] + p["gates"]["bias"][node])[:, None]
    return numpy.hstack([g * leaf_weights(p, x, 2 * node + 1), (1 - g) * leaf_weights(p, x, 2 * node + 2)])


def expert(p, x, leaf):
    outputs = p["experts"]["bias"].size // LEAVES
    columns = slice(leaf * outputs, (leaf + 1) * outputs)
    return x @ p["experts"]["weight"][:, columns] + p["experts"]["bias"][columns]


def densities(p, x, y, task):
    """For each outcome of a sample, its part [count, outcomes] and P_l [count, outcomes, leaves]."""
    if task == "regression":
        variance = numpy.exp(p["logVariance"])
        columns = []
        for leaf in range(LEAVES):
            square = ((y - expert(p, x, leaf)) ** 2).sum(axis=1)
            columns.append((2 * numpy.pi * variance[leaf]) ** (-y.shape[1] / 2) * numpy.exp(-square / 2 / variance[leaf]))
        return numpy.ones((len(x), 1)), numpy.stack(columns, axis=1)[:, None, :]
    return y, numpy.stack([softmax(expert(p, x, leaf)) for leaf in range(LEAVES)], axis=2)


def likelihood(p, x, y, task):
    """Of each sample, in nats."""
    part, density = densities(p, x, y, task)
    return (part * numpy.log((leaf_weights(p, x)[:, None, :] * density).sum(axis=2))).sum(axis=1)


def best_logistic(x, counts):
    """Logits [inputs + 1, classes - 1] that maximise sum counts log softmax, the last class at 0."""
    x, classes = with_ones(x), counts.shape[1]

    def loss(w):
        logits = numpy.hstack([x @ w.reshape(-1, classes - 1), numpy.zeros((len(x), 1))])
        q = softmax(logits)
        gradient = x.T @ (counts.sum(axis=1, keepdims=True) * q - counts)[:, :-1]
        return -(counts * numpy.log(q)).sum(), gradient.ravel()

    start = numpy.zeros(x.shape[1] * (classes - 1))
    return minimize(loss, start, jac=True, method="BFGS", options={"gtol": 1e-9, "maxiter": 5000}).x.reshape(-1, classes - 1)


def em_step(p, x, y, task):
    part, density = densities(p, x, y, task)
    joint = leaf_weights(p, x)[:, None, :] * density
    posterior = part[:, :, None] * joint / joint.sum(axis=2, keepdims=True)  # [count, outcomes, leaves]
    h = posterior.sum(axis=1)
    outputs = y.shape[1]
    new = {
        "gates": {"weight": numpy.zeros((INPUTS, GATES)), "bias": numpy.zeros(GATES)},
        "experts": {"weight": numpy.zeros((INPUTS, LEAVES * outputs)), "bias": numpy.zeros(LEAVES * outputs)},
    }
    for node in range(GATES):
        level = int(numpy.log2(node + 1))
        width = LEAVES // 2**level
        first = (node + 1 - 2**level) * width
        left = h[:, first : first + width // 2].sum(axis=1)
        right = h[:, first + width // 2 : first + width].sum(axis=1)
        w = best_logistic(x, numpy.stack([left, right], axis=1))[:, 0]
        new["gates"]["weight"][:, node], new["gates"]["bias"][node] = w[:-1], w[-1]
    if task == "regression":
        new["logVariance"] = numpy.zeros(LEAVES)
    for leaf in range(LEAVES):
        columns = slice(leaf * outputs, (leaf + 1) * outputs)
        if task == "regression":
            root = numpy.sqrt(h[:, leaf : leaf + 1])
            w = numpy.linalg.lstsq(root * with_ones(x), root * y, rcond=None)[0]
            error = h[:, leaf] @ ((y - with_ones(x) @ w) ** 2).sum(axis=1)
            new["logVariance"][leaf] = numpy.log(error / outputs / h[:, leaf].sum())
        else:
            w = numpy.hstack([best_logistic(x, posterior[:, :, leaf]), numpy.zeros((INPUTS + 1, 1))])
        new["experts"]["weight"][:, columns], new["experts"]["bias"][columns] = w[:-1], w[-1]
    return new


def case(task, outputs):
    x = rng.normal(size=(COUNT, INPUTS))
    y = rng.normal(size=(COUNT, outputs)) if task == "regression" else softmax(2 * rng.normal(size=(COUNT, outputs)))
    p = {
        "gates": {"weight": rng.normal(size=(INPUTS, GATES)), "bias": rng.normal(size=GATES)},
        "experts": {
            "weight": rng.normal(size=(INPUTS, LEAVES * outputs)),
            "bias": rng.normal(size=LEAVES * outputs),
        },
    }
    if task == "regression":
        p["logVariance"] = 0.5 * rng.normal(size=LEAVES)
    weights = leaf_weights(p, x)
    values = numpy.stack([expert(p, x, leaf) for leaf in range(LEAVES)], axis=1)
    values = values if task == "regression" else softmax(values)
    after = em_step(p, x, y, task)
    return {
        "x": x,
        "y": y,
        "parameters": p,
        "weights": weights[:5],
        "prediction": (weights[:, :, None] * values).sum(axis=1)[:5],
        "logLikelihoods": likelihood(p, x, y, task)[:5],
        "logLikelihood": likelihood(p, x, y, task).mean(),
        "after": after,
        "logLikelihoodAfter": likelihood(after, x, y, task).mean(),
    }


def plain(value):
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, numpy.ndarray):
        return [float(f"{number:.12g}") for number in value.ravel()]
    return float(value) if isinstance(value, numpy.floating) else value


golden = {
    "python": sys.version.split()[0],
    "numpy": numpy.__version__,
    "scipy": scipy.__version__,
    "seed": SEED,
    "inputs": INPUTS,
    "depth": DEPTH,
    "regression": case("regression", 2),
    "classification": case("classification", 3),
}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(plain(golden)) + "\n")
print({task: (golden[task]["logLikelihood"], golden[task]["logLikelihoodAfter"]) for task in ["regression", "classification"]})
