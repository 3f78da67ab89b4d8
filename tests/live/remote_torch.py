"""Derivatives of a function of a service by PyTorch, as JSON: ``python remote_torch.py URL``."""

import json
import sys

import torch
from gradserve import Client
from gradserve.torch import as_torch

with Client(sys.argv[1]) as client:
    f = as_torch(client.function("lambda a, x: a**2*sum(sin(x)*exp(x*a))"))
    a = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    x = torch.tensor([0.1, 0.5, -0.3], dtype=torch.float64, requires_grad=True)

    derivatives = [f(a, x)]
    for _ in range(4):
        derivatives.append(torch.autograd.grad(derivatives[-1], a, create_graph=True)[0])
    hessian = torch.autograd.functional.hessian(lambda x: f(a, x), x)
    third = torch.autograd.functional.jacobian(
        lambda x: torch.autograd.functional.hessian(lambda x: f(a, x), x, create_graph=True), x
    )
    found = {
        "by a number": [each.item() for each in derivatives],
        "hessian": hessian.tolist(),
        "third": third.tolist(),
        "checked": [torch.autograd.gradcheck(f, (a, x)), torch.autograd.gradgradcheck(f, (a, x))],
        "single": str(f(torch.tensor(0.5), torch.ones(2)).dtype),
    }
sys.stdout.write(json.dumps(found))
