"""TIFF of any depth: measured values as they are, never squeezed into 8 bits."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import numpy as np
from tifffile import PHOTOMETRIC, TiffFile, TiffPage

from model.messages import Message
from model.readers import raster
from model.readers.image import Image, check_size, measured

_MILLIMETRES = {"micron": 1e-3, "\\u00b5m": 1e-3, "µm": 1e-3, "um": 1e-3, "nm": 1e-6, "mm": 1.0, "cm": 10.0}
_EIGHT_BIT_KINDS = (PHOTOMETRIC.PALETTE, PHOTOMETRIC.YCBCR, PHOTOMETRIC.SEPARATED, PHOTOMETRIC.CIELAB)


def read(path: Path, file: BinaryIO, max_pixels: int) -> Image:
    """Raises ImageError for its size; anything else that goes wrong means a damaged file."""
    with TiffFile(file, name=path.name) as tiff:
        page = tiff.pages.first
        check_size(path.name, page.imagewidth, page.imagelength, max_pixels)
        spacing = _spacing(tiff, page)
        if _pillow_reads(page):
            file.seek(0)
            image = raster.read(path, file, max_pixels)
            return Image(path.name, image.pixels, spacing, notices=image.notices)
        pixels, notices = _first_channels(tiff, path.name)
        orientation = page.tags.valueof("Orientation", 1)
    pixels, replaced = measured(pixels)
    if page.photometric == PHOTOMETRIC.MINISWHITE:
        pixels = _inverted(pixels)
    pixels = raster.orient(pixels, int(orientation))
    if spacing and orientation >= 5:
        spacing = spacing[::-1]
    return Image(path.name, pixels, spacing, notices=notices + replaced)


def _pillow_reads(page: TiffPage) -> bool:
    """What has 8 bits a channel and at most four channels, or needs its colours turned into RGB."""
    eight_bits = page.bitspersample in (1, 2, 4, 8) and page.sampleformat == 1 and page.imagedepth == 1
    plain = page.samplesperpixel in (1, 3, 4) and len(page.shape) <= 3 and page.photometric in (0, 1, 2)
    return eight_bits and (plain or page.photometric in _EIGHT_BIT_KINDS)


def _first_channels(tiff: TiffFile, name: str) -> tuple[np.ndarray, tuple[Message, ...]]:
    """(H, W) or (H, W, 3) of the first page, or of three pages that are the channels of one picture."""
    page = tiff.pages.first
    series = tiff.series[0]
    channel_pages = series.sizes.get("channel", 1) if page.samplesperpixel == 1 else 1
    stacked = channel_pages >= 3 and series.axes.endswith("CYX") and len(tiff.pages) >= 3
    if stacked:
        pixels = np.stack([_decode(tiff, index) for index in range(3)], axis=-1)
        shown, pages, channels = 3, len(tiff.pages) // channel_pages, channel_pages
    else:
        pixels = _channels_last(_decode(tiff, 0), page)
        shown, pages, channels = min(3, page.samplesperpixel), len(tiff.pages), page.samplesperpixel
    notices: tuple[Message, ...] = ()
    if pages > 1:
        notices += (raster.first_page_notice(name, pages),)
    if channels == 2 or channels > shown and not _is_opaque_rgba(page):
        notices += (_channels_notice(name, channels, pixels.ndim),)
    return pixels, notices


def _is_opaque_rgba(page: TiffPage) -> bool:
    """The fourth channel of a 16-bit RGB picture is nearly always its alpha, which is not a measurement."""
    return page.photometric == PHOTOMETRIC.RGB and page.samplesperpixel == 4


def _channels_notice(name: str, channels: int, dimensions: int) -> Message:
    values = {"name": name, "channels": channels}
    if dimensions == 2:
        return Message("{name} has {channels} channels; only the first is shown.", values)
    return Message("{name} has {channels} channels; the first three are shown as red, green and blue.", values)


def _channels_last(pixels: np.ndarray, page: TiffPage) -> np.ndarray:
    """The first channel, or the first three, of one page as tifffile gives it: (S, D, H, W, S) squeezed."""
    if page.imagedepth > 1:
        pixels = pixels[:, 0] if page.planarconfig == 2 and page.samplesperpixel > 1 else pixels[0]
    if page.samplesperpixel == 1:
        return pixels.reshape(page.imagelength, page.imagewidth)
    if page.planarconfig == 2 and pixels.shape[0] == page.samplesperpixel:
        pixels = np.moveaxis(pixels, 0, -1)
    return pixels[:, :, :3] if page.samplesperpixel >= 3 else pixels[:, :, 0]


def _decode(tiff: TiffFile, index: int) -> np.ndarray:
    """One page. tifffile lacks some compressions (LZW, JPEG) that OpenCV's libtiff has."""
    page = tiff.pages[index]
    try:
        return page.asarray()
    except (ImportError, ValueError) as error:
        if "imagecodecs" not in str(error) or index > 0:
            raise
    handle = tiff.filehandle
    handle.seek(0)
    return raster.decode_with_opencv(handle.read(handle.size)).reshape(page.shape)


def _inverted(pixels: np.ndarray) -> np.ndarray:
    """White-is-zero turned into black-is-zero."""
    if pixels.dtype.kind == "f":
        return -pixels
    return (np.iinfo(pixels.dtype).max + np.iinfo(pixels.dtype).min - pixels.astype(np.int32)).astype(pixels.dtype)


def _spacing(tiff: TiffFile, page: TiffPage) -> tuple[float, float] | None:
    """Millimetres a pixel where ImageJ calibrated the file. Plain dots per inch describe paper, not the object."""
    unit = str((tiff.imagej_metadata or {}).get("unit", "")).strip().lower()
    scale = _MILLIMETRES.get(unit)
    if scale is None:
        return None
    steps = []
    for tag in ("YResolution", "XResolution"):
        dots, units = page.tags.valueof(tag, (0, 1))
        if not dots or not units:
            return None
        steps.append(units / dots * scale)
    return steps[0], steps[1]
