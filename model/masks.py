"""Masks that other programs wrote, read in our values: by their grey or palette values, or by the classes' colours."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model.classes import BACKGROUND_VALUE, ClassTable
from model.errors import LabelError
from model.labels import UNTOUCHED, UNTOUCHED_COLOR, check_shape, opened, unknown_values, values_in
from model.pillow import ImageOps, pillow

BINARY = frozenset((BACKGROUND_VALUE, UNTOUCHED))
"""What masks of one object hold in most programs: black, and white where the object is."""

_SAMPLE_FORMAT, _SIGNED = 339, 2
"""TIFF's tag for the kind of its numbers, and what it says of whole ones with a sign."""
_WITHOUT_ALPHA = {"LA": "L", "PA": "P", "RGBA": "RGB"}


@dataclass(frozen=True)
class ImportedMask:
    """A foreign mask in our values, uint8 (H, W). `unknown` lists the values or colours that no class has: now 255.

    `values` are those in the file, with its 255 but not what is transparent or NaN; of a mask in colours there are none.
    """

    label_map: np.ndarray
    unknown: tuple[int | tuple[int, int, int], ...]
    values: frozenset[int] = frozenset()


def read_mask(path: Path, shape: tuple[int, int], classes: ClassTable, white: int | None = None) -> ImportedMask:
    """The mask at `path`, upright as images are; transparent pixels and NaN are untouched.

    255 is untouched as well, but in a mask of nothing but 0 and 255 it becomes the value `white`, where that is given.
    Raises LabelError when the file is missing, damaged, of another `shape` (H, W) or of several pages, and for values that
    are not whole or do not fit 8 bits.
    """
    path = Path(path)
    with opened(path) as picture:
        _refuse_pages(path, picture)
        pixels, silent = _decode(path, picture, shape)
    if pixels.ndim == 3:
        return _by_color(pixels[:, :, :3], silent, classes)
    values = _whole(path, pixels, silent)
    values[silent] = UNTOUCHED
    said = (values == UNTOUCHED) & ~silent
    found = frozenset(values_in(values) - {UNTOUCHED} | ({UNTOUCHED} if said.any() else set()))
    if white is not None and found <= BINARY:
        values[said] = white
    unknown = unknown_values(values, classes)
    if unknown:
        values[np.isin(values, unknown)] = UNTOUCHED
    return ImportedMask(values, tuple(unknown), found)


def _decode(path: Path, picture: pillow.Image, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Pixels (H, W) or (H, W, C) as stored, but upright, and where the file says nothing, bool (H, W)."""
    size = picture.height, picture.width
    if sorted(size) != sorted(shape):  # in the header, whichever way is up: no need to decode it
        check_shape(path, size, shape)
    ImageOps.exif_transpose(picture, in_place=True)
    check_shape(path, (picture.height, picture.width), shape)
    silent = np.zeros(shape, bool)
    if picture.has_transparency_data:  # an alpha channel, or a value that a PNG calls transparent
        silent = np.asarray(picture.convert("RGBA").getchannel("A")) == 0
    plain = picture.convert(_WITHOUT_ALPHA.get(picture.mode, picture.mode))
    pixels = np.array(plain)
    if pixels.dtype == np.uint8 and getattr(picture, "tag_v2", {}).get(_SAMPLE_FORMAT, (0,))[0] == _SIGNED:
        pixels = pixels.view(np.int8)  # for Pillow, -1 is 255 here
    if plain.mode == "P" and tuple(plain.getpalette("RGB")[3 * UNTOUCHED :]) == UNTOUCHED_COLOR:
        silent = silent | (pixels == UNTOUCHED)  # void, by the palette of PASCAL VOC and of our own labels
    if pixels.dtype.kind == "f":
        silent = silent | np.isnan(pixels)
    return pixels, silent


def _whole(path: Path, values: np.ndarray, silent: np.ndarray) -> np.ndarray:
    """uint8 of the same shape, with anything where `silent`. Raises LabelError for what is no class value."""
    if values.dtype.kind == "f":
        values = np.where(silent, 0, values)
        broken = values[(values != np.rint(values)) | np.isinf(values)]
        if broken.size:
            raise LabelError(
                "{name} holds values that are not whole, such as {value}; a mask may hold class values from 0 to 254. "
                "Turn probabilities into classes first.",
                name=path.name,
                value=f"{broken[0]:.6g}",
            )
    values = values.astype(np.uint8) if values.dtype == bool else values
    lowest, highest = int(values.min()), int(values.max())
    if lowest < 0:
        raise LabelError(
            "{name} holds negative values, down to {lowest}; a mask may hold class values from 0 to 254.",
            name=path.name,
            lowest=lowest,
        )
    if highest > UNTOUCHED:
        raise LabelError(
            "{name} holds values up to {highest}; a mask may hold class values from 0 to 254.",
            name=path.name,
            highest=highest,
        )
    return values.astype(np.uint8)


def _refuse_pages(path: Path, picture: pillow.Image) -> None:
    pages = getattr(picture, "n_frames", 1)
    if pages > 1:
        raise LabelError(
            "{name} has {pages} pages, and which of them is the mask is not known; save that one as a file of its own.",
            name=path.name,
            pages=pages,
        )


def _by_color(colors: np.ndarray, silent: np.ndarray, classes: ClassTable) -> ImportedMask:
    """(H, W, 3) to values. The void colour we write for untouched pixels is known too."""
    weights = np.array((1 << 16, 1 << 8, 1))
    void = int(np.array(UNTOUCHED_COLOR) @ weights)
    codes = np.where(silent, void, colors.astype(np.int64) @ weights)
    found, inverse = np.unique(codes, return_inverse=True)
    known = {int(np.array(item.color) @ weights): item.value for item in classes.classes}
    known[void] = UNTOUCHED
    values = np.array([known.get(int(code), UNTOUCHED) for code in found], dtype=np.uint8)
    unknown = tuple((int(c) >> 16, int(c) >> 8 & 255, int(c) & 255) for c in found if int(c) not in known)
    return ImportedMask(values[inverse].reshape(codes.shape), unknown)
