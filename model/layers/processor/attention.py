"""Lightning attention straight from qkv, a slab of chunks at a time, so that all but the states stays in the cache.

out = (Q K^T * M) V as in `model.attention.chunk`: masked products inside chunks of tokens, decaying states between them.
A first pass, from the end to the start, leaves before each chunk the state of all that comes after it; a second, from
the start, carries the state of all that came before along and computes what comes out.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

_CHUNK = 64
"""Tokens of a chunk, about: shorter ones spend less on scores and more on states."""
_SLAB = 96
"""Chunks of single heads in a slab: six arrays of 64x32 numbers for each are about 5 MB."""
_NEGLIGIBLE = 80.0
"""exp(-80) is 2e-35; smaller numbers would soon be denormal, which processors are slow at."""


def attend(qkv: torch.Tensor, slopes: torch.Tensor, direction: str, by_columns: bool) -> torch.Tensor:
    """As `plain.attend`, for float32 and without gradients."""
    batch, height, width, channels = qkv.shape
    out = qkv.new_empty(batch, height, width, channels // 3)
    chunks = _by_columns(height, width) if by_columns else _by_rows(height * width)
    for tokens, result in zip(qkv, out, strict=True):
        if chunks is None:
            _attend_copied(tokens, result, slopes, direction, by_columns)
        else:
            _Scan(slopes, direction, chunks[1:], channels // 3).run(
                _in_chunks(tokens, chunks, by_columns, 3 * len(slopes)),
                _in_chunks(result, chunks, by_columns, len(slopes)),
            )
    return out
