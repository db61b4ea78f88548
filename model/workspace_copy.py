"""What somebody has done in a workspace that cannot be written, as the beginning of one elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

from model.files import copy_file
from model.layout import Layout
from model.progress import Progress, Report
from model.runs import active_weights, set_active


def holds_work(root: Path) -> bool:
    """Whether there is a class table, a map, a label or a journal in the workspace at `root`."""
    layout = Layout(root)
    return layout.classes.is_file() or any(_files(folder) for folder in layout.folders)


def begin_with(source: Path, target: Path, report: Report) -> None:
    """Copy maps, labels, journals and classes from one root to the other, whose model remains that of `source`.

    Its runs stay where they are, but what they have seen is no less seen in the copy. The classes come last: where they
    lie, the copy is whole, and one that was cut off goes on. Raises OSError.
    """
    there, here = Layout(source), Layout(target)
    pairs = [
        (path, new / path.name) for old, new in zip(there.folders, here.folders, strict=True) for path in _files(old)
    ]
    if there.seen.is_file():
        pairs.append((there.seen, here.seen))
    weights = active_weights(source)
    if there.classes.is_file():
        pairs.append((there.classes, here.classes))
    for number, (path, copy) in enumerate(pairs):
        report(Progress(number / len(pairs)))
        if copy == here.classes and weights is not None:
            set_active(target, weights)
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy_file(path, copy)
            state = path.stat()
            os.utime(copy, ns=(state.st_atime_ns, state.st_mtime_ns))  # of two maps the newer one is the truth


def _files(folder: Path) -> list[Path]:
    """Not those that a program left half written."""
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(path for path in found if path.is_file() and not path.name.startswith("."))
