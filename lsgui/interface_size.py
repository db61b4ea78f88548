"""How large the window and its text are, in percent of what the system says: Qt reads it once, before the application."""

from __future__ import annotations

import os
from collections.abc import Sequence

SIZES = (100, 125, 150, 200)
SMALLEST_WINDOW = (1020, 580)
"""Logical pixels that the window needs."""
_VARIABLE = "QT_SCALE_FACTOR"


def chosen_elsewhere() -> bool:
    """Whoever has set the variable in the environment has chosen."""
    return _VARIABLE in os.environ


def use_size(percent: int) -> None:
    """For the application that is made next."""
    os.environ[_VARIABLE] = str(percent / 100)


def largest_fitting(percent: int, screens: Sequence[tuple[int, int]]) -> int:
    """`percent`, or the largest size below it with which the window fits on one of the `screens`, see `size_fits`."""
    fitting = [size for size in SIZES if size <= percent and any(size_fits(size, screen) for screen in screens)]
    return max(fitting, default=SIZES[0])


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
