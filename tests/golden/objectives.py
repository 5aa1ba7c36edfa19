"""Golden values of objectives and of penalties on the critic's gradient, by PyTorch in float64.

    /usr/bin/python3 tests/golden/objectives.py     # writes objectives.json beside this file

Debian's python3-torch (1.13) and python3-numpy; seed and versions are in the file; layouts as in models.py. Losses are
written as their papers have them; two of the scores are so large that a plain logarithm of a probability is infinite.
"""

import json
import pathlib
import sys

import models
import numpy
import torch
from models import criticize, critic_layer, dense_on, gradients_of, image, numbers, parameter, same, values_of, written
from torch.nn import functional as F

SEED = 20181205
torch.manual_seed(SEED)
BATCH = 4

logistic = lambda real, fake: -F.logsigmoid(real).mean() - F.logsigmoid(-fake).mean()
wasserstein = (lambda real, fake: fake.mean() - real.mean(), lambda real, fake: -fake.mean())
non_saturating = (logistic, lambda real, fake: -F.logsigmoid(fake).mean())
OBJECTIVES = {  # what the critic minimises, what the generator
    "minimax": (logistic, lambda real, fake: F.logsigmoid(-fake).mean()),
    "non-saturating": non_saturating,
    "lsgan": (
        lambda real, fake: 0.5 * F.mse_loss(real, torch.ones(real.shape)) + 0.5 * F.mse_loss(fake, torch.zeros(fake.shape)),
        lambda real, fake: 0.5 * F.mse_loss(fake, torch.ones(fake.shape)),
    ),
    "hinge": (
        lambda real, fake: -torch.min(real - 1, torch.zeros(1)).mean() - torch.min(-fake - 1, torch.zeros(1)).mean(),
        lambda real, fake: -fake.mean(),
    ),
    "wgan": wasserstein,
    "wgan-gp": wasserstein,
    "dragan": non_saturating,
    "rpgan": (
        lambda real, fake: -F.logsigmoid(real - fake).mean(),
        lambda real, fake: -F.logsigmoid(fake - real).mean(),
    ),
}


def losses():
    real, fake = parameter(6, 1, std=2.0, mean=1.0), parameter(6, 1, std=2.0, mean=-1.0)
    with torch.no_grad():
        real[0, 0], fake[1, 0] = -800.0, 900.0
    scores = {"real": (real, same), "fake": (fake, same)}
    result = {"scores": values_of(scores)}
    for name, objective in OBJECTIVES.items():
        result[name] = {}
        for player, loss in zip(["critic", "generator"], objective):
            value = loss(real, fake) + 0 * (real.sum() + fake.sum())  # so that both have a gradient
            result[name][player] = {"loss": written(value), "gradients": gradients_of(value, scores)}
    return result


def norms(slope):
    return slope.square().sum(dim=(1, 2, 3)).sqrt()


def slope_at(critic, x):
    x = x.detach().requires_grad_()
    (slope,) = torch.autograd.grad(criticize(critic, x).sum(), x, create_graph=True)
    return slope


def penalties():
    critic = {
        "layers": [critic_layer(2, 4, 4), critic_layer(4, 6, 2)],
        "score": {"weight": (parameter(1, 6 * 2 * 2, std=0.3), dense_on((6, 2, 2))), "bias": (parameter(1), same)},
    }
    real, fake = numbers(BATCH, 2, 8, 8, std=0.7), numbers(BATCH, 2, 8, 8, std=0.4)
    epsilon = torch.rand(BATCH, 1, 1, 1).float().double()
    noise = torch.rand(real.shape).float().double()
    between = epsilon * real + (1 - epsilon) * fake
    # DRAGAN's code: NumPy's std (of the whole batch, divided by its size) and points between x and x + delta.
    around = real + epsilon * (0.5 * real.numpy().std() * noise)
    toward_one = lambda slope: (norms(slope) - 1).square().mean()
    values = {
        "gp": toward_one(slope_at(critic, between)),
        "dragan": toward_one(slope_at(critic, around)),
        "r1": 0.5 * norms(slope_at(critic, real)).square().mean(),
        "r2": 0.5 * norms(slope_at(critic, fake)).square().mean(),
    }
    # The score's bias has no gradient in any of them, which autograd would refuse.
    bias = 0 * critic["score"]["bias"][0].sum()
    return {
        "options": models.OPTIONS | {"image": [8, 8, 2], "body": [], "features": 4},
        "critic": values_of(critic),
        "real": written(image(real)),
        "fake": written(image(fake)),
        "epsilon": written(epsilon),
        "noise": written(image(noise)),
        "norms": {name: written(norms(slope_at(critic, at)).mean()) for name, at in [("gp", between), ("dragan", around)]},
        "penalties": {
            name: {"loss": written(value), "gradients": gradients_of(value + bias, unused_as_zero(critic, value))}
            for name, value in values.items()
        },
    }


def unused_as_zero(critic, value):
    """The critic, after a check that only shifts which no derivative sees are without gradient."""
    found = torch.autograd.grad(value, models.tensors_of(critic), retain_graph=True, allow_unused=True)
    missing = [list(t.shape) for t, g in zip(models.tensors_of(critic), found) if g is None]
    assert missing == [[1]], missing
    return critic


if __name__ == "__main__":
    golden = {
        "seed": SEED,
        "versions": {"python": sys.version.split()[0], "torch": torch.__version__, "numpy": numpy.__version__},
        "losses": losses(),
        **penalties(),
    }
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print(path, path.stat().st_size, "bytes")
