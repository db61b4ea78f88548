"""Whether Triton kernels run on a device: found out by running one, and said once when they do not."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable

import torch

from model.precision import Precision


def refusal(device: torch.device) -> str | None:
    """Why Triton kernels cannot run on this device, None when they can. The first answer is kept."""
    if device.type != "cuda":
        return f"kernels expect a device of type cuda, got {device.type}"
    return _refusal(device.index if device.index is not None else torch.cuda.current_device())


def network_refusal(device: torch.device) -> str | None:
    """Why not all of the network's kernels and the loss's run on this device, None when they do, training included."""
    reason = refusal(device)
    if reason is not None:
        return reason
    from model.attention.kernels import attend_refusal
    from model.layers import layers_refusal
    from model.losses import loss_refusal

    qkv = torch.empty(1, 1, 1, 96, device=device, dtype=Precision(device).dtype)
    with torch.enable_grad():
        reason = attend_refusal(qkv, 1) or layers_refusal(device) or loss_refusal(device)
    with torch.no_grad():
        return reason or layers_refusal(device)


def _refusal(index: int) -> str | None:
    def work() -> None:
        from model.attention.kernels import attend  # imports Triton, which may be missing

        device = torch.device("cuda", index)
        qkv = torch.ones(1, 4, 4, 96, dtype=Precision(device).dtype, device=device)
        with torch.no_grad():
            attend(qkv, torch.ones(1, device=qkv.device), "bidirectional", False)

    return failure(work, "Triton kernels", index)


def failure(work: Callable[[], None], what: str, index: int, *rest: object) -> str | None:
    """Why `work` fails on the CUDA device `index`, None when it does not. It runs once for the same other arguments; a
    failure is warned of then. What runs out of memory has not failed, and raises.
    """
    if torch.compiler.is_compiling():
        return None  # nothing can be tried here, nor while capturing
    found = _findings(what, index, *rest)
    if not found:
        if torch.cuda.is_current_stream_capturing():
            return None
        found.append(_attempt(work, index))
        if found[0]:
            logging.getLogger(__name__).warning("%s cannot be used, PyTorch computes instead: %s", what, found[0])
    return found[0]


@functools.cache
def _findings(*key: object) -> list[str | None]:
    """What is known about `key`: nothing yet, or one answer."""
    return []


def _attempt(work: Callable[[], None], index: int) -> str | None:
    def as_it_is(x: torch.Tensor) -> torch.Tensor:
        return x

    try:
        # Within a checkpoint, whose hooks would take what the trial keeps for its own backward.
        with torch.autograd.graph.saved_tensors_hooks(as_it_is, as_it_is):
            work()
        torch.cuda.synchronize(index)
    except torch.OutOfMemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - compilers and drivers raise whatever they like
        lines = str(error).strip().splitlines() or [""]
        return f"{type(error).__name__}: {lines[0]}"[:300]
    return None
