"""Label maps on disk: 8-bit palette PNGs whose values are class values, 255 where nobody has labelled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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

UNTOUCHED_COLOR = (224, 224, 192)
"""What viewers show for 255: the void colour of PASCAL VOC."""


def read_label(path: Path, shape: tuple[int, int] | None, classes: ClassTable | None) -> np.ndarray:
    """The label map at `path`, uint8 (H, W).

    Raises LabelError when it is missing or damaged, has another `shape` (H, W), or values that `classes` lacks;
    None leaves the one or the other unchecked. It is never resized.
    """
    path = Path(path)
    with opened(path) as picture:
        check_shape(path, (picture.height, picture.width), shape)
        if picture.mode not in ("P", "L", "1"):
            raise LabelError(
                "{name} is not a label map: expected an 8-bit palette or grey PNG; import it as a mask instead.",
                name=path.name,
            )
        values = np.array(picture)
    if values.dtype == bool:
        values = values.astype(np.uint8)
    unknown = [] if classes is None else unknown_values(values, classes)
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


def palette_of(classes: ClassTable) -> bytes:
    """Red, green and blue of each of the 256 values."""
    palette = bytearray(3 * 256)
    for item in classes.classes:
        palette[3 * item.value : 3 * item.value + 3] = item.color
    palette[3 * UNTOUCHED :] = bytes(UNTOUCHED_COLOR)
    return bytes(palette)


def values_in(label_map: np.ndarray) -> set[int]:
    """The values that occur in `label_map`, uint8 (H, W)."""
    counts = cv2.calcHist([label_map], [0], None, [256], [0, 256])  # ten times as fast as bincount, no int64 copy
    return set(np.flatnonzero(counts).tolist())


@contextmanager
def opened(path: Path) -> Iterator[pillow.Image]:
    """The picture at `path`, still to be decoded. What goes wrong with it inside is raised as LabelError."""
    try:
        with pillow.open(path, formats=("PNG", "TIFF", "BMP", "GIF")) as picture:
            picture.filename = (
                ""  # else Pillow 13 maps plain TIFFs into memory, and those on their side in the wrong width
            )
            yield picture
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


def check_shape(path: Path, found: tuple[int, int], expected: tuple[int, int] | None) -> None:
    """Raises LabelError unless both (H, W) are the same, or none is expected."""
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


def unknown_values(values: np.ndarray, classes: ClassTable) -> list[int]:
    """Those in `values`, uint8 (H, W), that neither a class has nor is untouched."""
    return sorted(values_in(values) - {*classes.values, UNTOUCHED})


def _listed(values: list[int]) -> str:
    """At most ten of them, for a sentence."""
    return ", ".join(map(str, values[:10])) + (", ..." if len(values) > 10 else "")
