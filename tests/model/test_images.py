"""Images of every kind come in with their measured values, and every bad file gets one sentence."""

from __future__ import annotations

import shutil
import struct
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image as pillow
from PIL import ImageCms
from pydicom.dataset import Dataset

from model.errors import ImageError
from model.images import (
    PRESETS,
    Image,
    Window,
    apply_window,
    auto_window,
    folder_notice,
    list_images,
    read_image,
)
from model.input_range import InputRange
from model.opencv import cv2
from model.readers import isolated, raster

SAMPLE = Path(__file__).parents[2] / "resources" / "sample"


@pytest.fixture
def deep() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 65536, (20, 30), dtype=np.uint16)


@pytest.fixture
def deep_colour() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 65536, (20, 30, 3), dtype=np.uint16)


def encode(path: Path, pixels: np.ndarray, *options: int) -> Path:
    """By OpenCV, which wants blue first."""
    channels = pixels[..., [2, 1, 0, 3][: pixels.shape[2]]] if pixels.ndim == 3 else pixels
    path.write_bytes(cv2.imencode(path.suffix, channels, options)[1].tobytes())
    return path


def assert_holds(image: Image, pixels: np.ndarray) -> None:
    assert image.pixels.dtype == pixels.dtype
    assert np.array_equal(image.pixels, pixels)


def test_a_damaged_tiff_gets_no_line_of_a_library(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "a.tif").write_bytes(b"II*\0" + b"\x55" * 500)
    with pytest.raises(ImageError):
        read_image(tmp_path / "a.tif")
    assert not caplog.records


def test_deep_pngs_keep_all_their_bits(tmp_path: Path, deep: np.ndarray, deep_colour: np.ndarray) -> None:
    pillow.fromarray(deep).save(tmp_path / "grey.png")
    assert_holds(read_image(tmp_path / "grey.png"), deep)
    assert_holds(read_image(encode(tmp_path / "colour.png", deep_colour)), deep_colour)
    opaque = np.dstack([deep_colour, np.full_like(deep, 65535)])
    image = read_image(encode(tmp_path / "alpha.png", opaque))
    assert_holds(image, deep_colour)
    assert image.notices == ()


@pytest.mark.parametrize(("kind", "head"), [(b"zTXt", b"Raw profile type xmp\0\0"), (b"iCCP", b"scanner\0\0")])
def test_a_picture_with_a_long_text_or_profile_is_read(
    tmp_path: Path, deep: np.ndarray, kind: bytes, head: bytes
) -> None:
    path = tmp_path / "image.png"
    pillow.fromarray(deep).save(path)
    _add_png_chunk(path, kind, head + zlib.compress(bytes(5_000_000)))
    assert_holds(read_image(path), deep)


def test_deep_grey_with_alpha_stays_grey(tmp_path: Path, deep: np.ndarray) -> None:
    with_alpha = np.dstack([deep, np.full_like(deep, 65535)]).astype(">u2")
    with_alpha[0, 0, 1] = 0
    path = write_png(tmp_path / "grey.png", with_alpha, colour_type=4)
    image = read_image(path)
    expected = deep.copy()
    expected[0, 0] = 0
    assert_holds(image, expected)
    assert "transparent" in str(image.notices[0])


def write_png(path: Path, pixels: np.ndarray, colour_type: int) -> Path:
    """(H, W, channels) of 16 bits, in the order of the file."""
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    header = struct.pack(">2I5B", pixels.shape[1], pixels.shape[0], 16, colour_type, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    parts = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    return path


@pytest.mark.parametrize(
    "options", [{}, {"byteorder": ">"}, {"compression": "zlib"}, {"bigtiff": True}, {"tile": (16, 16)}]
)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32"])
def test_tiffs_keep_their_values(tmp_path: Path, deep: np.ndarray, dtype: str, options: dict) -> None:
    pixels = deep.astype(dtype)
    tifffile.imwrite(tmp_path / "image.tif", pixels, **options)
    assert_holds(read_image(tmp_path / "image.tif"), pixels)


@pytest.mark.parametrize("dtype", ["int32", "uint32", "float64", "float16"])
def test_other_numbers_become_float(tmp_path: Path, dtype: str) -> None:
    pixels = np.array([[0, 7], [1000, 60000]], dtype=dtype)
    tifffile.imwrite(tmp_path / "image.tif", pixels)
    assert_holds(read_image(tmp_path / "image.tif"), pixels.astype(np.float32))


@pytest.mark.parametrize("compression", [cv2.IMWRITE_TIFF_COMPRESSION_LZW, cv2.IMWRITE_TIFF_COMPRESSION_ADOBE_DEFLATE])
def test_compressed_tiffs_keep_their_values(
    tmp_path: Path, deep: np.ndarray, deep_colour: np.ndarray, compression: int
) -> None:
    for pixels in (deep, deep_colour, deep.astype(np.float32), (deep_colour >> 8).astype(np.uint8)):
        path = encode(tmp_path / "image.tif", pixels, cv2.IMWRITE_TIFF_COMPRESSION, compression)
        assert_holds(read_image(path), pixels)


@pytest.mark.parametrize("pages", [1, 4])
@pytest.mark.parametrize(
    "said",
    ['{"shape": [', "<OME><Image><Pixels/></Image></OME>", '<?xml version="1.0"?><OME>', "ImageJ=1.53\nimages=many\n"],
)
def test_a_description_that_is_not_understood_costs_no_tiff(
    tmp_path: Path, deep: np.ndarray, said: str, pages: int
) -> None:
    with tifffile.TiffWriter(tmp_path / "image.tif") as writer:
        for page in range(pages):
            writer.write(deep, description=said if page == 0 else "", metadata=None)
    assert_holds(read_image(tmp_path / "image.tif"), deep)


def test_damage_inside_a_compressed_tiff_is_called_damage(tmp_path: Path, deep: np.ndarray) -> None:
    path = encode(tmp_path / "image.tif", deep, cv2.IMWRITE_TIFF_COMPRESSION, cv2.IMWRITE_TIFF_COMPRESSION_LZW)
    with tifffile.TiffFile(path) as file:
        start, length = file.pages.first.dataoffsets[0], file.pages.first.databytecounts[0]
    content = bytearray(path.read_bytes())
    content[start + length // 2 : start + length] = bytes(length - length // 2)
    path.write_bytes(content)
    with pytest.raises(ImageError, match="cannot be decoded: it is damaged, or its compression"):
        read_image(path)


def write_packed_tiff(path: Path, pixels: np.ndarray, bits: int, compressed: bool = False) -> Path:
    """`bits` a value, one behind the other, as cameras write them; each row (H, W) or (H, W, 3) begins with a new byte."""
    height, width, channels = np.atleast_3d(pixels).shape
    rows = np.unpackbits(pixels.astype(">u2").reshape(height, -1, 1).view(np.uint8), axis=2)[:, :, 16 - bits :]
    content = np.packbits(rows.reshape(height, -1), axis=1).tobytes()
    content = zlib.compress(content) if compressed else content
    content += b"\0" * (len(content) % 2)
    kinds = struct.pack("<3H", bits, bits, bits)
    tags = [(256, 3, 1, width), (257, 3, 1, height), (258, 3, channels, bits if channels == 1 else 8)]
    tags += [(259, 3, 1, 8 if compressed else 1), (262, 3, 1, 1 if channels == 1 else 2), (273, 4, 1, 14)]
    tags += [(277, 3, 1, channels), (278, 3, 1, height), (279, 4, 1, len(content))]
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags) + bytes(4)
    path.write_bytes(struct.pack("<2sHI", b"II", 42, 14 + len(content)) + kinds + content + directory)
    return path


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("bits", [10, 12, 14])
def test_packed_values_are_as_they_were_measured(
    tmp_path: Path, deep: np.ndarray, deep_colour: np.ndarray, bits: int, compressed: bool
) -> None:
    for pixels in (deep >> 16 - bits, deep_colour >> 16 - bits):
        assert_holds(read_image(write_packed_tiff(tmp_path / "image.tif", pixels, bits, compressed)), pixels)


def test_a_number_of_bits_that_nobody_reads_is_no_damage(tmp_path: Path, deep: np.ndarray) -> None:
    with pytest.raises(ImageError, match="values of 11 bits, which are not read"):
        read_image(write_packed_tiff(tmp_path / "image.tif", deep >> 5, 11))


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_deep_colour_tiffs_keep_their_values(tmp_path: Path, deep_colour: np.ndarray, planar: str) -> None:
    pixels = deep_colour if planar == "contig" else np.moveaxis(deep_colour, -1, 0)
    tifffile.imwrite(tmp_path / "image.tif", pixels, photometric="rgb", planarconfig=planar)
    assert_holds(read_image(tmp_path / "image.tif"), deep_colour)


@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("photometric", ["minisblack", "rgb"])
def test_three_channels_need_not_be_called_colours(
    tmp_path: Path, deep_colour: np.ndarray, photometric: str, planar: str
) -> None:
    pixels = (deep_colour >> 8).astype(np.uint8)
    stored = pixels if planar == "contig" else np.moveaxis(pixels, -1, 0)
    tifffile.imwrite(tmp_path / "image.tif", stored, photometric=photometric, planarconfig=planar)
    assert_holds(read_image(tmp_path / "image.tif"), pixels)


def test_white_is_zero_is_turned_over(tmp_path: Path, deep: np.ndarray) -> None:
    tifffile.imwrite(tmp_path / "image.tif", 65535 - deep, photometric="miniswhite")
    assert_holds(read_image(tmp_path / "image.tif"), deep)


def test_values_that_are_no_numbers_are_replaced_and_named(tmp_path: Path) -> None:
    pixels = np.array([[1.0, np.nan, 3.0], [np.inf, -np.inf, 2.0]], dtype=np.float32)
    tifffile.imwrite(tmp_path / "image.tif", pixels)
    image = read_image(tmp_path / "image.tif")
    assert image.pixels.tolist() == [[1, 1, 3], [3, 1, 2]]
    assert "3 values" in str(image.notices[0])
    tifffile.imwrite(tmp_path / "image.tif", np.full((2, 2), np.nan, np.float32))
    with pytest.raises(ImageError, match="no finite number"):
        read_image(tmp_path / "image.tif")


def write_geotiff(path: Path, pixels: np.ndarray, nodata: str, **options: object) -> Path:
    tifffile.imwrite(path, pixels, extratags=[(42113, "s", 0, nodata, True)], **options)
    return path


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "int32", "float32", "float64"])
@pytest.mark.parametrize("nodata", ["0", "255", "-9999", "-3.4028234663852886e+38", "nan"])
def test_what_gdal_marks_as_no_measurement_is_left_out_of_every_range(tmp_path: Path, dtype: str, nodata: str) -> None:
    measured = np.linspace(100, 200, 6400).reshape(80, 80).astype(dtype)
    value, kind = float(nodata), np.dtype(dtype)
    if kind.kind != "f" and not (value.is_integer() and np.iinfo(kind).min <= value <= np.iinfo(kind).max):
        assert read_image(write_geotiff(tmp_path / "image.tif", measured, nodata)).nodata is None
        return
    pixels = measured.copy()
    pixels[:40] = value
    image = read_image(write_geotiff(tmp_path / "image.tif", pixels, nodata))
    assert np.array_equal(image.pixels[40:], measured[40:].astype(image.pixels.dtype))
    assert (image.pixels[:40] == image.nodata).all()
    assert f"marks 3200 values as no measurement ({value:g})" in str(image.notices[0])
    assert len(image.notices) == 1
    low, high = InputRange("percentile", 0.5, 99.5).limits(image.pixels, image.unit, image.nodata)
    assert 149 <= low <= 152 and 198 <= high <= 200
    assert image.window is None or (image.window.low, image.window.high) == pytest.approx((low, high))
    if image.pixels.dtype != np.uint8:
        assert not InputRange("fixed", -160, 240).applies_to(image.pixels, image.unit, image.nodata)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_what_marks_missing_values_is_turned_over_with_white_is_zero(tmp_path: Path, dtype: str) -> None:
    pixels = np.array([[0, 1, 2, 5]], dtype)
    image = read_image(write_geotiff(tmp_path / "image.tif", pixels, "0", photometric="miniswhite"))
    assert image.nodata == image.pixels[0, 0]
    assert "marks 1 values as no measurement (0)" in str(image.notices[0])


@pytest.mark.parametrize("nodata", ["", "none", "7"])
def test_a_mark_that_no_pixel_bears_changes_nothing(tmp_path: Path, deep: np.ndarray, nodata: str) -> None:
    image = read_image(write_geotiff(tmp_path / "image.tif", np.maximum(deep, 8), nodata))
    assert_holds(image, np.maximum(deep, 8))
    assert (image.nodata, image.notices) == (None, ())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_lowest_number_is_no_measurement_even_where_no_tag_says_so(tmp_path: Path, dtype: str) -> None:
    pixels = np.linspace(100, 200, 6400).reshape(80, 80).astype(dtype)
    pixels[:40] = np.finfo(np.float32).min
    tifffile.imwrite(tmp_path / "image.tif", pixels)
    image = read_image(tmp_path / "image.tif")
    assert (
        149 <= image.window.low <= 152 and 198 <= image.window.high <= 200 and image.nodata == image.pixels.min() > 149
    )
    assert "marks 3200 values as no measurement (-3.4028" in str(image.notices[0])


def test_an_image_without_any_measurement_is_flat(tmp_path: Path) -> None:
    image = read_image(write_geotiff(tmp_path / "image.tif", np.full((4, 4), 65535, np.uint16), "65535"))
    assert image.window.width > 0
    empty = read_image(write_geotiff(tmp_path / "image.tif", np.full((4, 4), -9999, np.float32), "-9999"))
    assert not empty.pixels.any() and empty.nodata == 0, "as the tiles at the edge of a map are"


def test_the_first_page_of_many_is_shown_with_a_notice(tmp_path: Path, deep: np.ndarray) -> None:
    pages = np.stack([deep, deep // 2, deep // 3, deep // 4])
    tifffile.imwrite(tmp_path / "stack.tif", pages, imagej=True, metadata={"axes": "ZYX"})
    image = read_image(tmp_path / "stack.tif")
    assert_holds(image, deep)
    assert [str(notice) for notice in image.notices] == ["stack.tif has 4 pages; only the first is shown."]


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("layout", ["contig", "separate", "imagej"])
def test_the_first_three_of_many_channels_are_shown_with_a_notice(tmp_path: Path, dtype: str, layout: str) -> None:
    channels = np.random.default_rng(0).integers(0, 256, (5, 20, 30)).astype(dtype)
    path = tmp_path / "channels.tif"
    if layout == "imagej":
        tifffile.imwrite(path, channels, imagej=True, metadata={"axes": "CYX"})
    elif layout == "contig":
        tifffile.imwrite(path, np.moveaxis(channels, 0, -1), photometric="minisblack", planarconfig="contig")
    else:
        tifffile.imwrite(path, channels, photometric="minisblack", planarconfig="separate")
    image = read_image(path)
    assert_holds(image, np.ascontiguousarray(np.moveaxis(channels[:3], 0, -1)))
    assert "5 channels" in str(image.notices[0])


def test_of_two_channels_the_first_is_shown_with_a_notice(tmp_path: Path, deep: np.ndarray) -> None:
    tifffile.imwrite(tmp_path / "two.tif", np.dstack([deep, deep + 1]), photometric="minisblack", planarconfig="contig")
    image = read_image(tmp_path / "two.tif")
    assert_holds(image, deep)
    assert "2 channels" in str(image.notices[0])


@pytest.mark.parametrize(
    ("suffix", "mode"),
    [
        *((".png", mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA")),
        *((".jpg", mode) for mode in ("L", "RGB", "CMYK", "YCbCr")),
        *((".bmp", mode) for mode in ("1", "L", "P", "RGB", "RGBA")),
        *((".tif", mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB")),
    ],
)
def test_every_kind_of_picture_shows_its_colours(tmp_path: Path, suffix: str, mode: str) -> None:
    """Compared with Pillow's own conversion, within what JPEG and Lab lose."""
    ramp = np.linspace(30, 220, 32, dtype=np.uint8)
    colour = np.dstack([np.tile(ramp, (32, 1)), np.tile(ramp[:, None], (1, 32)), np.full((32, 32), 90, np.uint8)])
    picture = pillow.fromarray(colour)
    if mode == "LAB":
        picture = ImageCms.profileToProfile(
            picture, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
        )
    else:
        picture = picture.convert(mode)
    path = tmp_path / f"picture{suffix}"
    picture.save(path)
    image = read_image(path)
    with pillow.open(path) as stored:
        grey = mode in ("1", "L", "LA")
        expected = np.asarray(stored.convert("L" if grey else "RGB")).astype(int)
    assert image.pixels.shape == ((32, 32) if grey else (32, 32, 3))
    assert image.pixels.dtype == np.uint8
    assert np.abs(image.pixels - expected).max() <= 2


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize(
    "options", [{}, {"subsampling": 2}, {"subsampling": 0}, {"progressive": True}, {"restart_marker_rows": 1}], ids=str
)
@pytest.mark.parametrize("shape", [(1, 1), (17, 9), (64, 48)])
def test_a_jpeg_holds_what_pillow_reads_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, options: dict, shape: tuple[int, int]
) -> None:
    """Pillow's words on damaged files and its pixels would else belong together no more."""
    noise = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    pillow.fromarray(noise).convert(mode).save(tmp_path / "a.jpg", comment="a word", quality=80, **options)
    with pillow.open(tmp_path / "a.jpg") as stored:
        expected = np.asarray(stored)
    monkeypatch.setattr("model.pillow.pillow.open", None)  # which is not asked
    assert_holds(read_image(tmp_path / "a.jpg"), expected)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("place", ["exif", "xmp"])
def test_a_photograph_is_turned_upright_once(tmp_path: Path, orientation: int, place: str) -> None:
    """A grey wedge, dark on top."""
    upright = np.repeat(np.linspace(0, 255, 64).astype(np.uint8)[:, None], 32, axis=1)
    stored = upright[::-1] if orientation in (3, 4, 7, 8) else upright
    stored = stored.T if orientation >= 5 else stored
    exif = pillow.Exif()
    exif[274] = orientation
    xmp = b'<x xmlns:tiff="t"><r tiff:Orientation="%d"/></x>' % orientation
    more = {"exif": exif} if place == "exif" else {"xmp": xmp}
    pillow.fromarray(np.ascontiguousarray(stored)).save(tmp_path / "photo.jpg", **more)
    pixels = read_image(tmp_path / "photo.jpg").pixels
    assert pixels.shape == upright.shape
    assert np.abs(pixels.astype(int) - upright).max() < 20


def test_a_jpeg_with_something_after_its_end_is_read(tmp_path: Path) -> None:
    """As some telephones write them."""
    whole = encode(tmp_path / "a.jpg", np.full((16, 24, 3), 90, np.uint8))
    expected = read_image(whole).pixels
    whole.write_bytes(whole.read_bytes() + bytes(300))
    assert_holds(read_image(whole), expected)


@pytest.mark.parametrize("side", [16, 1600])
def test_a_jpeg_of_any_length_is_read_whole_or_called_truncated(tmp_path: Path, side: int) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    path = encode(tmp_path / "a.jpg", noise, cv2.IMWRITE_JPEG_QUALITY, 90)
    with pillow.open(path) as stored:
        assert_holds(read_image(path), np.asarray(stored))
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ImageError, match="truncated"):
        read_image(path)


def test_transparent_pixels_are_shown_on_black_with_a_notice(tmp_path: Path) -> None:
    pixels = np.full((2, 2, 4), 200, np.uint8)
    pixels[..., 3] = [[255, 0], [255, 255]]
    pillow.fromarray(pixels).save(tmp_path / "image.png")
    image = read_image(tmp_path / "image.png")
    assert image.pixels[..., 0].tolist() == [[200, 0], [200, 200]]
    assert "transparent" in str(image.notices[0])


def test_an_alpha_that_was_never_filled_in_hides_nothing(tmp_path: Path, deep_colour: np.ndarray) -> None:
    """A bitmap of 32 bits with a mask for its alpha, and zeros there, as Windows makes them."""
    pixels = (deep_colour >> 8).astype(np.uint8)
    height, width = pixels.shape[:2]
    content = np.dstack([pixels[::-1, :, ::-1], np.zeros((height, width), np.uint8)]).tobytes()
    masks = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    header = struct.pack("<IiiHHIIiiII", 108, width, height, 1, 32, 3, len(content), 0, 0, 0, 0) + masks + bytes(52)
    start = 14 + len(header)
    (tmp_path / "image.bmp").write_bytes(b"BM" + struct.pack("<III", start + len(content), 0, start) + header + content)
    image = read_image(tmp_path / "image.bmp")
    assert_holds(image, pixels)
    assert image.notices == ()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["photo.png", "deep.png", "deep colour.png", "deep.tif", "photo.tif"])
def test_orientation_is_applied_once(
    tmp_path: Path, deep: np.ndarray, deep_colour: np.ndarray, orientation: int, name: str
) -> None:
    pixels = {"photo": (deep >> 8).astype(np.uint8), "deep": deep, "deep colour": deep_colour}[name[:-4]]
    path = tmp_path / name
    exif = pillow.Exif()
    exif[274] = orientation
    if name.endswith(".tif"):
        tifffile.imwrite(path, pixels, extratags=[(274, "H", 1, orientation, True)])
    elif pixels.ndim == 2:
        pillow.fromarray(pixels).save(path, exif=exif)
    else:
        encode(path, pixels)
        _add_png_chunk(path, b"eXIf", exif.tobytes()[6:])
    upright = pixels.swapaxes(0, 1) if orientation >= 5 else pixels
    upright = upright[::-1] if orientation in (3, 4, 7, 8) else upright
    upright = upright[:, ::-1] if orientation in (2, 3, 6, 7) else upright
    assert_holds(read_image(path), upright)


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("orientation", range(2, 9))
@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_a_compressed_tiff_is_not_turned_by_its_decoder_as_well(
    tmp_path: Path, deep: np.ndarray, dtype: str, orientation: int, big: bool
) -> None:
    pixels, path = deep.astype(dtype), tmp_path / "image.tif"
    tags = {274: orientation}
    pillow.fromarray(pixels).save(path, compression="tiff_lzw", tiffinfo=tags, big_tiff=big)
    assert_holds(read_image(path), raster.orient(pixels, orientation))


def _add_png_chunk(path: Path, kind: bytes, content: bytes) -> None:
    data = path.read_bytes()
    chunk = struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    path.write_bytes(data[:33] + chunk + data[33:])


def test_names_in_any_script_and_endings_in_any_case(tmp_path: Path) -> None:
    for name in ("肝脏 01.PNG", "rein é.Jpeg", "🫀.bmp", "a.b.c.TIFF"):
        pillow.new("L", (4, 3), 7).save(tmp_path / name)
        assert read_image(tmp_path / name).pixels.shape == (3, 4)
    assert len(list_images(tmp_path)) == 4


def test_pixels_cannot_be_changed_by_whoever_gets_them(tmp_path: Path) -> None:
    pillow.new("L", (4, 3)).save(tmp_path / "image.png")
    with pytest.raises(ValueError, match="read-only"):
        read_image(tmp_path / "image.png").pixels[0, 0] = 1


# --- DICOM ---


def test_a_ct_slice_is_in_hounsfield_units_with_its_first_window() -> None:
    image = read_image(SAMPLE / "slice_001.dcm")
    assert (image.pixels.dtype, image.pixels.shape, image.unit) == (np.int16, (512, 512), "HU")
    assert image.pixels.min() == -1024
    assert image.window == Window(40, 300)
    assert image.spacing == (0.9765625, 0.9765625)
    assert image.series == read_image(SAMPLE / "slice_020.dcm").series


def test_dicom_is_known_without_its_ending(tmp_path: Path) -> None:
    shutil.copy(SAMPLE / "slice_001.dcm", tmp_path / "CT.1.2.3.4444")
    shutil.copy(SAMPLE / "slice_002.dcm", tmp_path / "IM0002")
    (tmp_path / "notes").write_text("nothing to see")
    shutil.copy(SAMPLE / "slice_001.dcm", tmp_path / "DICOMDIR")  # a table of contents starts as a slice does
    assert [path.name for path in list_images(tmp_path)] == ["CT.1.2.3.4444", "IM0002"]
    assert read_image(tmp_path / "IM0002").unit == "HU"


MakeDicom = Callable[..., Path]


@pytest.fixture
def make_dicom(tmp_path: Path) -> MakeDicom:
    """Writes an uncompressed DICOM file of the given stored values and attributes."""
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

    def make(stored: np.ndarray, **attributes: object) -> Path:
        data = Dataset()
        data.SOPClassUID, data.SOPInstanceUID = SecondaryCaptureImageStorage, generate_uid()
        data.Modality = "OT"
        data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
        data.Rows, data.Columns = stored.shape[-2:]
        data.BitsAllocated = data.BitsStored = stored.dtype.itemsize * 8
        data.HighBit = data.BitsStored - 1
        data.PixelRepresentation = int(stored.dtype.kind == "i")
        data.PixelData = stored.tobytes()
        for name, value in attributes.items():
            setattr(data, name, value)
        data.file_meta = FileMetaDataset()
        data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        data.save_as(tmp_path / "image.dcm", enforce_file_format=True)
        return tmp_path / "image.dcm"

    return make


def test_white_is_low_is_turned_over_with_its_window(make_dicom: MakeDicom) -> None:
    stored = np.array([[0, 1000], [3000, 4095]], dtype=np.uint16)
    twelve_bits = {"PhotometricInterpretation": "MONOCHROME1", "BitsStored": 12, "HighBit": 11}
    image = read_image(make_dicom(stored, **twelve_bits, WindowCenter=1000, WindowWidth=200))
    assert image.pixels.tolist() == [[4095, 3095], [1095, 0]]
    assert image.window == Window(3095, 200)


@pytest.mark.parametrize(
    ("dtype", "padding", "said"),
    [
        (np.int16, -2000, {"PixelPaddingValue": -2000}),
        (np.uint16, 65535, {"PixelPaddingValue": 65535}),
        (np.uint16, 0, {"PixelPaddingValue": 0, "PixelPaddingRangeLimit": 3}),
        (np.uint16, 3, {"PixelPaddingValue": 3, "PixelPaddingRangeLimit": 0}),
        (np.uint8, 255, {"PixelPaddingValue": 255}),
    ],
)
def test_what_only_fills_the_rectangle_is_left_out_of_every_range(
    make_dicom: MakeDicom, dtype: type, padding: int, said: dict
) -> None:
    stored = np.random.default_rng(0).integers(100, 200, (64, 64)).astype(dtype)
    measured = stored[16:].copy()
    stored[:16] = padding
    if "PixelPaddingRangeLimit" in said:
        stored[:16:3] = 1
    image = read_image(make_dicom(stored, **said))
    assert (image.pixels[:16] == image.nodata).all() and (image.pixels[16:] == measured).all()
    low, high = InputRange("percentile", 0.5, 99.5).limits(image.pixels, image.unit, image.nodata)
    assert 100 <= low < 105 and 195 < high <= 200
    if dtype is not np.uint8:
        assert 100 <= image.window.low < 105 and 195 < image.window.high <= 200


def test_padding_is_rescaled_and_turned_over_as_everything_is(make_dicom: MakeDicom) -> None:
    stored = np.array([[0, 1000], [3000, 4095]], dtype=np.uint16)
    twelve_bits = {"PhotometricInterpretation": "MONOCHROME1", "BitsStored": 12, "HighBit": 11}
    image = read_image(make_dicom(stored, **twelve_bits, PixelPaddingValue=4095, RescaleSlope=2, RescaleIntercept=10))
    assert image.pixels.tolist() == [[8200, 6200], [2200, 10]] and image.nodata == 10


def test_a_negative_padding_that_was_written_as_an_unsigned_number_is_known(make_dicom: MakeDicom) -> None:
    import pydicom

    stored = np.array([[-2000, 5], [7, 9]], dtype=np.int16)
    path = make_dicom(stored)
    data = pydicom.dcmread(path)
    data.add_new("PixelPaddingValue", "US", 63536)
    data.save_as(path)
    assert read_image(path).nodata == -2000


@pytest.mark.parametrize(
    "said", [{}, {"PixelPaddingValue": 7}, {"PixelPaddingValue": None}, {"PixelPaddingRangeLimit": 5}]
)
def test_a_padding_that_no_pixel_bears_changes_nothing(make_dicom: MakeDicom, said: dict) -> None:
    image = read_image(make_dicom(np.array([[0, 5], [100, 900]], np.uint16), **said))
    assert image.nodata is None and image.pixels.tolist() == [[0, 5], [100, 900]]


def test_hounsfield_units_are_never_turned_over(make_dicom: MakeDicom) -> None:
    """What is stored means the same, whether low values are to be shown white or black."""
    stored = np.array([[0, 1000], [1291, 4095]], dtype=np.uint16)
    ct = {"Modality": "CT", "RescaleSlope": 1, "RescaleIntercept": -1024, "WindowCenter": 50, "WindowWidth": 350}
    for says in ({"RescaleType": "HU"}, {}):
        image = read_image(
            make_dicom(stored, **ct, **says, PhotometricInterpretation="MONOCHROME1", BitsStored=12, HighBit=11)
        )
        assert (image.pixels.tolist(), image.unit) == ([[-1024, -24], [267, 3071]], "HU")
        assert image.window == Window(50, 350)
    other = make_dicom(
        stored, **ct, RescaleType="US", PhotometricInterpretation="MONOCHROME1", BitsStored=12, HighBit=11
    )
    assert read_image(other).pixels[1, 0] == 1780, "not calibrated in HU"


@pytest.mark.parametrize(
    ("rescale", "expected"),
    [
        ({"RescaleIntercept": -1024}, [-1024, -24]),
        ({"RescaleIntercept": -1024, "RescaleSlope": None}, [-1024, -24]),
        ({"RescaleIntercept": -1024, "RescaleSlope": 2, "RescaleType": ""}, [-1024, 976]),
    ],
)
def test_a_rescale_without_a_slope_has_that_of_one(make_dicom: MakeDicom, rescale: dict, expected: list[int]) -> None:
    image = read_image(make_dicom(np.array([[0, 1000]], np.uint16), Modality="CT", **rescale))
    assert (image.pixels.tolist(), image.unit, image.notices) == ([expected], "HU", ())


@pytest.mark.parametrize("intercept", [{}, {"RescaleIntercept": ""}])
def test_a_rescale_without_an_intercept_does_not_say_where_water_is(make_dicom: MakeDicom, intercept: dict) -> None:
    stored = np.array([[0, 1000]], np.uint16)
    image = read_image(make_dicom(stored, Modality="CT", RescaleSlope=2, **intercept))
    assert (image.pixels.tolist(), image.unit) == ([[0, 2000]], "") and "Hounsfield" in str(image.notices[0])


def group(name: str, **attributes: object) -> Dataset:
    """A functional group of an enhanced file."""
    held, outer = Dataset(), Dataset()
    for keyword, value in attributes.items():
        setattr(held, keyword, value)
    setattr(outer, name, [held])
    return outer


def test_an_enhanced_ct_keeps_its_rescale_and_spacing_in_the_groups_of_its_frames(make_dicom: MakeDicom) -> None:
    stored = np.array([[[0, 1000]], [[5, 5]]], np.uint16)
    values = {"RescaleSlope": 1, "RescaleType": "HU"}
    shared = group("PixelValueTransformationSequence", RescaleIntercept=-1024, **values)
    shared.update(group("PixelMeasuresSequence", PixelSpacing=[0.5, 0.25]))
    shared.update(group("FrameVOILUTSequence", WindowCenter=40, WindowWidth=400))
    ct = {"Modality": "CT", "NumberOfFrames": 2, "SharedFunctionalGroupsSequence": [shared]}
    image = read_image(make_dicom(stored, **ct))
    assert (image.pixels.tolist(), image.unit, image.spacing) == ([[-1024, -24]], "HU", (0.5, 0.25))
    assert image.window == Window(40, 400)
    frames = [group("PixelValueTransformationSequence", RescaleIntercept=start, **values) for start in (-1000, 7)]
    image = read_image(make_dicom(stored, **ct, PerFrameFunctionalGroupsSequence=frames))
    assert (image.pixels.tolist(), image.unit) == ([[-1000, 0]], "HU")


@pytest.mark.parametrize("rescale", [{}, {"RescaleSlope": None, "RescaleIntercept": None}, {"RescaleSlope": 1}])
@pytest.mark.parametrize("lowest", [-1000, 0])
def test_ct_values_of_unknown_meaning_are_not_called_hounsfield_units(
    make_dicom: MakeDicom, rescale: dict, lowest: int
) -> None:
    image = read_image(make_dicom(np.array([[lowest, 1000]], np.int16), Modality="CT", **rescale))
    assert (image.pixels.tolist(), image.unit) == ([[lowest, 1000]], "")
    assert "Hounsfield" in str(image.notices[0])
    assert InputRange("fixed", -160, 240).applies_to(image.pixels, image.unit) == (lowest < 0), "as in any other file"


def test_an_empty_rescale_is_none(make_dicom: MakeDicom) -> None:
    image = read_image(make_dicom(np.array([[0, 9]], np.uint16), RescaleSlope=None, RescaleIntercept=None))
    assert (image.pixels.tolist(), image.unit, image.notices) == ([[0, 9]], "", ())


def test_fractions_of_the_slope_are_kept(make_dicom: MakeDicom) -> None:
    stored = np.array([[0, 1], [2, 3]], np.uint16)
    image = read_image(make_dicom(stored, RescaleSlope=0.25, RescaleIntercept=-1, Modality="PT"))
    assert image.pixels.dtype == np.float32
    assert image.pixels.tolist() == [[-1, -0.75], [-0.5, -0.25]]
    assert image.unit == ""


def test_signed_and_wide_values_do_not_wrap(make_dicom: MakeDicom) -> None:
    assert read_image(make_dicom(np.array([[-5, 5]], np.int16))).pixels.tolist() == [[-5, 5]]
    wide = read_image(make_dicom(np.array([[0, 65535]], np.uint16), RescaleSlope=1, RescaleIntercept=-1024))
    assert wide.pixels.tolist() == [[-1024, 64511]]


@pytest.mark.parametrize(("kind", "white"), [("MONOCHROME2", [1, 0]), ("MONOCHROME1", [0, 1])])
def test_a_segmentation_of_one_bit_is_black_and_white(make_dicom: MakeDicom, kind: str, white: list[int]) -> None:
    one = {"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0, "Rows": 2, "Columns": 8}
    path = make_dicom(np.zeros((2, 8), np.uint8), **one, PhotometricInterpretation=kind, PixelData=b"\x01\x80")
    pixels = read_image(path).pixels
    assert (pixels[0, 0], pixels[0, 1]) == tuple(255 * value for value in white)
    assert pixels.dtype == np.uint8 and sorted(np.unique(pixels)) == [0, 255]


@pytest.mark.parametrize(("keyword", "dtype"), [("FloatPixelData", "float32"), ("DoubleFloatPixelData", "float64")])
def test_a_parametric_map_has_real_numbers(make_dicom: MakeDicom, keyword: str, dtype: str) -> None:
    import pydicom

    values = np.linspace(-1, 2, 20, dtype=dtype).reshape(4, 5)
    path = make_dicom(np.zeros((4, 5), np.uint16))
    data = pydicom.dcmread(path)
    del data.PixelData, data.BitsStored, data.HighBit, data.PixelRepresentation
    data.BitsAllocated = values.itemsize * 8
    setattr(data, keyword, values.tobytes())
    data.save_as(path)
    assert_holds(read_image(path), values.astype(np.float32))


def test_the_first_frame_of_many_is_shown_with_a_notice(make_dicom: MakeDicom) -> None:
    image = read_image(make_dicom(np.arange(12, dtype=np.uint8).reshape(3, 2, 2), NumberOfFrames=3))
    assert image.pixels.tolist() == [[0, 1], [2, 3]]
    assert "3 frames" in str(image.notices[0])
    assert image.window is None


def test_an_odd_window_or_spacing_is_ignored(make_dicom: MakeDicom) -> None:
    stored = np.arange(100, dtype=np.uint16).reshape(10, 10)
    image = read_image(make_dicom(stored, WindowCenter=5, WindowWidth=0, PixelSpacing=[0, 0]))
    assert image.window == auto_window(image.pixels)
    assert image.spacing is None


@pytest.mark.parametrize(
    ("said", "written"),
    [("1043.77", "1043,77"), ("0.7\\0.7 ", "0,7\\0,7 "), ("0.7\\0.7 ", "0.7     "), ("0.7\\0.7 ", "0.7\\    ")],
)
def test_a_window_or_spacing_that_is_no_number_costs_only_itself(
    make_dicom: MakeDicom, said: str, written: str
) -> None:
    stored = np.arange(100, dtype=np.uint16).reshape(10, 10)
    path = make_dicom(stored, WindowCenter="1043.77", WindowWidth="100", PixelSpacing=["0.7", "0.7"])
    content = path.read_bytes()
    assert content.count(said.encode()) == 1
    path.write_bytes(content.replace(said.encode(), written.encode()))
    image = read_image(path)
    assert np.array_equal(image.pixels, stored)
    kept = Window(1043.77, 100), (0.7, 0.7)
    assert (image.window, image.spacing) == ((auto_window(stored), kept[1]) if "1043" in said else (kept[0], None))


def test_dicom_without_an_image_is_a_sentence(make_dicom: MakeDicom) -> None:
    import pydicom

    path = make_dicom(np.zeros((2, 2), np.uint8))
    data = pydicom.dcmread(path)
    del data.PixelData, data.Rows
    data.save_as(path)
    with pytest.raises(ImageError, match="without an image"):
        read_image(path)


@pytest.fixture
def lossless_jpeg(tmp_path: Path) -> Path:
    """A sample slice in JPEG Lossless, as many scanners and archives store it."""
    import gdcm

    path = tmp_path / "lossless.dcm"
    reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
    reader.SetFileName(str(SAMPLE / "slice_001.dcm"))
    assert reader.Read()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer.SetFileName(str(path))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    return path


def test_lossless_jpeg_and_jpeg_2000_hold_the_same_values(lossless_jpeg: Path) -> None:
    assert_holds(read_image(lossless_jpeg), read_image(SAMPLE / "slice_001.dcm").pixels)


def test_damage_inside_a_compressed_slice_costs_only_that_slice(lossless_jpeg: Path, tmp_path: Path) -> None:
    """GDCM takes its process down over some of these; ours has to live on."""
    rng = np.random.default_rng(0)
    for source in (lossless_jpeg, SAMPLE / "slice_001.dcm"):
        whole = source.read_bytes()
        for _ in range(25):
            data = bytearray(whole)
            for place in rng.integers(1300, 2600, 20):
                data[place] = rng.integers(256)
            (tmp_path / "damaged.dcm").write_bytes(data)
            try:
                assert read_image(tmp_path / "damaged.dcm").pixels.ndim in (2, 3)
            except ImageError as error:
                assert "damaged.dcm" in str(error)
    assert read_image(lossless_jpeg).pixels.shape == (512, 512)


def test_a_decoder_that_died_leaves_no_pipe_open(lossless_jpeg: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of damaged slices takes hundreds of them."""
    children, start = [], isolated._start
    monkeypatch.setattr(isolated, "_start", lambda: children.append(start()) or children[-1])
    decoder = isolated._Decoder()
    assert decoder.decode(lossless_jpeg).shape == (512, 512)
    children[0].kill()
    children[0].wait()
    assert decoder.decode(lossless_jpeg).shape == (512, 512), "one that died between two slices"
    with monkeypatch.context() as patch, pytest.raises(ValueError, match="broke down"):
        patch.setattr(isolated, "_ask", lambda child, path: isolated._broken())
        decoder.decode(lossless_jpeg)
    for child in children:
        assert child.stdin.closed and child.stdout.closed and child.returncode is not None
    assert decoder.decode(lossless_jpeg).shape == (512, 512)


def test_a_compressed_stream_that_claims_to_be_huge_is_not_decoded(tmp_path: Path) -> None:
    data = bytearray((SAMPLE / "slice_001.dcm").read_bytes())
    size = data.find(b"\xff\x4f\xff\x51") + 6
    data[size : size + 4] = (1_700_000).to_bytes(4, "big")
    (tmp_path / "huge.dcm").write_bytes(data)
    with pytest.raises(ImageError, match="cannot be decoded"):
        read_image(tmp_path / "huge.dcm")


# --- what cannot be read ---


def damaged_files(folder: Path) -> list[Path]:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    whole = [folder / f"image{suffix}" for suffix in (".png", ".jpg", ".bmp", ".tif", ".tiff", ".dcm")]
    for path in whole[:3]:
        pillow.fromarray(noise).save(path)
    tifffile.imwrite(whole[3], noise)
    tifffile.imwrite(whole[4], noise.astype(np.uint16), compression="zlib")
    shutil.copy(SAMPLE / "slice_001.dcm", whole[5])
    found = []
    for path in whole:
        data = path.read_bytes()
        for length in (8, 150, len(data) // 2, len(data) - 200):
            found.append(folder / f"{length} of {path.name}")
            found[-1].write_bytes(data[:length])
        found.append(folder / f"empty {path.name}")
        found[-1].write_bytes(b"")
        found.append(folder / f"text {path.name}")
        found[-1].write_text("This is not an image, whatever its name says. " * 9)
    return found


@pytest.mark.filterwarnings("ignore:End of file")
def test_every_damaged_file_is_named_in_one_sentence(tmp_path: Path) -> None:
    for path in damaged_files(tmp_path):
        with pytest.raises(ImageError) as raised:
            read_image(path)
        text = str(raised.value)
        assert path.name in text
        assert "\n" not in text and text.endswith("."), text


@pytest.mark.filterwarnings("ignore:End of file")
def test_a_file_cut_off_is_called_truncated(tmp_path: Path) -> None:
    for path in damaged_files(tmp_path):
        if path.name[0] in "123456789" and not path.name.startswith(("8 of", "150 of")):
            with pytest.raises(ImageError, match="truncated"):
                read_image(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    for path in (tmp_path / "gone.png", tmp_path):
        with pytest.raises(ImageError, match=path.name):
            read_image(path)


def test_one_pixel_is_an_image(tmp_path: Path) -> None:
    pillow.new("L", (1, 1), 9).save(tmp_path / "one.png")
    assert read_image(tmp_path / "one.png").pixels.tolist() == [[9]]
    tifffile.imwrite(tmp_path / "one.tif", np.array([[0.5]], np.float32))
    image = read_image(tmp_path / "one.tif")
    assert apply_window(image.pixels, image.window).shape == (1, 1)


def huge_png(path: Path, width: int, height: int) -> Path:
    """Only the header is huge."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    data = b"\x89PNG\r\n\x1a\n"
    for kind, body in chunks:
        data += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    path.write_bytes(data)
    return path


def test_too_many_pixels_are_refused_from_the_header_and_the_way_out_is_named(tmp_path: Path) -> None:
    path = huge_png(tmp_path / "huge.png", 40_000, 30_000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ImageError, match=r"limit of 100 megapixels.*--max-megapixels 1200"):
            read_image(path)
    with pytest.raises(ImageError, match="truncated"):
        read_image(path, max_pixels=1_200_000_000)
    with pytest.raises(ImageError, match=r"limit of 0\.001 megapixels"):
        read_image(path, max_pixels=1000)


def test_too_many_pixels_of_a_jpeg_are_refused_before_it_is_decoded(tmp_path: Path, monkeypatch) -> None:
    path = encode(tmp_path / "large.jpg", np.zeros((40, 50, 3), np.uint8))
    monkeypatch.setattr(cv2, "imdecode", None)
    with pytest.raises(ImageError, match="large.jpg is 50 x 40"):
        read_image(path, max_pixels=1999)


def test_the_limit_holds_for_tiff_and_dicom_too(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "image.tif", np.zeros((30, 40), np.uint16))
    for path in (tmp_path / "image.tif", SAMPLE / "slice_001.dcm"):
        with pytest.raises(ImageError, match="--max-megapixels"):
            read_image(path, max_pixels=1000)


# --- folders ---


def test_a_folder_is_listed_in_natural_order_and_flat(tmp_path: Path) -> None:
    for name in ("slice 10.png", "slice 2.png", "Slice 1.png", "10.png", "9.png", ".hidden.png", "notes.txt", "noise"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "folder.png").mkdir()
    names = [path.name for path in list_images(tmp_path)]
    assert names == ["9.png", "10.png", "Slice 1.png", "slice 2.png", "slice 10.png"]


def test_digits_that_are_no_numbers_do_not_keep_a_folder_shut(tmp_path: Path) -> None:
    names = [
        "\u2460.png",
        "\u24601.png",
        "2.png",
        "10.png",
        "x\u00b2.png",
        "1\u00b210.png",
        "1\u00b22.png",
        "\u0663.png",
    ]
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    found = [path.name for path in list_images(tmp_path)]
    assert sorted(found) == sorted(names), "circled, raised and Arabic digits"
    assert found.index("2.png") < found.index("10.png")
    assert found.index("1\u00b22.png") < found.index("1\u00b210.png")


def test_a_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="gone"):
        list_images(tmp_path / "gone")


def test_an_empty_folder_and_one_of_volumes_say_what_to_do(tmp_path: Path) -> None:
    assert "holds no images" in str(folder_notice(tmp_path))
    (tmp_path / "ct.nii.gz").write_bytes(b"x")
    assert list_images(tmp_path) == []
    assert "NIfTI volumes are not read yet" in str(folder_notice(tmp_path))
    with pytest.raises(ImageError, match="NIfTI volumes are not read yet"):
        read_image(tmp_path / "ct.nii.gz")
    (tmp_path / "ct.nii.gz").unlink()
    (tmp_path / "image.png").write_bytes(b"x")
    assert folder_notice(tmp_path) is None


# --- windows ---


@pytest.mark.parametrize("dtype", ["int16", "uint16", "uint8", "float32"])
def test_a_window_runs_from_black_to_white(dtype: str) -> None:
    pixels = np.array([[0, 50, 100], [150, 200, 250]], dtype=dtype)
    shown = apply_window(pixels, Window(100, 200))
    assert shown.dtype == np.uint8
    assert shown.tolist() == [[0, 64, 128], [191, 255, 255]]


def test_windows_below_zero_and_at_the_ends_of_the_range() -> None:
    pixels = np.array([[-32768, -1350, -600, 150, 32767]], dtype=np.int16)
    assert apply_window(pixels, PRESETS["lung"]).tolist() == [[0, 0, 128, 255, 255]]


def test_eight_bits_need_no_window() -> None:
    pixels = np.arange(6, dtype=np.uint8).reshape(2, 3)
    assert apply_window(pixels, None) is pixels


def test_the_automatic_window_ignores_a_few_hot_pixels() -> None:
    pixels = np.random.default_rng(0).integers(1000, 2000, (300, 300)).astype(np.uint16)
    pixels[0, :5] = 65535
    window = auto_window(pixels)
    assert 990 < window.low < 1010 and 1990 < window.high < 2010


@pytest.mark.parametrize("value", [0, 7, 65535])
def test_a_flat_image_has_a_window_all_the_same(value: int) -> None:
    pixels = np.full((5, 5), value, np.uint16)
    assert auto_window(pixels).width > 0
    assert apply_window(pixels, None).shape == (5, 5)


def test_heights_in_metres_have_a_window_of_their_own() -> None:
    pixels = np.linspace(0, 5e-9, 400, dtype=np.float32).reshape(20, 20)
    assert auto_window(pixels).width == pytest.approx(5e-9, rel=0.02)
