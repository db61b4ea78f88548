"""Masks of other programs: what their values and colours become, and what is refused instead of being guessed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image as pillow

from model.classes import ClassTable
from model.errors import LabelError
from model.images import read_image
from model.labels import UNTOUCHED, write_label
from model.masks import read_mask

_ORIENTATION_TAG = 0x0112


def test_masks_of_other_programs_come_in_by_value(tmp_path: Path, table: ClassTable) -> None:
    values = np.array([[0, 6, 7], [99, 255, 13]], dtype=np.uint8)
    expected = [[0, 6, 7], [255, 255, 13]]
    pillow.fromarray(values).save(tmp_path / "grey.png")
    pillow.fromarray(values.astype(np.uint16)).save(tmp_path / "deep.png")
    palette = pillow.fromarray(values)
    palette.putpalette(list(range(256)) * 3)
    palette.save(tmp_path / "palette.png")
    pillow.fromarray(np.dstack([values, np.full_like(values, 255)])).save(tmp_path / "alpha.png")
    for name in ("grey.png", "deep.png", "palette.png", "alpha.png"):
        mask = read_mask(tmp_path / name, values.shape, table)
        assert mask.label_map.tolist() == expected, name
        assert mask.unknown == (99,), name


def test_masks_come_in_by_the_colours_of_the_classes(tmp_path: Path, table: ClassTable, label_map: np.ndarray) -> None:
    write_label(tmp_path / "label.png", label_map, table)
    with pillow.open(tmp_path / "label.png") as picture:
        colors = np.array(picture.convert("RGB"))
    colors[0, 0] = (1, 2, 3)
    label_map[0, 0] = UNTOUCHED
    pillow.fromarray(colors).save(tmp_path / "colors.png")
    mask = read_mask(tmp_path / "colors.png", label_map.shape, table)
    assert np.array_equal(mask.label_map, label_map)
    assert mask.unknown == ((1, 2, 3),)


def test_a_mask_that_counts_beyond_eight_bits_is_refused(tmp_path: Path, table: ClassTable) -> None:
    pillow.fromarray(np.array([[0, 300]], dtype=np.uint16)).save(tmp_path / "instances.png")
    with pytest.raises(LabelError, match="values up to 300"):
        read_mask(tmp_path / "instances.png", (1, 2), table)


@pytest.mark.parametrize("size", [(23, 30), (31, 22)])
def test_a_mask_of_another_size_is_refused(
    tmp_path: Path, table: ClassTable, label_map: np.ndarray, size: tuple[int, int]
) -> None:
    write_label(tmp_path / "mask.png", label_map, table)
    with pytest.raises(LabelError, match=f"31 x 23, but its image is {size[1]} x {size[0]}"):
        read_mask(tmp_path / "mask.png", size, table)


def test_a_mask_on_its_side_is_of_another_size(tmp_path: Path, table: ClassTable, label_map: np.ndarray) -> None:
    write_label(tmp_path / "mask.png", label_map, table)
    with pytest.raises(LabelError, match="31 x 23, but its image is 23 x 31"):
        read_mask(tmp_path / "mask.png", (31, 23), table)


@pytest.mark.parametrize("mode", ["L", "P", "1", "I;16", "LA"])
def test_white_is_an_object_in_a_mask_of_black_and_white(tmp_path: Path, table: ClassTable, mode: str) -> None:
    values = np.array([[0, 255], [255, 0]], np.uint8)
    picture = pillow.fromarray(values.astype(np.uint16) if mode == "I;16" else values)
    if mode == "P":
        picture.putpalette([value for value in range(256) for _ in range(3)])
    elif mode != "I;16":
        picture = picture.convert(mode)
    picture.save(tmp_path / "mask.png")
    mask = read_mask(tmp_path / "mask.png", (2, 2), table, white=6)
    if mode == "1":  # which says 1 of its object, a value that classes have
        assert mask.values == {0, 1} and mask.label_map.tolist() == [[0, 1], [1, 0]]
        return
    assert mask.values == {0, 255} and mask.label_map.tolist() == [[0, 6], [6, 0]] and not mask.unknown
    assert read_mask(tmp_path / "mask.png", (2, 2), table).label_map.tolist() == [[0, 255], [255, 0]]


def test_white_beside_classes_is_void(tmp_path: Path, table: ClassTable) -> None:
    pillow.fromarray(np.array([[0, 255, 3]], np.uint8)).save(tmp_path / "mask.png")
    assert read_mask(tmp_path / "mask.png", (1, 3), table, white=6).label_map.tolist() == [[0, 255, 3]]


def test_void_in_our_own_palette_is_no_object(tmp_path: Path, table: ClassTable) -> None:
    write_label(tmp_path / "mask.png", np.array([[0, 255]], np.uint8), table)
    mask = read_mask(tmp_path / "mask.png", (1, 2), table, white=6)
    assert mask.label_map.tolist() == [[0, 255]] and mask.values == {0}


def test_real_numbers_count_where_they_are_whole_and_nan_is_untouched(tmp_path: Path, table: ClassTable) -> None:
    pillow.fromarray(np.array([[0, 6, np.nan]], np.float32)).save(tmp_path / "mask.tif")
    mask = read_mask(tmp_path / "mask.tif", (1, 3), table)
    assert mask.label_map.tolist() == [[0, 6, 255]] and mask.values == {0, 6} and not mask.unknown
    pillow.fromarray(np.full((1, 3), np.nan, np.float32)).save(tmp_path / "mask.tif")
    assert read_mask(tmp_path / "mask.tif", (1, 3), table).label_map.tolist() == [[255, 255, 255]]


@pytest.mark.parametrize("value", [0.25, np.inf, 1e30])
def test_what_is_no_class_value_is_refused(tmp_path: Path, table: ClassTable, value: float) -> None:
    pillow.fromarray(np.array([[0, value, np.nan]], np.float32)).save(tmp_path / "mask.tif")
    with pytest.raises(LabelError, match="values up to 1" if value == 1e30 else f"not whole, such as {value}"):
        read_mask(tmp_path / "mask.tif", (1, 3), table)


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32, np.float32])
def test_negative_values_are_said(tmp_path: Path, table: ClassTable, dtype: type) -> None:
    tifffile.imwrite(tmp_path / "mask.tif", np.array([[0, -1, -7]], dtype))
    with pytest.raises(LabelError, match="negative values, down to -7"):
        read_mask(tmp_path / "mask.tif", (1, 3), table)


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("kind", ["L", "P", "I;16", "RGBA"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_mask_is_turned_upright_as_its_image_is(
    tmp_path: Path, table: ClassTable, suffix: str, kind: str, orientation: int
) -> None:
    values = np.array([[1, 2, 3], [4, 5, 6]], np.uint8)
    picture = pillow.fromarray(values.astype(np.uint16) if kind == "I;16" else values)
    if kind == "P":
        picture.putpalette([channel for value in range(14) for channel in table.by_value(value).color])
    if kind == "RGBA":
        colors = np.array([table.by_value(value).color for value in range(14)], np.uint8)[values]
        picture = pillow.fromarray(np.dstack([colors, np.full_like(values, 255)]))
    exif = pillow.Exif()
    exif[_ORIENTATION_TAG] = orientation
    picture.save(tmp_path / f"mask.{suffix}", exif=exif)
    pillow.fromarray(values).save(tmp_path / f"image.{suffix}", exif=exif)
    upright = read_image(tmp_path / f"image.{suffix}").pixels
    assert read_mask(tmp_path / f"mask.{suffix}", upright.shape, table).label_map.tolist() == upright.tolist()


def test_what_is_fully_transparent_is_untouched(tmp_path: Path, table: ClassTable) -> None:
    alpha = np.array([[255, 0, 1, 0]], np.uint8)
    pillow.fromarray(np.dstack([np.array([[0, 6, 6, 99]], np.uint8), alpha])).save(tmp_path / "grey.png")
    mask = read_mask(tmp_path / "grey.png", (1, 4), table)
    assert mask.label_map.tolist() == [[0, 255, 6, 255]] and not mask.unknown and mask.values == {0, 6}
    colors = np.array(
        [[table.by_value(0).color, table.by_value(6).color, table.by_value(6).color, (1, 2, 3)]], np.uint8
    )
    for name in ("color.png", "color.tif"):
        pillow.fromarray(np.dstack([colors, alpha])).save(tmp_path / name)
        mask = read_mask(tmp_path / name, (1, 4), table)
        assert mask.label_map.tolist() == [[0, 255, 6, 255]] and not mask.unknown


def test_a_mask_of_several_pages_is_refused(tmp_path: Path, table: ClassTable) -> None:
    pages = [pillow.fromarray(np.full((2, 2), value, np.uint8)) for value in (1, 2, 3)]
    pages[0].save(tmp_path / "mask.tif", save_all=True, append_images=pages[1:])
    with pytest.raises(LabelError, match="mask.tif has 3 pages"):
        read_mask(tmp_path / "mask.tif", (2, 2), table)
