"""A plain server of samples in FastAPI and PyTorch: a peer for `deno task bench serving`.

    python3 bench/peers/fastapi_server.py --checkpoint runs/00000-…/checkpoint-004000.safetensors --preset small

`GET /sample?n=&leaf=&seed=` answers with a grid of pictures as PNG, as `deno task serve` does. One process, an `async`
handler, one forward pass a request, no batching of requests; latents of a leaf by rejection from 64 candidates for every
picture, in one batch. The same weights (the moving average) at the same temperature of the gates; the encoder is the
fastest of those that are installed, measured at the start. Prints one line of JSON with its address, and ends with its input.
"""

import argparse
import io
import json
import os
import socket
import struct
import sys
import threading
import time
import zlib

import fastapi
import torch
import uvicorn

from hmog_torch import PRESETS, Generator, read_safetensors

CANDIDATES = 64  # for a picture of a leaf
PADDING, SCALE = 2, 2  # pixels, as server/ has them for pictures of 32x32


def load(path, preset, temperature):
    """the generator with the moving average of the weights; see `start_as_ours` in hmog_torch.py for the layouts"""
    options = {name: value for name, value in PRESETS[preset].items() if name not in ("lr", "critic")}
    make, ours = Generator(**options, published_head=False), read_safetensors(path)
    channels, side = make.channels[0], make.side
    features = lambda t: t.view(-1, side, side, channels).permute(0, 3, 1, 2).reshape(t.shape[0], -1)
    with torch.no_grad():
        make.gate_weight.copy_(ours["ema/head/gates/weight"] / temperature)
        make.gate_bias.copy_(ours["ema/head/gates/bias"] / temperature)
        make.leaf_weight.copy_(features(ours["ema/head/leaves/weight"]))
        make.leaf_bias.copy_(features(ours["ema/head/leaves/bias"]))
        for i, layer in enumerate(make.body):
            layer.weight.copy_(ours[f"ema/body/{i}/weight"].permute(3, 2, 0, 1))
            layer.bias.copy_(ours[f"ema/body/{i}/bias"])
    return make.eval()


def latents(make, n, leaf, seed):
    random = torch.Generator()
    random.manual_seed(seed) if seed is not None else random.seed()
    if leaf is None:
        return torch.randn(n, make.latent, generator=random)
    found = torch.empty(0, make.latent)
    while len(found) < n:
        missing = n - len(found)
        z = torch.randn(missing * CANDIDATES, make.latent, generator=random)
        accepted = torch.rand(len(z), generator=random) < make.path_weights(z)[:, leaf]
        rows = accepted.view(missing, CANDIDATES)
        first = rows.int().argmax(1) + torch.arange(missing) * CANDIDATES
        found = torch.cat([found, z[first[rows.any(1)]]])
    return found


def grid(images):
    """pictures [n, 1, side, side] in [-1, 1] as rows of bytes"""
    n, _, side, _ = images.shape
    columns = int(-(-(n**0.5) // 1))
    rows, cell = -(-n // columns), side * SCALE + PADDING
    pixels = ((images.clamp(-1, 1) + 1) * 127.5 + 0.5).to(torch.uint8)
    pixels = pixels.repeat_interleave(SCALE, 2).repeat_interleave(SCALE, 3)
    sheet = torch.zeros(rows * columns, cell, cell, dtype=torch.uint8)
    sheet[:n, PADDING:, PADDING:] = pixels[:, 0]
    sheet = sheet.view(rows, columns, cell, cell).permute(0, 2, 1, 3).reshape(rows * cell, columns * cell)
    return torch.nn.functional.pad(sheet, (0, PADDING, 0, PADDING)).numpy()


def with_zlib(picture):
    chunk = lambda name, body: struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    height, width = picture.shape
    lines = bytearray((width + 1) * height)
    rows = torch.frombuffer(lines, dtype=torch.uint8).view(height, width + 1)
    rows[:, 1:] = torch.from_numpy(picture)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = zlib.compress(bytes(lines), 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def encoders():
    found = {"zlib": with_zlib}
    try:
        from PIL import Image

        def with_pil(picture):
            file = io.BytesIO()
            Image.fromarray(picture).save(file, "PNG", compress_level=1)
            return file.getvalue()

        found["PIL"] = with_pil
    except ImportError:
        pass
    try:
        import cv2

        found["cv2"] = lambda picture: cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()
    except ImportError:
        pass
    return found


def fastest(make):
    """the encoder that is fastest for one picture of the model, by the least of some measurements"""
    with torch.no_grad():
        picture = grid(make(torch.randn(1, make.latent)))

    def measured(encode):
        times = []
        for _ in range(50):
            before = time.perf_counter()
            encode(picture)
            times.append(time.perf_counter() - before)
        return min(times)

    return min(encoders().items(), key=lambda item: measured(item[1]))


def app_of(make, encode):
    app = fastapi.FastAPI()
    Query = fastapi.Query

    @app.get("/sample")
    async def sample(
        n: int = Query(64, ge=1, le=256),
        leaf: int = Query(None, ge=0, lt=make.leaves),
        seed: int = Query(None, ge=0, lt=2**53),
    ):
        with torch.no_grad():
            picture = encode(grid(make(latents(make, n, leaf, seed))))
        return fastapi.Response(picture, media_type="image/png")

    return app


def main():
    flags = argparse.ArgumentParser(description="Serves samples of a checkpoint.")
    flags.add_argument("--checkpoint", required=True, metavar="FILE")
    flags.add_argument("--preset", choices=list(PRESETS), default="small")
    flags.add_argument("--temperature", type=float, default=1.0, help="of the gates")
    flags.add_argument("--threads", type=int, help="of PyTorch; as many as it likes unless given")
    values = flags.parse_args()
    if values.threads is not None:
        torch.set_num_threads(values.threads)
    make = load(values.checkpoint, values.preset, values.temperature)
    name, encode = fastest(make)
    listening = socket.socket(proto=socket.IPPROTO_TCP)  # named, or asyncio leaves Nagle on and answers 40 ms late
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", 0))
    listening.listen(2048)
    versions = f"FastAPI {fastapi.__version__}, uvicorn {uvicorn.__version__}, PyTorch {torch.__version__}"
    threads = f"{torch.get_num_threads()} threads"
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    print(json.dumps({"about": f"{versions}, {threads}, PNG by {name}", "url": url}), flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    config = uvicorn.Config(app_of(make, encode), log_level="error", access_log=False)
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
