"""Numbers as the window writes them."""

from __future__ import annotations


def number(value: float) -> str:
    """Whole where whole numbers are meant, three digits where values are fractions."""
    return f"{value:.0f}" if abs(value) >= 10 or value == round(value) else f"{value:.3g}"


def size_text(size: int) -> str:
    """Bytes of memory."""
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{max(1, round(size / 1000))} KB"
