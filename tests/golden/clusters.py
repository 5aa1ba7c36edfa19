"""Golden values for core/assign/: clusters of scikit-learn and SciPy, in float64.

Made with Python 3.11, NumPy 1.24.2, SciPy 1.10.1 and scikit-learn 1.2.1 (Debian 12):
/usr/bin/python3 clusters.py > clusters.json
Points are multiples of 1/4096, so float32 holds them exactly.
"""

import json
import sys

import numpy as np
import scipy
import sklearn
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.cluster import KMeans

SEED = 5
ROWS, COLUMNS, CLUSTERS = 120, 7, 4

random = np.random.default_rng(SEED)
centres = random.normal(size=(CLUSTERS, COLUMNS)) * 1.5
points = centres[np.arange(ROWS) % CLUSTERS] + random.normal(size=(ROWS, COLUMNS))
points = np.round(points * 4096) / 4096
start = points[:CLUSTERS]
found = KMeans(CLUSTERS, init=start, n_init=1, algorithm="lloyd", tol=0).fit(points)
merges = linkage(points, "ward")

json.dump(
    {
        "python": sys.version.split()[0],
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "sklearn": sklearn.__version__,
        "seed": SEED,
        "points": points.ravel().tolist(),
        "columns": COLUMNS,
        "kMeans": {
            "start": start.ravel().tolist(),
            "assignments": found.labels_.tolist(),
            "centres": found.cluster_centers_.ravel().tolist(),
            "inertia": found.inertia_,
        },
        "ward": {
            "merges": [[int(a), int(b), h, int(n)] for a, b, h, n in merges.tolist()],
            "cut": fcluster(merges, CLUSTERS, "maxclust").tolist(),
        },
    },
    sys.stdout,
)
