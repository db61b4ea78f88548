"""The open image with its label map: the only place that writes their pixels, and one history over every edit."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
from PySide6.QtCore import QObject, QRect, Signal
from PySide6.QtGui import QRegion

from lsgui import document_edits
from lsgui.gesture import Gesture, HeldGesture
from lsgui.history import Commit, History, Past
from lsgui.kept_tiles import TILE
from lsgui.live_planes import LivePlanes
from lsgui.mask import (
    AnyRegion,
    Box,
    Edit,
    Ink,
    MaskPatch,
    PatchError,
    Spans,
    filled,
    filled_in,
    painting,
    performed,
    whole_patch,
)  # fmt: skip
from lsgui.rules import FREE, Rules
from lsgui.snapshot import Snapshot
from model.images import Image
from model.journal_story import BY_THE_MODEL, TAKEN_BACK
from model.patches import few_boxes
from model.provenance import ACCEPTED, MODEL


class Document(QObject):
    """Label map and provenance are uint8 (H, W) of the image's size; others get them as read-only views."""

    loaded = Signal()
    mask_changed = Signal(QRegion)
    """In image pixels: at most 64 rectangles that hold all that changed."""
    edited = Signal()
    """A committed edit, an undo or a redo; never a preview."""
    committed = Signal(object)
    """A Commit, just before `edited`."""
    gesture_ended = Signal()
    undone_kept = Signal()
    """A prediction came where something could be redone: that can be undone now, by a step of its own."""
    unreadable = Signal(object)
    """The error for which a step could not be fetched from the journal, and was neither undone nor redone."""

    def __init__(
        self,
        parent: QObject | None = None,
        background: Callable[[Callable[[], None]], None] = lambda work: work(),
        tile: int = TILE,
    ) -> None:
        """`background` runs what may take its time: packing what the history keeps.

        `tile` is the side of what is kept of the planes as they were, in pixels.
        """
        super().__init__(parent)
        self.image: Image | None = None
        self.name = ""
        self.revision = 0
        self.seq = 0
        self.history = History(self, background)
        self._tile = tile
        self._gesture: Gesture | HeldGesture | None = None
        self._hold(np.zeros((0, 0), np.uint8), np.zeros((0, 0), np.uint8))

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width); (0, 0) without an image."""
        return self._planes.shape

    @property
    def label_map(self) -> np.ndarray:
        """Not to be held: after a large undo it is brought up to date when it is asked for."""
        self._planes.pay_label()
        return self._label_map

    @property
    def provenance(self) -> np.ndarray:
        """Likewise."""
        self._planes.pay()
        return self._provenance

    @property
    def gesture_active(self) -> bool:
        return self._gesture is not None

    def load(
        self, image: Image, label_map: np.ndarray, provenance: np.ndarray, name: str = "", past: Past | None = None
    ) -> None:
        """Show another image. The document takes both arrays over: nobody else may write them from now on.

        They hold the state in which `past.cursor` steps are in force.
        """
        if image.pixels.shape[:2] != label_map.shape or label_map.shape != provenance.shape:
            raise ValueError(f"planes {label_map.shape}, {provenance.shape} for an image {image.pixels.shape[:2]}")
        self._replace(image, name or image.name, label_map, provenance, past)

    def close(self) -> None:
        self._replace(None, "", np.zeros((0, 0), np.uint8), np.zeros((0, 0), np.uint8), None)

    def begin(self, text: str, value: int | None = None) -> None:
        """Start a gesture that `commit` turns into one undo step called `text`, and `restore` takes back.

        `value` is the class in the hand: the one that the step is said to have been painted with.
        """
        self.restore()
        if self.image is not None:
            self._gesture = Gesture(text, value, self._planes, self._tile)

    def preview(self, region: AnyRegion | None, ink: Ink | int, rules: Rules = FREE) -> None:
        """Show the gesture's next part. Without a gesture (it was restored meanwhile) nothing happens."""
        if isinstance(self._gesture, Gesture) and region is not None:
            self._changed(self._gesture.paint(region, _ink(ink), rules, self.image.pixels))

    def hold(self, text: str, value: int | None = None) -> Snapshot:
        """Start a gesture whose pixels are computed elsewhere, from the planes as they are now; `show` shows them.

        The snapshot ends with the gesture.
        """
        if self.image is None:
            raise RuntimeError("no image is open")
        self.restore()
        self._gesture = HeldGesture(text, value, self._planes, self.snapshot())
        return self._gesture.snapshot

    def show(self, patch: MaskPatch | None, value: int | None = None) -> None:
        """What the held gesture shows now, instead of what it showed before. Without one nothing happens.

        `value` is the class that was in the hand when this was asked for.
        """
        if isinstance(self._gesture, HeldGesture):
            self._gesture.value = value
            self._changed(self._gesture.show(patch))

    def commit(self) -> bool:
        """End the gesture as one undo step; False when it changed nothing."""
        gesture = self._gesture
        if gesture is None:
            return False
        patch = gesture.patch()
        self._end_gesture()
        if patch is not None:
            self._commit(gesture.text, patch, gesture.value)
        self.gesture_ended.emit()
        return patch is not None

    def restore(self) -> None:
        """End the gesture as if it had never begun."""
        gesture = self._gesture
        if gesture is not None:
            boxes = gesture.take_back()
            self._end_gesture()
            self._changed(boxes)
            self.gesture_ended.emit()

    def show_rows(self, rows: np.ndarray | None) -> None:
        """Which rows of the image the screen shows, sorted: a large undo changes those first. None when it is most."""
        self._planes.show_rows(rows)

    @property
    def shown_label_map(self) -> np.ndarray:
        """The label map of which those rows alone are sure to be up to date."""
        return self._label_map

    def value_at(self, x: int, y: int) -> int:
        """The label of one pixel."""
        return self._planes.value_at(x, y)

    def undo(self) -> None:
        """Take back the running gesture, else the last step."""
        if self.gesture_active:
            self.restore()
        elif self.history.can_undo:
            self.jump(self.history.cursor - 1)

    def redo(self) -> None:
        if not self.gesture_active and self.history.can_redo:
            self.jump(self.history.cursor + 1)

    def jump(self, cursor: int) -> None:
        """Undo or redo until `cursor` steps are in force, or one cannot be; a running gesture is taken back first."""
        self.restore()
        if cursor == self.history.cursor:
            return
        before, boxes = self.history.cursor, []
        try:
            self.history.walk(cursor, lambda patch: boxes.extend(self._planes.apply(patch)))
        except (OSError, PatchError, MemoryError) as error:
            self.unreadable.emit(error)
        finally:
            if self.history.cursor != before:
                self._changed(few_boxes(boxes))
                self._announce(self._move())

    def paint(self, text: str, region: AnyRegion | None, ink: Ink | int, rules: Rules = FREE) -> bool:
        """Set a region at once, without a gesture. False when it changes nothing."""
        if region is None:
            return False
        ink = _ink(ink)
        if isinstance(region, Spans) and ink.is_plain and rules.is_free:
            return self._done(text, ink.one_value, filled_in, region, ink)
        edit = painting(region, ink, rules, self.image.pixels)
        return self._done(text, ink.one_value, performed, edit, region.box)

    def push_patch(self, text: str, patch: MaskPatch | None, keeps_undone: bool = False) -> bool:
        """An edit that was computed elsewhere, from the planes as they are now. False for None.

        `keeps_undone`: it is none that a person makes, who would expect it to end what can be redone.
        """
        self._check_idle()
        if patch is None:
            return False
        self._changed(self._planes.apply(patch))
        kept = self._keep_undone() if keeps_undone else ()
        self._announce(*kept, self._remember(text, patch))
        if kept:
            self.undone_kept.emit()
        return True

    def apply_prediction(self, label_map: np.ndarray, text: str = "Predict") -> bool:
        """The model's result, beneath what a person has set. Not during a gesture. False when it changes nothing."""
        self._check_shape(label_map)
        return self.push_patch(text, whole_patch(self._planes, document_edits.predicted(label_map)), keeps_undone=True)

    def revert_to(self, label_map: np.ndarray, text: str = "Revert to prediction") -> bool:
        """The model's result everywhere, over a person's pixels too."""
        self._check_shape(label_map)
        return self._edit(text, document_edits.reverted(label_map))

    def take_over(self, label_map: np.ndarray, text: str = "Import masks") -> bool:
        """A person's map from elsewhere, instead of all that is here."""
        self._check_shape(label_map)
        return self._edit(text, document_edits.imported(label_map))

    def clear(self, text: str = "Clear") -> bool:
        """Everything untouched again."""
        return self._edit(text, document_edits.cleared())

    def fill_rest_with_background(self, text: str = "The rest is background") -> bool:
        """Every untouched pixel becomes background, set by a person."""
        return self._edit(text, document_edits.rest_is_background())

    def accept(self, region: AnyRegion | None = None, text: str = "Accept") -> bool:
        """What the model set, in a region or everywhere, is a person's word from now on; the labels stay."""
        if self.image is None:
            return False
        everything = filled((0, 0, self.shape[1], self.shape[0]))
        return self.paint(text, region or everything, Ink(None, ACCEPTED, only_from=MODEL))

    def counts(self) -> dict[int, int]:
        """Pixels per value in use, a running gesture included. Slow after large edits, see `recount`."""
        return self._planes.counts()[0]

    def provenance_counts(self) -> dict[int, int]:
        """Pixels per provenance in use, likewise."""
        return self._planes.counts()[1]

    def recount(self, seconds: float = 0.004) -> bool:
        """Count for about so long; True when `counts` and `provenance_counts` cost nothing now.

        A whole map of 8192x8192 takes 60 ms, which a timer spends in parts that nobody feels.
        """
        return self._planes.recount(seconds)

    def snapshot(self) -> Snapshot:
        """Both planes as they are now, for another thread to read. Costs nothing; to be closed when it was read."""
        return Snapshot(self._planes, self.revision, self.seq, self.history.cursor, self._tile)

    def _edit(self, text: str, edit: Edit) -> bool:
        """Of the whole image."""
        return self._done(text, None, performed, edit, (0, 0, self.shape[1], self.shape[0]))

    def _done(self, text: str, value: int | None, way: Callable[..., MaskPatch | None], *what: object) -> bool:
        self._check_idle()
        patch = way(self._planes, *what)
        if patch is not None:
            self._changed(patch.boxes())
            self._commit(text, patch, value)
        return patch is not None

    def _check_idle(self) -> None:
        if self.gesture_active:
            raise RuntimeError("a gesture is running; wait for gesture_ended")

    def _check_shape(self, label_map: np.ndarray) -> None:
        if label_map.shape != self.shape:
            raise ValueError(f"expected a map of {self.shape}, got {label_map.shape}")

    def _commit(self, text: str, patch: MaskPatch, value: int | None = None) -> None:
        """Remember and announce a patch that is on the planes already."""
        self._announce(self._remember(text, patch, value))

    def _remember(self, text: str, patch: MaskPatch, value: int | None = None) -> Commit:
        self.history.push(text, patch, time.time(), self.seq + 1)
        return self._commit_of("edit", text, patch, value)

    def _move(self) -> Commit:
        return self._commit_of("move", "", None, None)

    def _commit_of(self, kind: str, text: str, patch: MaskPatch | None, value: int | None) -> Commit:
        self.seq += 1
        return Commit(kind, self.seq, text, time.time(), patch, self.history.cursor, value)

    def _keep_undone(self) -> tuple[Commit, ...]:
        """A person's steps that could be redone come into force again, and one more takes them back."""
        undone = self.history.steps[self.history.cursor :]
        if all(step.text in BY_THE_MODEL for step in undone):
            return ()
        try:
            patch = self.history.take_up()
        except (OSError, PatchError, MemoryError):  # what cannot be read can be redone as little
            return ()
        return (self._remember(TAKEN_BACK, patch),)

    def _announce(self, *commits: Commit) -> None:
        """All that are on the planes at once: whoever takes a snapshot at the first one finds the last one's number."""
        for commit in commits:
            self.committed.emit(commit)
        self.edited.emit()

    def _end_gesture(self) -> None:
        gesture, self._gesture = self._gesture, None
        gesture.end()

    def _changed(self, boxes: Sequence[Box]) -> None:
        """After every write: views hear of it."""
        if not boxes:
            return
        self.revision += 1
        region = QRegion()
        for box in boxes:
            region += QRect(*box)
        self.mask_changed.emit(region)

    def _replace(
        self, image: Image | None, name: str, label_map: np.ndarray, provenance: np.ndarray, past: Past | None
    ) -> None:
        self.restore()
        self.image, self.name = image, name
        self._hold(label_map, provenance)
        self.revision += 1
        self.seq = past.next_seq - 1 if past is not None else 0
        if past is not None:
            self.history.load(past.steps, past.cursor, past.read)
        else:
            self.history.clear()
        self.loaded.emit()

    def _hold(self, label_map: np.ndarray, provenance: np.ndarray) -> None:
        self._planes = LivePlanes(label_map, provenance)
        self._label_map, self._provenance = (plane.view() for plane in self._planes.all)
        self._label_map.flags.writeable = self._provenance.flags.writeable = False


def _ink(ink: Ink | int) -> Ink:
    return Ink(ink) if isinstance(ink, int) else ink
