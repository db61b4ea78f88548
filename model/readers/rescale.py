"""How a DICOM file turns its stored values into measured ones, at its top level or in the groups of its frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.pixels import apply_modality_lut

_GROUPS = ("PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence")
"""Where enhanced files keep what others have at their top level; what a frame says itself comes first."""


@dataclass(frozen=True)
class Rescale:
    """measured = stored * `slope` + `intercept`; `kind` is the RescaleType, "HU" where a CT file does not name one. Only an
    `anchored` one says where zero is.
    """

    slope: float = 1.0
    intercept: float = 0.0
    kind: str = "HU"
    anchored: bool = True


def rescale_of(data: Dataset) -> Rescale | None:
    """That of the first frame; what is empty is not there. None when it has neither a slope nor an intercept."""
    for said in places(data, "PixelValueTransformationSequence"):
        slope, intercept = first_number(said, "RescaleSlope"), first_number(said, "RescaleIntercept")
        if slope is not None or intercept is not None:
            kind = str(said.get("RescaleType") or "HU")
            return Rescale(1.0 if slope is None else slope, intercept or 0.0, kind, intercept is not None)
    return None


def measure(stored: np.ndarray, data: Dataset) -> np.ndarray:
    """Stored values of any shape as measured ones, float64: by the file's table, else by its `Rescale`, else as they are."""
    if data.get("ModalityLUTSequence"):
        return np.asarray(apply_modality_lut(stored, data), dtype=np.float64)
    rescale = rescale_of(data) or Rescale()
    values = stored.astype(np.float64)
    values *= rescale.slope
    values += rescale.intercept
    return values


def places(data: Dataset, group: str) -> Iterator[Dataset]:
    """Where to look, in this order, for what the functional `group` holds of the first frame."""
    for groups in _GROUPS:
        for frame in (data.get(groups) or ())[:1]:
            yield from (frame.get(group) or ())[:1]
    yield data


def first_number(data: Dataset, keyword: str) -> float | None:
    """The first of possibly several values; None where there is none."""
    value = data.get(keyword)
    if isinstance(value, MultiValue):
        value = value[0] if value else None
    return None if value is None or value == "" else float(value)
