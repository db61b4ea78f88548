"""Where writers of maps get their pixels from: both planes, band by band, so that none is ever copied whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

BAND_ROWS = 64


class PlaneSource(Protocol):
    """A label map and its provenance plane, uint8 (H, W), that may be read as often as needed, in any thread."""

    @property
    def shape(self) -> tuple[int, int]:
        """(H, W)."""

    def bands(self, rows: int = BAND_ROWS) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """(label, provenance) of `rows` rows each, the last of what is left; not to be written, nor kept."""


@dataclass(frozen=True)
class _Arrays:
    label_map: np.ndarray
    provenance: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        return self.label_map.shape

    def bands(self, rows: int = BAND_ROWS) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for top in range(0, self.shape[0], rows):
            yield self.label_map[top : top + rows], self.provenance[top : top + rows]


def of_arrays(label_map: np.ndarray, provenance: np.ndarray) -> PlaneSource:
    """A source over two arrays that nobody writes meanwhile. Raises ValueError when their shapes differ."""
    if label_map.shape != provenance.shape:
        raise ValueError(f"planes of {label_map.shape} and {provenance.shape}")
    return _Arrays(label_map, provenance)
