"""Golden files for datasets/matlab.ts: numbers as scipy.io.savemat writes them, plain and compressed.

Made with Python 3.11, SciPy 1.10.1 and NumPy 1.24.2 (Debian 12: python3-scipy): /usr/bin/python3 matlab.py > matlab.json
"""

import base64
import io
import json

import numpy
import scipy
import scipy.io

VARIABLES = {
    "ids": numpy.array([[3, 1, 2]], dtype=numpy.uint16),
    "labels": numpy.array([[1.0, 77.0, 102.0, 5.0]]),
    "table": numpy.array([[1, -2, 3], [40000, 5, -600000]], dtype=numpy.int32),
    "bytes": numpy.arange(5, dtype=numpy.uint8)[:, None],
    "halves": numpy.array([[0.5, -0.25]], dtype=numpy.float32),
    "words": "not numbers",
    "turning": numpy.array([[1 + 2j]]),
}


def file_of(**options):
    target = io.BytesIO()
    scipy.io.savemat(target, VARIABLES, **options)
    # The text in front has the time of writing.
    return base64.b64encode(b"MATLAB 5.0".ljust(116) + target.getvalue()[116:]).decode()


print(json.dumps({
    "scipy": scipy.__version__,
    "plain": file_of(),
    "compressed": file_of(do_compression=True),
    "variables": {name: {"shape": value.shape, "data": value.flatten(order="F").tolist()}
                  for name, value in VARIABLES.items()
                  if not isinstance(value, str) and not numpy.iscomplexobj(value)},
}, indent=1))
