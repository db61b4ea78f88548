"""The attention kernels compiled for GPUs that are not here: shared memory, how often they compile, ptxas' mistakes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("triton")

LIMIT = 99 * 1024
"""Bytes of shared memory that one block may have on consumer cards of compute capability 8.6 and 8.9."""
SIZES = [(b, n) for b in (1, 2, 3, 16) for n in (1, 250, 1000, 4096, 16_384)] + [(1, 4_194_304), (2, 16_777_216)]


def compile_kernels(checkout: Path, cases: list[dict]) -> list[list]:
    """In a process of its own: here Triton may be in its interpreter."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.model.compiled_kernels", json.dumps(cases)], cwd=checkout, capture_output=True,
        text=True, check=False, env=os.environ | {"TRITON_INTERPRET": "0"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("capability", [86, 90])
def test_no_block_needs_more_shared_memory_than_consumer_cards_have(capability: int, checkout: Path) -> None:
    """The widest heads of each kind of kernel, and where widths differ; narrower ones and bfloat16 need less, and 8.9 what
    8.6 does.
    """
    chosen = [("float16", (128, 128), False), ("float16", (64, 64), True)]
    chosen += [("float16", (64, 64), False), ("float32", (32, 32), False), ("float32", (128, 128), False)]
    if capability == 86:
        chosen += [("float32", (64, 64), True), ("float16", (16, 128), False), ("float16", (128, 16), False)]
    cases = [
        {"dtype": dtype, "widths": widths, "tokens": tokens, "backward": backward, "attend": backward}
        for dtype, widths, backward in chosen
        for tokens in (256, 4096, 16_384)
    ]
    results = compile_kernels(checkout, [case | {"capability": capability} for case in cases])
    needed = {(name, case["dtype"], *case["widths"]): shared
              for case, kernels in zip(cases, results, strict=True) for name, shared, *_ in kernels}  # fmt: skip
    assert {name for name, *_ in needed} == {
        "near_states_kernel", "near_outputs_kernel", "states_kernel", "scan_kernel", "long_scan_kernel",
        "outputs_kernel", "short_kernel", "backward_states_kernel", "gradients_kernel", "short_gradients_kernel",
    }  # fmt: skip
    assert max(needed.values()) <= LIMIT, {key: shared for key, shared in needed.items() if shared > LIMIT}


@pytest.mark.parametrize("backward", [False, True])
def test_twenty_sizes_compile_each_kernel_once(backward: bool, checkout: Path) -> None:
    """Row by row and column by column, of every divisibility."""
    shape = {"capability": 90, "dtype": "bfloat16", "widths": (32, 32), "backward": backward}
    cases = [shape | {"batch": b, "tokens": n, "columns": c} for b, n in SIZES for c in (1, n)]
    results = compile_kernels(checkout, cases)
    assert len(SIZES) >= 20 and max(variants for kernels in results for _, _, variants, _ in kernels) == 1
    assert len({name for kernels in results for name, *_ in kernels}) == (5 if backward else 6)


@pytest.mark.parametrize("widths", [(16, 128), (64, 32), (32, 32)])
def test_no_kernel_reads_what_nothing_has_written(widths: tuple[int, int], checkout: Path) -> None:
    """As ptxas 12.8 made them for two widths: a wrong result, or the end of the process by an illegal access."""
    shape = {"capability": 90, "dtype": "bfloat16", "widths": widths, "registers": True}
    cases = [
        shape | {"tokens": tokens, "direction": direction, "backward": backward}
        for tokens, direction in ((200, "causal"), (1000, "bidirectional"), (40_000, "bidirectional"))
        for backward in (False, True)
    ]
    kernels = [kernel for launched in compile_kernels(checkout, cases) for kernel in launched]
    assert len(kernels) > 10 and [name for name, *_, unset in kernels if unset] == []
