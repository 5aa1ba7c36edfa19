"""Golden losses of a training run, by PyTorch in float32 with the random numbers of ours, and some of these numbers.

    /usr/bin/python3 tests/golden/training.py     # writes training.json beside this file

Debian's python3-torch (1.13) and python3-numpy; seed and versions are in the file. The run is bench/peers/hmog_torch.py's,
the numbers are bench/peers/hmog_draws.py's, both written from the definitions alone. The pictures are numbers of the same
kind: multiples of 2^-24 in [0, 1) times 256, rounded down.
"""

import json
import pathlib
import sys

here = pathlib.Path(__file__).parent
sys.path.insert(0, str(here.parent.parent / "bench" / "peers"))

import numpy  # noqa: E402
import torch  # noqa: E402
from hmog_draws import Draws, uniform  # noqa: E402
from hmog_torch import PRESETS, Training  # noqa: E402

SEED, IMAGES, BATCH, ITERATIONS, PICTURE_STREAM = 2**33 + 7, 100, 16, 8, 99
torch.set_num_threads(1)


def some_draws():
    draws = Draws(SEED)
    draws.step = 3
    return {
        "start": [draws.start((2, 3), 0.02).ravel().tolist(), draws.start((5,), 1).tolist()],
        "latents": draws.latents((3, 5)).ravel().tolist(),
        "epsilon": draws.epsilon((7, 1)).ravel().tolist(),
        "orders": [draws.order(10).tolist(), draws.order(100).tolist()],
    }


def some_training(he):
    """a run of the preset tiny; `he`: with the starting weights of the body as in small"""
    PRESETS["tiny"]["he"] = he
    pictures = numpy.floor(uniform((IMAGES, 1, 32, 32), seed=SEED, stream=PICTURE_STREAM) * 256)
    images = torch.from_numpy(pictures.astype(numpy.uint8))
    training = Training("tiny", BATCH, "one-thread", images=images, draws=Draws(SEED))
    losses = [[loss.item() for loss in training.iteration()] for _ in range(ITERATIONS)]
    return {
        "criticLoss": [critic for critic, _ in losses],
        "generatorLoss": [generator for _, generator in losses],
        "average": sum(p.abs().sum().item() for p in training.ema),
    }


values = {
    "versions": {"torch": torch.__version__, "numpy": numpy.__version__},
    "seed": SEED,
    "draws": some_draws(),
    "images": IMAGES,
    "batch": BATCH,
    "pictureStream": PICTURE_STREAM,
    "training": {"dcgan": some_training(False), "he": some_training(True)},
}
(here / "training.json").write_text(json.dumps(values, indent=1) + "\n")
