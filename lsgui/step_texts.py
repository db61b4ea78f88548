"""What the journal calls a step: the English key of the edit, and the uid of the class that it was painted with."""

from __future__ import annotations

PAINTING = frozenset(
    {"Brush", "Guided brush", "Polygon", "Lasso", "Rectangle", "Ellipse", "Fill", "Wand", "Threshold", "Smart outline",
     "Superpixels"}
)  # fmt: skip
"""Edits that paint with the class in the hand."""
_BETWEEN = "\t"
"""Journals of older versions have no class; older versions show the uid behind the key."""


def joined(key: str, uid: str) -> str:
    return key + _BETWEEN + uid if uid else key


def parted(text: str) -> tuple[str, str]:
    """(key, uid); the uid is "" where none is known."""
    key, _, uid = text.partition(_BETWEEN)
    return key, uid
