"""Files for tests/core/torch_file_test.ts: a module's state and nested tensors as PyTorch saves them.

Made with Python 3.11 and PyTorch 1.13.0a0 (Debian 12): /usr/bin/python3 torch_file.py, which writes torch_file.pth,
torch_file_older.pth (the format before PyTorch 1.6) and torch_file.json (the numbers in them) beside itself.
"""

import json
from pathlib import Path

import torch

HERE = Path(__file__).parent

torch.manual_seed(3)
module = torch.nn.Sequential(torch.nn.Conv2d(2, 3, (1, 2), bias=False), torch.nn.BatchNorm2d(3))
with torch.no_grad():
    module[1].running_mean.copy_(torch.randn(3))
wide = torch.arange(12.0).view(3, 4)
content = {
    "state_dict": module.state_dict(),  # an OrderedDict with attributes, and a counter of type int64
    "parameter": torch.nn.Parameter(torch.randn(2)),
    "transposed": wide.t(),  # views of one storage
    "part": wide[1:, 1:3],
    "scalar": torch.tensor(2.5),
    "epoch": 7,
    "names": ["a", "b"],
    "rate": 0.5,
    "half": torch.ones(2, dtype=torch.float16),
}
expected = {}
for name, value in {**{f"state_dict.{n}": v for n, v in content["state_dict"].items()}, **content}.items():
    if isinstance(value, torch.Tensor) and value.dtype == torch.float32:
        expected[name] = {"shape": list(value.shape), "data": value.detach().flatten().tolist()}
torch.save(content, HERE / "torch_file.pth")
torch.save(content, HERE / "torch_file_older.pth", _use_new_zipfile_serialization=False)
(HERE / "torch_file.json").write_text(json.dumps({"torch": torch.__version__, "tensors": expected}, indent=1) + "\n")
