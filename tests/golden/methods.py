"""Golden values of the heads that choose one generator, and of what methods add to the losses, by PyTorch in float64.

    /usr/bin/python3 tests/golden/methods.py     # writes methods.json beside this file

Debian's python3-torch (1.13) and python3-numpy; seed and versions are in the file; layouts as in models.py. A generator is
looked up by its number here, one sample after the other: there is no product with weights.
"""

import json
import pathlib
import sys

import models
import numpy
import torch
from models import (
    BATCH, FEATURES, LATENT, OUT, gate_parameters, gradients_of, image, leaf_output, local_generators, numbers, parameter,
    same, values_of, written,
)
from torch.nn import functional as F

SEED = 20180618
torch.manual_seed(SEED)
DEPTH, LEAVES = 2, 4
TEMPERATURE = 0.5

flat = lambda t: t.t().reshape(LATENT, *FEATURES).permute(0, 2, 3, 1).reshape(LATENT, -1)


def gumbel_of(z):
    """-log E, where E = (a^2 + b^2) / 2 follows the exponential distribution"""
    pairs = z[:, LATENT:].reshape(z.shape[0], LEAVES, 2)
    return -torch.log(pairs.square().sum(dim=2) / 2)


def one_hot(chosen):
    return F.one_hot(chosen, LEAVES).double()


def disjoint(parameters, z):
    prior = parameters["prior"][0] if "prior" in parameters else torch.zeros(LEAVES)
    weights = one_hot((prior + gumbel_of(z)).argmax(dim=1))
    return of_leaves(parameters["leaves"], weights, z), weights


def of_leaves(leaves, weights, z):
    outputs = torch.stack([leaf_output(leaves, leaf, z[:, :LATENT]) for leaf in range(LEAVES)], dim=1)
    return torch.relu((weights[:, :, None] * outputs).sum(dim=1))


def gumbel_head(parameters, z, temperature):
    """torch.nn.functional.gumbel_softmax(hard=True), with numbers of ours"""
    gates = parameters["gates"]
    noisy = z[:, :LATENT] @ gates["weight"][0] + gates["bias"][0] + gumbel_of(z)
    soft = torch.softmax(noisy / temperature, dim=1)
    weights = one_hot(soft.argmax(dim=1)) - soft.detach() + soft
    return of_leaves(parameters["leaves"], weights, z), weights


def latents(parameters, z):
    chosen = gumbel_of(z).argmax(dim=1)
    drawn = parameters["mean"][0][chosen] + parameters["deviation"][0][chosen] * z[:, :LATENT]
    dense = parameters["dense"]
    return torch.relu(F.linear(drawn, dense["weight"][0], dense["bias"][0])), one_hot(chosen)


def head(kind, parameters, apply, temperature=None):
    z = parameter(2 * BATCH, LATENT + 2 * LEAVES)
    features, weights = apply(parameters, z)
    shape = lambda t: image(t.reshape(-1, *FEATURES))
    dy = numbers(*features.shape)
    inputs = {"parameters": parameters, "z": (z, same)}
    return {
        "head": kind,
        "options": {"latent": LATENT, "depth": DEPTH, "leaves": "linear", "featureShape": [2, 4, 3]},
        **({"temperature": temperature} if temperature else {}),
        "parameters": values_of(parameters),
        "z": written(z),
        "dy": written(shape(dy)),
        "features": written(shape(features)),
        "weights": written(weights),
        "gradients": gradients_or_zero((features * dy).sum(), inputs),
    }


def gradients_or_zero(loss, value):
    """As gradients_of; zeros for what the loss does not depend on, as our gradients have them."""
    return gradients_of(loss + sum(0 * t.sum() for t in models.tensors_of(value)), value)


def heads():
    dense = {"weight": (parameter(OUT, LATENT, std=0.5), flat), "bias": (parameter(OUT), lambda t: image(t.reshape(1, *FEATURES)).reshape(-1))}
    mixture = {"mean": (parameter(LEAVES, LATENT), same), "deviation": (parameter(LEAVES, LATENT, std=0.2), same)}
    gates = lambda: {"gates": gate_parameters(LEAVES), "leaves": local_generators("linear", LEAVES)}
    at = lambda temperature: lambda parameters, z: gumbel_head(parameters, z, temperature)
    return {
        "a uniform choice": head("disjoint", {"leaves": local_generators("linear", LEAVES)}, disjoint),
        "a choice by a prior": head(
            "prior", {"leaves": local_generators("linear", LEAVES), "prior": (parameter(LEAVES), same)}, disjoint
        ),
        "a choice by a gate": head("gumbel", gates(), at(1)),
        "a choice by a gate at temperature 0.5": head("gumbel", gates(), at(TEMPERATURE), TEMPERATURE),
        "a choice of latents": head("latents", {**mixture, "dense": dense}, latents),
    }


def term(loss, inputs, **constants):
    return {
        "inputs": values_of(inputs),
        "constants": {name: written(value) for name, value in constants.items()},
        "loss": written(loss),
        "gradients": gradients_or_zero(loss, inputs),
    }


def terms():
    count = 6
    made_by = torch.randint(LEAVES, (count,))
    weights = one_hot(made_by)
    classes = parameter(count, LEAVES, std=2.0)
    deviation = parameter(LEAVES, LATENT, std=0.3, mean=0.5)
    path = parameter(count, LEAVES)
    prior, real_classes = parameter(LEAVES), numbers(count, LEAVES, std=2.0)

    # DMWGAN-PL: H(p, r) - alpha^t H(r), p what the recogniser sees in real images, r the prior; r sees no other loss.
    def prior_loss(t):
        r = torch.distributions.Categorical(logits=prior)
        seen = torch.softmax(real_classes, dim=1).mean(dim=0)
        cross = -(seen * r.logits).sum()
        return F.cross_entropy(classes, made_by) + cross - 0.999**t * r.entropy()

    # MAD-GAN: one softmax over K generators and, last, the data.
    real_logits, fake_logits = parameter(count, LEAVES + 1, std=2.0), parameter(count, LEAVES + 1, std=2.0)
    everyone = F.cross_entropy(real_logits, torch.full((count,), LEAVES)) + F.cross_entropy(fake_logits, made_by)
    against = F.log_softmax(fake_logits, dim=1)[:, LEAVES].exp().neg().log1p().mean()  # E log(1 - D_real(G(z)))
    logits = {"real": (real_logits, same), "fake": (fake_logits, same)}
    return {
        "deligan": term(0.1 * (1 - deviation).square().mean(), {"deviation": (deviation, same)}),
        "mgan": term(0.125 * F.cross_entropy(classes, made_by), {"classes": (classes, same)}, weights=weights),
        "megan": term(10 * (path.mean(dim=0) - 1 / LEAVES).square().sum(), {"weights": (path, same)}),
        "dmwgan-pl": {
            str(t): term(
                prior_loss(t),
                {"prior": (prior, same), "classes": (classes, same)},
                weights=weights,
                realClasses=real_classes,
            )
            for t in [0, 1000]
        },
        "madgan": {"critic": term(everyone, logits, weights=weights), "generator": term(against, logits)},
    }


def spectral():
    """One round of PyTorch's spectral_norm, and what many would come to."""
    layers = {"conv": (torch.nn.Conv2d(3, 5, 4), models.conv), "score": (torch.nn.Linear(20, 2), models.dense)}
    result = {}
    for name, (layer, layout) in layers.items():
        layer.weight.data, layer.bias.data = numbers(*layer.weight.shape), numbers(*layer.bias.shape)
        weight = layer.weight.detach().clone()
        torch.nn.utils.spectral_norm(layer)
        before = numbers(layer.weight.shape[0])
        layer.weight_u.data = before.clone()
        layer(torch.ones(1, 3, 4, 4) if name == "conv" else torch.ones(1, 20))
        dy = numbers(*layer.weight.shape)
        (gradient,) = torch.autograd.grad((layer.weight * dy).sum(), layer.weight_orig)
        result[name] = {
            "weight": written(layout(weight)),
            "bias": written(layer.bias),
            "direction": written(before[None]),
            "normalized": written(layout(layer.weight)),
            "next": written(layer.weight_u[None]),
            "dy": written(layout(dy)),
            "gradient": written(layout(gradient)),
            "largest": written(torch.linalg.svdvals(weight.reshape(weight.shape[0], -1))[0]),
        }
    return result


if __name__ == "__main__":
    golden = {
        "seed": SEED,
        "versions": {"python": sys.version.split()[0], "torch": torch.__version__, "numpy": numpy.__version__},
        "heads": heads(),
        "terms": terms(),
        "spectral": spectral(),
    }
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print(path, path.stat().st_size, "bytes")
