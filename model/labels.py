"""Label maps on disk: 8-bit palette PNGs whose values are class values, 255 where nobody has labelled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model.classes import ClassTable
from model.errors import LabelError
from model.files import atomic_bytes
from model.label_png import encode
from model.opencv import cv2
from model.pillow import pillow

UNTOUCHED = 255
BEYOND = 254
"""In views for a teacher: pixels outside of the image, of which there is nothing to say. Tables of 255 classes go without."""

_UNTOUCHED_COLOR = (224, 224, 192)
"""What viewers show for 255: the void colour of PASCAL VOC."""


@dataclass(frozen=True)
class ImportedMask:
    """A foreign mask in our values, uint8 (H, W). `unknown` lists the values or colours that no class has: now 255."""

    label_map: np.ndarray
    unknown: tuple[int | tuple[int, int, int], ...]


def read_label(path: Path, shape: tuple[int, int] | None, classes: ClassTable | None) -> np.ndarray:
    """The label map at `path`, uint8 (H, W).

    Raises LabelError when it is missing or damaged, has another `shape` (H, W), or values that `classes` lacks;
    None leaves the one or the other unchecked. It is never resized.
    """
    values = _open(path, shape, ("P", "L", "1"))
    if values.dtype == bool:
        values = values.astype(np.uint8)
    unknown = [] if classes is None else _unknown_values(values, classes)
    if unknown:
        raise LabelError(
            "{name} holds the values {values}, which no class has; add classes with these values, or correct the file.",
            name=path.name,
            values=_listed(unknown),
        )
    return values


def write_label(path: Path, label_map: np.ndarray, classes: ClassTable, durable: bool = True) -> None:
    """Write `label_map`, uint8 (H, W), in the colours of `classes`. Atomic; raises OSError, the old file intact.

    What can be predicted again need not be `durable`, see `atomic_write`.
    """
    if label_map.dtype != np.uint8 or label_map.ndim != 2:
        raise ValueError(f"expected uint8 (H, W), got {label_map.dtype} {label_map.shape}")
    content = encode(label_map, palette_of(classes))
    atomic_bytes(path, content, durable)


def read_mask(path: Path, shape: tuple[int, int], classes: ClassTable) -> ImportedMask:
    """A mask that another program wrote: grey values or palette entries as class values, or the classes' colours.

    Raises LabelError when it is missing, damaged, of another `shape` (H, W), or its values do not fit 8 bits.
    """
    path = Path(path)
    values = _open(path, shape, None)
    if values.ndim == 3:
        return _by_color(values[:, :, :3], classes)
    if values.dtype == bool:
        values = values.astype(np.uint8)
    if values.min() < 0 or values.max() > UNTOUCHED:
        raise LabelError(
            "{name} holds values up to {highest}; a mask may hold class values from 0 to 254.",
            name=path.name,
            highest=int(values.max()),
        )
    values = values.astype(np.uint8)
    return _without(values, _unknown_values(values, classes))


def palette_of(classes: ClassTable) -> bytes:
    """Red, green and blue of each of the 256 values."""
    palette = bytearray(3 * 256)
    for item in classes.classes:
        palette[3 * item.value : 3 * item.value + 3] = item.color
    palette[3 * UNTOUCHED :] = bytes(_UNTOUCHED_COLOR)
    return bytes(palette)


def values_in(label_map: np.ndarray) -> set[int]:
    """The values that occur in `label_map`, uint8 (H, W)."""
    counts = cv2.calcHist([label_map], [0], None, [256], [0, 256])  # ten times as fast as bincount, no int64 copy
    return set(np.flatnonzero(counts).tolist())


def _open(path: Path, shape: tuple[int, int] | None, modes: tuple[str, ...] | None) -> np.ndarray:
    """Pixels as stored, after the size in the header has been compared with `shape` (H, W)."""
    path = Path(path)
    try:
        with pillow.open(path, formats=("PNG", "TIFF", "BMP", "GIF")) as picture:
            _check_shape(path, (picture.height, picture.width), shape)
            if modes and picture.mode not in modes:
                raise LabelError(
                    "{name} is not a label map: expected an 8-bit palette or grey PNG; import it as a mask instead.",
                    name=path.name,
                )
            return np.array(_plain(picture))
    except LabelError:
        raise
    except MemoryError as error:
        raise LabelError("{name} does not fit into memory; close other programs.", name=path.name) from error
    except FileNotFoundError as error:
        raise LabelError("{name} does not exist.", name=path.name) from error
    except Exception as error:  # Pillow meets damaged files with exceptions of every kind
        raise LabelError(
            "{name} cannot be read as a label map: {reason}; it was left as it is.", name=path.name, reason=str(error)
        ) from error


def _plain(picture: pillow.Image) -> pillow.Image:
    """Without an alpha channel, which in a mask says nothing."""
    return picture.convert({"LA": "L", "PA": "P", "RGBA": "RGB"}.get(picture.mode, picture.mode))


def _check_shape(path: Path, found: tuple[int, int], expected: tuple[int, int] | None) -> None:
    if expected is not None and found != tuple(expected):
        raise LabelError(
            "{name} is {width} x {height}, but its image is {image_width} x {image_height}; "
            "it was left as it is. Check that it belongs to this image.",
            name=path.name,
            width=found[1],
            height=found[0],
            image_width=expected[1],
            image_height=expected[0],
        )


def _unknown_values(values: np.ndarray, classes: ClassTable) -> list[int]:
    return sorted(values_in(values) - {*classes.values, UNTOUCHED})


def _listed(values: list[int]) -> str:
    """At most ten of them, for a sentence."""
    return ", ".join(map(str, values[:10])) + (", ..." if len(values) > 10 else "")


def _without(values: np.ndarray, unknown: list[int]) -> ImportedMask:
    if unknown:
        values[np.isin(values, unknown)] = UNTOUCHED
    return ImportedMask(values, tuple(unknown))


def _by_color(colors: np.ndarray, classes: ClassTable) -> ImportedMask:
    """(H, W, 3) to values. The void colour we write for untouched pixels is known too."""
    weights = np.array((1 << 16, 1 << 8, 1))
    codes = colors.astype(np.int64) @ weights
    found, inverse = np.unique(codes, return_inverse=True)
    known = {int(np.array(item.color) @ weights): item.value for item in classes.classes}
    known[int(np.array(_UNTOUCHED_COLOR) @ weights)] = UNTOUCHED
    values = np.array([known.get(int(code), UNTOUCHED) for code in found], dtype=np.uint8)
    unknown = tuple((int(c) >> 16, int(c) >> 8 & 255, int(c) & 255) for c in found if int(c) not in known)
    return ImportedMask(values[inverse].reshape(codes.shape), unknown)
