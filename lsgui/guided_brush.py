"""The model-guided brush: an edge is drawn by sweeping near it, and lies where the prediction puts it."""

from __future__ import annotations

from PySide6.QtCore import Qt

from lsgui import guided
from lsgui.brush import Brush
from lsgui.guided import Contest, decided, lost
from lsgui.mask import AnyRegion, Ink, Point, Region
from lsgui.shapes import stroke
from lsgui.tool import Kit, Outline
from model.messages import Message
from model.opencv import cv2

_LARGEST_SHOWN = 400.0
"""The radius in image pixels up to which the edge is shown before it is painted: beyond, it takes too long."""

UNPREDICTED = Message("This brush follows the model; it paints as soon as the image is predicted.")


class GuidedBrush(Brush):
    """Drag gives the class what the model gives it, and takes away what the model gives to another when
    `painting.both_ways` says so; the right button or Ctrl only takes away."""

    text = "Guided brush"
    erase_text = "Guided brush"

    def __init__(self, kit: Kit) -> None:
        super().__init__(kit)
        self._contest: Contest | None = None
        self._shown: tuple[object, tuple[tuple[Point, ...], ...]] = (None, ())

    def press(
        self, x: float, y: float, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier, pressure: float = 1.0
    ) -> bool:
        paints = button in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton)
        sizes = button == Qt.MouseButton.RightButton and bool(modifiers & Qt.KeyboardModifier.AltModifier)
        if self.document.image is not None and paints and not sizes and self._decides() is None:
            self.kit.say(UNPREDICTED)
            self.kit.predict()
            return True
        return super().press(x, y, button, modifiers, pressure)

    def may_paint(self, erasing: bool = False) -> bool:
        """It takes from the class too, so a locked one stops it either way."""
        return super().may_paint(erasing=False)

    def cancel(self) -> None:
        super().cancel()
        self._forget_edge()

    def outline(self) -> Outline | None:
        shape = super().outline()
        if shape is None or self.active or self._sizing is not None:
            return shape
        return Outline(shape.circle, shape.points, erases=shape.erases, square=shape.square, rings=self._edge())

    def _lay(self, region: AnyRegion) -> None:
        contest, (x, y, w, h) = self._decides(), region.box
        if contest is None:
            return
        label = self.document.label_map[y : y + h, x : x + w]
        snap, kept = self.painting.snap, self._rules.protected
        if self._erasing:
            after, where = guided.taken(contest.at(region.box), label, contest.value, snap, kept)
        else:
            both_ways = self.painting.both_ways
            after, where = guided.snapped(contest.at(region.box), label, contest.value, snap, both_ways, kept)
        mask = cv2.bitwise_and(where, region.band(0, h))
        self.document.preview(Region(region.box, mask), Ink(after), self._rules)

    def _decides(self) -> Contest | None:
        """The prediction of the open image, seen from the class in the hand; during a stroke always the same."""
        prediction, value = self.kit.predictions(), self.painting.class_value
        known = self._contest
        if self.active and known is not None:
            return known
        if prediction is None or prediction.label_map.shape != self.document.shape:
            self._contest = None
        elif known is None or known.prediction is not prediction or known.value != value:
            self._contest = Contest(prediction, value)
        return self._contest

    def _edge(self) -> tuple[tuple[Point, ...], ...]:
        """Of what a press here would give to the class, or take from it."""
        contest, radius = self._decides(), self.painting.brush_radius
        if contest is None or self._at is None or radius > _LARGEST_SHOWN:
            return ()
        at, form, snap = self._at, self.painting.brush_shape, self.painting.snap
        key = (contest, at, radius, form, snap, self._erasing)
        if self._shown[0] != key:
            region = stroke(at, at, radius, self.document.shape, form)
            self._shown = key, () if region is None else self._around(contest, region)
        return self._shown[1]

    def _around(self, contest: Contest, region: AnyRegion) -> tuple[tuple[Point, ...], ...]:
        where = (lost if self._erasing else decided)(contest.at(region.box)[0], self.painting.snap)
        return guided.edges(cv2.bitwise_and(where, region.band(0, region.box[3])), region.box[:2])

    def _forget(self) -> None:
        """Another image, which the old prediction says nothing about."""
        super()._forget()
        self._contest = None
        self._forget_edge()

    def _forget_edge(self) -> None:
        self._shown = (None, ())
