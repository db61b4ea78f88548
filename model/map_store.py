"""The maps of a workspace on disk: read in order of truth, written without ever losing what was there."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model import disk, map_files
from model.classes import ClassTable
from model.errors import LabelError
from model.files import is_newer, sha256
from model.journal import Replay
from model.journal_story import BY_THE_MODEL, Contents, Saved
from model.journals import Journals, Told
from model.labels import UNTOUCHED, read_label, values_in, write_label
from model.layout import Layout
from model.map_files import Written
from model.mark import Mark
from model.messages import Message
from model.patches import MaskPatch, patch_between
from model.pillow import pillow
from model.plane_source import PlaneSource, of_arrays
from model.prediction import Prediction
from model.provenance import ACCEPTED, HUMAN, MODEL, UNSET, set_by
from model.records import classes_in, free_name, in_table, read_json, uids_of, write_json

COMPARED = 1 << 24
"""Pixels up to which a map is compared with the label before it is written: a quarter of a second."""
NOT_IN_THE_JOURNAL = "From the saved map"
"""What a history calls the edits that only a map holds: its journal was cut off before them."""


@dataclass(frozen=True, eq=False)
class Maps:
    """What is known about an image: `label_map` and `provenance`, uint8 (H, W), the caller's own to change.

    `source` is work, label, prediction or none. `notices` name files that could not be used; they are kept.
    `past` is the journal's, whose history goes on; `outdated`: the journal that lies there is none to keep.
    `unsaved` counts the edits that only the journal holds; `foreign` is a map that another program has changed.
    `surpassed`: the maps hold edits that the journal lacks, which it is to note. `lacking` is what makes the maps of what
    the journal tells, if they differ; it becomes a step called `lacking_text`.
    """

    label_map: np.ndarray
    provenance: np.ndarray
    source: str
    notices: tuple[Message, ...] = ()
    past: Contents | None = None
    outdated: bool = False
    unsaved: int = 0
    foreign: Path | None = None
    surpassed: Saved | None = None
    lacking: MaskPatch | None = None
    lacking_text: str = NOT_IN_THE_JOURNAL


class MapStore:
    """Reads and writes the maps below one root. Its methods may be called from several threads."""

    def __init__(self, layout: Layout, journals: Journals) -> None:
        self._layout = layout
        self._journals = journals
        self._written: dict[Path, tuple[ClassTable, tuple[int, int]]] = {}
        self._guard = threading.Lock()

    def read(self, name: str, shape: tuple[int, int], classes: ClassTable) -> Maps:
        """The newest truth about image `name` of `shape` (H, W).

        Its journal, since that is on the disk before every map; else work, label, prediction, or untouched.
        """
        told = self._journals.read(name, shape, classes)
        notices = [told.notice] if told.notice is not None else []
        if told.replay is not None and not (told.outdated and self._has_prediction(name, shape, classes)):
            planes, past = (told.replay.label_map, told.replay.provenance), told.replay.scan
            if told.surpassed_by:
                return self._surpassing(name, shape, classes, told, notices)
            source = "label" if past.story.saved.kind == "label" and not told.unsaved else "work"
            return Maps(*planes, source, tuple(notices), past, False, told.unsaved, told.foreign)
        for source, reader in (("work", self._work), ("label", self._label), ("prediction", self._prediction)):
            try:
                found = reader(name, shape, classes)
            except LabelError as error:
                notices.append(error.message)
                continue
            if found is not None and source == "prediction" and told.replay is not None and _by_hand(told.replay):
                return _predicted_since(found, told.replay, notices)
            if found is not None:
                return Maps(*found, source, tuple(notices), outdated=told.outdated)
        untouched, unset = np.full(shape, UNTOUCHED, np.uint8), np.full(shape, UNSET, np.uint8)
        return Maps(untouched, unset, "none", tuple(notices), outdated=told.outdated)

    def read_prediction(self, name: str, shape: tuple[int, int], classes: ClassTable) -> np.ndarray | None:
        """The predicted label map, None when there is none. Raises LabelError when it cannot be used."""
        found = self._prediction(name, shape, classes)
        return None if found is None else found[0]

    def write_work(self, name: str, planes: PlaneSource, classes: ClassTable, mark: Mark | None = None) -> Written:
        """Both planes by one rename; what older versions wrote beside it goes after that."""
        path = self._layout.work(name)
        self._keep_unusable(path, planes.shape, self._work_note(name), classes)
        written = self._write_planes(path, planes, classes, mark)
        if os.path.exists(self._layout.provenance(name)):
            disk.remove(self._layout.provenance(name))
        return written

    def write_label(self, name: str, planes: PlaneSource, classes: ClassTable, mark: Mark | None = None) -> Written:
        record = read_json(self._layout.label_record(name))
        self._keep_unusable(self._layout.label(name), planes.shape, record, classes)
        return self._write_planes(self._layout.label(name), planes, classes, mark)

    def label_that_holds(self, name: str, planes: PlaneSource, classes: ClassTable) -> Written | None:
        """The label's file when it holds these very planes, so that no newer work is to be kept beside it.

        Of large images None: to read the label each time would cost more than to write the map.
        """
        if planes.shape[0] * planes.shape[1] > COMPARED:
            return None
        try:
            found = self._label(name, planes.shape, classes)
        except LabelError:
            return None
        if found is None or not _hold_the_same(of_arrays(*found), planes):
            return None
        human, accepted = (float((found[1] == who).mean()) for who in (HUMAN, ACCEPTED))
        return Written(sha256(self._layout.label(name)), classes_in(found[0], classes), human, accepted)

    def write_prediction(self, name: str, prediction: Prediction, classes: ClassTable) -> None:
        """Raises OSError like the others. It can be made again, so it is not worth waiting for the disk."""
        record = read_json(self._layout.prediction_record(name))
        self._keep_unusable(self._layout.prediction(name), prediction.label_map.shape, record, classes)
        self._write(self._layout.prediction(name), prediction.label_map, classes, durable=False)
        record = _prediction_record(name, prediction, classes)
        write_json(self._layout.prediction_record(name), record, durable=False)

    def may_show(self, name: str, values: Collection[int]) -> bool:
        """Whether what the model said of an image holds one of these values, or does not tell: a journal of its alone."""
        records = [read_json(self._layout.prediction_record(name))] if self._layout.prediction(name).exists() else []
        work = self._layout.work(name)
        if work.exists() and not has_human(work) and not is_empty(work):
            records.append(self._work_note(name))
        told = [uids_of(record) for record in records]
        if not told:
            return self._journals.tells_of_the_model(name)
        return any(not uids or uids.keys() & values for uids in told)

    def drop_prediction(self, name: str) -> None:
        """Forget what the model said of an image, autosaved or not; a person's work stays."""
        self._journals.drop(name)
        if self._layout.work(name).exists() and not has_human(self._layout.work(name)):
            self.drop_work(name)
        disk.remove(self._layout.prediction(name))
        disk.remove(self._layout.prediction_record(name))

    def drop_work(self, name: str) -> None:
        """Forget the autosaved map of an image whose label has just taken its place."""
        for path in (self._layout.work(name), self._layout.provenance(name)):
            if os.path.exists(path):
                disk.remove(path)

    def drop_label(self, name: str) -> None:
        """Its record stays: an image that trained shall not judge the model when it is labelled again."""
        label = self._layout.label(name)
        disk.remove(label)
        disk.sync_folder(label.parent)

    def _surpassing(
        self, name: str, shape: tuple[int, int], classes: ClassTable, told: Told, notices: list[Message]
    ) -> Maps:
        """What the map holds, with the history as far as the journal has it."""
        past, known = told.replay.scan, (told.replay.label_map, told.replay.provenance)
        try:
            found = (self._work if told.surpassed_by == "work" else self._label)(name, shape, classes)
        except LabelError as error:
            notices.append(error.message)
            found = None
        if found is None:
            return Maps(*known, "work", tuple(notices), past, surpassed=Saved())
        lacking, kind = patch_between(known, found), told.surpassed_by
        path = self._layout.work(name) if kind == "work" else self._layout.label(name)
        note = Saved(kind, sha256(path), past.story.seq + (lacking is not None), True)
        return Maps(*found, kind, tuple(notices), past, surpassed=note, lacking=lacking)

    def _work(self, name: str, shape: tuple[int, int], classes: ClassTable) -> tuple[np.ndarray, np.ndarray] | None:
        path = self._layout.work(name)
        if not os.path.exists(path):  # unlike Path's, no error for a name that is too long to exist
            return None
        note = self._work_note(name)
        if not note.get("human", True) and is_newer(self._layout.prediction(name), path):
            return None  # an autosaved prediction that another has replaced since
        label_map = _read(path, shape, note, classes)
        provenance = map_files.read_provenance(path, shape)
        if provenance is None:
            provenance, _ = _read_provenance(self._layout.provenance(name), shape)
        return label_map, set_by(label_map, HUMAN) if provenance is None else provenance

    def _work_note(self, name: str) -> dict:
        return _note(self._layout.work(name), self._layout.provenance(name))

    def _label(self, name: str, shape: tuple[int, int], classes: ClassTable) -> tuple[np.ndarray, np.ndarray] | None:
        path = self._layout.label(name)
        if not os.path.exists(path):
            return None
        label_map = _read(path, shape, read_json(self._layout.label_record(name)), classes)
        provenance = map_files.read_provenance(path, shape)
        return label_map, set_by(label_map, HUMAN) if provenance is None else provenance

    def _prediction(
        self, name: str, shape: tuple[int, int], classes: ClassTable
    ) -> tuple[np.ndarray, np.ndarray] | None:
        path = self._layout.prediction(name)
        if not os.path.exists(path):
            return None
        label_map = _read(path, shape, read_json(self._layout.prediction_record(name)), classes)
        return label_map, set_by(label_map, MODEL)

    def _has_prediction(self, name: str, shape: tuple[int, int], classes: ClassTable) -> bool:
        """Whether one can be read: what is not synced may be torn by a power cut."""
        try:
            return self._prediction(name, shape, classes) is not None
        except LabelError:
            return False

    def _write(self, path: Path, label_map: np.ndarray, classes: ClassTable, durable: bool = True) -> None:
        write_label(path, label_map, classes, durable)
        with self._guard:
            self._written[path] = classes, label_map.shape

    def _write_planes(self, path: Path, planes: PlaneSource, classes: ClassTable, mark: Mark | None) -> Written:
        written = map_files.write(path, planes, classes, mark)
        with self._guard:
            self._written[path] = classes, planes.shape
        return written

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


def _hold_the_same(one: PlaneSource, other: PlaneSource) -> bool:
    pairs = zip(one.bands(), other.bands(), strict=True)
    return all(np.array_equal(a, b) for mine, its in pairs for a, b in zip(mine, its, strict=True))


def has_human(path: Path) -> bool:
    """Whether the autosaved map at `path` shows a person's work; True when it does not tell."""
    return bool(_work_note(path).get("human", True))


def is_empty(path: Path) -> bool:
    """Whether the autosaved map at `path` says that all of it is untouched, as after an undo of all there was."""
    note = _work_note(path)
    return note.get("classes") == [] and not note.get("human", True)


def _work_note(path: Path) -> dict:
    return _note(path, path.with_name(path.stem + ".provenance.png"))


def _note(path: Path, older: Path) -> dict:
    """What a map says of itself; `older` is where versions before kept the provenance and its note."""
    return map_files.read_note(path) or _read_provenance(older, None)[1]


def _read(path: Path, shape: tuple[int, int], record: Mapping[str, object], classes: ClassTable) -> np.ndarray:
    """Values are checked against the table after they are matched by uid. Raises LabelError."""
    if not uids_of(record):
        return read_label(path, shape, classes)
    values = in_table(read_label(path, shape, None), record, classes, path.name)
    unknown = values_in(values) - {*classes.values, UNTOUCHED}
    return read_label(path, shape, classes) if unknown else values


def _read_provenance(path: Path, shape: tuple[int, int] | None) -> tuple[np.ndarray | None, dict]:
    """Of versions before this: the plane and its note; without a `shape` (H, W) the note alone.

    None and {} for what cannot be read.
    """
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
    """`least_sure` is the class, other than a background that is nothing, in which the model is least confident."""
    sure = {classes.by_value(value): mean for value, mean in prediction.class_confidence().items()}
    scored = {item.uid: mean for item, mean in sure.items() if item in classes.scored}
    lowest = min(scored, key=scored.get, default=None)
    return {
        "format": "lsgui prediction",
        "version": 1,
        "image": name,
        "model": prediction.model,
        "mean_confidence": prediction.mean_confidence,
        "least_sure": None if lowest is None else [lowest, scored[lowest]],
        "classes": classes_in(prediction.label_map, classes),
    }


def _by_hand(replay: Replay) -> bool:
    """Whether a person could undo or redo something of their own."""
    return any(step.text not in BY_THE_MODEL for step in replay.scan.story.steps)


def _predicted_since(found: tuple[np.ndarray, np.ndarray], replay: Replay, notices: list[Message]) -> Maps:
    """A prediction that came while the image was not open, on top of its history, as if it had been."""
    lacking = patch_between((replay.label_map, replay.provenance), found)
    return Maps(*found, "prediction", tuple(notices), replay.scan, lacking=lacking, lacking_text=BY_THE_MODEL[0])
