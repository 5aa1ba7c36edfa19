"""Golden values for datasets/{decode,resample,picture}.ts: small JPEG and PNG files with what Pillow reads from them, and
areas averaged in whole numbers.

Made with Python 3.11, Pillow 9.4.0 and NumPy 1.24.2 (Debian 12: python3-pil, python3-numpy):

    /usr/bin/python3 pictures.py > pictures.json

Files and pixels are base64; the 16-bit colour PNG, which Pillow does not write, is put together by hand.
"""

import base64
import io
import json
import struct
import zlib

import numpy
import PIL
from PIL import Image, ImageOps

rng = numpy.random.default_rng(7)


def text(data):
    return base64.b64encode(bytes(data)).decode()


def smooth(height, width):
    """A picture without noise, in which left and right, top and bottom, red, green and blue differ."""
    y, x = numpy.mgrid[0:height, 0:width] / max(height, width)
    return numpy.stack([255 * x, 255 * y, 255 * (1 - x) * (1 - y)], axis=-1).round().astype(numpy.uint8)


def file_of(picture, kind, **options):
    target = io.BytesIO()
    picture.save(target, kind, **options)
    return target.getvalue()


def entry(name, data, expected):
    """A file and the pixels of it, red, green, blue or grey."""
    pixels = numpy.asarray(expected)
    channels = 1 if pixels.ndim == 2 else 3
    height, width = pixels.shape[:2]
    return {"name": name, "file": text(data), "width": width, "height": height, "channels": channels,
            "pixels": text(pixels.tobytes())}


def over_white(picture):
    rgba = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")


def png_chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png16(pixels):
    """RGB of 16 bits `[height, width, 3]`, unfiltered."""
    height, width = pixels.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    return (b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)) +
            png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b""))


colour = Image.fromarray(smooth(12, 18))
grey = colour.convert("L")
files = []
for name, picture, options in [
    ("colour.jpg", colour, {"quality": 90}),
    ("full-chroma.jpg", colour, {"quality": 90, "subsampling": 0}),
    ("progressive.jpg", colour, {"quality": 90, "progressive": True}),
    ("restart.jpg", colour, {"quality": 90, "restart_marker_blocks": 1}),
    ("grey.jpg", grey, {"quality": 90}),
    ("cmyk.jpg", colour.convert("CMYK"), {"quality": 95}),
]:
    data = file_of(picture, "JPEG", **options)
    read = Image.open(io.BytesIO(data))
    files.append(entry(name, data, read if name == "grey.jpg" else read.convert("RGB")))

data = file_of(colour.convert("CMYK"), "JPEG", quality=95)
adobe = data.index(b"\xff\xee")
data = data[:adobe] + data[adobe + 2 + int.from_bytes(data[adobe + 2:adobe + 4], "big"):]  # without Adobe's marker
files.append(entry("cmyk-unmarked.jpg", data, Image.open(io.BytesIO(data)).convert("RGB")))

transparent = colour.convert("RGBA")
transparent.putalpha(Image.fromarray((numpy.mgrid[0:12, 0:18][1] * 15).astype(numpy.uint8)))
palette = colour.quantize(16)
wide = rng.integers(0, 65536, (6, 5, 3))
for name, data, expected in [
    ("colour.png", file_of(colour, "PNG"), colour),
    ("grey.png", file_of(grey, "PNG"), grey.convert("RGB")),
    ("alpha.png", file_of(transparent, "PNG"), over_white(transparent)),
    ("grey-alpha.png", file_of(transparent.convert("LA"), "PNG"), over_white(transparent.convert("LA"))),
    ("palette.png", file_of(palette, "PNG"), palette.convert("RGB")),
    ("palette-alpha.png", file_of(palette, "PNG", transparency=0),
     over_white(Image.open(io.BytesIO(file_of(palette, "PNG", transparency=0))))),
    ("bits.png", file_of(grey.convert("1"), "PNG"), grey.convert("1").convert("RGB")),
    ("grey-16.png", file_of(Image.fromarray(numpy.asarray(grey).astype(numpy.uint16) * 256 + 200), "PNG"),
     grey.convert("RGB")),
    ("colour-16.png", png16(wide), (wide // 256).astype(numpy.uint8)),
]:
    files.append(entry(name, data, expected))

square = Image.fromarray(smooth(8, 8))
turned = []
for orientation in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = file_of(square, "JPEG", quality=95, subsampling=0, exif=exif)
    turned.append(entry(str(orientation), data, ImageOps.exif_transpose(Image.open(io.BytesIO(data)))))

oblong = []  # of odd excess, wide and high, as PNG: the middle 8x8 pixels, the upper or left ones, of the upright picture
for height, width in [(8, 13), (13, 8)]:
    picture = Image.fromarray(smooth(height, width))
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        data = file_of(picture, "PNG", exif=exif)
        upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
        left, top = (upright.width - 8) // 2, (upright.height - 8) // 2
        oblong.append(entry(f"{width}x{height}, {orientation}", data, upright.crop((left, top, left + 8, top + 8))))

areas = []
for height, width, channels, left, top, side, size in [(9, 7, 1, 0, 1, 7, 3), (12, 16, 3, 3, 2, 10, 4),
                                                       (5, 5, 3, 0, 0, 5, 5), (13, 13, 1, 0, 0, 13, 8),
                                                       (6, 8, 3, 1, 0, 6, 2)]:
    pixels = rng.integers(0, 256, (height, width, channels))
    cut = pixels[top:top + side, left:left + side]
    fine = cut.repeat(size, axis=0).repeat(size, axis=1)  # every pixel as size x size equal ones: whole blocks of side
    sums = fine.reshape(size, side, size, side, channels).sum(axis=(1, 3))
    areas.append({"height": height, "width": width, "channels": channels, "left": left, "top": top, "side": side,
                  "size": size, "pixels": text(pixels.astype(numpy.uint8).tobytes()),
                  "expected": text(((2 * sums + side ** 2) // (2 * side ** 2)).astype(numpy.uint8).tobytes())})

noise = Image.fromarray(rng.integers(0, 256, (16, 16, 3)).astype(numpy.uint8))
print(json.dumps({
    "pillow": PIL.__version__,
    "numpy": numpy.__version__,
    "files": files,
    "turned": turned,
    "oblong": oblong,
    "areas": areas,
    "noise": text(file_of(noise, "JPEG", quality=95)),
}, indent=1))
