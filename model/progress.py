"""How a long operation reports, and how it learns that it should stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from model.messages import Message


@dataclass(frozen=True)
class Progress:
    """`fraction` is in 0..1, or None while the amount of work is unknown."""

    fraction: float | None
    message: Message | None = None


class Cancelled(Exception):
    """Raised out of a `report` call when whoever started the operation wants it to stop."""


Report = Callable[[Progress], None]
"""Each call is a cancellation point: it may raise `Cancelled`."""


def silent(progress: Progress) -> None:
    """A `Report` that listens to nothing and never cancels."""
