"""Single DICOM files, in their measured values: Hounsfield units for CT."""

from __future__ import annotations

import contextlib
import math
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.encaps import get_frame
from pydicom.pixels import apply_color_lut, get_decoder
from pydicom.uid import UID, ImplicitVRLittleEndian

from model.errors import ImageError
from model.messages import Message
from model.pillow import pillow
from model.readers import isolated, padding
from model.readers.image import Image, Window, check_size, finite, measured, truncated
from model.readers.rescale import first_number, measure, places, rescale_of
from model.slice_headers import series_in

_DECODERS = ("pydicom", "pillow")
"""Tried here, the first that knows a compression; what both cannot do is left to GDCM, in a process of its own.
Plug-ins under the GPL are left alone even where someone has installed them."""
_PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
"""Parametric maps, as those of diffusion or of a perfusion, have real numbers."""


def is_dicom(start: bytes) -> bool:
    """Whether a file that starts with `start` (132 bytes or more) has DICOM's preamble."""
    return start[128:132] == b"DICM"


def read(path: Path, file: BinaryIO, max_pixels: int) -> Image:
    """Raises ImageError for its size or a file without an image; anything else means a damaged file."""
    data = pydicom.dcmread(file, force=True)
    has_pixels = any(keyword in data for keyword in _PIXELS)
    if len(data) == 0 and data.file_meta or "Rows" in data and not has_pixels:
        raise truncated(path.name)  # pydicom leaves out what it could not read to its end
    if not data.file_meta and "SOPClassUID" not in data:
        raise ImageError("{name} is not a DICOM file, whatever its name says; remove it.", name=path.name)
    if not has_pixels or "Rows" not in data or "Columns" not in data:
        raise ImageError("{name} is a DICOM file without an image in it; open the slices themselves.", name=path.name)
    check_size(path.name, int(data.Columns), int(data.Rows), max_pixels)
    stored = _decode(data, path)
    frames = int(data.get("NumberOfFrames") or 1)
    notices: tuple[Message, ...] = ()
    if frames > 1:
        values = {"name": path.name, "frames": frames}
        notices = (Message("{name} has {frames} frames; only the first is shown.", values),)
    common = {"name": path.name, "spacing": _spacing(data), "series": series_in(data)}
    if data.PhotometricInterpretation == "PALETTE COLOR":
        colors = apply_color_lut(stored, data)
        stored = (colors >> 8).astype(np.uint8) if colors.dtype == np.uint16 else colors
    if stored.ndim == 3:
        pixels, replaced = measured(stored, path.name)
        return Image(pixels=pixels, notices=notices + replaced, **common)
    unit = _unit(data)
    if not unit and _is_raw(data):
        notices += (_raw_notice(path.name),)
    pixels, window, replaced = _measure(stored, data, path.name, unit)
    nodata = padding.set_aside(pixels, stored, data)
    return Image(pixels=pixels, window=window, unit=unit, notices=notices + replaced, nodata=nodata, **common)


def _decode(data: Dataset, path: Path) -> np.ndarray:
    """Stored values of the first frame: (H, W), or (H, W, 3) in red, green, blue."""
    syntax = data.file_meta.get("TransferSyntaxUID", ImplicitVRLittleEndian)
    decoder = get_decoder(syntax)
    if decoder.is_native:
        return decoder.as_array(data, index=0)[0]
    plugin = next((name for name in _DECODERS if name in decoder.available_plugins), None)
    try:
        if plugin == "pillow":
            _check_stream(data)
        if plugin is not None:
            return decoder.as_array(data, index=0, decoding_plugin=plugin)[0]
    except _WrongStream as error:
        raise _undecodable(path, syntax) from error
    except Exception:  # noqa: BLE001 - decoders fail in their own ways, and GDCM may know better
        pass
    try:
        return isolated.decode(path)
    except ValueError as error:
        raise _undecodable(path, syntax) from error


class _WrongStream(Exception):
    """A compressed stream that claims another size than the file: decoding it could take all the memory."""


def _check_stream(data: Dataset) -> None:
    frame = get_frame(data.PixelData, 0, number_of_frames=int(data.get("NumberOfFrames") or 1))
    with pillow.open(BytesIO(frame), formats=("JPEG", "JPEG2000")) as picture:
        if picture.size != (data.Columns, data.Rows):
            raise _WrongStream(f"the stream is {picture.size}")


def _undecodable(path: Path, syntax: UID) -> ImageError:
    return ImageError(
        "{name} cannot be decoded: it is damaged, or its compression ({syntax}) is not read here; "
        "copy it again, or save it without compression.",
        name=path.name,
        syntax=syntax.name,
    )


def _measure(
    stored: np.ndarray, data: Dataset, name: str, unit: str
) -> tuple[np.ndarray, Window | None, tuple[Message, ...]]:
    """Stored values to measured ones, and the window in those values.

    White-is-low says how a viewer should show them. Other values are turned over, so that they look as meant; in HU
    they are not, since water stays 0 however it is shown.
    """
    window = _window(data)
    values = measure(stored, data)
    if data.PhotometricInterpretation == "MONOCHROME1" and unit != "HU":
        turn = _turning_point(data)
        values = turn - values
        window = window and Window(turn - window.level, window.width)
    whole = bool(np.all(np.isfinite(values)) and np.all(values == np.rint(values)))
    low, high = (values.min(), values.max()) if whole else (0.5, 0.5)
    if stored.dtype == np.uint8 and whole and 0 <= low and high <= 255 and _is_plain(data):
        white = 255 if data.BitsAllocated == 1 else 1  # a segmentation looks like every other image of one bit
        return values.astype(np.uint8) * np.uint8(white), None, ()
    for dtype in (np.int16, np.uint16):
        if whole and np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max:
            return values.astype(dtype), window, ()
    pixels, replaced = finite(values.astype(np.float32), name)
    return pixels, window, replaced


def _turning_point(data: Dataset) -> float:
    """The sum of the darkest and the brightest measured value the file could hold."""
    bits = int(data.BitsStored)
    ends = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if data.PixelRepresentation else (0, 2**bits - 1)
    return float(np.sum(measure(np.array(ends), data)))


def _is_plain(data: Dataset) -> bool:
    rescale = rescale_of(data)
    return rescale is None or (rescale.slope, rescale.intercept) == (1, 0)


def _unit(data: Dataset) -> str:
    """Of CT alone; a file that leaves out how its values are to be rescaled does not say what they mean."""
    if data.get("Modality") != "CT":
        return ""
    if data.get("ModalityLUTSequence"):
        return "HU" if (data.ModalityLUTSequence[0].get("ModalityLUTType") or "HU") == "HU" else ""
    rescale = rescale_of(data)
    return "HU" if rescale is not None and rescale.anchored and rescale.kind == "HU" else ""


def _is_raw(data: Dataset) -> bool:
    """Whether it is a CT image that does not say how to get measured values."""
    rescale = rescale_of(data)
    unsaid = not data.get("ModalityLUTSequence") and (rescale is None or not rescale.anchored)
    return data.get("Modality") == "CT" and unsaid


def _raw_notice(name: str) -> Message:
    return Message(
        "{name} is a CT image that does not say how its values become Hounsfield units; it is taken as any other image is.",
        {"name": name},
    )


def _window(data: Dataset) -> Window | None:
    """The first of possibly several windows; None when there is none, its width is no width, or it is no number ("40,5")."""
    for said in places(data, "FrameVOILUTSequence"):
        with contextlib.suppress(ValueError):
            level, width = first_number(said, "WindowCenter"), first_number(said, "WindowWidth")
            if level is not None and width is not None and math.isfinite(level) and 0 < width < math.inf:
                return Window(level, width)
    return None


def _spacing(data: Dataset) -> tuple[float, float] | None:
    """None also where it is not two numbers: an image without a scale is better than none."""
    for said in places(data, "PixelMeasuresSequence"):
        values = said.get("PixelSpacing") or said.get("ImagerPixelSpacing")
        with contextlib.suppress(TypeError, ValueError):
            down, across = (float(value) for value in values)
            if 0 < down < math.inf and 0 < across < math.inf:
                return down, across
    return None
