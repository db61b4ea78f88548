"""The selection: a part of the image to which tools and cleaning up are limited. Not an edit, and never saved."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from lsgui.document import Document
from lsgui.mask import AnyRegion, Point


class Selection(QObject):
    """Stays from image to image of one size, as the slices of a series are, and goes with the size, or with the folder."""

    changed = Signal()

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._shape = document.shape
        self._region: AnyRegion | None = None
        self._rings: tuple[tuple[Point, ...], ...] = ()
        document.loaded.connect(self._loaded)

    @property
    def region(self) -> AnyRegion | None:
        """The pixels that may be changed; None for the whole image."""
        return self._region

    @property
    def rings(self) -> tuple[tuple[Point, ...], ...]:
        """Closed lines around it, in image pixels, to draw it by."""
        return self._rings

    def select(self, region: AnyRegion | None, rings: tuple[tuple[Point, ...], ...] = ()) -> None:
        """Limit everything to a region, drawn by its rings; None, or one without pixels, ends the limit."""
        region = region if region is not None and region.area else None
        if region is not self._region:
            self._region, self._rings = region, rings if region is not None else ()
            self.changed.emit()

    def clear(self) -> None:
        self.select(None)

    def _loaded(self) -> None:
        """Between two folders nothing is open: no image, and no size."""
        if self._document.shape != self._shape:
            self._shape = self._document.shape
            self.clear()
