"""Golden values of layers, mixture heads, generator, critic and objectives, by PyTorch in float64.

    /usr/bin/python3 tests/golden/models.py     # writes models.json beside this file

Debian's python3-torch (1.13) and python3-numpy; seed and versions are in the file. Inputs and parameters are rounded to
float32 first, so that both sides start from the same numbers; nine digits hold a float32 exactly.

Everything is computed in PyTorch's layouts and written in ours:
    images            [N, C, H, W]               -> [N, H, W, C]
    linear            [out, in]                  -> [in, out]
    conv2d            [out, in, kh, kw]          -> [kh, kw, in, out]
    convTranspose2d   [in, out, kh, kw]          -> [kh, kw, out, in]
    LayerNorm         [C, H, W]                  -> [H, W, C]
    dense on features [out, C*H*W]               -> [H*W*C, out]
    leaves            [C*H*W, latent, leaf]      -> [leaf*latent, H*W*C]
    leaf biases       [C*H*W, leaf]              -> [leaf, H*W*C]

The tree is the definition, node by node and leaf by leaf: no product over all leaves at once.
"""

import json
import pathlib
import sys

import numpy
import torch
from torch.nn import functional as F

SEED = 20200110
torch.set_default_dtype(torch.float64)
torch.manual_seed(SEED)
torch.set_num_threads(1)


def numbers(*shape, std=1.0, mean=0.0):
    """Normal numbers that float32 holds exactly."""
    return (torch.randn(shape) * std + mean).float().double()


def parameter(*shape, std=1.0, mean=0.0):
    return numbers(*shape, std=std, mean=mean).requires_grad_()


# Layouts: each takes a tensor (or a gradient of it) as PyTorch has it.
def same(t):
    return t


def image(t):
    return t.permute(0, 2, 3, 1)


def dense(t):
    return t.t()


def conv(t):
    return t.permute(2, 3, 1, 0)


def element(t):
    return t.permute(1, 2, 0)


def dense_on(shape):
    return lambda t: t.reshape(t.shape[0], *shape).permute(2, 3, 1, 0).reshape(-1, t.shape[0])


def leaves_of(shape):
    def to(t):
        _, latent, leaves = t.shape
        return t.reshape(*shape, latent, leaves).permute(4, 3, 1, 2, 0).reshape(leaves * latent, -1)

    return to


def leaf_biases_of(shape):
    return lambda t: t.reshape(*shape, -1).permute(3, 1, 2, 0).reshape(t.shape[1], -1)


def written(t):
    t = t.detach().contiguous()
    return {"shape": list(t.shape), "data": [float(f"{x:.9g}") for x in t.reshape(-1).tolist()]}


def tree(value, f):
    """f on every (tensor, layout) of a record or list of them."""
    if isinstance(value, dict):
        return {name: tree(child, f) for name, child in value.items()}
    if isinstance(value, list):
        return [tree(child, f) for child in value]
    return f(*value)


def tensors_of(value):
    found = []
    tree(value, lambda t, _: found.append(t))
    return found


def values_of(value):
    return tree(value, lambda t, layout: written(layout(t)))


def gradients_of(loss, value):
    """d loss / d value, in our layouts."""
    found = tensors_of(value)
    by_id = dict(zip(map(id, found), torch.autograd.grad(loss, found, retain_graph=True)))
    return tree(value, lambda t, layout: written(layout(by_id[id(t)])))


def layer(f, inputs, layout):
    """A layer, and the gradients of sum(y dy) in all its inputs."""
    y = f()
    dy = numbers(*y.shape)
    return {
        "inputs": values_of(inputs),
        "dy": written(layout(dy)),
        "y": written(layout(y)),
        "gradients": gradients_of((y * dy).sum(), inputs),
    }


def layers():
    x, w, b = parameter(3, 5), parameter(4, 5), parameter(4)
    result = {
        "linear": layer(
            lambda: F.linear(x, w, b),
            {"x": (x, same), "parameters": {"weight": (w, dense), "bias": (b, same)}},
            same,
        )
    }
    for name, size, stride, padding in [("conv2d", 4, 2, 1), ("conv2dSame", 3, 1, 1)]:
        x, w, b = parameter(2, 3, 8, 6), parameter(5, 3, size, size, std=0.2), parameter(5)
        result[name] = layer(
            lambda: F.conv2d(x, w, b, stride=stride, padding=padding),
            {"x": (x, image), "parameters": {"weight": (w, conv), "bias": (b, same)}},
            image,
        )
    x, w, b = parameter(2, 5, 4, 3), parameter(5, 3, 4, 4, std=0.2), parameter(3)
    result["convTranspose2d"] = layer(
        lambda: F.conv_transpose2d(x, w, b, stride=2, padding=1),
        {"x": (x, image), "parameters": {"weight": (w, conv), "bias": (b, same)}},
        image,
    )
    x, scale, shift = parameter(3, 4, 3, 2, mean=0.5), parameter(4, 3, 2, mean=1.0), parameter(4, 3, 2)
    result["layerNorm"] = layer(
        lambda: F.layer_norm(x, [4, 3, 2], scale, shift, eps=1e-5),
        {"x": (x, image), "parameters": {"scale": (scale, element), "shift": (shift, element)}},
        image,
    )
    x, scale, shift = parameter(3, 4, 3, 2, mean=0.5), parameter(4, mean=1.0), parameter(4)
    inputs = {"x": (x, image), "parameters": {"scale": (scale, same), "shift": (shift, same)}}
    mean, variance = numbers(4), numbers(4).abs() + 1/16
    before = {"mean": written(mean), "variance": written(variance)}
    result["batchNorm"] = layer(
        lambda: F.batch_norm(x, mean, variance, scale, shift, training=True, momentum=0.1, eps=1e-5), inputs, image
    )
    result["batchNorm"]["running"] = {"before": before, "after": {"mean": written(mean), "variance": written(variance)}}
    result["batchNorm"]["inference"] = written(image(F.batch_norm(x, mean, variance, scale, shift, eps=1e-5)))
    x = numbers(12, std=2.0)
    result["activations"] = {"x": written(x)} | {
        name: written(f(x))
        for name, f in {
            "identity": lambda x: x,
            "relu": torch.relu,
            "leakyRelu": lambda x: F.leaky_relu(x, 0.2),
            "sigmoid": torch.sigmoid,
            "tanh": torch.tanh,
        }.items()
    }
    return result


FEATURES = (3, 2, 4)  # channels, height, width: all different, so that no two axes can be mixed up
OUT = 3 * 2 * 4
LATENT, BATCH = 5, 3


def local_generators(kind, leaves, shape=FEATURES):
    out = shape[0] * shape[1] * shape[2]
    if kind == "constant":
        return {"bias": (parameter(out, leaves), leaf_biases_of(shape))}
    return {
        "weight": (parameter(out, LATENT, leaves, std=0.5), leaves_of(shape)),
        "bias": (parameter(out, leaves, std=0.5), leaf_biases_of(shape)),
    }


def leaf_output(leaves, leaf, z):
    y = leaves["bias"][0][:, leaf].expand(z.shape[0], -1)
    return y + z @ leaves["weight"][0][:, :, leaf].t() if "weight" in leaves else y


def average(leaves, weights, z):
    """sum over the leaves of p_l y_l(z)"""
    return sum(weights[:, leaf, None] * leaf_output(leaves, leaf, z) for leaf in range(weights.shape[1]))


def tree_head(parameters, z):
    """features, weights of all nodes in level order, gates; a gate is the part of the left child"""
    gates = torch.sigmoid(z @ parameters["gates"]["weight"][0] + parameters["gates"]["bias"][0])
    count = gates.shape[1]
    nodes = [torch.ones(z.shape[0])]
    for child in range(1, 2 * count + 1):
        parent = (child - 1) // 2
        part = gates[:, parent] if child == 2 * parent + 1 else 1 - gates[:, parent]
        nodes.append(nodes[parent] * part)
    nodes = torch.stack(nodes, dim=1)
    return average(parameters["leaves"], nodes[:, count:], z), nodes, gates


def flat_head(parameters, z):
    weights = torch.softmax(z @ parameters["gates"]["weight"][0] + parameters["gates"]["bias"][0], dim=1)
    return average(parameters["leaves"], weights, z), weights, weights


def gate_parameters(gates):
    return {"weight": (parameter(LATENT, gates, std=0.6), same), "bias": (parameter(gates, std=0.3), same)}


def head(kind, leaves_kind, depth):
    leaves = 2**depth
    parameters = {
        "gates": gate_parameters(leaves - 1 if kind == "tree" else leaves),
        "leaves": local_generators(leaves_kind, leaves),
    }
    z = parameter(BATCH, LATENT)
    features, weights, gates = (tree_head if kind == "tree" else flat_head)(parameters, z)
    shape = lambda t: image(t.reshape(-1, *FEATURES))
    dy = numbers(*features.shape)
    return {
        "head": kind,
        "options": {"latent": LATENT, "depth": depth, "leaves": leaves_kind, "featureShape": [2, 4, 3]},
        "parameters": values_of(parameters),
        "z": written(z),
        "dy": written(shape(dy)),
        "features": written(shape(features)),
        "gates": written(gates),
        "weights": written(weights[:, -leaves:]),
        **({"nodes": written(weights)} if kind == "tree" else {}),
        "gradients": gradients_of((features * dy).sum(), {"parameters": parameters, "z": (z, same)}),
    }


def single_head():
    weight, bias = parameter(OUT, LATENT, std=0.5), parameter(OUT)
    z = parameter(BATCH, LATENT)
    features = torch.relu(F.linear(z, weight, bias)).reshape(-1, *FEATURES)
    dy = numbers(*features.shape)
    parameters = {
        "weight": (weight, lambda t: t.t().reshape(LATENT, *FEATURES).permute(0, 2, 3, 1).reshape(LATENT, -1)),
        "bias": (bias, lambda t: t.reshape(FEATURES).permute(1, 2, 0).reshape(-1)),
    }
    return {
        "head": "single",
        "options": {"latent": LATENT, "depth": 1, "leaves": "linear", "featureShape": [2, 4, 3]},
        "parameters": values_of(parameters),
        "z": written(z),
        "dy": written(image(dy)),
        "features": written(image(features)),
        "gradients": gradients_of((features * dy).sum(), {"parameters": parameters, "z": (z, same)}),
    }


# The whole model on 16x16 pictures.
OPTIONS = {
    "image": [16, 16, 1],
    "latent": LATENT,
    "head": "tree",
    "leaves": "linear",
    "leafSpread": 0,
    "depth": 2,
    "layers": "convolutional",
    "features": 4,
    "body": [4],
    "output": "tanh",
    "critic": [4, 6],
    "criticNorm": "layer",
}
H = (4, 4, 4)


def generate(parameters, z):
    features, _, _ = tree_head(parameters["head"], z)
    x = features.reshape(-1, *H)
    for i, layer in enumerate(parameters["body"]):
        x = torch.relu(x) if i > 0 else x
        x = F.conv_transpose2d(x, layer["weight"][0], layer["bias"][0], stride=2, padding=1)
    return torch.tanh(x)


def criticize(parameters, x):
    for layer in parameters["layers"]:
        x = F.conv2d(x, layer["conv"]["weight"][0], layer["conv"]["bias"][0], stride=2, padding=1)
        if "norm" in layer:
            scale, shift = layer["norm"]["scale"][0], layer["norm"]["shift"][0]
            x = F.layer_norm(x, scale.shape, scale, shift, eps=1e-5)
        x = F.leaky_relu(x, 0.2)
    score = parameters["score"]
    return F.linear(x.reshape(x.shape[0], -1), score["weight"][0], score["bias"][0])


def critic_layer(inputs, outputs, side):
    return {
        "conv": {"weight": (parameter(outputs, inputs, 4, 4, std=0.3), conv), "bias": (parameter(outputs, std=0.3), same)},
        "norm": {
            "scale": (parameter(outputs, side, side, mean=1.0, std=0.3), element),
            "shift": (parameter(outputs, side, side, std=0.3), element),
        },
    }


def model():
    z = numbers(BATCH, LATENT)
    generator = {
        "head": {"gates": gate_parameters(3), "leaves": local_generators("linear", 4, H)},
        "body": [
            {"weight": (parameter(4, 4, 4, 4, std=0.3), conv), "bias": (parameter(4, std=0.3), same)},
            {"weight": (parameter(4, 1, 4, 4, std=0.3), conv), "bias": (parameter(1, std=0.3), same)},
        ],
    }
    critic = {
        "layers": [critic_layer(1, 4, 8), critic_layer(4, 6, 4)],
        "score": {"weight": (parameter(1, 6 * 4 * 4, std=0.3), dense_on((6, 4, 4))), "bias": (parameter(1), same)},
    }
    real = numbers(BATCH, 1, 16, 16, std=0.7).clamp(-1, 1)
    epsilon = torch.rand(BATCH, 1, 1, 1).float().double()
    images = generate(generator, z)
    fake = torch.tensor(written(images)["data"]).float().double().reshape(images.shape)  # as it is in the file

    # Gulrajani et al. 2017: the norm is taken per sample over channels, rows and columns.
    between = (epsilon * real + (1 - epsilon) * fake).requires_grad_()
    (slope,) = torch.autograd.grad(criticize(critic, between).sum(), between, create_graph=True)
    norm = slope.square().sum(dim=(1, 2, 3)).sqrt()
    distance = criticize(critic, real).mean() - criticize(critic, fake).mean()
    penalized = 10 * (norm - 1).square().mean() - distance
    logistic = F.softplus(-criticize(critic, real)).mean() + F.softplus(criticize(critic, fake)).mean()
    wanted = {"wgan-gp": -criticize(critic, images).mean(), "non-saturating": F.softplus(-criticize(critic, images)).mean()}
    return {
        "options": OPTIONS,
        "generator": values_of(generator),
        "critic": values_of(critic),
        "z": written(z),
        "real": written(image(real)),
        "epsilon": written(epsilon),
        "images": written(image(images)),
        "scores": {"real": written(criticize(critic, real)), "fake": written(criticize(critic, fake))},
        "objectives": {
            "wgan-gp": {
                "wasserstein": written(distance),
                "gradientNorm": written(norm.mean()),
                "critic": {"loss": written(penalized), "gradients": gradients_of(penalized, critic)},
                "generator": {"loss": written(wanted["wgan-gp"]), "gradients": gradients_of(wanted["wgan-gp"], generator)},
            },
            "non-saturating": {
                "critic": {"loss": written(logistic), "gradients": gradients_of(logistic, critic)},
                "generator": {
                    "loss": written(wanted["non-saturating"]),
                    "gradients": gradients_of(wanted["non-saturating"], generator),
                },
            },
        },
    }


if __name__ == "__main__":
    golden = {
        "seed": SEED,
        "versions": {"python": sys.version.split()[0], "torch": torch.__version__, "numpy": numpy.__version__},
        "layers": layers(),
        "heads": {
            "a linear tree of depth 3": head("tree", "linear", 3),
            "a linear tree of depth 1": head("tree", "linear", 1),
            "a constant tree of depth 2": head("tree", "constant", 2),
            "a linear flat mixture": head("flat", "linear", 2),
            "a constant flat mixture": head("flat", "constant", 2),
            "a single generator": single_head(),
        },
        "model": model(),
    }
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print(path, path.stat().st_size, "bytes")
