"""Golden values for core/metrics/ from NumPy, SciPy and scikit-learn, in float64.

Made with Python 3.11, NumPy 1.24.2, SciPy 1.10.1 and scikit-learn 1.2.1 (Debian 12):
/usr/bin/python3 metrics.py > metrics.json
Features are multiples of 1/4096, so float32 holds them exactly and squared distances in float64 have no rounding error.
"""

import itertools
import json
import math
import sys

import numpy as np
import scipy
import scipy.linalg
import scipy.stats
import sklearn
from scipy.spatial.distance import cdist, pdist
from sklearn import metrics as sk
from sklearn.model_selection import LeaveOneOut, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier

SEED = 11
K = 3
random = np.random.default_rng(SEED)


def on_grid(x):
    return np.round(np.asarray(x) * 4096) / 4096


def counted(rows, columns, start):
    """Rows that the test makes by the same whole numbers: large enough for several blocks."""
    x, values = start, []
    for _ in range(rows * columns):
        x = (x * 1103515245 + 12345) % 2**31
        values.append((x >> 16) / 4096)
    return np.array(values).reshape(rows, columns)


def normal(rows, columns, scale=1.0, shift=0.0):
    mix = random.normal(size=(columns, columns)) / math.sqrt(columns)
    return on_grid(random.normal(size=(rows, columns)) @ mix * scale + shift)


def feature_cases():
    plain = normal(60, 8)
    wide = normal(12, 20)
    twice = normal(30, 5)
    far = np.where(np.arange(50)[:, None] % 2 == 0, 1000.0, -1000.0)
    return {
        "plain": (plain, normal(60, 8, 1.3, 0.4)),
        "fewer samples than dimensions": (wide, normal(15, 20, 0.7, 0.2)),
        "unbalanced": (normal(70, 6), normal(20, 6, 1, 0.5)),
        "identical": (plain, plain.copy()),
        "real pictures twice": (np.concatenate([twice, twice]), normal(60, 5, 1, 0.3)),
        "copies of one picture": (plain, np.repeat(plain[7:8], 60, axis=0)),
        "copies of two pictures": (twice, np.repeat(twice[3:5], 15, axis=0)),
        "far clusters, one of them missing": (on_grid(random.normal(size=(50, 4)) * 0.1 + far),
                                              on_grid(random.normal(size=(50, 4)) * 0.1 + 1000)),
        "a constant dimension": (np.c_[normal(40, 3), np.ones(40)], np.c_[normal(40, 3, 2), np.ones(40)]),
    }


def frechet(real, fake):
    cov_r, cov_f = np.cov(real, rowvar=False), np.cov(fake, rowvar=False)
    a, b = real - real.mean(0), fake - fake.mean(0)
    # tr (S_r S_f)^(1/2) is the nuclear norm of A B^T: no square roots of rounding errors.
    common = scipy.linalg.svdvals(a @ b.T).sum() / math.sqrt((len(real) - 1) * (len(fake) - 1))
    if min(len(real), len(fake)) > 2 * real.shape[1] and np.linalg.matrix_rank(cov_r @ cov_f) == len(cov_r):
        assert abs(np.trace(scipy.linalg.sqrtm(cov_r @ cov_f)).real - common) < 1e-7 * common
    means = ((real.mean(0) - fake.mean(0)) ** 2).sum()
    return {"distance": means + np.trace(cov_r) + np.trace(cov_f) - 2 * common, "ofMeans": means,
            "scale": np.trace(cov_r) + np.trace(cov_f)}


def unbiased(rr, ff, rf):
    n, m = rf.shape
    return ((rr.sum() - np.trace(rr)) / (n * (n - 1)) + (ff.sum() - np.trace(ff)) / (m * (m - 1)) - 2 * rf.mean())


def kernel_distance(real, fake):
    kernel = lambda x, y: sk.pairwise.polynomial_kernel(x, y, degree=3, gamma=1 / x.shape[1], coef0=1)
    return {"mmd": unbiased(kernel(real, real), kernel(fake, fake), kernel(real, fake)),
            "scale": np.abs(kernel(real, fake)).mean()}


def mmd(real, fake):
    median = np.median(pdist(np.concatenate([real[:1000], fake[:1000]]), "sqeuclidean"))
    if median == 0:
        median = np.mean(pdist(np.concatenate([real[:1000], fake[:1000]]), "sqeuclidean"))
    kernel = lambda x, y: np.mean(
        [sk.pairwise.rbf_kernel(x, y, gamma=1 / (2 * s * median)) for s in (0.25, 0.5, 1, 2, 4)], axis=0)
    return {"squared": unbiased(kernel(real, real), kernel(fake, fake), kernel(real, fake)),
            "bandwidth": math.sqrt(median)}


def two_sample(real, fake, k):
    n = min(len(real), len(fake))
    union = np.concatenate([real[:n], fake[:n]])
    labels = np.repeat([0, 1], n)
    distances = cdist(union, union, "sqeuclidean")
    np.fill_diagonal(distances, np.inf)
    chances, ties = [], False
    for i, row in enumerate(distances):
        radius = np.sort(row)[k - 1]
        own = labels == labels[i]
        sure, sure_others = (row < radius)[own].sum(), (row < radius)[~own].sum()
        tied, tied_others = (row == radius)[own].sum(), (row == radius)[~own].sum()
        left = k - sure - sure_others
        ties |= tied + tied_others > left
        # Of the votes left, how many go to the own kind.
        chances.append(scipy.stats.hypergeom(tied + tied_others, tied, left).sf(k // 2 - sure))
    chances = np.array(chances)
    if not ties and n < 100:
        predicted = cross_val_predict(KNeighborsClassifier(k, algorithm="brute"), union, labels, cv=LeaveOneOut())
        assert abs((predicted == labels).mean() - chances.mean()) < 1e-12
    return {"accuracy": chances.mean(), "real": chances[:n].mean(), "fake": chances[n:].mean()}


def prdc(real, fake, k):
    def radii(x):
        return np.sort(cdist(x, x, "sqeuclidean"), axis=1)[:, k]  # the first is the row itself
    between = cdist(real, fake, "sqeuclidean")
    in_real = between <= radii(real)[:, None]
    in_fake = between <= radii(fake)[None, :]
    return {"precision": in_real.any(0).mean(), "recall": in_fake.any(1).mean(),
            "density": in_real.sum() / (k * len(fake)), "coverage": in_real.any(1).mean()}


def neighbours(real, fake, k):
    return {"within": np.sort(cdist(real, real, "sqeuclidean"), axis=1)[:, 1:k + 1].ravel().tolist(),
            "between": np.sort(cdist(real, fake, "sqeuclidean"), axis=1)[:, :k].ravel().tolist()}


def numbers(real, fake):
    return {
        "frechet": frechet(real, fake),
        "kernel": kernel_distance(real, fake),
        "mmd": mmd(real, fake),
        "nearest": two_sample(real, fake, 1),
        "nearestOfThree": two_sample(real, fake, K),
        "prdc": prdc(real, fake, K),
    }


def case(real, fake):
    return {"columns": real.shape[1], "real": real.ravel().tolist(), "fake": fake.ravel().tolist(),
            **numbers(real, fake)}


def subsets():
    real, fake = normal(40, 7, 1, 0.5), normal(30, 7)
    drawn = [{"real": random.permutation(40)[:10].tolist(), "fake": random.permutation(30)[:10].tolist()}
             for _ in range(4)]
    values = [kernel_distance(real[s["real"]], fake[s["fake"]])["mmd"] for s in drawn]
    return {"columns": 7, "real": real.ravel().tolist(), "fake": fake.ravel().tolist(), "subsets": drawn,
            "distances": values}


def several_blocks():
    """More rows than one block, rows and columns unequal; too many numbers for a file."""
    real, fake = counted(1100, 3, 1), counted(1300, 3, 2) * 0.75
    result = numbers(real, fake)
    near = neighbours(real, fake, K)
    return {"rows": [1100, 1300], "columns": 3, "starts": [1, 2], "shrink": 0.75, **result,
            "sumWithin": sum(near["within"]), "sumBetween": sum(near["between"])}


def inception_score(rows, classes, splits):
    p = random.dirichlet(np.full(classes, 0.3), size=rows).astype(np.float32).astype(np.float64)
    p[0] = np.eye(classes)[0]  # zeros
    bounds = [split * rows // splits for split in range(splits + 1)]
    scores = [math.exp(np.mean([scipy.stats.entropy(row, part.mean(0)) for row in part]))
              for part in (p[a:b] for a, b in zip(bounds, bounds[1:]))]
    return {"classes": classes, "splits": splits, "probabilities": p.ravel().tolist(), "mean": np.mean(scores),
            "deviation": np.std(scores)}


def partition(classes, parts):
    table = sk.cluster.contingency_matrix(classes, parts)
    return {"classes": list(map(int, classes)), "parts": list(map(int, parts)),
            "purity": table.max(axis=0).sum() / table.sum(),
            "nmi": sk.normalized_mutual_info_score(classes, parts), "ari": sk.adjusted_rand_score(classes, parts),
            "mutualInformation": sk.mutual_info_score(classes, parts)}


def partitions():
    classes = random.integers(0, 4, 50)
    noisy = np.where(random.random(50) < 0.3, random.integers(0, 6, 50), classes + 1)
    return {
        "noisy": partition(classes, noisy),
        "independent": partition(classes, random.integers(0, 3, 50)),
        "equal but for names": partition(classes, 7 - classes),
        "one class": partition(np.zeros(50, int), noisy),
        "one part": partition(classes, np.zeros(50, int)),
        "one class and one part": partition(np.zeros(5, int), np.ones(5, int)),
        "every sample a part": partition(classes, np.arange(50)),
        "unbalanced": partition(np.r_[np.zeros(48, int), [1, 2]], np.r_[np.zeros(47, int), [1, 1, 1]]),
    }


def tree(rows, depth, classes):
    leaves = 2**depth
    weights = random.dirichlet(np.full(leaves, 0.4), size=rows).astype(np.float32).astype(np.float64)
    likeliest = weights.argmax(1)
    labels = np.where(random.random(rows) < 0.4, random.integers(0, classes, rows), likeliest // 2 % classes)
    levels = [partition(labels, weights.reshape(rows, 2**level, -1).sum(2).argmax(1)) for level in range(1, depth + 1)]
    for level in levels:
        del level["classes"], level["parts"]
    shares = []
    for i, j in itertools.combinations(range(rows), 2):
        if labels[i] == labels[j]:
            level = next(l for l in range(depth, -1, -1) if likeliest[i] >> depth - l == likeliest[j] >> depth - l)
            under = likeliest >> depth - level == likeliest[i] >> depth - level
            shares.append((labels[under] == labels[i]).mean())
    return {
        "depth": depth, "weights": weights.ravel().tolist(), "labels": labels.tolist(), "levels": levels,
        "dendrogramPurity": np.mean(shares), "used": len(set(likeliest)),
        "entropy": scipy.stats.entropy(weights.mean(0)),
        "information": np.mean([scipy.stats.entropy(row, weights.mean(0)) for row in weights]),
        "largestWeight": weights.max(1).mean(),
    }


def modes(points_per_mode, count, deviation):
    centres = on_grid([[2 * math.cos(a), 2 * math.sin(a)] for a in np.arange(count) * 2 * math.pi / count])
    points = on_grid(np.concatenate([
        c + random.normal(size=(p, 2)) * deviation * 1.5 for c, p in zip(centres, points_per_mode)]))
    distances = cdist(points, centres)
    good = distances.min(1) <= 3 * deviation
    counts = np.bincount(distances.argmin(1)[good], minlength=count)
    return {"centres": centres.ravel().tolist(), "deviation": deviation, "points": points.ravel().tolist(),
            "found": int((counts > 0).sum()), "good": good.mean(),
            "balance": scipy.stats.entropy(counts) / math.log(count),
            "divergence": scipy.stats.entropy(counts, np.ones(count))}


golden = {
    "versions": {"python": sys.version.split()[0], "numpy": np.__version__, "scipy": scipy.__version__,
                 "sklearn": sklearn.__version__},
    "seed": SEED,
    "k": K,
    "features": {name: case(real, fake) for name, (real, fake) in feature_cases().items()},
    "subsets": subsets(),
    "severalBlocks": several_blocks(),
    "inceptionScore": inception_score(47, 5, 4),
    "partitions": partitions(),
    "tree": tree(60, 3, 4),
    "modes": modes([30, 10, 0, 5, 0, 1, 0, 12], 8, 0.05),
}
print(json.dumps(golden))
