"""A field of the paint settings: checked when it is set, and told of when it changes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar, overload

T = TypeVar("T")
Check = Callable[[Any], T]
"""Turns what was given into a value of the field; raises ValueError for what is none."""


class HasFields(Protocol):
    """Whose fields these are."""

    def set_field(self, name: str, value: object) -> None:
        """Keep it, and tell of it when it is another."""


class PaintField(Generic[T]):
    """`size = PaintField(5.0, within(1, 9))` in a class: `x.size` is 5.0 until it is set."""

    def __init__(self, default: T, check: Check[T]) -> None:
        self.default = default
        self.check = check
        self._name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = f"_{name}"

    @overload
    def __get__(self, instance: None, owner: type) -> PaintField[T]: ...
    @overload
    def __get__(self, instance: HasFields, owner: type) -> T: ...
    def __get__(self, instance: HasFields | None, owner: type) -> PaintField[T] | T:
        return self if instance is None else instance.__dict__.get(self._name, self.default)

    def __set__(self, instance: HasFields, value: T) -> None:
        instance.set_field(self._name, self.check(value))


def one_of(*choices: str) -> Check[str]:
    """Exactly one of these words."""

    def check(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"{value!r} is none of {', '.join(choices)}")
        return value

    return check


def within(low: float, high: float) -> Check[float]:
    """The nearest number from `low` to `high`."""

    def check(value: Any) -> float:
        if math.isnan(float(value)):
            raise ValueError("not a number")
        return min(max(float(value), low), high)

    return check


def span(value: Any) -> tuple[float, float] | None:
    """None, or two numbers, the lower one first."""
    if value is None:
        return None
    low, high = (float(end) for end in value)
    if math.isnan(low) or math.isnan(high):
        raise ValueError("not a number")
    return (low, high) if low <= high else (high, low)
