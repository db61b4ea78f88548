"""The catalogue of a workspace: what its files say about every image, without opening a single picture."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from model.foreign import stamp_of
from model.images import list_images, may_be_dicom
from model.index import FileStamp, Index
from model.journal_story import Facts, facts_of
from model.layout import Layout
from model.map_store import has_human, is_empty
from model.records import read_object
from model.slice_headers import SlicePlace, read_place
from model.slice_order import in_slice_order
from model.split import Split, stored_split

DAMAGED = "damaged"
"""What is said of a file that is there and cannot be read."""
_FACTS = {
    "labels": ("status", "split", "unit", "grouping", "classes", "image_sha256", "label_sha256", "saved"),
    "predictions": ("mean_confidence", "least_sure"),
}


class Status(StrEnum):
    """How far an image is. `corrected` also says of a labelled image that newer work is not in its label yet."""

    NONE = "none"
    PREDICTED = "predicted"
    CORRECTED = "corrected"
    LABELLED = "labelled"


@dataclass(frozen=True)
class Entry:
    """One image of the folder. `confidence` is the prediction's mean, `least_sure` a class uid and its mean, 0..1.

    `modified` is when its maps last changed, in seconds since 1970. `has_label` also of one that is being corrected.
    """

    name: str
    path: Path
    status: Status
    split: Split | None = None
    confidence: float | None = None
    least_sure: tuple[str, float] | None = None
    modified: float | None = None
    has_label: bool = False


class Catalog:
    """Entries and label records, read from disk by `refresh` and kept right by `update`. For any thread."""

    def __init__(self, folder: Path, layout: Layout, index: Index) -> None:
        self._folder = folder
        self._layout = layout
        self._index = index
        self._guard = threading.RLock()
        self._looking = threading.Lock()
        self._stamps: dict[str, dict[str, FileStamp]] = {}
        self._records: dict[str, dict] = {}
        self._entries: dict[str, Entry] = {}

    def entries(self) -> list[Entry]:
        with self._guard:
            return list(self._entries.values())

    def entry(self, name: str) -> Entry:
        with self._guard:
            return self._entries[name]

    def records(self) -> Mapping[str, dict]:
        """What is beside each label, by image name: also of images that are no longer in the folder."""
        with self._guard:
            return dict(self._records)

    def last_edited(self) -> str | None:
        """The image of the newest journal, which is where somebody was at work last; None without any."""
        with self._guard:
            journals = self._stamps["journal"]
            edited = [name for name in self._entries if f"{name}.journal" in journals]
            return max(edited, key=lambda name: journals[f"{name}.journal"].modified, default=None)

    def labelled(self) -> list[Entry]:
        """The images that have a label file, whatever their status."""
        with self._guard:
            return [entry for entry in self._entries.values() if f"{entry.name}.png" in self._stamps["labels"]]

    def refresh(self) -> None:
        """Raises ImageError when the folder cannot be listed."""
        with self._looking:  # else what `update` finds meanwhile would be undone by what was seen before it
            paths = {path.name: path for path in list_images(self._folder)}
            slices = [name for name in paths if may_be_dicom(name)]
            places = self._places(slices)
            names = in_slice_order(list(paths), places) if places else paths
            stamps = {folder.name: _stamps(folder) for folder in self._layout.folders}
            self._take([paths[name] for name in names], stamps, slices)

    def _places(self, names: list[str]) -> dict[str, SlicePlace]:
        """Where the DICOM slices among them lie. Hundreds of headers may have to be read, while others ask for entries."""
        places = {}
        for name in names:
            with contextlib.suppress(OSError):  # it cannot be read now, and may be at the next look
                place = self._place(name)
                if place is not None:
                    places[name] = place
        return places

    def _place(self, name: str) -> SlicePlace | None:
        """From the index unless the file has changed. Raises OSError."""
        key, path = f"images/{name}", self._folder / name
        stamp = stamp_of(path)
        if stamp is None:
            return None
        with self._guard:
            said = self._index.known(key, stamp)
        if said is not None:
            return SlicePlace.from_facts(said)
        place = read_place(path)
        with self._guard:
            self._index.put(key, stamp, {} if place is None else place.facts())
        return place

    def _take(self, paths: list[Path], stamps: dict[str, dict[str, FileStamp]], slices: list[str]) -> None:
        with self._guard:
            self._stamps = stamps
            records = (file for file in stamps["labels"] if file.endswith(".json"))
            self._records = {file.removesuffix(".json"): self._said("labels", file) for file in records}
            self._entries = {path.name: self._entry(path) for path in paths}
            keep = {f"{folder}/{file}" for folder, files in stamps.items() for file in files}
            self._index.flush(keep | {f"images/{name}" for name in slices})

    def update(self, name: str) -> Entry:
        """Look again at the files of image `name`, after some of them were written."""
        with self._looking, self._guard:
            for folder in self._layout.folders:
                for suffix in (".png", ".json", ".provenance.png", ".journal"):
                    _restamp(self._stamps[folder.name], folder / f"{name}{suffix}")
            if f"{name}.json" in self._stamps["labels"]:
                self._records[name] = self._said("labels", f"{name}.json")
            entry = self._entry(self._folder / name)
            if name in self._entries:  # else its file has gone since, and it is no image of the folder any more
                self._entries[name] = entry
            self._index.flush()
            return entry

    def start_anew(self) -> None:
        """The folders were removed and made again, the index with them. Raises ImageError as `refresh` does."""
        with self._guard:
            self._index.reopen()
        self.refresh()

    def journal_facts(self, name: str) -> Facts:
        with self._guard:
            said = self._said("journal", f"{name}.journal")
            return Facts(said.get("unsaved", 0), said.get("time", 0.0), said.get("human", False))

    def close(self) -> None:
        with self._guard:
            self._index.close()

    def _entry(self, path: Path) -> Entry:
        file = f"{path.name}.png"
        journal = f"{path.name}.journal"
        seen = [stamps[name].modified for stamps in self._stamps.values() for name in (file, journal) if name in stamps]
        if not seen:
            return Entry(path.name, path, Status.NONE)
        split = stored_split(self._records.get(path.name, {})) if file in self._stamps["labels"] else None
        prediction = self._said("predictions", f"{path.name}.json") if file in self._stamps["predictions"] else {}
        confidence, least = prediction.get("mean_confidence"), prediction.get("least_sure")
        return Entry(
            name=path.name,
            path=path,
            status=self._status(path.name),
            split=split,
            confidence=confidence if isinstance(confidence, float) else None,
            least_sure=_pair(least),
            modified=max(seen) / 1e9,
            has_label=file in self._stamps["labels"],
        )

    def _status(self, name: str) -> Status:
        file = f"{name}.png"
        labelled, worked = file in self._stamps["labels"], file in self._stamps["work"]
        journal = self.journal_facts(name)
        if journal.human and (journal.unsaved or not (labelled or worked)):
            return Status.CORRECTED
        if worked and (labelled or self._said("work", file).get("human", True)):
            return Status.CORRECTED
        if labelled:
            return Status.LABELLED
        shown = worked and not self._is_empty(name)
        return Status.PREDICTED if shown or file in self._stamps["predictions"] else Status.NONE

    def _is_empty(self, name: str) -> bool:
        """Whether a work map shows nothing; an index of a version before does not tell."""
        said = self._said("work", f"{name}.png").get("empty")
        return is_empty(self._layout.work(name)) if said is None else said

    def _said(self, folder: str, file: str) -> dict:
        """What a small file says, from the index unless the file has changed; empty when it does not exist."""
        stamp = self._stamps[folder].get(file)
        if stamp is None:
            return {}
        key = f"{folder}/{file}"
        try:
            return self._index.get(key, stamp, lambda: _facts(folder, self._layout.root / key))
        except OSError:  # something else holds it for a moment: what it says is not known, and not remembered either
            return {DAMAGED: True}


def _pair(least: object) -> tuple[str, float] | None:
    match least:
        case [str(uid), int() | float() as mean]:
            return uid, float(mean)
    return None


def _facts(folder: str, path: Path) -> dict:
    """What is worth remembering of one small file. Raises OSError for a JSON file that cannot be read now."""
    if folder == "journal":
        return asdict(facts_of(path))
    if folder == "work":
        return {"human": has_human(path), "empty": is_empty(path)}
    record = read_object(path)
    if record is None:
        return {DAMAGED: True}
    return {name: record[name] for name in _FACTS[folder] if name in record}


def _stamps(folder: Path) -> dict[str, FileStamp]:
    """File name -> stamp for everything in `folder`; empty when it does not exist."""
    found = {}
    try:
        with os.scandir(folder) as items:
            for item in items:
                with contextlib.suppress(OSError):  # a link that leads nowhere, or a file that has just gone
                    state = item.stat()
                    found[item.name] = FileStamp(state.st_mtime_ns, state.st_size)
    except FileNotFoundError:
        pass
    return found


def _restamp(stamps: dict[str, FileStamp], path: Path) -> None:
    try:
        state = path.stat()
        stamps[path.name] = FileStamp(state.st_mtime_ns, state.st_size)
    except OSError:  # it does not exist, or cannot: its name is too long
        stamps.pop(path.name, None)
