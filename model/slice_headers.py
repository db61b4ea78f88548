"""What the header of a DICOM slice says about where it lies; the pixels are not read."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pydicom
from pydicom.filereader import read_partial
from pydicom.tag import Tag

ENDINGS = (".dcm", ".dicom", ".ima")
"""Of files that are DICOM even where they lack its preamble, as very old ones do."""
Vector = tuple[float, float, float]
_AXIAL = (1, 0, 0, 0, 1, 0)
_ABOUT_SERIES = (
    "SeriesInstanceUID",
    "FrameOfReferenceUID",
    "StudyInstanceUID",
    "SeriesNumber",
    "ImageOrientationPatient",
    "Rows",
    "Columns",
    "PixelSpacing",
)


@dataclass(frozen=True)
class SlicePlace:
    """`position` is that of the first pixel in millimetres, `normal` has length 1; both in the patient's coordinates, and
    None where the file does not tell. `number` is its InstanceNumber.
    """

    series: str
    position: Vector | None = None
    normal: Vector | None = None
    number: int | None = None

    def facts(self) -> dict:
        """What JSON can hold."""
        return asdict(self)

    @staticmethod
    def from_facts(said: Mapping[str, object]) -> SlicePlace | None:
        """None where they say nothing of a slice."""
        match said:
            case {"series": str(series), "position": position, "normal": normal, "number": int() | None as number}:
                return SlicePlace(series, _vector(position), _vector(normal), number)
        return None


def read_place(path: Path) -> SlicePlace | None:
    """From one look at the header; None for what is no DICOM file, or of no series. Raises OSError."""
    header = _read(path, *_ABOUT_SERIES, "InstanceNumber", "ImagePositionPatient")
    series = series_in(header)
    if header is None or series is None:
        return None
    return SlicePlace(series, _vector(_value(header, "ImagePositionPatient")), _normal(header), _number(header))


def series_of(path: Path) -> str | None:
    """The DICOM series of the image at `path`, None for other images."""
    return series_in(_header(path, *_ABOUT_SERIES))


def series_in(header: pydicom.Dataset | None) -> str | None:
    """The SeriesInstanceUID. Where whoever removed names has removed that as well, what slices of one series share: the
    frame of reference or else the study, and how they lie and are sampled. None where neither is told: how they lie alone would
    join slices of different people.
    """
    series = _text(header, "SeriesInstanceUID")
    if series or header is None:
        return series or None
    home = _text(header, "FrameOfReferenceUID") or _text(header, "StudyInstanceUID")
    if not home:
        return None
    shared = ("ImageOrientationPatient", "PixelSpacing", "Rows", "Columns")
    number = _text(header, "SeriesNumber") or "-"
    return " ".join([home, number, *(_numbers(_value(header, keyword)) for keyword in shared)])


def is_pieced(series: str) -> bool:
    """Whether `series_in` had to put it together, as no UID has a space."""
    return " " in series


def slice_position(path: Path) -> float | None:
    """Millimetres along the normal of a DICOM slice, None where the file does not tell."""
    header = _header(path, "ImagePositionPatient", "ImageOrientationPatient")
    place, normal = _vector(_value(header, "ImagePositionPatient")), _normal(header)
    return None if place is None or normal is None else along(place, normal)


def orientation_of(path: Path) -> tuple[float, ...] | None:
    """Where the rows and columns of a DICOM slice point, to a hundredth; None where the file does not tell."""
    header = _header(path, "ImageOrientationPatient")
    try:
        return tuple(round(float(value), 2) + 0.0 for value in header.ImageOrientationPatient)
    except (AttributeError, TypeError, ValueError):
        return None


def along(a: Vector, b: Vector) -> float:
    """The scalar product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _text(header: pydicom.Dataset | None, keyword: str) -> str:
    return str(_value(header, keyword) or "").strip()


def _numbers(values: object) -> str:
    """To a hundredth, as slices of one series may differ behind that; "-" for what is missing or no number."""
    try:
        return "/".join(f"{round(float(one), 2) + 0.0:g}" for one in (values if _is_many(values) else [values]))
    except (TypeError, ValueError):
        return "-"


def _is_many(values: object) -> bool:
    return isinstance(values, Sequence) and not isinstance(values, str)


def _number(header: pydicom.Dataset) -> int | None:
    try:
        return int(_value(header, "InstanceNumber"))
    except (TypeError, ValueError):
        return None


def _normal(header: pydicom.Dataset | None) -> Vector | None:
    try:
        values = [float(value) for value in _value(header, "ImageOrientationPatient") or _AXIAL]
        normal = _cross(values[:3], values[3:6])
    except (TypeError, ValueError, IndexError):
        return None
    length = math.hypot(*normal)
    return _vector([value / length for value in normal]) if length > 0 else None


def _vector(values: object) -> Vector | None:
    try:
        x, y, z = (float(value) for value in values)
    except (TypeError, ValueError):
        return None
    return (x, y, z) if all(math.isfinite(value) for value in (x, y, z)) else None


def _value(header: pydicom.Dataset | None, keyword: str) -> object:
    """None also for what is there and cannot be understood."""
    try:
        return getattr(header, keyword, None)
    except Exception:  # noqa: BLE001 - pydicom understands a value when it is asked for, and fails in many ways
        return None


def _header(path: Path, *keywords: str) -> pydicom.Dataset | None:
    """As `_read`; a file that cannot be read says nothing."""
    try:
        return _read(path, *keywords)
    except OSError:
        return None


def _read(path: Path, *keywords: str) -> pydicom.Dataset | None:
    """These attributes, read no further than to the last of them: what follows may be long. Raises OSError."""
    tags = [Tag(keyword) for keyword in keywords]
    last, named = max(tags), Path(path).suffix.lower() in ENDINGS
    try:
        with open(path, "rb") as file:
            return read_partial(file, stop_when=lambda tag, vr, length: tag > last, force=named, specific_tags=tags)
    except OSError:
        raise
    except Exception:  # noqa: BLE001 - not DICOM, or damaged: either way it says nothing
        return None


def _cross(a: Sequence[float], b: Sequence[float]) -> Vector:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]
