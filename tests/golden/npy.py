"""Files for tests/core/npy_test.ts as NumPy writes them, in hexadecimal.

Made with Python 3.11 and NumPy 1.24.2 (Debian 12): /usr/bin/python3 npy.py > npy.json
"""

import io
import json

import numpy as np

ARRAYS = {
    "f32": np.array([[1.5, -2.0, 0.25]], dtype="<f4"),
    "u8": np.arange(8, dtype=np.uint8).reshape(2, 2, 2, 1),
    "vector": np.array([7.0], dtype="<f4"),
    "scalar": np.array(3.0, dtype="<f4"),
    "f64": np.zeros(2),
    "big": np.zeros(2, dtype=">f4"),
    "fortran": np.asfortranarray(np.zeros((2, 2), dtype="<f4")),
}


def written(array, version):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=version)
    return file.getvalue().hex()


files = {name: written(array, (1, 0)) for name, array in ARRAYS.items()}
files["version2"] = written(ARRAYS["f32"], (2, 0))
files["version3"] = written(ARRAYS["f32"], (3, 0))
print(json.dumps({"numpy": np.__version__, "files": files}, indent=1))
