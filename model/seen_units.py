"""The units of a workspace that a training has looked at without a label: what they show can no longer judge a model."""

from __future__ import annotations

from collections.abc import Iterable

from model import disk
from model.layout import Layout
from model.records import keep_damaged, read_json, write_json


def seen_units(layout: Layout) -> frozenset[str]:
    """Empty where no training has looked at any, or the list cannot be read."""
    units = read_json(layout.seen).get("units")
    return frozenset(str(unit) for unit in units) if isinstance(units, list) else frozenset()


def add_seen(layout: Layout, units: Iterable[str]) -> None:
    """By whoever holds the training's lock, before the first look. Raises OSError."""
    before = seen_units(layout)
    if not before.issuperset(units := set(units)):
        disk.make_folder(layout.runs)
        keep_damaged(layout.seen)
        write_json(layout.seen, {"units": sorted(before | units)})
