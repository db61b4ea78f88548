"""Workspace: a folder of images and, in its sub-folder, everything a person and the program know about them."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from filelock import FileLock

from model import disk
from model.catalog import DAMAGED, Catalog, Entry, Status
from model.class_file import ClassFile
from model.classes import ClassTable, default_table
from model.edits import Edits, Unsaved
from model.errors import ClassTableError, WorkspaceError, saving
from model.files import clear_leftovers, sha256
from model.foreign import KnownMaps
from model.images import Image
from model.index import Index
from model.journal_file import JournalFile
from model.journal_records import JournalError
from model.journals import Held, Journals
from model.labelled_images import LabelledImage, LabelledImages
from model.layout import WORKSPACE_FOLDER, Layout
from model.map_store import Maps, MapStore, Written
from model.messages import Message
from model.outside_changes import SavedFiles
from model.patches import MaskPatch
from model.plane_source import PlaneSource
from model.prediction import Prediction
from model.records import LabelRecord, free_name, keep_damaged
from model.root_folders import RootFolders
from model.seen_units import split_lock
from model.split import Split
from model.workspace_lock import WorkspaceLocked, WorkspaceNotWritable, not_writable, take_lock

__all__ = [
    "WORKSPACE_FOLDER",
    "Entry",
    "Held",
    "Maps",
    "Split",
    "Status",
    "Unsaved",
    "Workspace",
    "WorkspaceLocked",
    "WorkspaceNotWritable",
]


class Workspace:
    """Open one with `Workspace.open`, or with `Workspace.peek` to read only. Methods may be called from any thread."""

    def __init__(self, folder: Path, root: Path, lock: FileLock | None) -> None:
        self.folder = folder
        self.root = root
        self.notices: tuple[Message, ...] = ()
        self._layout = Layout(root)
        self._folders = RootFolders(folder, self._layout, lock, self._made_anew)
        self._journals = Journals(self._layout, self._folders.ensure)
        self._maps = MapStore(self._layout, self._journals)
        self._known = KnownMaps(self._layout)
        self._catalog = Catalog(folder, self._layout, Index(None if lock is None else self._layout.index))
        self._labelled = LabelledImages(folder, self._layout, self._catalog)
        self.edits = Edits(self, self._journals, self._catalog, self._known)
        self._labelling = threading.Lock()
        self.class_file = ClassFile(self._layout.classes)
        self.classes = self._read_classes()
        self.refresh()

    @staticmethod
    def open(folder: Path, root: Path | None = None) -> Workspace:
        """Open for reading and writing; `root` is `folder`/segmentation unless given, and is made.

        Raises WorkspaceLocked, WorkspaceNotWritable, or ImageError when `folder` cannot be listed.
        """
        folder, root = _absolute(folder, root)
        lock = take_lock(root)
        try:
            for part in (root, *Layout(root).folders):
                clear_leftovers(part)
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
        self._journals.close()
        self._catalog.close()
        self._folders.release()

    def set_classes(self, table: ClassTable) -> ClassTable:
        """Make `table` the workspace's own and return it as adopted: a class it already knew keeps its value.

        What another program has made of the file meanwhile is copied to `kept/`. Raises WorkspaceError when it cannot be
        written; then the old table stays.
        """
        table = table.keeping_values_of(self.classes)
        with saving("classes.json"):
            self._folders.ensure()
            if self.notices and self._layout.classes.exists():
                disk.rename(self._layout.classes, free_name(self._layout.classes))
            elif self.class_file.changed_outside:
                self._known.keep(self._layout.classes)
            self.class_file.write(table)
        self.notices = ()
        self.classes = table
        return table

    def entries(self) -> list[Entry]:
        """Every image of the folder in natural order, the slices of a DICOM series as they lie in the body."""
        return self._catalog.entries()

    def entry(self, name: str) -> Entry:
        """Raises KeyError for a name that is no image of the folder."""
        return self._catalog.entry(name)

    def last_edited(self) -> str | None:
        """The image that somebody worked on last, as far as its history has been kept."""
        return self._catalog.last_edited()

    def refresh(self) -> None:
        """Look at the disk again, for what other programs have changed. Raises ImageError as `open` does."""
        self._catalog.refresh()

    def look_again(self, name: str) -> Entry:
        """The row of an image whose files have changed."""
        return self._catalog.update(name)

    def put_back(self, name: str) -> bool:
        """Make the workspace's folders anew when somebody has removed them, with the journal of the open image `name`.

        Whether that has happened since it was asked last: also before a write, which does the same. Raises OSError,
        JournalError or WorkspaceError when it cannot be.
        """
        self._folders.ensure()
        self._journals.put_back(name)
        return self._folders.take_news()

    def read_maps(self, name: str, shape: tuple[int, int]) -> Maps:
        """What is known about image `name`, whose pixels have `shape` (H, W)."""
        return self._maps.read(name, shape, self.classes)

    def read_prediction_map(self, name: str, shape: tuple[int, int]) -> np.ndarray | None:
        """uint8 (H, W), or None when the image was never predicted. Raises LabelError when it cannot be used."""
        return self._maps.read_prediction(name, shape, self.classes)

    def journal(self, name: str, maps: Maps) -> JournalFile:
        """The journal of an image that is going to be edited, whose `maps` were read just now. Writes nothing yet."""
        self._known.know(name)
        planes, shape = (maps.label_map, maps.provenance), maps.label_map.shape
        return self._journals.open(name, shape, planes, maps.past, not maps.outdated, maps.surpassed)

    def write_work(self, name: str, planes: PlaneSource, held: Held | None = None) -> Entry:
        """Write the map of an image; `held` says which edits it holds. Without it, a journal of the image is set aside.

        After edits that led back to its label there is nothing to write: the image is labelled as before. Raises
        WorkspaceError; then the files are what they were.
        """
        with saving(name):
            self._before_writing(name, held)
            label = self._maps.label_that_holds(name, planes, self.classes) if held is not None else None
            # The label's own mark is older than the journal's end: only the journal can say that it holds these edits.
            if label is not None and self._note_saved("label", planes, held, label):
                self._maps.drop_work(name)
            else:
                written = self._maps.write_work(name, planes, self.classes, held and held.mark)
                self._note_saved("work", planes, held, written)
            self._known.know(name)
        return self._catalog.update(name)

    def write_edit(self, name: str, shape: tuple[int, int], text: str, patch: MaskPatch) -> Entry:
        """Edit an image of `shape` (H, W) that is not open, see `Edits.write`."""
        return self.edits.write(name, shape, text, patch)

    def write_prediction(self, name: str, prediction: Prediction, shown: bool = False) -> Entry:
        """`shown`: the image is open and has the prediction as an edit. Raises WorkspaceError as `write_work` does."""
        with saving(name):
            self._folders.ensure()
            self._maps.write_prediction(name, prediction, self.classes)
            if shown:
                self._journals.keep_newest(name)
        return self._catalog.update(name)

    def may_show(self, name: str, values: Collection[int]) -> bool:
        """Whether what the model said of an image holds one of these values, or does not tell."""
        return self._maps.may_show(name, values)

    def forget_prediction_of(self, name: str, values: set[int]) -> bool:
        """After their classes were removed: a prediction that may hold them goes; whether there was one."""
        shows = self.may_show(name, values)
        if shows:
            self.drop_prediction(name)
        return shows

    def drop_prediction(self, name: str) -> Entry:
        """Forget what the model said of an image; a person's work and labels stay. Raises WorkspaceError."""
        with saving(name):
            self._maps.drop_prediction(name)
        return self._catalog.update(name)

    def save_label(
        self, name: str, image: Image, planes: PlaneSource, accepted: bool, held: Held | None = None
    ) -> Entry:
        """Make the label map of `planes` training data, and decide its split if this is its first label.

        The autosaved map goes, since the label is now the truth. Raises WorkspaceError as `write_work` does, or where a label
        was replaced and its record could not be.
        """
        with self._labelling:
            try:
                with saving(name):
                    self._save_label(name, image, planes, accepted, held)
            finally:
                entry = self._catalog.update(name)
            return entry

    def withdraw_label(self, name: str, planes: PlaneSource, held: Held | None = None) -> Entry:
        """No training reads the image any more. Its label is copied to `kept/` first, and `planes` become its work.

        Raises WorkspaceError as `write_work` does; then the label is still there.
        """
        label = self._layout.label(name)
        with self._labelling:
            self._catalog.update(name)
            try:
                with saving(name):
                    self._before_writing(name, held)
                    written = self._maps.write_work(name, planes, self.classes, held and held.mark)
                    self._note_saved("work", planes, held, written)
                    if label.exists():
                        self._labelled.record_split(name, self.classes)
                        self._known.keep(label)
                        self._maps.drop_label(name)
                    self._known.know(name)
            finally:
                entry = self._catalog.update(name)
            return entry

    def has_label(self, name: str) -> bool:
        return self._layout.label(name).exists()

    def label_records(self) -> Mapping[str, dict]:
        """What is known of the images that have a label, or had one that was withdrawn, by their names: split, unit."""
        return self._labelled.records

    def labelled(self) -> list[LabelledImage]:
        """Every image of the folder that has a label: all that training and scoring read."""
        return self._labelled.all(self.classes)

    def _save_label(self, name: str, image: Image, planes: PlaneSource, accepted: bool, held: Held | None) -> None:
        path = self.folder / name
        if DAMAGED in self._catalog.records().get(name, {}):
            self._catalog.update(name)  # it may be readable now
        image_sha256 = sha256(path) if path.exists() else ""
        self._before_writing(name, held)
        self._keep_changed_label(name)
        with split_lock(self._layout):  # a training that starts meanwhile reads what is decided, or is read here
            decision = self._labelled.decide(name, image.series, image_sha256)
            had_label = self.has_label(name)
            if not had_label:  # first, or a label that a crash leaves without a record would train
                self._labelled.record_decision(name, decision)
            written = self._maps.write_label(name, planes, self.classes, held and held.mark)
            record = LabelRecord(
                image=name,
                status="accepted" if accepted else "labelled",
                split=decision.split,
                unit=decision.unit,
                grouping=decision.grouping,
                classes=written.classes,
                height=planes.shape[0],
                width=planes.shape[1],
                spacing=image.spacing,
                image_sha256=image_sha256,
                label_sha256=written.sha256,
                human=written.human,
                accepted=written.accepted,
                saved=datetime.now(UTC).isoformat(timespec="seconds"),
            )
            self._write_record(record, had_label)
        self._note_saved("label", planes, held, written)
        self._maps.drop_work(name)
        self._known.know(name)

    def _before_writing(self, name: str, held: Held | None) -> None:
        """A map that comes from elsewhere must not be overruled by a journal that knows nothing of it; one that
        another program has written meanwhile is not overwritten without a copy."""
        self._folders.ensure()
        for changed in self._known.changed(name):
            self._known.keep(changed)
        if held is None:
            self._journals.set_aside(name)

    def _write_record(self, record: LabelRecord, had_label: bool) -> None:
        """Where it cannot be, a first label goes again, as nobody was told that there is one."""
        path = self._layout.label_record(record.image)
        try:
            keep_damaged(path)
            record.write(path)
        except OSError as error:
            if had_label:
                raise WorkspaceError(
                    "The label of {name} is saved, but what is noted beside it is of the one before: {reason}. Make room "
                    "or choose a folder that can be written, then save again.",
                    name=record.image,
                    reason=error.strerror or str(error),
                ) from error
            with suppress(OSError):
                self._maps.drop_label(record.image)
            raise

    def _keep_changed_label(self, name: str) -> None:
        """What another program made of a label while newer work was shown, its record alone tells."""
        label, saved = self._layout.label(name), SavedFiles.of_record(self._catalog.records().get(name, {}))
        if label.exists() and saved.label_changed(label) and not self._known.has_kept(label):
            self._known.keep(label)

    def _made_anew(self) -> None:
        """What lay in the folders and is still known."""
        if not self._layout.classes.exists():
            self.class_file.write(self.classes)
        self._catalog.start_anew()

    def _note_saved(self, kind: str, planes: PlaneSource, held: Held | None, written: Written) -> bool:
        """Whether the journal says it now. Without the note the edits are merely found twice, where the map has a mark."""
        if held is not None:
            with suppress(OSError, JournalError):
                human = written.human + written.accepted > 0
                return held.journal.saved(kind, written.sha256, held.seq, human, planes)
        return False

    def _read_classes(self) -> ClassTable:
        """The stored table; a damaged one is kept and named in `notices`, and the default stands in."""
        if not self._layout.classes.exists():
            table = default_table()
            if self._folders.locked:
                try:
                    self.class_file.write(table)
                except OSError as error:
                    raise not_writable(self.root, error) from error
            return table
        try:
            return self.class_file.read()
        except ClassTableError as error:
            kept = Message("{problem} The default classes stand in, and the file is kept.", {"problem": error.message})
            self.notices = (kept,)
            return default_table()


def _absolute(folder: Path, root: Path | None) -> tuple[Path, Path]:
    folder = Path(folder).absolute()
    return folder, Path(root).absolute() if root else folder / WORKSPACE_FOLDER
