"""How large the window and its text are, in percent of what the system says: Qt reads it once, before the application."""

from __future__ import annotations

import os

SIZES = (100, 125, 150, 200)
SMALLEST_WINDOW = (1020, 580)
"""Logical pixels that the window needs."""
_VARIABLE = "QT_SCALE_FACTOR"


def use_size(percent: int) -> None:
    """For the application that is made next. Whoever has set the variable in the environment has chosen."""
    if percent != 100:
        os.environ.setdefault(_VARIABLE, str(percent / 100))


def size_fits(percent: int, screen: tuple[int, int]) -> bool:
    """Whether the window would fit on a screen that has so many logical pixels by the size in force."""
    ratio = _in_force() / percent
    return all(length * ratio >= least for length, least in zip(screen, SMALLEST_WINDOW, strict=True))


def _in_force() -> float:
    """In percent."""
    try:
        return 100 * float(os.environ.get(_VARIABLE, "1"))
    except ValueError:
        return 100.0
