"""A gesture in progress: what the planes held before it, so that it can become one patch or be taken back."""

from __future__ import annotations

import numpy as np

from lsgui.kept_tiles import TILE, KeptTiles
from lsgui.mask import Box, MaskPatch
from model.patches import few_boxes, piece_between


class Gesture:
    """One that paints as it goes: each move is on the planes at once."""

    def __init__(self, text: str, tile: int = TILE) -> None:
        self.text = text
        self._before = KeptTiles(tile)

    def keep(self, box: Box, label_map: np.ndarray, provenance: np.ndarray) -> None:
        self._before.keep(box, label_map, provenance)

    def patch(self, label_map: np.ndarray, provenance: np.ndarray) -> MaskPatch | None:
        """What it has changed; None when that is nothing."""
        pieces = []
        for (x, y, w, h), before in self._before.items():
            now = label_map[y : y + h, x : x + w], provenance[y : y + h, x : x + w]
            pieces.append(piece_between((x, y), before, now))
        changed = [piece for piece in pieces if piece is not None]
        return MaskPatch(changed) if changed else None

    @property
    def boxes(self) -> tuple[Box, ...]:
        """Around everything it may have changed."""
        return few_boxes(box for box, _ in self._before.items())

    def put_back(self, label_map: np.ndarray, provenance: np.ndarray) -> None:
        for (x, y, w, h), (label, origin) in self._before.items():
            label_map[y : y + h, x : x + w] = label
            provenance[y : y + h, x : x + w] = origin


class HeldGesture:
    """One whose pixels are computed elsewhere: it shows one patch at a time, made for the planes as it found them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.shown: MaskPatch | None = None

    def patch(self, label_map: np.ndarray, provenance: np.ndarray) -> MaskPatch | None:
        return self.shown

    @property
    def boxes(self) -> tuple[Box, ...]:
        return self.shown.boxes() if self.shown is not None else ()

    def put_back(self, label_map: np.ndarray, provenance: np.ndarray) -> None:
        if self.shown is not None:
            self.shown.apply(label_map, provenance)
