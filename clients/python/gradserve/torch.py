"""Functions of the service as PyTorch functions, with derivatives of any order."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch

from gradserve.forms import Forms, pulled
from gradserve.function import Function


class _Form(torch.autograd.Function):  # type: ignore[misc]  # untyped here
    """A form of ``forms``; its derivatives by the operands are such forms."""

    @staticmethod
    def forward(ctx: Any, forms: Forms, reverse: bool, *operands: torch.Tensor) -> torch.Tensor:
        ctx.forms, ctx.reverse = forms, reverse
        ctx.save_for_backward(*operands)
        found = forms(reverse, *(each.detach().cpu().numpy() for each in operands))
        return torch.as_tensor(found, device=operands[0].device)

    @staticmethod
    def backward(ctx: Any, cotangent: torch.Tensor) -> Any:
        found: list[Any] = [None, None]
        for index, needed in enumerate(ctx.needs_input_grad[2:]):
            form, operands = pulled(ctx.reverse, ctx.saved_tensors, index, cotangent)
            found.append(_Form.apply(ctx.forms, form, *operands) if needed else None)
        return tuple(found)


def as_torch(function: Function) -> Callable[..., torch.Tensor]:
    """Return a registered function as a function of tensors, all float64 or all float32."""
    forms = functools.cache(functools.partial(Forms, function))

    def called(*tensors: torch.Tensor) -> torch.Tensor:
        of = forms(tuple(tuple(each.shape) for each in tensors))
        found: torch.Tensor = _Form.apply(of, False, torch.cat([each.reshape(-1) for each in tensors]))
        return found.reshape(of.shape)

    return called
