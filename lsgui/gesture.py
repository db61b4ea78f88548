"""A gesture in progress: on the planes already, and still to become one patch or to be taken back."""

from __future__ import annotations

import numpy as np

from lsgui.growing_patch import GrowingPatch
from lsgui.kept_tiles import TILE
from lsgui.live_planes import LivePlanes
from lsgui.mask import AnyRegion, Box, Ink, MaskPatch, Spans, fill, painting, write
from lsgui.rules import Rules
from lsgui.snapshot import Snapshot
from model.patches import few_boxes

Boxes = tuple[Box, ...]
"""Where the planes have changed."""


class Gesture:
    """One that paints as it goes."""

    def __init__(self, text: str, value: int | None, planes: LivePlanes, tile: int = TILE) -> None:
        self.text, self.value = text, value
        self._planes = planes
        self._made = GrowingPatch(planes, tile)

    def paint(self, region: AnyRegion, ink: Ink, rules: Rules, pixels: np.ndarray) -> Boxes:
        """`pixels` are the whole image's."""
        self._made.reach(region.box)
        if isinstance(region, Spans) and ink.is_plain and rules.is_free:
            fill(self._planes, region, ink)
        else:
            write(self._planes, painting(region, ink, rules, pixels), region.box)
        self._made.go_on()
        return (region.box,)

    def patch(self) -> MaskPatch | None:
        """What it has changed; None when that is nothing."""
        return self._made.patch()

    def take_back(self) -> Boxes:
        before = self._made.before
        boxes = few_boxes(box for box, _ in before.items())
        with self._planes.writing(boxes):
            for (x, y, w, h), was in before.items():
                for plane, kept in zip(self._planes.all, was, strict=True):
                    plane[y : y + h, x : x + w] = kept
        return boxes

    def end(self) -> None:
        """It has become a patch, or is taken back."""


class HeldGesture:
    """One whose pixels are computed elsewhere, from `snapshot`, which ends with it: it shows one patch at a time."""

    def __init__(self, text: str, value: int | None, planes: LivePlanes, snapshot: Snapshot) -> None:
        self.text, self.value = text, value
        self.snapshot = snapshot
        self._planes = planes

    def show(self, patch: MaskPatch | None) -> Boxes:
        """Instead of what it showed before. The snapshot keeps no tiles for it, since it can think the patch away.

        Should it fail, what is shown is what `snapshot.shown` says.
        """
        before = self.snapshot.shown
        boxes = few_boxes(box for part in (before, patch) if part is not None for box in part.boxes())
        with self._planes.writing(boxes, unless=self.snapshot):
            if before is not None:
                self._planes.put(before)
                self.snapshot.shown = None
            if patch is not None:
                self._planes.put(patch)
                self.snapshot.shown = patch
        return boxes

    def patch(self) -> MaskPatch | None:
        return self.snapshot.shown

    def take_back(self) -> Boxes:
        return self.show(None)

    def end(self) -> None:
        self.snapshot.close()
