"""Workspace: a folder of images and, in its sub-folder, everything a person and the program know about them."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from model.classes import ClassTable, default_table
from model.errors import ClassTableError, WorkspaceError
from model.files import sha256
from model.images import Image, list_images
from model.index import FileStamp, Index
from model.layout import Layout
from model.map_store import Maps, MapStore, has_human
from model.messages import Message
from model.prediction import Prediction
from model.provenance import HUMAN
from model.records import LabelRecord, classes_in, read_json, uids_of
from model.split import Grouping, Split, choose_grouping, split_of, unit_of

__all__ = [
    "WORKSPACE_FOLDER",
    "Entry",
    "LabelledImage",
    "Maps",
    "Split",
    "Status",
    "Workspace",
    "WorkspaceLocked",
    "WorkspaceNotWritable",
]

WORKSPACE_FOLDER = "segmentation"


class WorkspaceLocked(WorkspaceError):
    """Another program has the workspace open."""


class WorkspaceNotWritable(WorkspaceError):
    """The workspace cannot be written where it is; open it with another root."""


class Status(StrEnum):
    """How far an image is. `corrected` also says of a labelled image that newer work is not in its label yet."""

    NONE = "none"
    PREDICTED = "predicted"
    CORRECTED = "corrected"
    LABELLED = "labelled"


@dataclass(frozen=True)
class Entry:
    """One image of the folder. `confidence` is the prediction's mean, `least_sure` a class uid and its mean, 0..1.

    `modified` is when its maps last changed, in seconds since 1970.
    """

    name: str
    path: Path
    status: Status
    split: Split | None = None
    confidence: float | None = None
    least_sure: tuple[str, float] | None = None
    modified: float | None = None


@dataclass(frozen=True)
class LabelledImage:
    """One pair for training or scoring. `classes` maps the label's values to class uids."""

    image_path: Path
    label_path: Path
    split: Split
    unit: str
    classes: Mapping[int, str]


class Workspace:
    """Open one with `Workspace.open`, or with `Workspace.peek` to read only. Methods may be called from any thread."""

    def __init__(self, folder: Path, root: Path, lock: FileLock | None) -> None:
        self.folder = folder
        self.root = root
        self.notices: tuple[Message, ...] = ()
        self._layout = Layout(root)
        self._lock = lock
        self._maps = MapStore(self._layout)
        self._index = Index(None if lock is None else self._layout.index)
        self._guard = threading.RLock()
        self._labelling = threading.Lock()
        self.classes = self._read_classes()
        self.refresh()

    @staticmethod
    def open(folder: Path, root: Path | None = None) -> Workspace:
        """Open for reading and writing; `root` is `folder`/segmentation unless given, and is made.

        Raises WorkspaceLocked, WorkspaceNotWritable, or ImageError when `folder` cannot be listed.
        """
        folder, root = _absolute(folder, root)
        lock = _lock(root)
        try:
            return Workspace(folder, root, lock)
        except BaseException:
            lock.release()
            raise

    @staticmethod
    def peek(folder: Path, root: Path | None = None) -> Workspace:
        """Open for reading beside another program: takes no lock and writes nothing, not even an index."""
        return Workspace(*_absolute(folder, root), None)

    def close(self) -> None:
        """Let other programs open it. Safe to call twice."""
        with self._guard:
            self._index.close()
            if self._lock is not None:
                self._lock.release()

    def set_classes(self, table: ClassTable) -> ClassTable:
        """Make `table` the workspace's own and return it as adopted: a class it already knew keeps its value.

        Raises WorkspaceError when it cannot be written; then the old table stays.
        """
        table = table.keeping_values_of(self.classes)
        with _saving("classes.json"):
            if self.notices and self._layout.classes.exists():
                self._layout.classes.replace(self._layout.classes.with_suffix(".damaged.json"))
            table.write(self._layout.classes)
        self.notices = ()
        self.classes = table
        return table

    def entries(self) -> list[Entry]:
        """Every image of the folder in natural order."""
        with self._guard:
            return list(self._entries.values())

    def entry(self, name: str) -> Entry:
        """Raises KeyError for a name that is no image of the folder."""
        with self._guard:
            return self._entries[name]

    def refresh(self) -> None:
        """Look at the disk again, for what other programs have changed."""
        paths = list_images(self.folder)
        stamps = {folder.name: _stamps(folder) for folder in self._layout.folders}
        with self._guard:
            self._stamps = stamps
            self._records = {name[:-5]: self._cached("labels", name) for name in stamps["labels"] if name.endswith(".json")}
            self._entries = {path.name: self._entry(path) for path in paths}
            self._index.flush(keep=[f"{folder}/{name}" for folder, names in stamps.items() for name in names])

    def read_maps(self, name: str, shape: tuple[int, int]) -> Maps:
        """What is known about image `name`, whose pixels have `shape` (H, W)."""
        return self._maps.read(name, shape, self.classes)

    def read_prediction_map(self, name: str, shape: tuple[int, int]) -> np.ndarray | None:
        """uint8 (H, W), or None when the image was never predicted. Raises LabelError when it cannot be used."""
        return self._maps.read_prediction(name, shape, self.classes)

    def write_work(self, name: str, label_map: np.ndarray, provenance: np.ndarray) -> Entry:
        """Autosave both planes, uint8 (H, W). Raises WorkspaceError; then the files are what they were."""
        with _saving(name):
            self._maps.write_work(name, label_map, provenance, self.classes)
        return self._changed(name)

    def write_prediction(self, name: str, prediction: Prediction) -> Entry:
        """Raises WorkspaceError as `write_work` does."""
        with _saving(name):
            self._maps.write_prediction(name, prediction, self.classes)
        return self._changed(name)

    def save_label(
        self, name: str, image: Image, label_map: np.ndarray, provenance: np.ndarray, accepted: bool
    ) -> Entry:
        """Make `label_map` training data, and decide its split if this is its first label.

        The autosaved map goes, since the label is now the truth. Raises WorkspaceError as `write_work` does.
        """
        with self._labelling, _saving(name):
            split, unit, grouping = self._decide(name, image)
            self._maps.write_label(name, label_map, self.classes)
            record = LabelRecord(
                image=name,
                status="accepted" if accepted else "labelled",
                split=split,
                unit=unit,
                grouping=grouping,
                classes=classes_in(label_map, self.classes),
                height=label_map.shape[0],
                width=label_map.shape[1],
                spacing=image.spacing,
                image_sha256=sha256(self.folder / name),
                label_sha256=sha256(self._layout.label(name)),
                human=float((provenance == HUMAN).mean()),
                saved=datetime.now(UTC).isoformat(timespec="seconds"),
            )
            record.write(self._layout.label_record(name))
            self._maps.drop_work(name)
            return self._changed(name)

    def labelled(self) -> list[LabelledImage]:
        """Every image of the folder that has a label: all that training and scoring read."""
        with self._guard:
            names = [name for name in self._entries if f"{name}.png" in self._stamps["labels"]]
            return [self._labelled(name) for name in names]

    def _labelled(self, name: str) -> LabelledImage:
        """A label that another tool put there has no record; it trains, unless what it belongs to is held out."""
        record = self._records.get(name, {})
        unit, split = record.get("unit", name), record.get("split")
        if split not in tuple(Split):
            unit, _ = self._unit(name, None)
            split = self._decided().get(unit, Split.TRAIN)
        table = {item.value: item.uid for item in self.classes.classes}
        path = self._entries[name].path
        return LabelledImage(path, self._layout.label(name), Split(split), unit, table | uids_of(record))

    def _decide(self, name: str, image: Image) -> tuple[Split, str, Grouping]:
        with self._guard:
            record = self._records.get(name, {})
        if record.get("split") in tuple(Split):
            stored = record.get("grouping")
            grouping = Grouping(stored) if stored in tuple(Grouping) else Grouping.IMAGE
            return Split(record["split"]), str(record.get("unit", name)), grouping
        unit, grouping = self._unit(name, image.series)
        with self._guard:
            return split_of(unit, self._decided()), unit, grouping

    def _unit(self, name: str, series: str | None) -> tuple[str, Grouping]:
        with self._guard:
            siblings = [entry.path for entry in self._entries.values()]
            fixed = [Grouping(r["grouping"]) for r in self._records.values() if r.get("grouping") in tuple(Grouping)]
        grouping = choose_grouping(self.folder / name, series, siblings, fixed)
        return unit_of(self.folder / name, series, grouping), grouping

    def _decided(self) -> dict[str, Split]:
        """The split of every unit that has a label; one held-out image holds out its whole unit."""
        decided: dict[str, Split] = {}
        for name, record in self._records.items():
            unit, split = str(record.get("unit", name)), record.get("split")
            if split in tuple(Split) and decided.get(unit) is not Split.HELD_OUT:
                decided[unit] = Split(split)
        return decided

    def _changed(self, name: str) -> Entry:
        """Look again at the files of one image, after writing some of them."""
        files = (f"{name}.png", f"{name}.json", f"{name}.provenance.png")
        with self._guard:
            for folder in self._layout.folders:
                for file in files:
                    _restamp(self._stamps[folder.name], folder / file)
            if f"{name}.json" in self._stamps["labels"]:
                self._records[name] = self._cached("labels", f"{name}.json")
            entry = self._entries[name] = self._entry(self.folder / name)
            self._index.flush()
        return entry

    def _entry(self, path: Path) -> Entry:
        labels, work, predictions = (self._stamps[folder.name] for folder in self._layout.folders)
        file = f"{path.name}.png"
        seen = [stamps[file] for stamps in (work, labels, predictions) if file in stamps]
        if not seen:
            return Entry(path.name, path, Status.NONE)
        record = self._records.get(path.name, {}) if file in labels else {}
        sure = self._cached("predictions", f"{path.name}.json") if file in predictions else {}
        least = sure.get("least_sure")
        return Entry(
            path.name,
            path,
            self._status(path.name),
            Split(record["split"]) if record.get("split") in tuple(Split) else None,
            sure.get("mean_confidence"),
            (least[0], least[1]) if isinstance(least, list) and len(least) == 2 else None,
            max(stamp.modified for stamp in seen) / 1e9,
        )

    def _status(self, name: str) -> Status:
        labels, work, predictions = (self._stamps[folder.name] for folder in self._layout.folders)
        if f"{name}.png" in work and self._cached("work", f"{name}.provenance.png").get("human", True):
            return Status.CORRECTED
        if f"{name}.png" in labels:
            return Status.LABELLED
        return Status.PREDICTED if f"{name}.png" in work or f"{name}.png" in predictions else Status.NONE

    def _cached(self, folder: str, file: str) -> dict:
        """What the file says, from the index unless it has changed; empty when it does not exist."""
        stamp = self._stamps[folder].get(file)
        if stamp is None:
            return {}
        path = self.root / folder / file
        read = (lambda: {"human": has_human(path)}) if folder == "work" else (lambda: read_json(path))
        return self._index.get(f"{folder}/{file}", stamp, read)

    def _read_classes(self) -> ClassTable:
        """The stored table; a damaged one is kept and named in `notices`, and the default stands in."""
        if not self._layout.classes.exists():
            table = default_table()
            if self._lock is not None:
                with _saving("classes.json"):
                    table.write(self._layout.classes)
            return table
        try:
            return ClassTable.read(self._layout.classes)
        except ClassTableError as error:
            self.notices = (error.message,)
            return default_table()


def _absolute(folder: Path, root: Path | None) -> tuple[Path, Path]:
    folder = Path(folder).absolute()
    return folder, Path(root).absolute() if root else folder / WORKSPACE_FOLDER


def _lock(root: Path) -> FileLock:
    """The lock is the system's: a program that crashes lets go of it. Taking it also proves that we can write."""
    layout = Layout(root)
    lock = FileLock(layout.lock, timeout=0, thread_local=False)
    try:
        for folder in layout.folders:
            folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise WorkspaceLocked(
            "{folder} is open in another window of this program; close it there, or open another folder.",
            folder=str(root.parent if root.name == WORKSPACE_FOLDER else root),
        ) from error
    except OSError as error:
        raise WorkspaceNotWritable(
            "{folder} cannot be written ({reason}); choose another place for labels and predictions.",
            folder=str(root),
            reason=error.strerror or str(error),
        ) from error
    return lock


@contextmanager
def _saving(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise WorkspaceError(
            "{name} could not be saved: {reason}. The old file is intact; make room or choose a folder "
            "that can be written, then save again.",
            name=name,
            reason=error.strerror or str(error),
        ) from error


def _stamps(folder: Path) -> dict[str, FileStamp]:
    """File name -> stamp for everything in `folder`; empty when it does not exist."""
    found = {}
    try:
        with os.scandir(folder) as items:
            for item in items:
                state = item.stat()
                found[item.name] = FileStamp(state.st_mtime_ns, state.st_size)
    except FileNotFoundError:
        return found
    return found


def _restamp(stamps: dict[str, FileStamp], path: Path) -> None:
    try:
        state = path.stat()
        stamps[path.name] = FileStamp(state.st_mtime_ns, state.st_size)
    except FileNotFoundError:
        stamps.pop(path.name, None)
