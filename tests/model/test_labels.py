"""Label maps: what is written is what is read, and what does not fit is refused by name and left alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as pillow

from model.classes import ClassTable, default_table
from model.errors import LabelError
from model.labels import UNTOUCHED, read_label, read_mask, write_label


@pytest.fixture
def table() -> ClassTable:
    return default_table()


@pytest.fixture
def label_map(table: ClassTable) -> np.ndarray:
    values = np.array([*table.values, UNTOUCHED], dtype=np.uint8)
    return np.random.default_rng(0).choice(values, (23, 31))


def test_every_value_and_untouched_come_back(tmp_path: Path, table: ClassTable, label_map: np.ndarray) -> None:
    path = tmp_path / "片 é 🫀.png"
    write_label(path, label_map, table)
    assert np.array_equal(read_label(path, label_map.shape, table), label_map)


def test_other_programs_see_a_palette_png_in_the_colours_of_the_classes(
    tmp_path: Path, table: ClassTable, label_map: np.ndarray
) -> None:
    path = tmp_path / "label.png"
    write_label(path, label_map, table)
    with pillow.open(path) as picture:
        assert (picture.format, picture.mode) == ("PNG", "P")
        colors = np.asarray(picture.convert("RGB"))
    liver = table.by_uid("liver")
    assert (colors[label_map == liver.value] == liver.color).all()


def test_another_size_is_refused_and_the_file_left_as_it_is(
    tmp_path: Path, table: ClassTable, label_map: np.ndarray
) -> None:
    path = tmp_path / "label.png"
    write_label(path, label_map, table)
    before = path.read_bytes()
    with pytest.raises(LabelError, match="31 x 23, but its image is 30 x 23"):
        read_label(path, (23, 30), table)
    with pytest.raises(LabelError, match="31 x 23, but its image is 30 x 23"):
        read_mask(path, (23, 30), table)
    assert path.read_bytes() == before


def test_values_outside_the_table_are_named(tmp_path: Path, table: ClassTable) -> None:
    path = tmp_path / "label.png"
    pillow.fromarray(np.array([[0, 6, 14, 200, 255]], dtype=np.uint8)).save(path)
    with pytest.raises(LabelError, match="14, 200"):
        read_label(path, None, table)
    assert read_label(path, None, None)[0, 3] == 200


@pytest.mark.parametrize("content", [b"", b"no picture", "cut"])
def test_a_damaged_file_is_a_sentence(tmp_path: Path, table: ClassTable, content: bytes | str) -> None:
    path = tmp_path / "label.png"
    if content == "cut":
        write_label(path, np.random.default_rng(0).integers(0, 14, (64, 64), np.uint8), table)
        content = path.read_bytes()[:-800]
    path.write_bytes(content)
    with pytest.raises(LabelError, match=r"label\.png cannot be read"):
        read_label(path, (64, 64), table)


def test_a_missing_file_and_a_photo_are_refused(tmp_path: Path, table: ClassTable) -> None:
    with pytest.raises(LabelError, match="does not exist"):
        read_label(tmp_path / "gone.png", None, table)
    pillow.new("RGB", (4, 4)).save(tmp_path / "photo.png")
    with pytest.raises(LabelError, match="is not a label map"):
        read_label(tmp_path / "photo.png", None, table)


def test_a_folder_that_vanished_leaves_an_error_and_no_file(tmp_path: Path, table: ClassTable) -> None:
    with pytest.raises(OSError):
        write_label(tmp_path / "gone" / "label.png", np.zeros((2, 2), np.uint8), table)


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
