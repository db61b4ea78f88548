"""Edits of images that nobody has open: made, found after a crash, restored, discarded; and maps that others edit."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from model.catalog import Catalog, Entry, Status
from model.errors import WorkspaceError, saving
from model.foreign import KnownMaps
from model.journal import Commit
from model.journal_records import JournalError
from model.journals import Held, Journals
from model.labels import read_label
from model.patches import MaskPatch
from model.plane_source import of_arrays

if TYPE_CHECKING:
    from model.images import Image
    from model.journal_file import JournalFile
    from model.map_store import Maps
    from model.plane_source import PlaneSource
    from model.workspace import Workspace


@dataclass(frozen=True)
class Unsaved:
    """An image with `edits` that only its journal holds; `time` is the last one's, in seconds since 1970."""

    name: str
    edits: int
    time: float


class Edits:
    """A part of its workspace. Its methods may be called from any thread; those that write raise WorkspaceError."""

    def __init__(self, workspace: Workspace, journals: Journals, catalog: Catalog, known: KnownMaps) -> None:
        self._workspace = workspace
        self._journals = journals
        self._catalog = catalog
        self._known = known

    def write(self, name: str, shape: tuple[int, int], text: str, patch: MaskPatch) -> Entry:
        """Edit an image of `shape` (H, W) that is not open, as if it had been: with its own undo history.

        `patch` is against what `Workspace.read_maps` says.
        """
        workspace = self._workspace
        maps = workspace.read_maps(name, shape)
        with closing(workspace.journal(name, maps)) as journal:
            patch.apply(maps.label_map, maps.provenance)
            held = self._journalled(name, journal, maps, (text, patch))
            return workspace.write_work(name, of_arrays(maps.label_map, maps.provenance), held)

    def unsaved(self) -> list[Unsaved]:
        """The images whose journal holds strokes that no map holds, newest first: what a crash left."""
        found = []
        for entry in self._catalog.entries():
            facts = self._catalog.journal_facts(entry.name)
            if facts.unsaved and facts.human and not self._journals.held(entry.name):
                found.append(Unsaved(entry.name, facts.unsaved, facts.time))
        return sorted(found, key=lambda item: -item.time)

    def restore(self, name: str) -> Entry:
        """Write the map of an image from its journal. Raises WorkspaceError also when that cannot be used."""
        workspace = self._workspace
        try:
            maps = workspace.read_maps(name, self._journals.shape(name))
        except (JournalError, OSError):
            maps = None
        if maps is None or maps.past is None:
            raise WorkspaceError("The journal of {name} cannot be used; it was left where it is.", name=name)
        with closing(self._journals.open(name, maps.label_map.shape, (), maps.past, True, maps.surpassed)) as journal:
            held = self._journalled(name, journal, maps)
            return workspace.write_work(name, of_arrays(maps.label_map, maps.provenance), held)

    def discard(self, name: str) -> Entry:
        """Go back to the map that was saved last; the journal goes to `kept/`."""
        with saving(name):
            self._journals.set_aside(name)
        return self._catalog.update(name)

    def values(self, name: str) -> set[int]:
        """The values in a person's map that only the journal holds yet."""
        facts = self._catalog.journal_facts(name)
        return self._journals.values(name, history=False) if facts.human and facts.unsaved else set()

    def history_holds(self, name: str, values: set[int]) -> bool:
        """Whether undo or redo could bring one of these values back into a map that a person has edited, if only to undo it."""
        return not self._journals.tells_of_the_model(name) and bool(self.values_in_history(name) & values)

    def values_in_history(self, name: str) -> set[int]:
        """All that undo and redo can reach."""
        return self._journals.values(name, history=True)

    def save_unsaved(self, name: str) -> None:
        """Write the map of an image that has edits which only its journal holds."""
        if self._catalog.journal_facts(name).unsaved:
            self.restore(name)

    def forget_history_of(self, name: str, values: set[int]) -> None:
        """After classes were removed: a history that undo could bring them back from goes to `kept/`, the map stays."""
        if self._journals.values(name, history=True) & values:
            self.discard(name)

    def changed_map(self, name: str) -> Path | None:
        """A map of an image that is being edited, if another program has written it since we did."""
        return next(iter(self._known.changed(name)), None)

    def set_aside(self, name: str, path: Path) -> None:
        """Keep a copy of a changed map, which may then be overwritten."""
        with saving(name):
            self._known.keep_and_know(path)

    def keep(self, name: str) -> bool:
        """Put copies of a person's maps into `kept/`, before something else takes their place; whether there is any work
        of a person. What only a journal holds goes there with it."""
        if self._catalog.update(name).status not in (Status.CORRECTED, Status.LABELLED):
            return False
        with saving(name):
            self._known.keep_all(name)
        self._known.know(name)
        return True

    def write_mine(self, name: str, image: Image, planes: PlaneSource, held: Held | None) -> Entry:
        """Write the map of an open image over what another program has made of it.

        As its label when that was saved and nothing has been edited since, or training would read the other one.
        """
        entry = self._catalog.update(name)
        if entry.status is not Status.LABELLED or self._catalog.journal_facts(name).unsaved:
            return self._workspace.write_work(name, planes, held)
        accepted = self._catalog.records().get(name, {}).get("status") == "accepted"
        return self._workspace.save_label(name, image, planes, accepted, held)

    def take_over(self, name: str, path: Path, shape: tuple[int, int]) -> np.ndarray:
        """The label map (H, W) in a changed map, of which a copy is kept. Raises LabelError, too."""
        self.set_aside(name, path)
        return read_label(path, shape, self._workspace.classes)

    def _journalled(self, name: str, journal: JournalFile, maps: Maps, *more: tuple[str, MaskPatch]) -> Held:
        """What a map of `maps` holds, once the journal does: what it lacked, and `more` edits, each with its text. A map that
        another program has changed, and which is about to be written over, is copied to `kept/`.
        """
        if maps.foreign is not None:  # nobody is asked about it, as when the image is opened
            with saving(name):
                self._known.keep_and_know(maps.foreign)
        cursor, seq = (maps.past.story.cursor, maps.past.story.seq) if maps.past is not None else (0, 0)
        edits = more if maps.lacking is None else ((maps.lacking_text, maps.lacking), *more)
        commits = [
            Commit(seq + number, time.time(), cursor + number, text, patch.to_bytes())
            for number, (text, patch) in enumerate(edits, start=1)
        ]
        if commits:
            with saving(name):
                journal.append(commits, {item.value: item.uid for item in self._workspace.classes.classes})
        return Held(journal, seq + len(commits))
