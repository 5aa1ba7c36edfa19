"""The random numbers of this repository in NumPy: what starts a run and what drives it, so that a run here can be repeated
in another program, number for number.

    Philox 4x32-10 (Salmon et al., SC 2011)    weights, latents, mixing of real and generated pictures (core/ops/random.ts)
    sfc32 (C. Doty-Humphrey, PractRand)        the order of the pictures of an epoch (core/draws.ts, core/train/batches.ts)

Written from the definitions, in integers and float64; the numbers agree with ours to the rounding of float32.
`tests/golden/training.py` writes some of them for tests/train/parity_test.ts to compare.
"""

import itertools

import numpy as np

LATENT_STREAM, EPSILON_STREAM, INIT_STREAM = 1, 2, 0x696E6974  # core/train/steps.ts, core/nn/init.ts
WORD = np.uint64(0xFFFFFFFF)


def philox(count, *, seed, stream, step=0, round=0):
    """uint32 [count, 4]: the words of counters (0 … count - 1, stream, step, round) under the key of a seed"""
    c = [np.arange(count, dtype=np.uint64), *(np.full(count, word, np.uint64) for word in (stream, step, round))]
    k = [np.uint64(seed % 2**32), np.uint64(seed // 2**32)]
    for _ in range(10):
        p, q = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        c = [q >> np.uint64(32) ^ c[1] ^ k[0], q & WORD, p >> np.uint64(32) ^ c[3] ^ k[1], p & WORD]
        k = [k[0] + np.uint64(0x9E3779B9) & WORD, k[1] + np.uint64(0xBB67AE85) & WORD]
    return np.stack(c, axis=1).astype(np.uint32)


def uniform(shape, **key):
    """numbers in [0, 1), multiples of 2^-24"""
    size = int(np.prod(shape))
    words = philox(-(-size // 4), **key)
    return ((words >> 8) * 2.0**-24).ravel()[:size].reshape(shape)


def normal(shape, **key):
    """numbers of mean 0 and variance 1 (Box and Muller, on pairs)"""
    size = int(np.prod(shape))
    u = (philox(-(-size // 4), **key) >> 8).astype(np.float64).reshape(-1, 2)
    radius, angle = np.sqrt(-2 * np.log((u[:, 0] + 1) * 2.0**-24)), 2 * np.pi * u[:, 1] * 2.0**-24
    pairs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return pairs.ravel()[:size].reshape(shape)


def sfc32(seed, stream):
    """an endless row of 32-bit numbers"""
    a, b, c = seed % 2**32, seed // 2**32, stream
    for counter in itertools.count(1):
        word = (a + b + counter) & 0xFFFFFFFF
        a = b ^ b >> 9
        b = (c + (c << 3)) & 0xFFFFFFFF
        c = ((c << 21 | c >> 11) + word) & 0xFFFFFFFF
        if counter > 16:  # until every bit depends on seed and stream
            yield word


def permutation(count, seed, epoch):
    """the numbers below `count` in the order of an epoch (Fisher and Yates)"""
    order, words = list(range(count)), sfc32(seed, epoch)
    for last in range(count - 1, 0, -1):
        other = next(words) * (last + 1) >> 32
        order[last], order[other] = order[other], order[last]
    return np.array(order)


class Draws:
    """what a training run draws, by step"""

    def __init__(self, seed):
        self.seed, self.weights, self.step, self.epoch = seed, 0, 0, 0

    def start(self, shape, std):
        """the next random weights of the starting ones, in our layout"""
        self.weights += 1
        return normal(shape, seed=self.seed, stream=INIT_STREAM, step=self.weights - 1) * std

    def latents(self, shape):
        return normal(shape, seed=self.seed, stream=LATENT_STREAM, step=self.step)

    def epsilon(self, shape):
        return uniform(shape, seed=self.seed, stream=EPSILON_STREAM, step=self.step)

    def order(self, count):
        """the order of the next epoch"""
        self.epoch += 1
        return permutation(count, self.seed, self.epoch - 1)
