"""The training step of this repository in PyTorch, as fast as its eager mode does it: a peer for `deno task bench`.

    python3 bench/peers/hmog_torch.py --preset small --batch 64 --iterations 8    # measures and prints JSON
    python3 bench/peers/hmog_torch.py --serve                                     # a request a line, an answer a line
    python3 bench/peers/hmog_torch.py --samples-out torch.npy --data /usr/share/datasets/fashion-mnist --iterations 1500
                                                                  # trains on real pictures and writes 10,000 of its own

The same work as ours: batches gathered from bytes on the device, five critic steps (Wasserstein distance with gradient
penalty 10, the norm per image) and one generator step (with the moving average of its weights), Adam with AMSGrad,
LayerNorm over [C, H, W], LeakyReLU 0.2, the soft tree as one product (p x z) W. Gradients are taken only where they
are needed, and losses are read when all iterations of a request are done. Variants of it, where PyTorch and the
device have them:

    eager           float32 as it stands, on a CPU with all cores
    one-thread      the same on one core, which small models may like better
    published-head  the head as the published code has it: weights of the leaves averaged per sample, then applied
    tf32            TF32 tensor cores in products and convolutions (CUDA)
    compile         torch.compile of the generator and of the critic's plain scores; the penalty needs derivatives of
                    derivatives, which compiled graphs do not have, and stays eager

A request is {"preset", "batch", "variant", "iterations"}, its answer {"ms": of an iteration, "criticLoss",
"generatorLoss"} or {"refused": why}. The first line of all says what is installed.

Samples are drawn with the moving average of the weights and written as float32 [10000, 32, 32, 1] in [-1, 1], for
`deno task evaluate --samples torch.npy --dataset fashionmnist`: the quality of the same configuration there, to compare
with that of a run here. Every epoch is an order of its own, as here. How good a run gets depends on its random numbers
more than on anything else, so --draws hmog takes ours (`hmog_draws.py`): the starting weights, the latents, the mixing of
the penalty and the order of the pictures of `deno task train --seed N`. Both are then one run in two programs, apart by
rounding alone; --log FILE.jsonl writes the losses of every iteration beside those in the metrics.jsonl of a run.
"""

import argparse
import gzip
import json
import math
import os
import platform
import sys
import time

import numpy
import torch
from hmog_draws import Draws
from torch.nn import functional as F

PRESETS = {  # as core/models/presets.ts
    "paper": dict(latent=100, depth=5, features=256, body=[128, 64], tanh=False, critic=[64, 128, 256], lr=1e-4),
    "small": dict(latent=64, depth=3, features=64, body=[32, 16], he=True, tanh=True, critic=[16, 32, 64], lr=1e-3),
    "tiny": dict(latent=8, depth=2, features=8, body=[8, 4], tanh=True, critic=[4, 8, 8], lr=1e-3),
}
VARIANTS = ["eager", "one-thread", "published-head", "tf32", "compile"]
SIDE, IMAGES, CRITIC_STEPS, PENALTY, EMA_DECAY, STD = 32, 4096, 5, 10.0, 0.999, 0.02
SAMPLES, SAMPLES_AT_ONCE, REPORT_EVERY = 10_000, 500, 100
THREADS = len(os.sched_getaffinity(0))
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Generator(torch.nn.Module):
    def __init__(self, latent, depth, features, body, tanh, published_head, he=False):
        super().__init__()
        self.depth, self.leaves, self.latent, self.tanh = depth, 2**depth, latent, tanh
        self.published_head = published_head
        self.channels = [features, *body, 1]
        self.side = SIDE // 2 ** (len(self.channels) - 1)
        out = features * self.side**2
        scale = latent**-0.5
        self.gate_weight = torch.nn.Parameter(torch.randn(latent, self.leaves - 1) * scale)
        self.gate_bias = torch.nn.Parameter(torch.zeros(self.leaves - 1))
        self.leaf_weight = torch.nn.Parameter(torch.randn(self.leaves * latent, out) * scale)
        self.leaf_bias = torch.nn.Parameter(torch.zeros(self.leaves, out))
        self.body = torch.nn.ModuleList(
            torch.nn.ConvTranspose2d(i, o, 4, stride=2, padding=1) for i, o in zip(self.channels, self.channels[1:])
        )
        self.stds = [(2 / (4 * i)) ** 0.5 if he else STD for i in self.channels[:-1]]  # 4 inputs of a pixel a channel
        start(self.body, self.stds)

    def path_weights(self, z):
        """[batch, leaves], the leaves from left to right: each level splits every node into left and right"""
        gates = torch.sigmoid(torch.addmm(self.gate_bias, z, self.gate_weight))
        weights = torch.ones_like(z[:, :1])
        for level in range(self.depth):
            left = weights * gates[:, 2**level - 1 : 2 ** (level + 1) - 1]
            weights = torch.stack([left, weights - left], dim=2).flatten(1)
        return weights

    def forward(self, z):
        p = self.path_weights(z)
        if self.published_head:
            averaged = (p @ self.leaf_weight.view(self.leaves, -1)).view(len(z), self.latent, -1)
            h = torch.bmm(z[:, None, :], averaged)[:, 0] + p @ self.leaf_bias
        else:
            outer = (p[:, :, None] * z[:, None, :]).flatten(1)
            h = torch.addmm(p @ self.leaf_bias, outer, self.leaf_weight)
        x = h.view(-1, self.channels[0], self.side, self.side)
        for i, layer in enumerate(self.body):
            x = layer(x if i == 0 else torch.relu(x))
        return torch.tanh(x) if self.tanh else x


class Critic(torch.nn.Module):
    def __init__(self, critic):
        super().__init__()
        channels = [1, *critic]
        sides = [SIDE // 2 ** (i + 1) for i in range(len(critic))]
        self.convs = torch.nn.ModuleList(
            torch.nn.Conv2d(i, o, 4, stride=2, padding=1) for i, o in zip(channels, critic)
        )
        self.norms = torch.nn.ModuleList(torch.nn.LayerNorm([c, s, s]) for c, s in zip(critic, sides))
        self.score = torch.nn.Linear(critic[-1] * sides[-1] ** 2, 1)
        start([*self.convs, self.score], [STD] * (len(critic) + 1))

    def forward(self, x):
        for conv, norm in zip(self.convs, self.norms):
            x = F.leaky_relu(norm(conv(x)), 0.2)
        return self.score(x.flatten(1))


def start(layers, stds):
    for layer, std in zip(layers, stds):
        torch.nn.init.normal_(layer.weight, std=std)
        torch.nn.init.zeros_(layer.bias)


class Training:
    """A model in training, an iteration at a time."""

    def __init__(self, preset, batch, variant, images=None, seed=0, draws=None):
        options = dict(PRESETS[preset])
        rate, critic = options.pop("lr"), options.pop("critic")
        torch.manual_seed(seed)
        self.batch, self.latent, self.tf32 = batch, options["latent"], variant == "tf32"
        self.threads = 1 if variant == "one-thread" else THREADS
        self.generator = Generator(**options, published_head=variant == "published-head").to(DEVICE)
        self.critic = Critic(critic).to(DEVICE)
        self.ema = [p.detach().clone() for p in self.generator.parameters()]
        adam = lambda model: torch.optim.Adam(model.parameters(), lr=rate, betas=(0.5, 0.999), amsgrad=True)
        self.adam = {model: adam(model) for model in (self.generator, self.critic)}
        random = lambda: torch.randint(0, 256, (IMAGES, 1, SIDE, SIDE), dtype=torch.uint8)
        self.images = (random() if images is None else images).to(DEVICE)
        self.order, self.steps, self.draws = torch.empty(0, dtype=torch.long), 0, draws
        if draws is not None:
            start_as_ours(self)
        compiled = torch.compile if variant == "compile" else lambda model: model
        self.make, self.rate = compiled(self.generator), compiled(self.critic)

    def rows(self):
        """the next rows of this epoch's order; those that fill no batch are left out"""
        if len(self.order) < self.batch:
            count = len(self.images)
            order = torch.randperm(count) if self.draws is None else torch.from_numpy(self.draws.order(count))
            self.order = order.to(DEVICE)
        rows, self.order = self.order[: self.batch], self.order[self.batch :]
        return rows

    def noise(self):
        shape = self.batch, self.latent
        return torch.randn(shape, device=DEVICE) if self.draws is None else on_device(self.draws.latents(shape))

    def mixing(self):
        shape = self.batch, 1, 1, 1
        return torch.rand(shape, device=DEVICE) if self.draws is None else on_device(self.draws.epsilon(shape))

    def step(self, model, loss):
        """moves the parameters of a model, and asks for no other gradients"""
        self.adam[model].zero_grad(set_to_none=True)
        loss.backward(inputs=list(model.parameters()))
        self.adam[model].step()
        if self.draws is not None:
            self.draws.step += 1

    def critic_step(self):
        real = self.images[self.rows()].float() / 127.5 - 1
        with torch.no_grad():
            fake = self.make(self.noise())
        between = (fake + self.mixing() * (real - fake)).requires_grad_()
        (gradient,) = torch.autograd.grad(self.critic(between).sum(), between, create_graph=True)
        norm = (gradient.square().sum(dim=(1, 2, 3)) + 1e-12).sqrt()
        loss = self.rate(fake).mean() - self.rate(real).mean() + PENALTY * (norm - 1).square().mean()
        self.step(self.critic, loss)
        return loss.detach()

    def generator_step(self):
        loss = -self.rate(self.make(self.noise())).mean()
        self.step(self.generator, loss)
        decay = min(EMA_DECAY, (1 + self.steps) / (10 + self.steps))  # as core/train/ema.ts
        self.steps += 1
        with torch.no_grad():
            for average, p in zip(self.ema, self.generator.parameters()):
                average.lerp_(p, 1 - decay)
        return loss.detach()

    def iteration(self):
        for _ in range(CRITIC_STEPS):
            critic_loss = self.critic_step()
        generator_loss = self.generator_step()
        return critic_loss, generator_loss

    def take_device(self):
        """sets what is the device's, not the model's: other models may have set it otherwise"""
        torch.set_num_threads(self.threads)
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = self.tf32

    def measure(self, iterations):
        self.take_device()
        before = time.perf_counter()
        for _ in range(iterations):
            losses = self.iteration()
        critic_loss, generator_loss = (loss.item() for loss in losses)  # waits for the device
        ms = (time.perf_counter() - before) * 1000 / iterations
        return {"ms": ms, "criticLoss": critic_loss, "generatorLoss": generator_loss}

    def samples(self, count):
        """pictures of the moving average, [count, side, side, 1]"""
        with torch.no_grad():
            for average, p in zip(self.ema, self.generator.parameters()):
                p.copy_(average)
            latents = torch.randn(count, self.latent, device=DEVICE).split(SAMPLES_AT_ONCE)
            return torch.cat([self.generator(z) for z in latents]).permute(0, 2, 3, 1).cpu().contiguous()


def read_images(folder):
    """the training pictures of a set in the files of MNIST, within a border of zeros, as datasets/mnist.ts"""
    name = next(name for name in sorted(os.listdir(folder)) if name.startswith("train-images"))
    opened = gzip.open if name.endswith(".gz") else open
    with opened(os.path.join(folder, name), "rb") as file:
        header, pixels = file.read(16), file.read()
    count, height, width = (int.from_bytes(header[at : at + 4], "big") for at in (4, 8, 12))
    images = torch.frombuffer(bytearray(pixels), dtype=torch.uint8).view(count, 1, height, width)
    border = (SIDE - width) // 2
    return F.pad(images, (border, border, border, border))


def read_safetensors(path):
    """the tensors of a file, by name"""
    data = open(path, "rb").read()
    length = int.from_bytes(data[:8], "little")
    header, body = json.loads(data[8 : 8 + length]), bytearray(data[8 + length :])
    dtypes = {"F32": torch.float32, "U32": torch.int32}
    return {
        name: torch.frombuffer(body, dtype=dtypes[t["dtype"]], offset=t["data_offsets"][0], count=math.prod(t["shape"]))
        .view(t["shape"])
        .clone()
        for name, t in header.items()
        if name != "__metadata__"
    }


def on_device(numbers):
    return torch.from_numpy(numbers).float().to(DEVICE)


def start_as_ours(training):
    """the starting weights of a run of ours, drawn in our order and layouts (those are in tests/golden/models.py)"""
    make, rate = training.generator, training.critic
    channels, side, scale = make.channels[0], make.side, make.latent**-0.5
    last, height, width = rate.norms[-1].normalized_shape
    # features lie [height, width, channels] there, [channels, height, width] here
    features = lambda t: t.view(-1, side, side, channels).permute(0, 3, 1, 2).reshape(t.shape[0], -1)
    kernels = lambda t: t.permute(3, 2, 0, 1)
    score = lambda t: t.view(height, width, last).permute(2, 0, 1).reshape(1, -1)
    drawn = [
        (make.gate_weight, tuple(make.gate_weight.shape), scale, lambda t: t),
        (make.leaf_weight, tuple(make.leaf_weight.shape), scale, features),
        *(
            (layer.weight, (4, 4, layer.out_channels, layer.in_channels), std, kernels)
            for layer, std in zip(make.body, make.stds)
        ),
        *((layer.weight, (4, 4, layer.in_channels, layer.out_channels), STD, kernels) for layer in rate.convs),
        (rate.score.weight, (last * height * width, 1), STD, score),
    ]  # all others start as 0 or 1 here and there
    with torch.no_grad():
        for parameter, shape, std, layout in drawn:
            parameter.copy_(layout(on_device(training.draws.start(shape, std))))
        for average, p in zip(training.ema, make.parameters()):
            average.copy_(p)


def write_samples(path, training, iterations, log):
    """trains, writes the losses of every iteration to `log` as lines of JSON, and samples to `path`"""
    training.take_device()
    losses, before = [], time.perf_counter()
    for done in range(1, iterations + 1):
        losses.append(training.iteration())
        if done % REPORT_EVERY and done < iterations:
            continue
        for iteration, (critic, generator) in enumerate(losses, done - len(losses) + 1):
            log.write(json.dumps(dict(iteration=iteration, criticLoss=critic.item(), generatorLoss=generator.item())) + "\n")
        log.flush()
        ms = (time.perf_counter() - before) * 1000 / done
        print(f"{done}/{iterations} {ms:.0f} ms, critic {losses[-1][0]:.3f}, generator {losses[-1][1]:.3f}", file=sys.stderr)
        losses = []
    numpy.save(path, training.samples(SAMPLES).numpy())


def refusal(variant):
    """why a variant cannot be measured here, or None"""
    if variant == "compile" and not hasattr(torch, "compile"):
        return f"PyTorch {torch.__version__} has no torch.compile (it came with 2.0)"
    if variant == "tf32" and (DEVICE.type != "cuda" or torch.cuda.get_device_capability()[0] < 8):
        return f"the device ({device_name()}) has no TF32"
    if variant == "one-thread" and DEVICE.type == "cuda":
        return "the device is a GPU"
    return None


def device_name():
    return torch.cuda.get_device_name() if DEVICE.type == "cuda" else f"CPU, {THREADS} cores"


def installed():
    return {"torch": torch.__version__, "python": platform.python_version(), "device": device_name()}


def parameter_counts(preset):
    training = Training(preset, 1, "eager")
    count = lambda model: sum(p.numel() for p in model.parameters())
    return {"generator": count(training.generator), "critic": count(training.critic)}


def answer(request, known):
    """measures what a request asks for; models stay, so that a later request goes on with a warm one"""
    variant = request.get("variant", "eager")
    if why := refusal(variant):
        return {"refused": why}
    key = (request["preset"], request["batch"], variant)
    try:
        if key not in known:
            known[key] = Training(*key)
        return known[key].measure(request["iterations"])
    except Exception as error:  # an older or newer compiler, too little memory: said, and the others go on
        return {"refused": f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"}


def serve():
    known = {}
    print(json.dumps(installed() | {"parameters": {name: parameter_counts(name) for name in PRESETS}}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line), known)), flush=True)


def main():
    flags = argparse.ArgumentParser(description="Measures the training step of this repository in PyTorch.")
    flags.add_argument("--serve", action="store_true", help="answer requests, a line of JSON each")
    flags.add_argument("--preset", choices=list(PRESETS), default="small")
    flags.add_argument("--batch", type=int, default=64)
    flags.add_argument("--iterations", type=int, default=8, help="measured, after two that are not; or trained")
    flags.add_argument("--variant", choices=VARIANTS, default="eager")
    flags.add_argument("--samples-out", metavar="FILE.npy", help="train on --data and write samples")
    flags.add_argument("--data", metavar="DIR", help="folder with the files of MNIST or FashionMNIST")
    flags.add_argument("--seed", type=int, default=0, help="of training and samples")
    flags.add_argument("--draws", choices=["torch", "hmog"], default="torch", help="whose random numbers a run is made with")
    flags.add_argument("--log", metavar="FILE.jsonl", default=os.devnull, help="losses of every iteration of a run")
    values = flags.parse_args()
    if (values.samples_out is None) != (values.data is None):
        flags.error("--samples-out and --data belong together")
    if values.samples_out:
        if why := refusal(values.variant):
            flags.error(why)
        training = Training(
            *(values.preset, values.batch, values.variant),
            images=read_images(values.data),
            seed=values.seed,
            draws=Draws(values.seed) if values.draws == "hmog" else None,
        )
        with open(values.log, "w") as log:
            return write_samples(values.samples_out, training, values.iterations, log)
    if values.serve:
        return serve()
    known = {}
    request = {name: getattr(values, name) for name in ("preset", "batch", "variant")}
    answer(request | {"iterations": 2}, known)
    answers = [answer(request | {"iterations": 1}, known) for _ in range(values.iterations)]
    result = installed() | request | {"parameters": parameter_counts(values.preset)} | answers[-1]
    if "refused" not in result:
        ms = sorted(one["ms"] for one in answers)
        result["ms"] = {"median": ms[len(ms) // 2], "least": ms[0], "largest": ms[-1], "n": len(ms)}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
