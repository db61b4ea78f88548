"""Plain JPEGs, by OpenCV: the pixels are Pillow's, whose decoding keeps Python's lock for many short whiles."""

from __future__ import annotations

from typing import BinaryIO

import numpy as np

from model.opencv import cv2
from model.readers.image import check_size

_START, _END = b"\xff\xd8\xff", b"\xff\xd9"
_SIZES = (0xC0, 0xC1, 0xC2)
"""Headers of baseline, extended and progressive images; others are left to Pillow."""
_APPLICATION = 0xE1
"""Orientation is here, be it EXIF's or XMP's."""
_SCAN = 0xDA
_ALONE = (0x01, *range(0xD0, 0xDA))
"""Markers that no length follows: nothing that a header holds."""


def read(file: BinaryIO, name: str, max_pixels: int) -> np.ndarray | None:
    """(H, W) or (H, W, 3), uint8; None, and the file at its start, for what has more to it than this, or is damaged.

    Raises ImageError for its size.
    """
    data = file.read1()
    if not data.startswith(_START):
        file.seek(0)
        return None
    if not data.endswith(_END):
        data += file.read()
    shape = _shape(data)
    pixels = None
    if shape is not None and data.endswith(_END):  # OpenCV fills in what a truncated file lacks, and says nothing
        check_size(name, shape[1], shape[0], max_pixels)
        pixels = _decode(data, shape)
    if pixels is None:
        file.seek(0)
    return pixels


def _decode(data: bytes, shape: tuple[int, ...]) -> np.ndarray | None:
    way = cv2.IMREAD_GRAYSCALE if len(shape) == 2 else cv2.IMREAD_COLOR_RGB
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), way | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        return None
    return pixels if pixels is not None and pixels.shape == shape else None


def _shape(data: bytes) -> tuple[int, ...] | None:
    """(H, W) or (H, W, 3) of an image whose header says nothing else of note."""
    shape, place = None, 2
    last = len(data) - 10
    while place <= last and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xFF:
            place += 1  # any number of them may stand before a marker
            continue
        if marker == _SCAN:
            return shape
        if marker == _APPLICATION or marker in _ALONE:
            return None
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            shape = _size(data, place + 4) if marker in _SIZES and shape is None else None
            if shape is None:
                return None
        place += 2 + (data[place + 2] << 8) + data[place + 3]
    return None


def _size(data: bytes, place: int) -> tuple[int, ...] | None:
    """Of 8 bits a channel, and grey or in colour: four channels have conventions of their own."""
    bits, channels = data[place], data[place + 5]
    height, width = (int.from_bytes(data[at : at + 2], "big") for at in (place + 1, place + 3))
    if bits != 8 or channels not in (1, 3) or not height or not width:
        return None
    return (height, width) if channels == 1 else (height, width, 3)
