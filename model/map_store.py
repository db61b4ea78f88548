"""The maps of a workspace on disk: read in order of truth, written without ever losing what was there."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL.PngImagePlugin import PngInfo

from model import disk
from model.classes import ClassTable
from model.errors import LabelError
from model.files import atomic_write, sha256
from model.labels import UNTOUCHED, read_label, values_in, write_label
from model.layout import Layout
from model.mark import Mark
from model.messages import Message
from model.pillow import pillow
from model.plane_source import PlaneSource
from model.prediction import Prediction
from model.provenance import HUMAN, MODEL, UNSET
from model.records import classes_in, free_name, in_table, read_json, uids_of, write_json


@dataclass(frozen=True, eq=False)
class Maps:
    """What is known about an image: `label_map` and `provenance`, uint8 (H, W), the caller's own to change.

    `source` is work, label, prediction or none. `notices` name files that could not be used; they are kept.
    """

    label_map: np.ndarray
    provenance: np.ndarray
    source: str
    notices: tuple[Message, ...] = ()


@dataclass(frozen=True)
class Written:
    """A map's file: its `sha256`, the `classes` in it as a record lists them, and the share that a person set, 0..1."""

    sha256: str
    classes: list[dict]
    human: float


class MapStore:
    """Reads and writes the maps below one root. Its methods may be called from several threads."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._written: dict[Path, tuple[ClassTable, tuple[int, int]]] = {}
        self._guard = threading.Lock()

    def read(self, name: str, shape: tuple[int, int], classes: ClassTable) -> Maps:
        """The newest truth about image `name` of `shape` (H, W): work, else label, else prediction, else untouched."""
        notices: list[Message] = []
        for source, reader in (("work", self._work), ("label", self._label), ("prediction", self._prediction)):
            try:
                found = reader(name, shape, classes)
            except LabelError as error:
                notices.append(error.message)
                continue
            if found is not None:
                return Maps(*found, source, tuple(notices))
        untouched = np.full(shape, UNTOUCHED, np.uint8)
        return Maps(untouched, np.full(shape, UNSET, np.uint8), "none", tuple(notices))

    def read_prediction(self, name: str, shape: tuple[int, int], classes: ClassTable) -> np.ndarray | None:
        """The predicted label map, None when there is none. Raises LabelError when it cannot be used."""
        found = self._prediction(name, shape, classes)
        return None if found is None else found[0]

    def write_work(self, name: str, planes: PlaneSource, classes: ClassTable, mark: Mark | None = None) -> Written:
        """The provenance first: were it missing, the next prediction would paint over a person's strokes."""
        label_map, provenance = _gathered(planes)
        _, before = _read_provenance(self._layout.provenance(name), None)
        self._keep_unusable(self._layout.work(name), label_map.shape, before, classes)
        note = {"human": bool((provenance == HUMAN).any()), "classes": classes_in(label_map, classes)}
        _write_provenance(self._layout.provenance(name), provenance, note)
        self._write(self._layout.work(name), label_map, classes)
        return _written(self._layout.work(name), label_map, provenance, classes)

    def write_label(self, name: str, planes: PlaneSource, classes: ClassTable, mark: Mark | None = None) -> Written:
        label_map, provenance = _gathered(planes)
        record = read_json(self._layout.label_record(name))
        self._keep_unusable(self._layout.label(name), label_map.shape, record, classes)
        self._write(self._layout.label(name), label_map, classes)
        return _written(self._layout.label(name), label_map, provenance, classes)

    def write_prediction(self, name: str, prediction: Prediction, classes: ClassTable) -> None:
        """Raises OSError like the others. It can be made again, so it is not worth waiting for the disk."""
        record = read_json(self._layout.prediction_record(name))
        self._keep_unusable(self._layout.prediction(name), prediction.label_map.shape, record, classes)
        self._write(self._layout.prediction(name), prediction.label_map, classes, durable=False)
        record = _prediction_record(name, prediction, classes)
        write_json(self._layout.prediction_record(name), record, durable=False)

    def drop_prediction(self, name: str) -> None:
        """Forget what the model said of an image, autosaved or not; a person's work stays."""
        if self._layout.work(name).exists() and not has_human(self._layout.provenance(name)):
            self.drop_work(name)
        disk.remove(self._layout.prediction(name))
        disk.remove(self._layout.prediction_record(name))

    def drop_work(self, name: str) -> None:
        """Forget the autosaved map of an image whose label has just taken its place."""
        for path in (self._layout.work(name), self._layout.provenance(name)):
            if os.path.exists(path):
                disk.remove(path)

    def _work(self, name: str, shape: tuple[int, int], classes: ClassTable) -> tuple[np.ndarray, np.ndarray] | None:
        path = self._layout.work(name)
        if not os.path.exists(path):  # unlike Path's, no error for a name that is too long to exist
            return None
        provenance, note = _read_provenance(self._layout.provenance(name), shape)
        if not note.get("human", True) and _is_newer(self._layout.prediction(name), path):
            return None  # an autosaved prediction that another has replaced since
        label_map = _read(path, shape, note, classes)
        if provenance is None:
            provenance = _set_by(label_map, HUMAN)
        return label_map, provenance

    def _label(self, name: str, shape: tuple[int, int], classes: ClassTable) -> tuple[np.ndarray, np.ndarray] | None:
        path = self._layout.label(name)
        if not os.path.exists(path):
            return None
        label_map = _read(path, shape, read_json(self._layout.label_record(name)), classes)
        return label_map, _set_by(label_map, HUMAN)

    def _prediction(
        self, name: str, shape: tuple[int, int], classes: ClassTable
    ) -> tuple[np.ndarray, np.ndarray] | None:
        path = self._layout.prediction(name)
        if not os.path.exists(path):
            return None
        label_map = _read(path, shape, read_json(self._layout.prediction_record(name)), classes)
        return label_map, _set_by(label_map, MODEL)

    def _write(self, path: Path, label_map: np.ndarray, classes: ClassTable, durable: bool = True) -> None:
        write_label(path, label_map, classes, durable)
        with self._guard:
            self._written[path] = classes, label_map.shape

    def _keep_unusable(
        self, path: Path, shape: tuple[int, int], record: Mapping[str, object], classes: ClassTable
    ) -> None:
        """Rename a file that `read` had to leave out aside before it would be replaced. Our own need no look."""
        with self._guard:
            if self._written.get(path) == (classes, shape):
                return
        try:
            _read(path, shape, record, classes)
        except LabelError:
            if path.exists():
                disk.rename(path, free_name(path))


def _gathered(planes: PlaneSource) -> tuple[np.ndarray, np.ndarray]:
    label_map, provenance = (np.empty(planes.shape, np.uint8) for _ in range(2))
    top = 0
    for label, origin in planes.bands():
        label_map[top : top + len(label)], provenance[top : top + len(label)] = label, origin
        top += len(label)
    return label_map, provenance


def _written(path: Path, label_map: np.ndarray, provenance: np.ndarray, classes: ClassTable) -> Written:
    return Written(sha256(path), classes_in(label_map, classes), float((provenance == HUMAN).mean()))


def has_human(path: Path) -> bool:
    """Whether the provenance plane at `path` shows a person's work; True when it does not tell."""
    _, note = _read_provenance(path, None)
    return bool(note.get("human", True))


def _read(path: Path, shape: tuple[int, int], record: Mapping[str, object], classes: ClassTable) -> np.ndarray:
    """Values are checked against the table after they are matched by uid. Raises LabelError."""
    if not uids_of(record):
        return read_label(path, shape, classes)
    values = in_table(read_label(path, shape, None), record, classes, path.name)
    unknown = values_in(values) - {*classes.values, UNTOUCHED}
    return read_label(path, shape, classes) if unknown else values


def _set_by(label_map: np.ndarray, who: int) -> np.ndarray:
    return np.where(label_map == UNTOUCHED, np.uint8(UNSET), np.uint8(who))


def _write_provenance(path: Path, provenance: np.ndarray, note: dict) -> None:
    """The note travels in the PNG itself, so that the plane and what it says are replaced by one rename."""
    info = PngInfo()
    info.add_text("lsgui", json.dumps(note))
    picture = pillow.fromarray(np.ascontiguousarray(provenance, dtype=np.uint8))
    atomic_write(path, lambda file: picture.save(file, format="PNG", compress_level=3, pnginfo=info))


def _read_provenance(path: Path, shape: tuple[int, int] | None) -> tuple[np.ndarray | None, dict]:
    """The plane and its note; without a `shape` (H, W) the note alone. None and {} for what cannot be read."""
    try:
        with pillow.open(path, formats=("PNG",)) as picture:
            note = json.loads(picture.info.get("lsgui", "{}"))
            note = note if isinstance(note, dict) else {}
            if shape is None or (picture.height, picture.width) != tuple(shape) or picture.mode != "L":
                return None, note
            plane = np.array(picture)
    except Exception:  # noqa: BLE001 - missing or damaged: then everything in the map counts as a person's
        return None, {}
    return (plane, note) if plane.max(initial=0) <= HUMAN else (None, note)


def _prediction_record(name: str, prediction: Prediction, classes: ClassTable) -> dict:
    """`least_sure` is the class, other than background, in which the model is least confident."""
    sure = {classes.by_value(value): mean for value, mean in prediction.class_confidence().items()}
    organs = {item.uid: mean for item, mean in sure.items() if item is not None and item.value != 0}
    lowest = min(organs, key=organs.get, default=None)
    return {
        "format": "lsgui prediction",
        "version": 1,
        "image": name,
        "model": prediction.model,
        "mean_confidence": prediction.mean_confidence,
        "least_sure": None if lowest is None else [lowest, organs[lowest]],
        "classes": classes_in(prediction.label_map, classes),
    }


def _is_newer(path: Path, other: Path) -> bool:
    return path.exists() and path.stat().st_mtime_ns > other.stat().st_mtime_ns
