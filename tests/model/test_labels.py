"""Label maps: what is written is what is read, and what does not fit is refused by name and left alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as pillow

from model.classes import ClassTable
from model.errors import LabelError
from model.labels import read_label, write_label


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
