"""Images: every format that is read, behind one door, and the window through which deep ones are shown."""

from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

import numpy as np

from model import slice_headers
from model.errors import ImageError, ModelError
from model.messages import Message
from model.pillow import UnidentifiedImageError
from model.readers import dicom, raster
from model.readers.image import Image, Window, truncated
from model.spread import spread

__all__ = [
    "MAX_PIXELS",
    "PRESETS",
    "Image",
    "Window",
    "apply_window",
    "auto_window",
    "folder_notice",
    "list_images",
    "may_be_dicom",
    "natural_key",
    "read_image",
]

MAX_PIXELS = 100_000_000
_BUFFER = 1 << 18
"""Most files fit, and are then read by one call of the system."""

PRESETS: Mapping[str, Window] = MappingProxyType(
    {
        "abdomen": Window(40, 400),
        "liver": Window(60, 160),
        "lung": Window(-600, 1500),
        "bone": Window(480, 2500),
        "mediastinum": Window(50, 350),
    }
)
"""Windows for Hounsfield units."""

_RASTER = (".png", ".jpg", ".jpeg", ".bmp")
_TIFF = (".tif", ".tiff")
_VOLUMES = (".nii", ".nii.gz", ".hdr", ".mha", ".mhd", ".nrrd")
# What lies beside images and is certainly none of them: not worth opening to look for DICOM's preamble.
_OTHERS = tuple(".json .txt .csv .xml .md .zip .gz .py .html .pdf .db .sqlite .npy .npz .safetensors".split())
_DIRECTORY = "dicomdir"
"""The table of contents of a medium: by the standard always of this name, and DICOM itself."""
_CUT_OFF = ("truncated", "end of file", "less than expected")
"""How the decoders say that a file ends too early."""


def read_image(path: Path, max_pixels: int = MAX_PIXELS) -> Image:
    """The image at `path`, upright, in its measured values.

    Raises ImageError, with one sentence, for what is missing, damaged, not an image, or larger than `max_pixels`.
    """
    path = path if isinstance(path, Path) else Path(path)  # to make it anew takes as long as to open the file
    try:
        with open(path, "rb", buffering=_BUFFER) as file:
            image = _read(path, file, max_pixels)
    except ImageError:
        raise
    except OSError as error:
        raise _unreadable(path, error) from error
    except MemoryError as error:
        raise ImageError(
            "{name} does not fit into memory; close other programs or cut it into smaller images.", name=path.name
        ) from error
    except Exception as error:  # decoders meet damaged files with exceptions of every kind
        raise _damaged(path, error) from error
    if image.window is None and image.pixels.dtype != np.uint8:
        image = dataclasses.replace(image, window=auto_window(image.pixels, image.nodata))
    image.pixels.setflags(write=False)
    return image


def list_images(folder: Path) -> list[Path]:
    """The images directly in `folder`, in natural order: `2.png` before `10.png`.

    Files of unknown kind count when they start as DICOM does. Raises ImageError when the folder cannot be listed.
    """
    try:
        with os.scandir(folder) as items:
            names = [item.name for item in items if not item.name.startswith(".") and _is_file(item)]
    except OSError as error:
        raise ImageError(
            "The folder {name} cannot be read: {reason}.", name=str(folder), reason=error.strerror or str(error)
        ) from error
    found = [name for name in names if _is_image(Path(folder), name)]
    return [Path(folder, name) for name in sorted(found, key=natural_key)]


def may_be_dicom(name: str) -> bool:
    """Whether one of `list_images` is worth asking what DICOM says of it."""
    return not name.lower().endswith(_RASTER + _TIFF)


def folder_notice(folder: Path) -> Message | None:
    """What to tell about a folder in which `list_images` finds nothing, or finds volumes it cannot read yet."""
    names = sorted(os.listdir(folder)) if Path(folder).is_dir() else []
    volume = next((name for name in names if name.lower().endswith(_VOLUMES)), None)
    if volume:
        return _volume_error(volume).message
    if list_images(folder):
        return None
    return Message(
        "{name} holds no images; open a folder with PNG, JPEG, BMP, TIFF or DICOM files.", {"name": Path(folder).name}
    )


def natural_key(name: str) -> tuple:
    """Sorts numbers inside names by their value, and the rest without regard to case."""
    parts = re.split(r"([0-9]+)", name.casefold())
    # By isdecimal, since "²" and "①" are digits to isdigit and no numbers to int.
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part), name


def auto_window(pixels: np.ndarray, nodata: float | None = None) -> Window:
    """From the 0.5th to the 99.5th percentile of about a million of the pixels, without those that are `nodata`."""
    low, high = spread(pixels, 0.5, 99.5, nodata)
    smallest = 1.0 if pixels.dtype.kind in "iu" else 1e-6 * (abs(low) or 1.0)
    return Window((low + high) / 2, max(high - low, smallest))


def apply_window(pixels: np.ndarray, window: Window | None) -> np.ndarray:
    """uint8 of the same shape: `window.low` and below is 0, `window.high` and above is 255.

    Without a window 8-bit pixels are returned as they are, and others get an automatic one.
    """
    if window is None:
        if pixels.dtype == np.uint8:
            return pixels
        window = auto_window(pixels)
    if pixels.dtype.kind == "f":
        return _ramp(pixels, window)
    bits = pixels.dtype.itemsize * 8
    codes = np.arange(2**bits, dtype=f"u{pixels.dtype.itemsize}").view(pixels.dtype)
    return _ramp(codes.astype(np.float32), window)[pixels.view(f"u{pixels.dtype.itemsize}")]


def _ramp(values: np.ndarray, window: Window) -> np.ndarray:
    scale = np.float32(255 / max(window.width, 1e-30))
    return np.clip((values - np.float32(window.low)) * scale + np.float32(0.5), 0, 255).astype(np.uint8)


def _read(path: Path, file: BinaryIO, max_pixels: int) -> Image:
    """Choose the reader by how the file starts, not by what its name claims."""
    start = file.read(132)
    file.seek(0)
    if not start:
        raise ImageError("{name} is empty (0 bytes); copy it again from its source.", name=path.name)
    name = path.name
    if name.lower().endswith(_VOLUMES):
        raise _volume_error(name)
    if dicom.is_dicom(start) or path.suffix.lower() in slice_headers.ENDINGS:
        return dicom.read(path, file, max_pixels)
    if start[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        from model.readers import tiff

        return tiff.read(path, file, max_pixels)
    return raster.read(path, file, max_pixels)


def _is_file(item: os.DirEntry) -> bool:
    """A link that leads in a circle is none, and no reason to give up the folder."""
    try:
        return item.is_file()
    except OSError:
        return False


def _is_image(folder: Path, name: str) -> bool:
    lower = name.lower()
    if lower.endswith(_RASTER + _TIFF + slice_headers.ENDINGS):
        return True
    if lower.endswith(_VOLUMES + _OTHERS) or lower == _DIRECTORY:
        return False
    try:
        with open(folder / name, "rb", buffering=0) as file:
            return dicom.is_dicom(file.read(132))
    except OSError:
        return False


def _volume_error(name: str) -> ImageError:
    return ImageError(
        "{name} is a volume, and NIfTI volumes are not read yet: export its slices as DICOM, PNG or TIFF.", name=name
    )


def _unreadable(path: Path, error: OSError) -> ImageError:
    """OSError comes from the system, with a number, or from a decoder, without."""
    if error.errno is None:
        return _damaged(path, error)
    return ImageError("{name} cannot be read: {reason}.", name=path.name, reason=error.strerror or str(error))


def _damaged(path: Path, error: Exception) -> ImageError:
    """The decoder's own words follow, for whoever can use them."""
    reason = str(error.message) if isinstance(error, ModelError) else str(error) or type(error).__name__
    if isinstance(error, UnidentifiedImageError):
        return ImageError(
            "{name} is not an image that is read here; expected PNG, JPEG, BMP, TIFF or DICOM.", name=path.name
        )
    if any(words in reason.lower() for words in _CUT_OFF):
        return truncated(path.name)
    return ImageError(
        "{name} is damaged or not an image ({reason}); copy it again from its source, or remove it from the folder.",
        name=path.name,
        reason=reason.splitlines()[0].replace(str(path), path.name).rstrip("."),
    )
