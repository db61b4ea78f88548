"""The split is decided once for each unit, and near-duplicates never land on both sides."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image as pillow

from model.images import read_image
from model.plane_source import of_arrays
from model.split import Grouping, prefix_of, units_so_far
from model.unlabelled import remember_seen
from model.workspace import Split, Workspace

SAMPLE = Path(__file__).parents[2] / "resources" / "sample"


def make_images(folder: Path, names: list[str]) -> list[str]:
    """No two of them are the same."""
    for name in names:
        pillow.frombytes("L", (8, 8), hashlib.sha512(name.encode()).digest()).save(folder / name)
    return names


def label(workspace: Workspace, name: str) -> str:
    image = read_image(workspace.folder / name)
    planes = np.zeros(image.pixels.shape[:2], np.uint8)
    return workspace.save_label(name, image, of_arrays(planes, planes), False).split


def make_series(
    folder: Path, series: str, count: int, step: float, prefix: str = "IM", scramble: int = 1, frame: str = "1.9"
) -> list[str]:
    """Small CT slices, `step` millimetres apart; their names are in this order unless they are scrambled. Without a `series`
    they say the frame alone.
    """
    data = pydicom.dcmread(SAMPLE / "slice_001.dcm")
    data.decompress()
    data.Rows = data.Columns = 4
    data.PixelData = bytes(32)
    data.SeriesInstanceUID, data.FrameOfReferenceUID = series, frame
    names = [f"{prefix}{number * scramble % count:04d}.dcm" for number in range(count)]
    for number, name in enumerate(names):
        data.ImagePositionPatient = [0, 0, 100 + number * step]
        data.save_as(folder / name)
    return names


def test_fewer_than_five_groups_are_told_as_why_nothing_is_held_out(tmp_path: Path) -> None:
    names = make_images(tmp_path, [f"drive{drive}_{number:02d}.png" for drive in range(5) for number in range(2)])
    workspace = Workspace.open(tmp_path)
    assert units_so_far(workspace.label_records()) is None
    for name in names[:8]:
        label(workspace, name)
    assert units_so_far(workspace.label_records()) == (Grouping.PREFIX, 4)
    assert label(workspace, names[8]) is Split.HELD_OUT and units_so_far(workspace.label_records()) is None
    workspace.close()


def test_images_that_are_units_themselves_need_no_reason(tmp_path: Path) -> None:
    names = make_images(tmp_path, ["IMG_1.png", "IMG_2.png"])
    workspace = Workspace.open(tmp_path)
    label(workspace, names[0])
    assert units_so_far(workspace.label_records()) is None
    workspace.close()


def test_the_first_four_train_and_then_every_fifth_is_held_out(tmp_path: Path) -> None:
    names = make_images(tmp_path, [f"IMG_{number:04d}.png" for number in range(20)])
    workspace = Workspace.open(tmp_path)
    splits = [label(workspace, name) for name in reversed(names)]
    assert [number for number, split in enumerate(splits, start=1) if split == Split.HELD_OUT] == [5, 10, 15, 20]
    workspace.close()


def test_a_split_never_changes(tmp_path: Path) -> None:
    names = make_images(tmp_path, [f"IMG_{number:04d}.png" for number in range(10)])
    workspace = Workspace.open(tmp_path)
    first = {name: label(workspace, name) for name in names}
    workspace.close()
    (tmp_path / "segmentation" / "index.sqlite").unlink()
    make_images(tmp_path, [f"A_{number}.png" for number in range(5)])
    workspace = Workspace.open(tmp_path)
    assert {name: label(workspace, name) for name in reversed(names)} == first
    assert {item.image_path.name: item.split for item in workspace.labelled()} == first
    workspace.close()


def test_drives_are_units(tmp_path: Path) -> None:
    """Frames of one drive are near-duplicates of each other."""
    drives = ["0001TP_0066", "0006R0_f009", "0016E5_081", "Seq05VD_f0", "0099ZZ_f0", "0100AA_f0"]
    names = make_images(tmp_path, [f"{drive}{frame}0.png" for frame in range(4) for drive in drives])
    workspace = Workspace.open(tmp_path)
    for name in names:
        label(workspace, name)
    by_unit: dict[str, set[str]] = {}
    for item in workspace.labelled():
        by_unit.setdefault(item.unit, set()).add(item.split)
    assert list(by_unit) and set(by_unit) == {"0001TP", "0006R0", "0016E5", "Seq05VD", "0099ZZ", "0100AA"}
    assert by_unit["0099ZZ"] == {Split.HELD_OUT}
    assert all(len(splits) == 1 for splits in by_unit.values())
    workspace.close()


@pytest.mark.parametrize(
    ("name", "prefix"),
    [
        ("0006R0_f00930.png", "0006R0"),
        ("0016E5_00390.png", "0016E5"),
        ("slice 001.png", "slice"),
        ("IMG_0001.JPG", "IMG"),
        ("patient 03_slice_012.tif", "patient 03_slice"),
        ("病人-12.png", "病人"),
        ("img001.png", None),
        ("0001.png", None),
        ("cells.tif", None),
        ("well_A.tif", None),
    ],
)
def test_the_prefix_is_what_stands_before_the_last_number(name: str, prefix: str | None) -> None:
    assert prefix_of(name) == prefix


def test_a_folder_of_one_prefix_is_split_by_image(tmp_path: Path) -> None:
    names = make_images(tmp_path, [f"img_{number:03d}.png" for number in range(1, 6)] + ["cover.png"])
    workspace = Workspace.open(tmp_path)
    assert [label(workspace, name) for name in names[:5]] == ["train"] * 4 + ["held_out"]
    assert len({item.unit for item in workspace.labelled()}) == 5
    workspace.close()


def test_the_grouping_of_the_first_label_stays(tmp_path: Path) -> None:
    """Were it to change, images of one unit could end up on both sides."""
    names = make_images(tmp_path, ["img_1.png", "img_2.png"])
    workspace = Workspace.open(tmp_path)
    label(workspace, names[0])
    make_images(tmp_path, [f"other_{number}.png" for number in range(4)])
    workspace.refresh()
    label(workspace, "other_1.png")
    assert {item.unit for item in workspace.labelled()} == {"img_1.png", "other_1.png"}
    workspace.close()


def test_several_series_are_units(tmp_path: Path) -> None:
    names = [make_series(tmp_path, f"1.2.{series}", 3, 5.0, prefix=f"S{series}_") for series in range(1, 6)]
    workspace = Workspace.open(tmp_path)
    splits = [{label(workspace, name) for name in series} for series in names]
    assert splits == [{"train"}] * 4 + [{"held_out"}]
    workspace.close()


def test_a_single_series_is_split_into_blocks_of_ten_millimetres(tmp_path: Path) -> None:
    names = make_series(tmp_path, "1.2.3", 30, 2.0)
    workspace = Workspace.open(tmp_path)
    splits = [label(workspace, name) for name in names]
    assert splits == ["train"] * 20 + ["held_out"] * 5 + ["train"] * 5
    workspace.close()


def test_slices_without_a_series_uid_are_listed_and_split_as_one_that_has_it(tmp_path: Path) -> None:
    names = make_series(tmp_path, "", 30, 2.0, scramble=7)
    workspace = Workspace.open(tmp_path)
    assert [entry.name for entry in workspace.entries()] == names
    splits = [label(workspace, name) for name in names]
    assert splits == ["train"] * 20 + ["held_out"] * 5 + ["train"] * 5
    workspace.close()


def make_slices_of_no_series(folder: Path, count: int, prefix: str = "IM") -> list[str]:
    names = make_series(folder, "", count, 2.0, prefix=prefix)
    for name in names:
        data = pydicom.dcmread(folder / name)
        del data.SeriesInstanceUID, data.FrameOfReferenceUID, data.StudyInstanceUID
        data.PixelData = hashlib.sha256(name.encode()).digest()
        data.save_as(folder / name)
    return names


def test_slices_that_tell_their_place_alone_are_split_by_it(tmp_path: Path) -> None:
    names = make_slices_of_no_series(tmp_path, 30)
    make_images(tmp_path, ["cover.png"])
    workspace = Workspace.open(tmp_path)
    splits = [label(workspace, name) for name in names]
    assert splits == ["train"] * 20 + ["held_out"] * 5 + ["train"] * 5
    assert label(workspace, "cover.png") == "train"
    workspace.close()


def test_names_of_several_groups_say_more_than_places(tmp_path: Path) -> None:
    for letter in "ABCDE":
        make_slices_of_no_series(tmp_path, 3, f"{letter}_")
    workspace = Workspace.open(tmp_path)
    splits = [{label(workspace, f"{letter}_000{number}.dcm") for number in range(3)} for letter in "ABCDE"]
    assert splits == [{"train"}] * 4 + [{"held_out"}]
    workspace.close()


def test_series_without_their_uids_are_units_when_their_frames_differ(tmp_path: Path) -> None:
    names = [make_series(tmp_path, "", 3, 5.0, prefix=f"S{one}_", frame=f"1.2.{one}") for one in range(1, 6)]
    workspace = Workspace.open(tmp_path)
    splits = [{label(workspace, name) for name in series} for series in names]
    assert splits == [{"train"}] * 4 + [{"held_out"}]
    workspace.close()


@pytest.fixture
def earlier(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """As long as this is not undone nothing but its UID tells the series of a slice, and its place nothing."""
    with monkeypatch.context() as patch:
        patch.setattr("model.split._has_places", lambda siblings: False)
        for place in ("model.slice_headers", "model.readers.dicom"):
            patch.setattr(f"{place}.series_in", lambda header: str(getattr(header, "SeriesInstanceUID", "")) or None)
        patch.setattr("model.index.VERSION", 1)
        yield patch


def test_slices_that_were_split_by_image_before_their_series_was_told_still_are(
    tmp_path: Path, earlier: pytest.MonkeyPatch
) -> None:
    names = make_series(tmp_path, "", 30, 2.0, scramble=7)
    workspace = Workspace.open(tmp_path)
    first = {name: label(workspace, name) for name in names[:6]}
    assert list(first.values()) == ["train"] * 4 + ["held_out", "train"]
    workspace.close()
    earlier.undo()
    workspace = Workspace.open(tmp_path)
    assert [entry.name for entry in workspace.entries()] == names, "what the index knew is read again"
    assert {item.image_path.name: item.split for item in workspace.labelled()} == first
    assert [label(workspace, name) for name in names[6:10]] == ["train"] * 3 + ["held_out"]
    assert {item.image_path.name: item.unit for item in workspace.labelled()} == {name: name for name in names[:10]}
    make_images(tmp_path, ["cover.png"])
    workspace.refresh()
    make_series(tmp_path, "1.2.3", 4, 2.0, prefix="X")
    workspace.refresh()
    label(workspace, "X0000.dcm")
    assert next(item.unit for item in workspace.labelled() if item.image_path.name == "X0000.dcm").startswith("1.2.3")
    workspace.close()


def test_what_was_seen_by_its_name_before_its_series_was_told_is_not_held_out(
    tmp_path: Path, earlier: pytest.MonkeyPatch
) -> None:
    names = make_series(tmp_path, "", 30, 2.0)
    workspace = Workspace.open(tmp_path)
    put_label(workspace, names[0])
    remember_seen(workspace, [tmp_path / names[22]])
    workspace.close()
    earlier.undo()
    workspace = Workspace.open(tmp_path)
    splits = [label(workspace, name) for name in names]
    assert splits == ["train"] * 25 + ["held_out"] * 5, "the block whose turn it was has been looked at"
    workspace.close()


def test_slices_that_were_split_by_image_before_their_place_counted_still_are(
    tmp_path: Path, earlier: pytest.MonkeyPatch
) -> None:
    names = make_slices_of_no_series(tmp_path, 10)
    workspace = Workspace.open(tmp_path)
    assert [label(workspace, name) for name in names[:5]] == ["train"] * 4 + ["held_out"]
    earlier.undo()
    assert [label(workspace, name) for name in names[5:]] == ["train"] * 4 + ["held_out"]
    workspace.close()


def test_what_was_seen_by_its_name_before_its_place_counted_is_not_held_out(
    tmp_path: Path, earlier: pytest.MonkeyPatch
) -> None:
    names = make_slices_of_no_series(tmp_path, 30)
    workspace = Workspace.open(tmp_path)
    put_label(workspace, names[0])
    remember_seen(workspace, [tmp_path / names[22]])
    earlier.undo()
    assert [label(workspace, name) for name in names] == ["train"] * 25 + ["held_out"] * 5
    workspace.close()


def test_stored_splits_are_honoured_and_their_units_follow(tmp_path: Path) -> None:
    names = make_series(tmp_path, "1.2.3", 30, 2.0)
    workspace = Workspace.open(tmp_path)
    label(workspace, names[0])
    path = tmp_path / "segmentation" / "labels" / f"{names[0]}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"split": "held_out"}))
    workspace.refresh()
    assert label(workspace, names[0]) == "held_out"
    assert label(workspace, names[1]) == "held_out"
    assert label(workspace, names[5]) == "train"
    workspace.close()


def test_a_label_from_elsewhere_trains_unless_its_unit_is_held_out(tmp_path: Path) -> None:
    names = make_images(tmp_path, [f"{drive}_{frame}.png" for drive in "ABCDE" for frame in range(2)])
    workspace = Workspace.open(tmp_path)
    for name in names[::2]:
        label(workspace, name)
    for name in names[1::2]:
        pillow.new("L", (4, 4)).save(tmp_path / "segmentation" / "labels" / f"{name}.png")
    workspace.refresh()
    held_out = {item.image_path.name for item in workspace.labelled() if item.split == Split.HELD_OUT}
    assert held_out == {"E_0.png", "E_1.png"}
    workspace.close()


def test_a_label_from_elsewhere_on_a_held_out_block_is_held_out(tmp_path: Path) -> None:
    names = make_series(tmp_path, "1.2.3", 30, 2.0)
    workspace = Workspace.open(tmp_path)
    for name in names[:21]:
        label(workspace, name)
    put_label(workspace, names[23])
    put_label(workspace, names[28])
    splits = {item.image_path.name: item.split for item in workspace.labelled()}
    assert [splits[names[number]] for number in (20, 23, 28)] == ["held_out", "held_out", "train"]
    workspace.close()


def test_what_may_have_been_trained_on_is_never_held_out_later(tmp_path: Path) -> None:
    names = make_images(tmp_path, [f"{drive}_{frame}.png" for drive in "ABCDE" for frame in range(3)])
    workspace = Workspace.open(tmp_path)
    put_label(workspace, "E_0.png")
    assert [item.split for item in workspace.labelled()] == ["train"]
    for name in names[:12:3]:
        label(workspace, name)
    assert label(workspace, "E_1.png") == "train"
    assert label(workspace, "E_0.png") == "train"
    workspace.close()


def put_label(workspace: Workspace, name: str) -> None:
    """A label without a record, as another tool leaves it."""
    pillow.new("L", (4, 4)).save(workspace.root / "labels" / f"{name}.png")
    workspace.refresh()


def copy_image(workspace: Workspace, name: str, copy: str) -> str:
    shutil.copy(workspace.folder / name, workspace.folder / copy)
    workspace.refresh()
    return copy


def test_a_copy_of_an_image_is_on_its_side_whatever_its_name(tmp_path: Path) -> None:
    names = make_images(tmp_path, [f"IMG_{number:04d}.png" for number in range(5)])
    workspace = Workspace.open(tmp_path)
    assert [label(workspace, name) for name in names] == ["train"] * 4 + ["held_out"]
    assert label(workspace, copy_image(workspace, names[4], "last.png")) == "held_out"
    make_images(tmp_path, [f"more_{number}.png" for number in range(3)])
    workspace.refresh()
    assert [label(workspace, f"more_{number}.png") for number in range(3)] == ["train"] * 3
    assert label(workspace, copy_image(workspace, names[0], "first.png")) == "train", "though it is the tenth"
    os.rename(tmp_path / names[4], tmp_path / "renamed.png")
    workspace.refresh()
    assert label(workspace, "renamed.png") == "held_out"
    workspace.close()


def test_a_copy_does_not_lead_the_rest_of_its_drive_to_the_other_side(tmp_path: Path) -> None:
    make_images(tmp_path, [f"{drive}_{frame}.png" for drive in "ABCDEF" for frame in range(3)])
    workspace = Workspace.open(tmp_path)
    for drive in "ABCDE":
        label(workspace, f"{drive}_0.png")
    assert label(workspace, copy_image(workspace, "E_0.png", "A_9.png")) == "held_out"
    assert label(workspace, "A_1.png") == "train"
    assert label(workspace, copy_image(workspace, "E_0.png", "F_9.png")) == "held_out"
    assert label(workspace, "F_1.png") == "held_out", "of its drive nothing was decided"
    workspace.close()


def test_what_was_seen_under_another_name_is_not_held_out(tmp_path: Path) -> None:
    names = make_images(tmp_path, [f"IMG_{number:04d}.png" for number in range(5)])
    workspace = Workspace.open(tmp_path)
    copy_image(workspace, names[4], "copy.png")
    remember_seen(workspace, [tmp_path / "copy.png"])
    assert [label(workspace, name) for name in names] == ["train"] * 5
    workspace.close()


def test_a_label_from_elsewhere_on_a_copy_of_a_held_out_image_is_held_out(tmp_path: Path) -> None:
    names = make_images(tmp_path, [f"IMG_{number:04d}.png" for number in range(6)])
    workspace = Workspace.open(tmp_path)
    for name in names[:5]:
        label(workspace, name)
    put_label(workspace, copy_image(workspace, names[4], "copy.png"))
    put_label(workspace, names[5])
    splits = {item.image_path.name: item.split for item in workspace.labelled()}
    assert (splits["copy.png"], splits[names[5]]) == ("held_out", "train")
    workspace.close()
