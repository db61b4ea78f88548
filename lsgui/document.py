"""The open image with its label map: the only place that writes their pixels, and one undo stack over every edit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from PySide6.QtCore import QObject, QRect, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from lsgui.gesture import Gesture
from lsgui.mask import Box, Edit, MaskPatch, Region, whole_patch
from model.images import Image
from model.labels import UNTOUCHED
from model.opencv import cv2
from model.provenance import HUMAN, MODEL, UNSET

UNDO_STEPS = 500


class Document(QObject):
    """Label map and provenance are uint8 (H, W) of the image's size; others get them as read-only views."""

    loaded = Signal()
    mask_changed = Signal(QRect)
    edited = Signal()
    """A committed edit, an undo or a redo; never a preview."""
    gesture_ended = Signal()

    def __init__(
        self, parent: QObject | None = None, background: Callable[[Callable[[], None]], None] = lambda work: work()
    ) -> None:
        """`background` runs what may take its time: compressing what the undo stack keeps."""
        super().__init__(parent)
        self.image: Image | None = None
        self.name = ""
        self.revision = 0
        self.undo_stack = QUndoStack(self)
        self.undo_stack.setUndoLimit(UNDO_STEPS)
        self._background = background
        self._gesture: Gesture | None = None
        self._hold(np.zeros((0, 0), np.uint8), np.zeros((0, 0), np.uint8))

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width); (0, 0) without an image."""
        return self._label.shape

    @property
    def gesture_active(self) -> bool:
        return self._gesture is not None

    def load(self, image: Image, label_map: np.ndarray, provenance: np.ndarray, name: str = "") -> None:
        """Show another image. The document takes both arrays over: nobody else may write them from now on."""
        if image.pixels.shape[:2] != label_map.shape or label_map.shape != provenance.shape:
            raise ValueError(f"planes {label_map.shape}, {provenance.shape} for an image {image.pixels.shape[:2]}")
        self._replace(image, name or image.name, label_map, provenance)

    def close(self) -> None:
        self._replace(None, "", np.zeros((0, 0), np.uint8), np.zeros((0, 0), np.uint8))

    def begin(self, text: str) -> None:
        """Start a gesture that `commit` turns into one undo step called `text`, and `restore` takes back."""
        self.restore()
        if self.image is not None:
            self._gesture = Gesture(text)

    def preview(self, region: Region | None, value: int, provenance: int = HUMAN) -> None:
        """Show the gesture's next part. Without a gesture (it was restored meanwhile) nothing happens."""
        if self._gesture is None or region is None or not region.mask.any():
            return
        x, y, w, h = region.box
        self._gesture.keep(region.box, self._label, self._origin)
        with self._changing(region.box):
            self._label[y : y + h, x : x + w][region.mask] = value
            self._origin[y : y + h, x : x + w][region.mask] = provenance

    def commit(self) -> bool:
        """End the gesture as one undo step; False when it changed nothing."""
        gesture, self._gesture = self._gesture, None
        if gesture is None:
            return False
        patch = gesture.patch(self._label, self._origin)
        if patch is not None:
            self._push(gesture.text, patch, applied=True)
        self.gesture_ended.emit()
        return patch is not None

    def restore(self) -> None:
        """End the gesture as if it had never begun."""
        gesture, self._gesture = self._gesture, None
        if gesture is None:
            return
        if gesture.box[2]:
            with self._changing(gesture.box):
                gesture.put_back(self._label, self._origin)
        self.gesture_ended.emit()

    def undo(self) -> None:
        """Take back the running gesture, else the last step."""
        if self.gesture_active:
            self.restore()
        else:
            self.undo_stack.undo()

    def redo(self) -> None:
        if not self.gesture_active:
            self.undo_stack.redo()

    def paint(self, text: str, region: Region | None, value: int) -> bool:
        """Set a region at once, without a gesture. False when it changes nothing."""
        if region is None:
            return False
        return self._edit(text, lambda label, origin, rows: (value, HUMAN, region.mask[rows]), region.box)

    def apply_prediction(self, label_map: np.ndarray, text: str = "Predict") -> bool:
        """The model's result, beneath what a person has set. Not during a gesture. False when it changes nothing."""
        self._check_shape(label_map)
        return self._edit(text, lambda label, origin, rows: (label_map[rows], MODEL, origin != HUMAN))

    def revert_to(self, label_map: np.ndarray, text: str = "Revert to prediction") -> bool:
        """The model's result everywhere, over a person's pixels too."""
        self._check_shape(label_map)
        return self._edit(text, lambda label, origin, rows: (label_map[rows], MODEL, None))

    def clear(self, text: str = "Clear") -> bool:
        """Everything untouched again."""
        return self._edit(text, lambda label, origin, rows: (UNTOUCHED, UNSET, None))

    def fill_rest_with_background(self, text: str = "The rest is background") -> bool:
        """Every untouched pixel becomes background, set by a person."""
        return self._edit(text, lambda label, origin, rows: (0, HUMAN, label == UNTOUCHED))

    def counts(self) -> dict[int, int]:
        """Pixels per value in use, a running gesture included."""
        if self._counts is None:
            self._counts = _histogram(self._label)
        return {value: int(n) for value, n in enumerate(self._counts) if n}

    def undo_size(self) -> tuple[int, int]:
        """(steps that undo can take back, bytes that all steps keep)."""
        commands = (self.undo_stack.command(i) for i in range(self.undo_stack.count()))
        return self.undo_stack.index(), sum(command.patch.nbytes for command in commands)

    def apply(self, patch: MaskPatch) -> None:
        """Do a patch, or take it back: the way every undo, redo and whole-image edit reaches the pixels."""
        self.restore()
        with self._changing(patch.box):
            patch.apply(self._label, self._origin)
        self.edited.emit()

    def _edit(self, text: str, edit: Edit, box: Box | None = None) -> bool:
        if self.gesture_active:
            raise RuntimeError("a gesture is running; wait for gesture_ended")
        patch = whole_patch(self._label, self._origin, edit, box)
        if patch is not None:
            self._push(text, patch, applied=False)
        return patch is not None

    def _check_shape(self, label_map: np.ndarray) -> None:
        if label_map.shape != self.shape:
            raise ValueError(f"expected a map of {self.shape}, got {label_map.shape}")

    def _push(self, text: str, patch: MaskPatch, applied: bool) -> None:
        self.undo_stack.push(EditMask(self, text, patch, applied))
        if applied:
            self.edited.emit()
        self._background(patch.compress)

    @contextmanager
    def _changing(self, box: Box) -> Iterator[None]:
        """Around every write: counts follow a small change at the cost of its box, and views hear of it."""
        x, y, w, h = box
        part = self._label[y : y + h, x : x + w]
        follows = self._counts is not None and part.size * 8 < self._label.size
        before = _histogram(part) if follows else 0
        yield
        self._counts = self._counts - before + _histogram(part) if follows else None
        self.revision += 1
        self.mask_changed.emit(QRect(*box))

    def _replace(self, image: Image | None, name: str, label_map: np.ndarray, provenance: np.ndarray) -> None:
        self.restore()
        self.undo_stack.clear()
        self.image, self.name = image, name
        self._hold(label_map, provenance)
        self.revision += 1
        self.loaded.emit()

    def _hold(self, label_map: np.ndarray, provenance: np.ndarray) -> None:
        self._label, self._origin = (np.require(p, np.uint8, ["C", "W"]) for p in (label_map, provenance))
        self.label_map, self.provenance = self._label.view(), self._origin.view()
        self.label_map.flags.writeable = self.provenance.flags.writeable = False
        self._counts: np.ndarray | None = None


class EditMask(QUndoCommand):
    """One patch on the undo stack. The stack calls redo on push; a gesture is on the planes by then."""

    def __init__(self, document: Document, text: str, patch: MaskPatch, applied: bool) -> None:
        super().__init__(text)
        self.patch = patch
        self._document = document
        self._applied = applied

    def redo(self) -> None:
        if not self._applied:
            self._document.apply(self.patch)
        self._applied = False

    def undo(self) -> None:
        self._document.apply(self.patch)


def _histogram(plane: np.ndarray) -> np.ndarray:
    """Pixels of each value, int64 (256,). In bands, since OpenCV counts in float32, exact only to 16.7 million."""
    total = np.zeros(256, np.int64)
    for top in range(0, plane.shape[0], 1024):
        band = np.ascontiguousarray(plane[top : top + 1024])
        total += cv2.calcHist([band], [0], None, [256], [0, 256]).ravel().astype(np.int64)
    return total
