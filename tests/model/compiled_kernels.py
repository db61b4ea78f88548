"""Compiles the attention kernels for GPUs that are not here: python -m tests.model.compiled_kernels CASES

Every launch of the real launching code is compiled and not run. CASES is a JSON list of calls; prints a JSON list of
their kernels: name, shared memory in bytes, how many variants of it there are so far, and where asked for how many of
its instructions read a register that nothing has set.
"""

from __future__ import annotations

import contextlib
import json
import re
import sys
from contextlib import AbstractContextManager
from types import SimpleNamespace
from unittest import mock

import torch
import triton
from triton.backends.compiler import GPUTarget
from triton.backends.nvidia.compiler import CUDABackend
from triton.runtime.jit import JITFunction

from model.attention import kernel_launch
from model.attention.kernel_launch import CODES, Scan


def main() -> None:
    for case in json.loads(sys.argv[1]):
        print(json.dumps(compile_case(**case)), flush=True)


def compile_case(
    capability: int, dtype: str, widths: tuple[int, int], tokens: int, batch: int = 1, direction: str = "bidirectional",
    backward: bool = False, attend: bool = False, columns: int = 1, registers: bool = False,
) -> list[tuple[str, int, int, int]]:  # fmt: skip
    launched: list[tuple[str, int, int, int]] = []

    def run(kernel: JITFunction, *arguments: object, grid: object, warmup: bool, **options: object) -> None:
        compiled = compile_only(kernel, *arguments, grid=grid, warmup=True, **options)
        unset = len(unset_registers(compiled.asm["sass"])) if registers else 0
        launched.append((kernel.__name__, compiled.metadata.shared, len(kernel.device_caches[capability][0]), unset))

    compile_only = JITFunction.run
    triton.runtime.driver.set_active(
        SimpleNamespace(
            get_current_target=lambda: GPUTarget("cuda", capability, 32),
            get_current_device=lambda: capability,
            get_current_stream=lambda device: 0,
        )
    )
    with (
        contextlib.nullcontext() if registers else without_ptxas(),
        mock.patch.object(JITFunction, "run", run),
        mock.patch.object(kernel_launch, "overlapping", lambda device: capability >= 90),
    ):
        scan = Scan(CODES[direction], tokens // columns, columns, activate=attend, norm=attend)
        _call(getattr(torch, dtype), widths, tokens, batch, scan, backward)
    return launched


def without_ptxas() -> AbstractContextManager[object]:
    """Shared memory is known before machine code is made, which takes half of the time."""
    return mock.patch.object(CUDABackend, "make_cubin", lambda *arguments: b"")


def unset_registers(sass: str) -> list[str]:
    """The instructions that read a uniform register which no instruction above them writes: ptxas made a mistake."""
    found, written = [], set()
    for line in sass.splitlines():
        text = re.sub(r"^@!?U?P\w+\s+", "", line.partition("\t")[2])
        name, _, operands = text.partition(" ")
        result = re.match(r"(?:UP\d, )?UR(\d+)\b", operands) if name[0:1] in "URS" else None
        read = [int(x) for x in re.findall(r"\bUR(\d+)\b", operands[result.end() if result else 0 :])]
        read = [x + 2 * ("gdesc" in text) for x in read]  # two descriptors, the second operand's behind the first one's
        found += [text] * (not written.issuperset(read))
        if result:
            written |= {int(result[1]) + word for word in range(2 if re.search("64|WIDE", name) else 1)}
    return found


def _call(dtype: torch.dtype, widths: tuple[int, int], tokens: int, batch: int, scan: Scan, backward: bool) -> None:
    """On tensors without memory; q, k and v of one width come out of one projection."""
    with torch.device("meta"):
        if widths[0] == widths[1]:
            q, k, v = torch.empty(batch, tokens, 3, 2, widths[0], dtype=dtype).permute(2, 0, 3, 1, 4)
        else:
            q, k, v = (torch.empty(batch, 2, tokens, width, dtype=dtype) for width in (widths[0], *widths))
        slopes, out = torch.empty(2), torch.empty_like(v)
        scales = torch.empty(batch, 2, tokens) if scan.norm else None
        if backward:
            rest = (out, scales) if scan.norm else ()
            kernel_launch.backward(out, q, k, v, slopes, *(torch.empty_like(x) for x in (q, k, v)), scan, *rest)
        else:
            kernel_launch.forward(q, k, v, slopes, out, scan, scales)


if __name__ == "__main__":
    main()
