"""TIFF of any depth: measured values as they are, never squeezed into 8 bits."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import BinaryIO

import numpy as np
from tifffile import COMPRESSION, PHOTOMETRIC, TiffFile, TiffPage

from model.errors import ImageError
from model.messages import Message
from model.readers import nodata, raster
from model.readers.image import Image, check_size, measured, truncated

_MILLIMETRES = {"micron": 1e-3, "\\u00b5m": 1e-3, "µm": 1e-3, "um": 1e-3, "nm": 1e-6, "mm": 1.0, "cm": 10.0}
logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # what it finds wrong we say ourselves, in one sentence

_READ_AT_ONCE = 1 << 24
"""Bytes of compressed parts that wait in memory."""
_GDAL_NODATA = 42113
_READ_BY_OPENCV = (COMPRESSION.LZW, COMPRESSION.PACKBITS, COMPRESSION.ADOBE_DEFLATE, COMPRESSION.DEFLATE)
_EIGHT_BIT_KINDS = (PHOTOMETRIC.PALETTE, PHOTOMETRIC.YCBCR, PHOTOMETRIC.SEPARATED, PHOTOMETRIC.CIELAB)


def read(path: Path, file: BinaryIO, max_pixels: int) -> Image:
    """Raises ImageError for its size, a missing end or a compression nobody here reads."""
    with TiffFile(file, name=path.name) as tiff:
        page = _first_page(tiff, path.name, max_pixels)
        orientation = int(page.tags.valueof("Orientation", 1))
        spacing = _spacing(tiff, page)
        if spacing and orientation >= 5:
            spacing = spacing[::-1]
        if _pillow_reads(page) and not _is_plain(page) and not _is_channel_stack(tiff):
            file.seek(0)
            return _by_pillow(path, file, max_pixels, page, spacing)
        pixels, notices = _first_channels(tiff, path.name)
    missing, marked = _nodata(page), None
    if missing is None and pixels.dtype.kind == "f":
        missing = nodata.LOWEST
    if missing is not None:
        pixels, marked, count = nodata.set_aside(pixels, missing)
        notices += (nodata.notice(path.name, count, missing),) if count else ()
    pixels, replaced = measured(pixels, path.name)
    if page.photometric == PHOTOMETRIC.MINISWHITE:
        marked = None if marked is None else float(_inverted(np.array(marked, pixels.dtype)))
        pixels = _inverted(pixels)
    return Image(path.name, raster.orient(pixels, orientation), spacing, notices=notices + replaced, nodata=marked)


def _by_pillow(
    path: Path, file: BinaryIO, max_pixels: int, page: TiffPage, spacing: tuple[float, float] | None
) -> Image:
    """Pillow turns white-is-zero over itself, and with it what marks missing values."""
    image = raster.read(path, file, max_pixels)
    missing, marked, notices = _nodata(page), None, image.notices
    if missing is not None:
        turned = 255 - missing if page.photometric == PHOTOMETRIC.MINISWHITE else missing
        _, marked, count = nodata.set_aside(image.pixels, turned)
        notices += (nodata.notice(path.name, count, missing),) if count else ()
    return Image(path.name, image.pixels, spacing, notices=notices, nodata=marked)


def _nodata(page: TiffPage) -> float | None:
    """The value of pixels that are no measurement, which may be NaN; None where the file names none, or one that is none of
    its colours.
    """
    if page.bitspersample < 8 or page.photometric in _EIGHT_BIT_KINDS:
        return None
    try:
        return float(page.tags.valueof(_GDAL_NODATA, ""))
    except (TypeError, ValueError):
        return None


def _first_page(tiff: TiffFile, name: str, max_pixels: int) -> TiffPage:
    """The first page, once it is known to fit, and every byte of it to be there. Many writers put the directory last.

    The size comes first: a list of parts that is as long as the image is tall is not looked through for nothing.
    """
    size = tiff.filehandle.size
    try:
        page = tiff.pages.first
    except IndexError:
        raise truncated(name) from None
    pixel_bytes = min(3, page.samplesperpixel) * max(1, -(-page.bitspersample // 8))
    check_size(name, page.imagewidth, page.imagelength, max_pixels, pixel_bytes)
    ends = (offset + count for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False))
    if max(ends, default=0) > size:
        raise truncated(name)
    return page


def _pillow_reads(page: TiffPage) -> bool:
    """What has 8 bits a channel and at most four channels, or needs its colours turned into RGB."""
    if page.bitspersample not in (1, 2, 4, 8) or page.sampleformat != 1 or page.imagedepth != 1:
        return False
    channels = page.samplesperpixel - sum(kind in (1, 2) for kind in page.extrasamples)
    plain = page.samplesperpixel <= 4 and channels == (3 if page.photometric == PHOTOMETRIC.RGB else 1)
    return plain and page.photometric in (0, 1, 2) or page.photometric in _EIGHT_BIT_KINDS


def _is_plain(page: TiffPage) -> bool:
    """What tifffile decodes piece by piece into the one array that stays; Pillow takes three times the memory."""
    colours = 3 if page.photometric == PHOTOMETRIC.RGB else 1
    return (
        page.bitspersample == 8
        and page.photometric in (PHOTOMETRIC.MINISBLACK, PHOTOMETRIC.RGB)
        and page.samplesperpixel == colours
        and page.planarconfig == 1
        and page.compression in (COMPRESSION.NONE, COMPRESSION.ADOBE_DEFLATE, COMPRESSION.DEFLATE)
        and page.predictor in (1, 2)
    )


def _is_channel_stack(tiff: TiffFile) -> bool:
    """Whether the first pages are the channels, three or more, of one picture."""
    if len(tiff.pages) < 3:
        return False
    try:
        series = tiff.series[0]
    except Exception:  # noqa: BLE001 - tifffile fails in many ways over a description that it does not understand
        return False
    return series.sizes.get("channel", 1) >= 3 and series.axes.endswith("CYX")


def _first_channels(tiff: TiffFile, name: str) -> tuple[np.ndarray, tuple[Message, ...]]:
    """(H, W) or (H, W, 3) of the first page, or of three pages that are the channels of one picture."""
    page = tiff.pages.first
    if page.samplesperpixel == 1 and _is_channel_stack(tiff):
        shown, channels = 3, tiff.series[0].sizes["channel"]
        pixels, pages = np.stack([_decode(tiff, index) for index in range(3)], axis=-1), len(tiff.pages) // channels
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
    """One page. tifffile lacks some compressions (LZW, JPEG) that OpenCV's libtiff has, and values of 10, 12 or 14 bits."""
    page, handle = tiff.pages[index], tiff.filehandle
    try:
        return page.asarray(buffersize=_READ_AT_ONCE)
    except (ImportError, ValueError, NotImplementedError) as error:
        if "imagecodecs" not in str(error):
            raise
    handle.seek(0)
    try:
        pixels = raster.decode_with_opencv(_unturned(handle.read(handle.size), page), index).reshape(page.shape)
    except ValueError:
        raise _undecodable(handle.name, page) from None
    return pixels >> 16 - page.bitspersample if 8 < page.bitspersample < 16 else pixels  # OpenCV moves them up


def _unturned(data: bytes, page: TiffPage) -> bytes | bytearray:
    """The same file without the page's orientation: OpenCV would turn the pixels, and we do so ourselves."""
    tag = page.tags.get("Orientation")
    if tag is None or tag.value == 1:
        return data
    data = bytearray(data)
    data[tag.valueoffset : tag.valueoffset + 2] = (1).to_bytes(2, "big" if page.parent.byteorder == ">" else "little")
    return data


def _undecodable(name: str, page: TiffPage) -> ImageError:
    if page.compression == COMPRESSION.NONE:
        return ImageError(
            "{name} holds values of {bits} bits, which are not read here; save it with 8 or 16 bits.",
            name=name,
            bits=page.bitspersample,
        )
    if page.compression in _READ_BY_OPENCV:
        return ImageError(
            "{name} cannot be decoded: it is damaged, or its compression ({syntax}) is not read here; "
            "copy it again, or save it without compression.",
            name=name,
            syntax=page.compression.name,
        )
    return ImageError(
        "{name} is compressed ({method}) in a way that is not read here; save it without compression.",
        name=name,
        method=page.compression.name,
    )


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
