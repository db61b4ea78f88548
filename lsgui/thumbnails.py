"""Small pictures of the folder's images, made only for the rows that are looked at, newest request first."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from lsgui.folder import Problem
from lsgui.jobs import Failure, JobRunner
from model.classes import ClassTable
from model.foreign import stamp_of
from model.images import Image, apply_window, read_image
from model.index import FileStamp
from model.labels import UNTOUCHED
from model.messages import Message
from model.opencv import cv2
from model.progress import Report
from model.workspace import Entry, Status, Workspace

SIDE = 96
_KEPT = 1500
_WAITING = 40
"""More requests than a screen has rows are of rows that have scrolled away."""
_OPACITY = 0.4


@dataclass(frozen=True)
class _Request:
    entry: Entry
    workspace: Workspace
    classes: ClassTable
    max_pixels: int


@dataclass(frozen=True)
class _Drawn:
    """`stamp` is that of the image's file; None for one that could not be read."""

    picture: QImage
    problem: Problem | None = None
    stamp: FileStamp | None = None


class Thumbnails(QObject):
    """Remembers the newest `_KEPT` pictures; a picture stays until its newer version is there."""

    ready = Signal(str)

    def __init__(self, jobs: JobRunner, max_pixels: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._max_pixels = max_pixels
        self._workspace: Workspace | None = None
        self._pictures: OrderedDict[str, QImage] = OrderedDict()
        self._problems: dict[str, Problem] = {}
        self._stamps: dict[str, FileStamp] = {}
        """Of the images' files, when their pictures were drawn."""
        self._stale: set[str] = set()
        self._waiting: OrderedDict[str, Entry] = OrderedDict()
        self._working = False
        self._drawn = ""
        """The image that is being drawn."""

    def show(self, workspace: Workspace | None) -> None:
        """Another folder, or none: forget every picture."""
        self._workspace = workspace
        self._pictures.clear()
        self._problems.clear()
        self._stamps.clear()
        self._stale.clear()
        self._waiting.clear()
        self._drawn = ""

    def outdate(self, name: str) -> None:
        """The image's labels changed: its picture is made anew when it is next looked at."""
        if name in self._pictures or name == self._drawn:
            self._stale.add(name)

    def compare(self, name: str, stamp: FileStamp | None) -> None:
        """The image was read just now, from a file with this stamp: a picture of another one, or of none, is old."""
        if name in self._pictures and self._stamps.get(name) != stamp:
            self.outdate(name)
            self.ready.emit(name)  # its row asks anew

    def outdate_all(self) -> None:
        self._stale.update(self._pictures)

    def picture(self, entry: Entry) -> QImage | None:
        """What there is now; `ready` tells when there is more."""
        found = self._pictures.get(entry.name)
        if found is None or entry.name in self._stale:
            self._ask(entry)
        else:
            self._pictures.move_to_end(entry.name)
        return found

    def problem(self, entry: Entry) -> Problem | None:
        """Why the image, or its label, could not be shown in the picture that there is."""
        return self._problems.get(entry.name)

    def _ask(self, entry: Entry) -> None:
        """Rows are painted more often than pictures are drawn: one is enough until its image changes."""
        if entry.name == self._drawn and entry.name not in self._stale:
            return
        self._waiting[entry.name] = entry
        self._waiting.move_to_end(entry.name)
        while len(self._waiting) > _WAITING:
            self._waiting.popitem(last=False)
        self._next()

    def _next(self) -> None:
        if self._working or not self._waiting or self._workspace is None:
            return
        self._working = True
        _, entry = self._waiting.popitem()
        self._drawn = entry.name
        self._stale.discard(entry.name)
        request = _Request(entry, self._workspace, self._workspace.classes, self._max_pixels)

        def failed(failure: Failure) -> None:
            self._made(request, _Drawn(QImage(), Problem("image", failure.message)))

        self._jobs.submit(
            "thumbnails",
            Message("Drawing a thumbnail"),
            lambda report: _draw(request, report),
            lambda drawn: self._made(request, drawn),
            failed,
            self._given_up,
            quiet=True,
        )

    def _given_up(self) -> None:
        """Everything was cancelled for another folder, whose rows may be waiting already."""
        self._working, self._drawn = False, ""
        self._next()

    def _made(self, request: _Request, drawn: _Drawn) -> None:
        self._working, self._drawn = False, ""
        if request.workspace is self._workspace:
            self._forget(request.entry.name)
            self._remember(request.entry.name, drawn)
            if len(self._pictures) > _KEPT:
                self._forget(next(iter(self._pictures)))
            self.ready.emit(request.entry.name)
        self._next()

    def _remember(self, name: str, drawn: _Drawn) -> None:
        self._pictures[name] = drawn.picture
        if drawn.problem is not None:
            self._problems[name] = drawn.problem
        if drawn.stamp is not None:
            self._stamps[name] = drawn.stamp

    def _forget(self, name: str) -> None:
        for known in (self._pictures, self._problems, self._stamps):
            known.pop(name, None)


def render(image: Image, label_map: np.ndarray, classes: ClassTable, side: int = SIDE) -> np.ndarray:
    """The image in grey under its labels, uint8 (h, w, 3), its longer side `side` pixels."""
    height, width = image.pixels.shape[:2]
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(_thin_out(image.pixels, side), size, interpolation=cv2.INTER_AREA)
    grey = apply_window(small, image.window)
    color = np.repeat(grey[..., None], 3, axis=2) if grey.ndim == 2 else grey
    labels = cv2.resize(label_map, size, interpolation=cv2.INTER_NEAREST)
    palette = np.zeros((256, 3), np.float32)
    for item in classes.classes:
        palette[item.value] = item.color
    shown = labels != UNTOUCHED
    if classes.knows_nothing:
        shown &= labels != classes.background.value
    blend = color * (1 - _OPACITY) + palette[labels] * _OPACITY
    return np.ascontiguousarray(np.where(shown[..., None], blend, color).astype(np.uint8))


def _thin_out(pixels: np.ndarray, side: int) -> np.ndarray:
    """Every n-th pixel of a large image: area averaging over all of them would cost a hundred times more."""
    step = max(1, min(pixels.shape[:2]) // (side * 4))
    return np.ascontiguousarray(pixels[::step, ::step])


def _draw(request: _Request, report: Report) -> _Drawn:
    """In the thumbnails lane."""
    stamp = stamp_of(request.entry.path)
    image = read_image(request.entry.path, request.max_pixels)
    maps = request.workspace.read_maps(request.entry.name, image.pixels.shape[:2])
    picture = render(image, maps.label_map, request.classes)
    height, width = picture.shape[:2]
    drawn = QImage(picture.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
    lacks = request.entry.status in (Status.LABELLED, Status.CORRECTED) and maps.source in ("none", "prediction")
    return _Drawn(drawn, Problem("label", maps.notices[0]) if lacks and maps.notices else None, stamp)
