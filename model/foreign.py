"""Maps that another program changes while an image is open: noticed by time and size, and kept before they go."""

from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path

from model import disk
from model.files import copy_file
from model.index import FileStamp
from model.layout import Layout

LONGEST = 255
"""Bytes that the name of a file may have."""


class KnownMaps:
    """Remembers how our own maps look on the disk. Its methods may be called from any thread."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._stamps: dict[Path, FileStamp | None] = {}
        self._kept: dict[Path, FileStamp | None] = {}
        self._guard = threading.Lock()

    def know(self, name: str) -> None:
        """The maps of this image are as they should be, now."""
        for path in self._paths(name):
            with self._guard:
                self._stamps[path] = stamp_of(path)

    def changed(self, name: str) -> list[Path]:
        """The maps that somebody else has written since; one that is gone is not missed, since the journal holds it."""
        found = []
        for path in self._paths(name):
            with self._guard:
                known = self._stamps.get(path, _NOBODY_KNOWS)
            now = stamp_of(path)
            if known is not _NOBODY_KNOWS and now is not None and now != known:
                found.append(path)
        return found

    def keep(self, path: Path) -> Path:
        """Copy a file to `kept/`, under a name with the time. Raises OSError."""
        stamp = stamp_of(path)  # before: what is written meanwhile is not in the copy
        target = place_in(self._layout.kept, path)
        copy_file(path, target)
        with self._guard:
            self._kept[path] = stamp
        return target

    def has_kept(self, path: Path) -> bool:
        """Whether a copy of the file as it is now was put into `kept/`."""
        with self._guard:
            return path in self._kept and self._kept[path] == stamp_of(path)

    def keep_and_know(self, path: Path) -> None:
        """`keep` one map, which may be overwritten as it is now; the image's other one may have changed, too."""
        self.keep(path)
        with self._guard:
            self._stamps[path] = self._kept[path]

    def keep_all(self, name: str) -> None:
        """Copy the maps of an image, and the record of its label, to `kept/`. Raises OSError."""
        label, record, work = self._layout.label(name), self._layout.label_record(name), self._layout.work(name)
        if label.exists():
            target = self.keep(label)
            if record.exists():
                copy_file(record, target.with_suffix(record.suffix))
        if work.exists():
            copy_file(work, place_in(self._layout.kept, work.with_stem(f"{work.stem}.work")))

    def _paths(self, name: str) -> tuple[Path, Path]:
        return self._layout.label(name), self._layout.work(name)


def place_in(kept: Path, path: Path) -> Path:
    """A free name for `path` in the folder `kept`, which is made: with the time, and a number within one second."""
    disk.make_folder(kept)
    ending = f".{datetime.now().astimezone():%Y%m%d-%H%M%S}"
    room = LONGEST - len(ending) - len("-999") - len(path.suffix.encode())
    stem = path.stem.encode(errors="surrogateescape")[:room].decode(errors="ignore") + ending
    wanted, number = kept / f"{stem}{path.suffix}", 1
    while wanted.exists():
        number += 1
        wanted = kept / f"{stem}-{number}{path.suffix}"
    return wanted


def stamp_of(path: Path) -> FileStamp | None:
    """None where no file is."""
    try:
        state = path.stat()
    except OSError:
        return None
    return FileStamp(state.st_mtime_ns, state.st_size)


_NOBODY_KNOWS = FileStamp(-1, -1)
