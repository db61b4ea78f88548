"""Where the values of classes are still held in a workspace, so that no class is removed that somebody has used."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from model.errors import LabelError
from model.labels import read_label, values_in
from model.layout import Layout
from model.map_store import has_human
from model.messages import Message
from model.progress import Progress, Report

if TYPE_CHECKING:
    from model.workspace import Workspace

_NO_IMAGE = re.compile(r"\.provenance$|\.damaged-\d+$")


@dataclass(frozen=True)
class Holders:
    """`used` are the values in labels and in a person's maps, each with an image that holds it; `histories` and `predictions`
    name images of the folder whose undo steps, or whose predictions, hold them or do not tell.
    """

    used: Mapping[int, str]
    histories: tuple[str, ...]
    predictions: tuple[str, ...]

    @property
    def linger(self) -> bool:
        """Whether a value might turn up again although it is not in use."""
        return bool(self.histories or self.predictions)


def look_for(workspace: Workspace, values: Collection[int], report: Report) -> Holders:
    """In everything that is on the disk, also of images that are not in the folder any more: they may come back."""
    layout, values = Layout(workspace.root), set(values)
    there = {entry.name for entry in workspace.entries()}
    used: dict[int, str] = {}
    histories, predictions = [], []
    names = _names(layout)
    for number, name in enumerate(names):
        report(Progress(number / len(names), Message("{name}", {"name": name})))
        held = _in_maps(layout, name) | workspace.edits.values(name)
        if workspace.edits.history_holds(name, values):
            if name in there:
                histories.append(name)
            else:
                held |= workspace.edits.values_in_history(name)
        used = dict.fromkeys(held & values, name) | used
        if name in there and workspace.may_show(name, values):
            predictions.append(name)
    return Holders(used, tuple(histories), tuple(predictions))


def _names(layout: Layout) -> list[str]:
    """Of all images that have a map or a journal; copies that were set aside belong to none."""
    found: set[str] = set()
    for folder in layout.folders:
        for path in folder.iterdir() if folder.is_dir() else ():
            if path.suffix in (".png", ".journal") and not _NO_IMAGE.search(path.stem):
                found.add(path.stem)
    return sorted(found)


def _in_maps(layout: Layout, name: str) -> set[int]:
    """Predictions can be made again, and do not count."""
    used: set[int] = set()
    paths = [layout.label(name), layout.work(name)]
    for path in (path for path in paths if path.exists() and (path == paths[0] or has_human(path))):
        try:
            used |= values_in(read_label(path, None, None))
        except LabelError:
            continue
    return used
