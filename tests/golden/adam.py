"""Golden values for core/train/adam.ts: five steps of torch.optim.Adam with amsgrad, in float64.

Made with Python 3.11 and PyTorch 1.13.0a0 (Debian 12): /usr/bin/python3 adam.py > adam.json
"""

import json

import torch

OPTIONS = {"learningRate": 0.01, "beta1": 0.5, "beta2": 0.9, "epsilon": 1e-8}
STEPS = 5

torch.manual_seed(7)
# Numbers that float32 holds exactly; gradients shrink, so that AMSGrad's largest second moment differs from the last.
parameter = torch.randn(2, 3).double().requires_grad_()
gradients = [torch.randn(2, 3).double() * 4.0 ** -t for t in range(STEPS)]
golden = {
    "torch": torch.__version__,
    "options": OPTIONS,
    "start": parameter.detach().flatten().tolist(),
    "gradients": [g.flatten().tolist() for g in gradients],
    "parameters": [],
}
optimiser = torch.optim.Adam(
    [parameter],
    lr=OPTIONS["learningRate"],
    betas=(OPTIONS["beta1"], OPTIONS["beta2"]),
    eps=OPTIONS["epsilon"],
    amsgrad=True,
)
for gradient in gradients:
    parameter.grad = gradient.clone()
    optimiser.step()
    golden["parameters"].append(parameter.detach().flatten().tolist())
print(json.dumps(golden, indent=1))
