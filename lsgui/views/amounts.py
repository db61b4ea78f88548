"""Numbers as the window writes them."""

from __future__ import annotations

import math

LONGEST = 1e7
"""What is larger is written with an exponent."""


def number(value: float) -> str:
    """Whole where whole numbers are meant, three digits where values are fractions or huge."""
    whole = 10 <= abs(value) < LONGEST or value == round(value) and abs(value) < LONGEST
    return f"{value:.0f}" if whole else f"{value:.3g}"


def decimals(span: float, at_least: int) -> int:
    """So many that a thousandth of `span` can be told."""
    return max(at_least, 3 - math.floor(math.log10(span)))


def size_text(size: int) -> str:
    """Bytes of memory."""
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{max(1, round(size / 1000))} KB"
