"""Unlabelled images: those that a training may look at, because nothing that judges it resembles them."""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence, Set
from pathlib import Path

from model.copies import copies_of
from model.labelled_images import LabelledImage
from model.layout import Layout
from model.seen_units import add_seen, seen_units
from model.split import HELD_OUT_EVERY, Split, decided_units, stored_split, unit_in, units_of
from model.workspace import Workspace

NEAR = 2
"""Places in the folder's order: so close to a held-out image, another may show nearly the same."""


def unlabelled(workspace: Workspace) -> list[Path]:
    """The images without a label, in the folder's order, but for held-out units, what stands next to them and copies of
    them, and for one in five of the units without any label, so that one that gets a label later can still be held out.

    A model that has seen an image, even without its label, is not judged by it as by one that it never met.
    """
    paths = [entry.path for entry in workspace.entries()]
    labelled = workspace.labelled()
    units = _units(workspace, paths, labelled)
    splits = [*decided_units(workspace.label_records()).items(), *((item.unit, item.split) for item in labelled)]
    held = {unit for unit, split in splits if split is Split.HELD_OUT}  # by any of its images
    shut = {place for place, path in enumerate(paths) if units[path.name] in held}
    copies = copies_of((path for path in paths if units[path.name] in held), paths) if held else set()
    near = {place + step for place in shut for step in range(-NEAR, NEAR + 1)}
    kept = _reserved(set(units.values()) - {unit for unit, _ in splits}, seen_units(Layout(workspace.root)))
    names = {item.image_path.name for item in labelled}
    return [
        path
        for place, path in enumerate(paths)
        if place not in near and path not in copies and path.name not in names and units[path.name] not in kept
    ]


def remember_seen(workspace: Workspace, looked_at: Sequence[Path]) -> list[Path]:
    """Before a training looks at these images: none of their units will be held out from now on.

    Returns those that it may look at all the same: labels may have been saved since `workspace` was read, which it is
    again. Raises OSError, and ImageError when the folder is gone.
    """
    units = _units(workspace, [entry.path for entry in workspace.entries()], workspace.labelled())
    add_seen(Layout(workspace.root), {units[path.name] for path in looked_at})
    workspace.refresh()  # not sooner: what is held out after this look knows what was added
    free = set(unlabelled(workspace))
    return [path for path in looked_at if path in free]


def _units(workspace: Workspace, paths: Sequence[Path], labelled: Sequence[LabelledImage]) -> dict[str, str]:
    """The unit of every image by its name."""
    records = workspace.label_records()
    known = {name: unit_in(record, name) for name, record in records.items() if stored_split(record) is not None}
    known |= {item.image_path.name: item.unit for item in labelled}
    return units_of([path for path in paths if path.name not in known], paths, records) | known


def _reserved(undecided: Set[str], seen: Set[str]) -> set[str]:
    """Of the units that nobody has seen, as many as make a fifth of the undecided: the same ones each time, which are not
    next to each other.
    """
    count = (len(undecided) + HELD_OUT_EVERY // 2) // HELD_OUT_EVERY
    return set(sorted(undecided - seen, key=lambda unit: (zlib.crc32(os.fsencode(unit)), unit))[:count])
