"""The units of a workspace that a training has looked at without a label: what they show can no longer judge a model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from filelock import FileLock

from model import disk
from model.layout import Layout
from model.records import keep_damaged, read_json, read_object, write_json

_PATIENCE = 60.0
"""Seconds to wait for the other program, which holds the lock no longer than it takes to write one label."""


def seen_units(layout: Layout) -> frozenset[str]:
    """Empty where no training has looked at any, or the list cannot be read."""
    return _units_in(read_json(layout.seen))


def split_lock(layout: Layout) -> FileLock:
    """Held from reading `seen_units` until the label's record says what was decided by them, and by `add_seen`.

    So each decision either is there to be read once `add_seen` has returned, or knows what was added. To acquire it
    raises OSError.
    """
    return FileLock(layout.split_lock, timeout=_PATIENCE, thread_local=False)


def add_seen(layout: Layout, units: Iterable[str]) -> None:
    """By whoever holds the training's lock, before the first look. Raises OSError, also where the list is there and cannot be
    read now: one that is begun anew would forget what others have seen.
    """
    with split_lock(layout):
        before = _units_in(read_object(layout.seen) or {}) if layout.seen.exists() else frozenset()
        if not before.issuperset(units := set(units)):
            disk.make_folder(layout.runs)
            keep_damaged(layout.seen)
            write_json(layout.seen, {"units": sorted(before | units)})


def _units_in(listed: Mapping[str, object]) -> frozenset[str]:
    units = listed.get("units")
    return frozenset(str(unit) for unit in units) if isinstance(units, list) else frozenset()
