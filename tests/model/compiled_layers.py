"""Compiles the layers' kernels for a GPU that is not here: python -m tests.model.compiled_layers CAPABILITY WIDTH

Every launch of the real code is compiled and not run, on tensors without memory. Prints a JSON list of the kernels: name
and shared memory in bytes.
"""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace
from unittest import mock

import torch
import triton
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode
from triton.backends.compiler import GPUTarget
from triton.runtime.jit import JITFunction

from model.layers import fused
from model.network import PATCHES
from tests.model.compiled_kernels import without_ptxas

BF16 = torch.bfloat16


def main() -> None:
    capability, width = int(sys.argv[1]), int(sys.argv[2])
    launched: list[tuple[str, int]] = []

    def run(kernel: JITFunction, *arguments: object, grid: object, warmup: bool, **options: object) -> None:
        compiled = compile_only(kernel, *arguments, grid=grid, warmup=True, **options)
        launched.append((kernel.__name__, compiled.metadata.shared))

    compile_only = JITFunction.run
    target = GPUTarget("cuda", capability, 32)
    driver = SimpleNamespace(
        get_current_target=lambda: target,
        get_current_device=lambda: capability,
        get_current_stream=lambda device: 0,
        get_device_interface=lambda: None,
    )
    triton.runtime.driver.set_active(driver)
    with without_ptxas(), FakeTensorMode(), mock.patch.object(JITFunction, "run", run), torch.autocast("cpu", BF16):
        _with_gradients(width)
        with torch.no_grad():
            _without_gradients(width)
    print(json.dumps(launched))


def _with_gradients(width: int) -> None:
    x = torch.rand(1, 8, 8, width, dtype=BF16, requires_grad=True)
    constants = torch.ones(3, 1, 1)
    image = torch.rand(1, 1, 8, 8), constants, constants, 8
    outs = [
        *(fused.embed(*image, nn.Conv2d(3, width, patch, patch), nn.LayerNorm(width)) for patch in PATCHES),
        fused.enter(x, _local(width), nn.LayerNorm(width), nn.Linear(width, 3 * width))[1],
        fused.leave(x, x, nn.Linear(width, width), nn.LayerNorm(width), *_mlp(width)),
        fused.merge(x, nn.LayerNorm(4 * width)),
        fused.expand(x, 2, nn.LayerNorm(width // 4)),
        *(fused.head(x, patch, *_head(width, patch)) for patch in PATCHES),
    ]
    sum(out.float().sum() for out in outs).backward()


def _without_gradients(width: int) -> None:
    for rows in (1, 128):
        x = torch.rand(rows, 8, 32, width, dtype=BF16)
        fused.enter(x, _local(width), nn.LayerNorm(width), nn.Linear(width, 3 * width))
        fused.leave(x, x, nn.Linear(width, width), nn.LayerNorm(width), *_mlp(width))
    both = nn.Linear(2 * width, width)
    fused.rejoin(x.new_empty(128, 4, 16, 4 * width), 2, nn.LayerNorm(width), x, both)
    for patch in PATCHES:
        fused.classify(x, patch, *_head(width, patch), (8 * patch, 32 * patch))


def _local(width: int) -> nn.Conv2d:
    return nn.Conv2d(width, width, 3, padding=1, groups=width)


def _mlp(width: int) -> tuple[nn.Linear, nn.Linear]:
    return nn.Linear(width, 4 * width), nn.Linear(4 * width, width)


def _head(width: int, patch: int) -> tuple[nn.Linear, nn.LayerNorm, nn.Linear]:
    inner = width // patch
    return nn.Linear(width, patch * width, bias=False), nn.LayerNorm(inner), nn.Linear(inner, 14)


if __name__ == "__main__":
    main()
