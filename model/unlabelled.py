"""Unlabelled images: those that a training may look at, because nothing that judges it resembles them."""

from __future__ import annotations

from pathlib import Path

from model.layout import Layout
from model.records import read_json
from model.split import Split, units_of
from model.workspace import Workspace

NEAR = 2
"""Places in the folder's order: so close to a held-out image, another may show nearly the same."""


def unlabelled(workspace: Workspace) -> list[Path]:
    """The images without a label, in the folder's order, but for held-out units and what stands next to them.

    A model that has seen an image, even without its label, is not judged by it as by one that it never met.
    """
    paths = [entry.path for entry in workspace.entries()]
    labelled = {item.image_path.name: item for item in workspace.labelled()}
    free = [path for path in paths if path.name not in labelled]
    held = {item.unit for item in labelled.values() if item.split is Split.HELD_OUT}
    if not held:
        return free
    layout = Layout(workspace.root)
    records = {name: read_json(layout.label_record(name)) for name in labelled}
    units = units_of(free, paths, records) | {name: item.unit for name, item in labelled.items()}
    shut = {place for place, path in enumerate(paths) if units[path.name] in held}
    near = {place + step for place in shut for step in range(-NEAR, NEAR + 1)}
    return [path for place, path in enumerate(paths) if place not in near and path.name not in labelled]
