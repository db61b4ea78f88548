"""Launches of the attention kernels: tiles, strides, room for the states, and as few launches as the length allows."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import triton

from model.attention import kernel_backward, kernel_forward

CODES = {"causal": 0, "anticausal": 1, "bidirectional": 2}
_TRANSPOSED = (1, 0, 2)
_SHORT = 256
"""Up to so many tokens everything is done in one launch."""
_GROUP, _ONE_GROUP = 8, 16
"""Chunks whose states one program sums up; up to so many chunks are one group, which saves the scan over groups."""


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
    last = {"DIRECTION": scan.direction, "NORM": scan.norm}
    scales = slopes if scales is None else scales
    with torch.cuda.device_of(q):
        if tokens <= _SHORT:
            grid = (pairs * slices * triton.cdiv(tokens, tile.block),)
            kernel_forward.short_kernel[grid](
                q, k, v, out, scales, slopes, *strides, heads, tokens, *order, int(keep),
                **shape, **kind, **last, BLOCK=tile.block, PART=tile.part, num_warps=tile.short_warps,
                num_stages=tile.short_stages,
            )  # fmt: skip
            return
        sides = 2 if scan.direction == 2 else 1
        room = _Room.of(q, tokens, tile.chunk, sides * pairs * slices, width * slice_width)
        common, mask = {"CHUNK": tile.chunk, "SLICES": slices}, (0, 1, 2)[scan.direction]
        kernel_forward.states_kernel[(room.lines * room.groups,)](
            k, v, slopes, room.states, room.totals, *strides[3:9], heads, pairs, tokens, *room.counts, *order, mask,
            **kind, **common, D=width, E=slice_width, DEPENDENT=tile.dependent, num_warps=tile.warps,
            num_stages=tile.stages,
        )  # fmt: skip
        _scan(room, slopes, heads, pairs, mask, tile, slices)
        kernel_forward.outputs_kernel[(pairs * slices * room.chunks,)](
            q, k, v, out, scales, slopes, room.states, room.far, *strides, heads, pairs, tokens, *room.counts, *order,
            int(keep), **shape, **kind, **last, CHUNK=tile.chunk, DEPENDENT=tile.dependent, num_warps=tile.warps,
            **tile.early,
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
        sides = 2 if scan.direction == 2 else 1
        room = _Room.of(q, tokens, tile.chunk, 2 * sides * pairs, width * value_width)
        mask = (0b10, 0b01, 0b1010)[scan.direction]
        kernel_backward.backward_states_kernel[(sides * pairs * room.groups,)](
            *inputs, room.states, room.totals, *strides, heads, pairs, tokens, *room.counts, *order, sides, mask,
            **kind, CHUNK=tile.chunk, DEPENDENT=tile.dependent, num_warps=tile.warps, num_stages=tile.stages,
        )  # fmt: skip
        _scan(room, slopes, heads, pairs, mask, tile, 1)
        kernel_backward.gradients_kernel[(pairs * room.chunks,)](
            *inputs, room.states, room.far, dq, dk, dv, *strides, *ends, heads, pairs, tokens, *room.counts, *order,
            **kind, **last, CHUNK=tile.chunk, DEPENDENT=tile.dependent, num_warps=tile.warps, **tile.early,
        )  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """`chunk` tokens have a state; the short kernels compute `block` outputs from `part` tokens at a time. Stages are how
    many loads are under way at once; `dependent`: a launch may begin before the one ahead of it has ended.
    """

    chunk: int
    warps: int
    stages: int
    block: int
    part: int
    short_warps: int
    short_stages: int
    precision: str
    dependent: bool

    @property
    def early(self) -> dict[str, bool]:
        return {"launch_pdl": True} if self.dependent else {}


def plan(width: int, value_width: int, dtype: torch.dtype, device: torch.device, backward: bool = False) -> Plan:
    """Within 99 KB of shared memory at every width; measured at width 32."""
    exact, wide = dtype == torch.float32, max(width, value_width) > 32
    small = exact and (wide or backward)
    chunk, stages = 32 if small else 64, 1 if backward and (exact or wide) else 2
    precision = "ieee" if exact else "tf32"
    return Plan(chunk, 4, stages, chunk, chunk, 4, stages, precision, overlapping(device))


def overlapping(device: torch.device) -> bool:
    """Whether a kernel may be launched before the one ahead of it has ended: Hopper and later."""
    return device.type == "cuda" and torch.cuda.get_device_capability(device)[0] >= 9


@dataclass(frozen=True)
class _Room:
    """Room for the states of `lines` times `chunks`; see `kernel_forward`."""

    states: torch.Tensor
    totals: torch.Tensor
    far: torch.Tensor
    lines: int
    size: int
    chunks: int
    groups: int
    group: int

    @staticmethod
    def of(q: torch.Tensor, tokens: int, chunk: int, lines: int, size: int) -> _Room:
        chunks = triton.cdiv(tokens, chunk)
        group = chunks if chunks <= _ONE_GROUP else _GROUP
        groups = triton.cdiv(chunks, group)
        dtype = torch.bfloat16 if q.dtype == torch.bfloat16 else torch.float32
        states, far = (torch.empty(lines * n * size, dtype=dtype, device=q.device) for n in (chunks, groups))
        totals = torch.empty(lines * groups * size, dtype=torch.float32, device=q.device)
        return _Room(states, totals, far, lines, size, chunks, groups, group)

    @property
    def counts(self) -> tuple[int, int, int]:
        return self.chunks, self.groups, self.group


def _scan(room: _Room, slopes: torch.Tensor, heads: int, pairs: int, mask: int, tile: Plan, slices: int) -> None:
    if room.groups == 1:
        return
    wide = min(room.size, 64)
    kernel_forward.scan_kernel[(room.lines * (room.size // wide),)](
        room.totals, room.far, slopes, heads, pairs, room.groups, room.group, mask,
        CHUNK=tile.chunk, SLICES=slices, SIZE=room.size, WIDE=wide, RUN=32, num_stages=1, DEPENDENT=tile.dependent, **tile.early,
    )  # fmt: skip


def _strides(x: torch.Tensor) -> tuple[int, ...]:
    """Of images, heads and tokens, in sixteens; an axis of one needs none."""
    return tuple(x.stride(axis) // 16 if x.shape[axis] > 1 else 0 for axis in range(3))
