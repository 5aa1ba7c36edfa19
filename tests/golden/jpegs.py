"""Golden files for datasets/jpeg_scan.ts: small JPEG files of every kind whose codes it must follow.

Made with Python 3.11, NumPy 1.24.2 and cjpeg of libjpeg-turbo 2.1.5 (Debian 12: python3-numpy, libjpeg-turbo-progs):

    /usr/bin/python3 jpegs.py > jpegs.json

The files are base64.
"""

import base64
import json
import pathlib
import subprocess
import tempfile

import numpy as np

WIDTH, HEIGHT = 37, 29
SEPARATE = "0;\n1;\n2;\n"
# Every kind of scan: means and details, first and refined, one component and several.
MANY = """0: 0-0, 0, 2;
1 2: 0-0, 0, 1;
0: 1-9, 0, 2;
0: 10-63, 0, 1;
1: 1-63, 0, 1;
2: 1-63, 0, 0;
0: 0-0, 2, 1;
0: 1-9, 2, 1;
0 1 2: 0-0, 1, 0;
0: 1-63, 1, 0;
1: 1-63, 1, 0;
"""

KINDS = {
    "1x1": ["-sample", "1x1"],
    "2x1": ["-sample", "2x1"],
    "2x2": ["-sample", "2x2"],
    "4x1": ["-sample", "4x1"],
    "1x2": ["-sample", "1x2"],
    "2x2 2x1 1x2": ["-sample", "2x2,2x1,1x2"],
    "grey": ["-grayscale"],
    "optimised": ["-optimize"],
    "restarts": ["-restart", "1B"],
    "separate": ["-scans", SEPARATE],
    "separate restarts": ["-scans", SEPARATE, "-restart", "2B"],
    "progressive": ["-progressive"],
    "progressive grey": ["-progressive", "-grayscale"],
    "progressive restarts": ["-progressive", "-restart", "3B"],
    "many scans": ["-scans", MANY, "-sample", "2x1"],
}


def picture():
    """Soft shapes with noise in one half, so that there are empty blocks and full ones."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    planes = [128 + 90 * np.sin(x / (5 + c) + c) * np.cos(y / (7 - c)) for c in range(3)]
    noise = np.random.default_rng(0).normal(0, 25, (HEIGHT, WIDTH, 3))
    return np.clip(np.stack(planes, -1) + noise * (x > WIDTH / 2)[..., None], 0, 255).astype(np.uint8)


def encode(pixels, options):
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder, "scans")
        script.write_text("".join(option for option in options if "\n" in option))
        arguments = [str(script) if "\n" in option else option for option in options]
        ppm = b"P6 %d %d 255\n" % (WIDTH, HEIGHT) + pixels.tobytes()
        run = subprocess.run(["cjpeg", "-quality", "60", *arguments], input=ppm, capture_output=True, check=True)
        return run.stdout


files = {kind: base64.b64encode(encode(picture(), options)).decode() for kind, options in KINDS.items()}
print(json.dumps(files, indent=1))
