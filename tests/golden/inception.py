"""Golden values for core/evaluate/inception.ts: torchvision's InceptionV3 with a sixteenth of its channels.

Made with Python 3.11, PyTorch 1.13.0a0 and torchvision 0.14.1 (Debian 12: python3-torch, python3-torchvision):

    /usr/bin/python3 inception.py > inception.json        # both variants, narrow, for the suite
    /usr/bin/python3 inception.py --full FOLDER           # full width: weights, pictures and values for a check by hand

Weights are drawn by a generator that the test repeats (`draw`), in the order of the names of `state_dict()`. `fid` is the
network of the Fréchet inception distance as PyTorch weights have it: means of 3x3 pixels do not count the zeros outside,
and the last block takes maxima. torchvision has no such network; only these pools are changed here.
"""

import argparse
import json
import math
import struct
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
import torchvision
from torchvision.models import inception

DIVISOR, CLASSES, SIDE = 16, 10, 139  # the least side that leaves 3x3 pixels for the last blocks
PICTURES = [1, 3, 23, 31]
TAPS = ["maxpool2", "Mixed_5d", "Mixed_6a", "Mixed_6e", "Mixed_7a", "Mixed_7b", "Mixed_7c"]
FID_TAPS = ["Mixed_5d", "Mixed_7c", "features", "logits"]


class Draw:
    """Numbers in [0, 1): a linear congruential generator modulo 2^32, the upper 24 bits"""

    def __init__(self, seed):
        self.state = seed

    def numbers(self, count):
        values = []
        for _ in range(count):
            self.state = (self.state * 1664525 + 1013904223) % 2**32
            values.append((self.state >> 8) / 2**24)
        return torch.tensor(values, dtype=torch.float64)


def draw(name, shape, numbers):
    """weights of about unit gain, scales and variances from 0.5 to 1.5, shifts and means around 0"""
    u = numbers.numbers(math.prod(shape)).reshape(shape)
    if name.endswith(("bn.weight", "running_var")):
        return u + 0.5
    if len(shape) == 1:
        return u - 0.5
    return (2 * u - 1) * math.sqrt(6 / math.prod(shape[1:]))


def narrow(divisor):
    """a convolution of torchvision with fewer channels; the pictures keep theirs"""
    less = lambda channels: channels if channels == 3 else channels // divisor
    return lambda i, o, **options: inception.BasicConv2d(less(i), less(o), **options)


def network(divisor, classes):
    conv = narrow(divisor)
    blocks = [inception.InceptionA, inception.InceptionB, inception.InceptionC, inception.InceptionD, inception.InceptionE]
    model = inception.Inception3(
        num_classes=classes,
        aux_logits=False,
        transform_input=False,
        inception_blocks=[conv] + [partial(block, conv_block=conv) for block in blocks] + [inception.InceptionAux],
        init_weights=False,
    )
    model.fc = torch.nn.Linear(2048 // divisor, classes)
    return model.eval()


def as_fid(model):
    """other pools: each block's forward reads F.avg_pool2d from its module"""
    mean = partial(F.avg_pool2d, count_include_pad=False)
    largest = lambda x, **options: F.max_pool2d(x, **options)
    for name, block in model.named_children():
        if isinstance(block, (inception.InceptionA, inception.InceptionC, inception.InceptionE)):
            pool = largest if name == "Mixed_7c" else mean
            block.forward = partial(with_pool, block, block.forward, pool)


def with_pool(block, forward, pool, x):
    usual = F.avg_pool2d
    F.avg_pool2d = pool
    try:
        return forward(x)
    finally:
        F.avg_pool2d = usual


def run(model, x, side):
    values = {}
    for name in TAPS:
        getattr(model, name).register_forward_hook(lambda _, __, y, name=name: values.__setitem__(name, y))
    model.avgpool.register_forward_hook(lambda _, __, y: values.__setitem__("features", y.flatten(1)))
    with torch.no_grad():
        values["logits"] = model(F.interpolate(x, size=(side, side), mode="bilinear", align_corners=False))
    last = lambda y: y.permute(0, 2, 3, 1) if y.dim() == 4 else y
    return {name: {"shape": list(last(y).shape), "data": rounded(last(y))} for name, y in values.items()}


def rounded(y):
    return [float(f"{value:.7g}") for value in y.flatten().tolist()]


def filled(model, seed):
    numbers = Draw(seed)
    state = {name: value for name, value in model.state_dict().items() if value.dtype.is_floating_point}
    with torch.no_grad():
        for name, value in state.items():
            value.copy_(draw(name, list(value.shape), numbers))
    return state


def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("--full", type=Path)
    folder = flags.parse_args().full
    if folder:
        return full(folder)
    golden = {"torch": torch.__version__, "torchvision": torchvision.__version__}
    golden |= {"divisor": DIVISOR, "side": SIDE, "seed": 5, "variants": {}}
    x = (2 * Draw(9).numbers(math.prod(PICTURES)) - 1).reshape(PICTURES)
    golden["pictures"] = {"shape": [1, 23, 31, 3], "seed": 9}
    for variant in ("torchvision", "fid"):
        model = network(DIVISOR, CLASSES).double()
        golden["tensors"] = {name: list(value.shape) for name, value in filled(model, golden["seed"]).items()}
        if variant == "fid":
            as_fid(model)
        values = run(model, x, SIDE)
        golden["variants"][variant] = values if variant == "torchvision" else {name: values[name] for name in FID_TAPS}
    print(json.dumps(golden))


def full(folder):
    """torchvision's own network with drawn weights: a file for `--weights`, pictures and what comes out"""
    torch.manual_seed(1)
    model = torchvision.models.inception_v3(weights=None, init_weights=False, transform_input=False).eval()
    with torch.no_grad():
        for name, value in model.state_dict().items():
            if value.dtype.is_floating_point and not name.startswith("AuxLogits"):
                u = torch.rand(value.shape)
                if name.endswith(("bn.weight", "running_var")):
                    value.copy_(u + 0.5)
                elif value.dim() == 1:
                    value.copy_(u - 0.5)
                else:
                    value.copy_((2 * u - 1) * math.sqrt(6 / math.prod(value.shape[1:])))
    torch.save(model.state_dict(), folder / "inception_full.pth")
    x = torch.rand(10, 3, 64, 64) * 2 - 1
    values = run(model, x, 299)
    for name, y in [("pictures", x.permute(0, 2, 3, 1).flatten().tolist())] + [
        (name, values[name]["data"]) for name in ("features", "logits")
    ]:
        (folder / f"{name}.f32").write_bytes(struct.pack(f"<{len(y)}f", *y))


if __name__ == "__main__":
    main()
