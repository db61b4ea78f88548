"""PNG, JPEG and BMP, and those TIFFs that hold 8 bits a channel."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np

from model.messages import Message
from model.opencv import cv2
from model.pillow import ImageOps, pillow
from model.readers import jpeg
from model.readers.image import Image, check_size, finite

_ORIENTATION_TAG = 0x0112
_GREY_ALPHA = 4
"""A PNG's colour type, which Pillow calls RGBA when it has 16 bits."""
_FORMATS = ("PNG", "JPEG", "BMP", "TIFF")
"""Nothing else is tried: some of Pillow's readers start other programs."""


def read(path: Path, file: BinaryIO, max_pixels: int) -> Image:
    """Raises ImageError for its size; anything else that goes wrong comes from Pillow and means a damaged file."""
    name = path.name
    pixels = jpeg.read(file, name, max_pixels)
    if pixels is not None:
        return Image(name, pixels)
    with pillow.open(file, formats=_FORMATS) as picture:
        check_size(path.name, *picture.size, max_pixels)
        pages = 1 if picture.format == "MPO" else getattr(picture, "n_frames", 1)  # phones add a preview
        kind = _deep_png_kind(file)
        if kind:
            pixels, notices = _decode_deep(file, picture, path.name, grey=kind == _GREY_ALPHA)
        else:
            pixels, notices = _decode(picture, path.name)
    if pages > 1:
        notices = (*notices, first_page_notice(path.name, pages))
    return Image(path.name, pixels, notices=notices)


def first_page_notice(name: str, pages: int) -> Message:
    return Message("{name} has {pages} pages; only the first is shown.", {"name": name, "pages": pages})


def orient(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """`pixels` (H, W, ...) turned upright from an EXIF or TIFF orientation of 1 to 8."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _decode(picture: pillow.Image, name: str) -> tuple[np.ndarray, tuple[Message, ...]]:
    ImageOps.exif_transpose(picture, in_place=True)  # most are upright, and are not copied then
    if picture.mode in ("F", "I"):
        return finite(np.asarray(picture, dtype=np.float32), name)
    if picture.mode.startswith("I;16"):
        return np.asarray(picture).astype(np.uint16), ()
    if picture.mode in ("1", "L"):
        return np.asarray(picture if picture.mode == "L" else picture.convert("L")), ()
    if picture.mode == "RGB" and "transparency" not in picture.info:
        return np.asarray(picture), ()  # a copy less than `convert` makes
    if picture.has_transparency_data:
        return _without_alpha(np.asarray(picture.convert("RGBA")), name, grey=picture.mode == "LA")
    return np.asarray(picture.convert("RGB")), ()


def _deep_png_kind(file: BinaryIO) -> int:
    """The colour type of a PNG of 16 bits a channel. Pillow reads it right only when that is 0, plain grey: elsewhere it
    keeps the high byte. 0 also for everything else.
    """
    file.seek(0)
    header = file.read(26)
    file.seek(0)
    return header[25] if header.startswith(b"\x89PNG") and header[24] == 16 else 0


def _decode_deep(
    file: BinaryIO, picture: pillow.Image, name: str, grey: bool
) -> tuple[np.ndarray, tuple[Message, ...]]:
    orientation = picture.getexif().get(_ORIENTATION_TAG, 1)
    picture.load()  # OpenCV fills a truncated file with black and says nothing; Pillow refuses it
    file.seek(0)
    pixels = decode_with_opencv(file.read())
    pixels = orient(pixels, orientation)
    if pixels.ndim == 3 and pixels.shape[2] == 4:
        return _without_alpha(pixels, name, grey)
    return pixels, ()


def decode_with_opencv(data: bytes, page: int = 0) -> np.ndarray:
    """(H, W) or (H, W, 3 or 4) in red, green, blue, alpha and the file's own depth. Raises ValueError."""
    _, pages = cv2.imdecodemulti(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED, range=(page, page + 1))
    if not pages:
        raise ValueError("no decoder takes it")
    pixels = pages[0]
    if pixels.ndim == 2 or pixels.shape[2] == 1:
        return pixels.reshape(pixels.shape[:2])
    return np.ascontiguousarray(pixels[:, :, [2, 1, 0, 3][: pixels.shape[2]]])


def _without_alpha(pixels: np.ndarray, name: str, grey: bool) -> tuple[np.ndarray, tuple[Message, ...]]:
    """(H, W, 4) laid on black, as other viewers show it; most alpha channels are opaque and leave no trace.

    One that is 0 everywhere was never filled in, as in bitmaps of 32 bits: with it there would be nothing but black.
    """
    colour, alpha = pixels[:, :, :3], pixels[:, :, 3:]
    full = np.iinfo(pixels.dtype).max
    notices: tuple[Message, ...] = ()
    if (alpha != full).any() and alpha.any():
        colour = (colour.astype(np.float32) * (alpha / np.float32(full)) + 0.5).astype(pixels.dtype)
        notices = (Message("{name} is partly transparent; it is shown on black.", {"name": name}),)
    return np.ascontiguousarray(colour[:, :, 0] if grey else colour), notices
