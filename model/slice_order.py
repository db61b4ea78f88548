"""The order of a folder's images: by name, and the slices of a DICOM series as they lie in the body.

Names say nothing about that where an archive made them of UIDs, and what works with neighbours would take the wrong ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from model.slice_headers import SlicePlace, Vector, along

_PARALLEL = 0.99
"""The cosine between the normals of slices of one stack, either way up: up to 8 degrees, as a scout's three directions
never are."""
_DIGITS = 3
"""Micrometres: what lies closer lies in the same place."""


def in_slice_order(names: Sequence[str], places: Mapping[str, SlicePlace]) -> list[str]:
    """`names`, in the order of names, with each series together at the place of its first; `places` knows the slices."""
    series: dict[str, list[str]] = {}
    for name in names:
        if name in places:
            series.setdefault(places[name].series, []).append(name)
    ordered: list[str] = []
    for name in names:
        if name in places:
            ordered += _ordered(series.pop(places[name].series, ()), places)
        else:
            ordered.append(name)
    return ordered


def _ordered(names: Sequence[str], places: Mapping[str, SlicePlace]) -> list[str]:
    """One series: by position where all slices have one, else by number where all have one, else by name."""
    said = [places[name] for name in names]
    if all(place.position is not None and place.normal is not None for place in said):
        return [name for normal, stack in _stacks(names, places) for name in _by_position(stack, normal, places)]
    if all(place.number is not None for place in said):
        return sorted(names, key=lambda name: places[name].number)
    return list(names)


def _stacks(names: Sequence[str], places: Mapping[str, SlicePlace]) -> list[tuple[Vector, list[str]]]:
    """The parallel slices of a series together, with the normal of the first."""
    stacks: list[tuple[Vector, list[str]]] = []
    for name in names:
        normal = places[name].normal
        stack = next((stack for other, stack in stacks if abs(along(normal, other)) > _PARALLEL), None)
        if stack is None:
            stacks.append((normal, [name]))
        else:
            stack.append(name)
    return stacks


def _by_position(names: list[str], normal: Vector, places: Mapping[str, SlicePlace]) -> list[str]:
    """Names that run from one end to the other already stay, in either direction.

    Where several slices lie in one place, as those of a perfusion do, the first of every place come first: between two of
    one time lies none of another.
    """
    position = {name: round(along(places[name].position, normal), _DIGITS) for name in names}
    run = [position[name] for name in names]
    if run in (sorted(run), sorted(run, reverse=True)):
        return names
    seen: Counter[float] = Counter()
    times: dict[str, int] = {}
    for name in sorted(names, key=lambda name: places[name].number or 0):
        times[name] = seen[position[name]]
        seen[position[name]] += 1
    return sorted(names, key=lambda name: (times[name], position[name]))
