"""Launches of the attention kernels: tiles, strides, room for the states, and as few launches as the length allows."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import triton

from model.attention import kernel_backward, kernel_forward, kernel_near

CODES = {"causal": 0, "anticausal": 1, "bidirectional": 2}
_TRANSPOSED = (1, 0, 2)
_SHORT = 256
"""Up to so many tokens everything is done in one launch."""
_FEW = 8
"""Up to so many groups of chunks their totals are added where they are needed, without a scan."""


@dataclass(frozen=True)
class Scan:
    """How tokens are read: the direction's code, and the image's sides when it goes column by column.

    `activate`: q and k pass SiLU, q is divided by its width. `norm`: outputs are brought to unit RMS.
    """

    direction: int
    rows: int = 1
    columns: int = 1
    activate: bool = False
    norm: bool = False


def forward(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, slopes: torch.Tensor, out: torch.Tensor, scan: Scan,
    scales: torch.Tensor | None = None,
) -> None:  # fmt: skip
    """Write (B, H, N, E) `out`, and (B, H, N) `scales`, what a norm multiplied with, unless it is None."""
    (batch, heads, tokens, width), keep = q.shape, scales is not None
    slice_width = min(v.shape[-1], 64)
    tile = plan(width, slice_width, q.dtype, q.device)
    pairs, slices = batch * heads, v.shape[-1] // slice_width
    strides = (*_strides(q), *_strides(k), *_strides(v), *_strides(out))
    order, kind = (scan.rows, scan.columns), {"ACTIVATE": scan.activate, "PRECISION": tile.precision}
    shape = {"D": width, "E": slice_width, "SLICES": slices}
    scales = slopes if scales is None else scales
    with torch.cuda.device_of(q):
        if tokens <= _SHORT:
            grid = (pairs * slices * triton.cdiv(tokens, tile.block),)
            kernel_forward.short_kernel[grid](
                q, k, v, out, scales, slopes, *strides, heads, tokens, *order, int(keep),
                **shape, **kind, DIRECTION=scan.direction, NORM=scan.norm, BLOCK=tile.block, PART=tile.part,
                num_warps=tile.short_warps, num_stages=tile.short_stages,
            )  # fmt: skip
            return
        if kernel_near.suits(width, v.shape[-1], q.dtype, tokens, scan.direction):
            tensors, kind = (q, k, v, out), kind | {"NORM": scan.norm}
            kernel_near.launch(tensors, slopes, scales, strides, order, keep, tile.dependent, **kind)
            return
        room = _Room.of(q, tokens, tile, (2 if scan.direction == 2 else 1) * pairs * slices, width * slice_width)
        common = {**shape, **kind, "CHUNK": tile.chunk, "DIRECTION": scan.direction, "DEPENDENT": tile.dependent}
        sizes = heads, pairs, tokens, room.chunks, room.groups, *order
        kernel_forward.states_kernel[(pairs * slices * room.groups,)](
            k, v, slopes, room.states, room.totals, *strides[3:9], *sizes, **common, num_warps=tile.warps
        )
        _add_up(room, slopes, pairs, (0b0, 0b1, 0b10)[scan.direction], tile, scan.direction, slices)
        kernel_forward.outputs_kernel[(pairs * slices * room.chunks,)](
            q, k, v, out, scales, slopes, room.states, room.totals, room.far, *strides, *sizes, int(keep),
            room.scanned,
            **common, NORM=scan.norm, num_warps=tile.warps, **tile.early,
        )  # fmt: skip


def backward(
    gradient: torch.Tensor, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, slopes: torch.Tensor,
    dq: torch.Tensor, dk: torch.Tensor, dv: torch.Tensor, scan: Scan,
    out: torch.Tensor | None = None, scales: torch.Tensor | None = None,
) -> None:  # fmt: skip
    """Write the gradients of q, k and v. `out` and `scales` are the forward's, for a norm's backward."""
    batch, heads, tokens, width = q.shape
    value_width, pairs, transposed = v.shape[-1], batch * heads, _TRANSPOSED[scan.direction]
    if max(width, value_width) > 64:  # too wide to have all at once: the forward again, once for each
        opposite = Scan(transposed, scan.rows, scan.columns)
        forward(gradient, v, k, slopes, dq, scan)
        forward(v, gradient, q, slopes, dk, opposite)
        forward(k, q, gradient, slopes, dv, opposite)
        return
    tile = plan(width, value_width, q.dtype, q.device, backward=True)
    out, scales = (gradient, slopes) if out is None else (out, scales)
    strides = (*_strides(q), *_strides(k), *_strides(v), *_strides(gradient))
    ends, order = (*_strides(dq), *_strides(dv)), (scan.rows, scan.columns)
    kind = {"D": width, "E": value_width, "ACTIVATE": scan.activate, "NORM": scan.norm, "PRECISION": tile.precision}
    last = {"DIRECTION": scan.direction, "TRANSPOSED": transposed}
    inputs = q, k, v, gradient, out, scales, slopes
    with torch.cuda.device_of(q):
        if tokens <= _SHORT:
            kernel_backward.short_gradients_kernel[(pairs * triton.cdiv(tokens, tile.block),)](
                *inputs, dq, dk, dv, *strides, *ends, heads, tokens, *order,
                **kind, **last, BLOCK=tile.block, PART=tile.part, num_warps=tile.short_warps,
                num_stages=tile.short_stages,
            )  # fmt: skip
            return
        room = _Room.of(q, tokens, tile, (4 if scan.direction == 2 else 2) * pairs, width * value_width)
        sizes = heads, pairs, tokens, room.chunks, room.groups, *order
        common = {**kind, **last, "CHUNK": tile.chunk, "DEPENDENT": tile.dependent, "num_warps": tile.warps}
        kernel_backward.backward_states_kernel[(2 * pairs * room.groups,)](
            *inputs, room.states, room.totals, *strides, *sizes, **common
        )
        _add_up(room, slopes, pairs, (0b10, 0b01, 0b1010)[scan.direction], tile, scan.direction, 1)
        kernel_backward.gradients_kernel[(pairs * room.chunks,)](
            *inputs,
            room.states,
            room.totals,
            room.far,
            dq,
            dk,
            dv,
            *strides,
            *ends,
            *sizes,
            room.scanned,
            **common,
            **tile.early,
        )


@dataclass(frozen=True)
class Plan:
    """`chunk` tokens have a state; scans sum up `run` or `long_run` groups at once, `wide` numbers of each; the short
    ones compute `block` outputs from `part` tokens at a time. `dependent`: a launch may begin before the one ahead of
    it has ended.
    """

    chunk: int
    warps: int
    run: int
    long_run: int
    wide: int
    scan_warps: int
    scan_stages: int
    block: int
    part: int
    short_warps: int
    short_stages: int
    precision: str
    sums: str
    states: torch.dtype
    dependent: bool

    @property
    def early(self) -> dict[str, bool]:
        return {"launch_pdl": True} if self.dependent else {}


def plan(width: int, value_width: int, dtype: torch.dtype, device: torch.device, backward: bool = False) -> Plan:
    """Within 99 KB of shared memory at every width; measured at width 32.

    Two widths are multiplied in tiles of 32 rows, which are too few for Hopper's wgmma: at 64 rows ptxas 12.8 gave it
    addresses out of registers that nothing had written (a test looks for them).
    """
    exact, wide = dtype == torch.float32, max(width, value_width) > 32
    uneven = width != value_width and (width, value_width) != (128, 64)  # 128 goes in slices of 64
    chunk = 32 if uneven or exact and (wide or backward) else 64
    return Plan(
        chunk=chunk, warps=8 if exact and wide else 4,
        run=16, long_run=32 if exact else 64, wide=32, scan_warps=4, scan_stages=2,
        block=chunk, part=chunk if exact or wide else 128,
        short_warps=8 if exact and wide else 4, short_stages=1 if backward else 2,
        precision="ieee" if exact else "tf32",
        sums="ieee" if exact else "tf32" if dtype == torch.bfloat16 else "tf32x3",
        states=torch.bfloat16 if dtype == torch.bfloat16 else torch.float32, dependent=overlapping(device),
    )  # fmt: skip


def overlapping(device: torch.device) -> bool:
    """Whether a kernel may be launched before the one ahead of it has ended: Hopper and later."""
    return device.type == "cuda" and torch.cuda.get_device_capability(device)[0] >= 9


@dataclass(frozen=True)
class _Room:
    """Room for `lines` of states, each of `size` numbers: see `kernel_forward`."""

    states: torch.Tensor
    totals: torch.Tensor
    far: torch.Tensor
    lines: int
    size: int
    chunks: int
    groups: int

    @property
    def scanned(self) -> int:
        return int(self.groups > _FEW)

    @staticmethod
    def of(q: torch.Tensor, tokens: int, tile: Plan, lines: int, size: int) -> _Room:
        chunks = triton.cdiv(tokens, tile.chunk)
        groups = triton.cdiv(chunks, 4)
        states, far = (torch.empty(lines * n * size, dtype=tile.states, device=q.device) for n in (chunks, groups))
        totals = torch.empty(lines * groups * size, dtype=torch.float32, device=q.device)
        return _Room(states, totals, far, lines, size, chunks, groups)


def _add_up(room: _Room, slopes: torch.Tensor, pairs: int, mask: int, tile: Plan, direction: int, slices: int) -> None:
    if not room.scanned:
        return
    wide, short = min(room.size, tile.wide), room.groups <= tile.run
    kernel = kernel_forward.scan_kernel if short else kernel_forward.long_scan_kernel
    kernel[(room.lines * (room.size // wide),)](
        room.totals, room.far, slopes, len(slopes), pairs, 4 * tile.chunk, room.groups, mask, SLICES=slices,
        SIZE=room.size, WIDE=wide, RUN=tile.run if short else tile.long_run,
        DIRECTION=direction, PRECISION=tile.sums, DEPENDENT=tile.dependent,
        num_warps=tile.scan_warps, num_stages=tile.scan_stages, **tile.early,
    )  # fmt: skip


def _strides(x: torch.Tensor) -> tuple[int, ...]:
    """Of images, heads and tokens, in sixteens; an axis of one needs none."""
    return tuple(x.stride(axis) // 16 if x.shape[axis] > 1 else 0 for axis in range(3))
