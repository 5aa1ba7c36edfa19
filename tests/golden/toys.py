"""Golden values of core/draws.ts and datasets/toys.ts, by Python's integers and NumPy.

    /usr/bin/python3 tests/golden/toys.py     # writes toys.json beside this file

sfc32 follows PractRand's sfc.cpp, Box & Muller their paper, the toys the NumPy code of their authors (named in toys.ts),
with the random numbers taken point by point in the order of toys.ts. Seed and versions are in the file.
"""

import json
import math
import pathlib
import sys

import numpy

SEED = 20_000_000_011  # two words
COUNT = 6
WORD = 0xFFFFFFFF


class Sfc32:
    def __init__(self, seed, stream):
        self.a, self.b, self.c, self.counter = seed & WORD, seed >> 32, stream, 1
        self.spare = None
        for _ in range(16):
            self.word()

    def word(self):
        result = (self.a + self.b + self.counter) & WORD
        self.counter = (self.counter + 1) & WORD
        self.a = self.b ^ (self.b >> 9)
        self.b = (self.c + (self.c << 3)) & WORD
        self.c = (((self.c << 21) & WORD | self.c >> 11) + result) & WORD
        return result

    def rand(self):
        return self.word() / 2**32

    def randn(self):
        if self.spare is not None:
            value, self.spare = self.spare, None
            return value
        r = math.sqrt(-2 * math.log(1 - self.rand()))
        t = 2 * math.pi * self.rand()
        self.spare = r * math.sin(t)
        return r * math.cos(t)

    def randn2(self):
        first = self.randn()
        return numpy.array([first, self.randn()])

    def randint(self, n):
        return int(self.rand() * n)


def ring8(g):
    i = g.randint(8)
    return i, (2 * numpy.array([math.cos(math.pi * i / 4), math.sin(math.pi * i / 4)]) + 0.02 * g.randn2()) / 2.5


def grid25(g):
    i = g.randint(25)
    row, column = divmod(i, 5)
    return i, (numpy.array([-4 + 2 * column, 4 - 2 * row]) + 0.05 * g.randn2()) / 5


def spiral(g):
    arm = g.randint(2)
    n = math.sqrt(g.rand()) * 540 * 2 * math.pi / 360
    x, y = g.rand() * 0.5, g.rand() * 0.5
    d = numpy.array([-math.cos(n) * n + x, math.sin(n) * n + y]) / 3
    return arm, ((d if arm == 0 else -d) + 0.1 * g.randn2()) / 4


def pinwheel(g):
    arm = g.randint(5)
    features = g.randn2() * numpy.array([0.3, 0.05]) + numpy.array([1.0, 0.0])
    angle = numpy.linspace(0, 2 * math.pi, 5, endpoint=False)[arm] + 0.25 * math.exp(features[0])
    rotation = numpy.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return arm, 10 * features @ rotation / 25


def swissroll(g):
    half = g.randint(3)
    t = 1.5 * math.pi * (1 + 2 * (half + g.rand()) / 3)
    return half, (numpy.array([t * math.cos(t), t * math.sin(t)]) + 0.25 * g.randn2()) / 18


def draw(toy):
    g = Sfc32(SEED, 1)  # the test split
    labels, points = zip(*(toy(g) for _ in range(COUNT)))
    return {"labels": labels, "points": numpy.concatenate(points).tolist()}


golden = {
    "python": sys.version.split()[0],
    "numpy": numpy.__version__,
    "seed": SEED,
    "words": [(lambda g: [g.word() for _ in range(4)])(Sfc32(seed, stream)) for seed, stream in [(0, 0), (SEED, 7)]],
    "toys": {toy.__name__: draw(toy) for toy in [ring8, grid25, spiral, pinwheel, swissroll]},
}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(golden, indent=1) + "\n")
