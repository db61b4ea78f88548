"""Classes and masks from elsewhere: what they may change, and what they never do."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import threading
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image as Pillow

from lsgui import importing
from lsgui.mask_questions import MaskQuestions
from model import disk
from model.labels import UNTOUCHED, read_label
from model.layout import Layout
from model.progress import Cancelled
from model.workspace import Status

if TYPE_CHECKING:
    from tests.lsgui.conftest import Desk


@pytest.fixture
def masks(tmp_path: Path) -> Path:
    """a.png with the values 0 and 6, b.png with 200 as well, c.png of another size, and one that fits no image."""
    folder = tmp_path / "masks"
    folder.mkdir()
    mask = np.zeros((64, 64), np.uint8)
    mask[10:30, 10:30] = 6
    Pillow.fromarray(mask).save(folder / "a.png")
    mask[40:50, 40:50] = 200
    Pillow.fromarray(mask).save(folder / "b.png")
    Pillow.fromarray(mask[:20]).save(folder / "c.png")
    Pillow.fromarray(mask).save(folder / "stranger.png")
    return folder


def label(folder: Path, name: str) -> np.ndarray:
    return read_label(folder / "segmentation/labels" / f"{name}.png", (64, 64), None)


def test_masks_become_labels_of_the_images_of_the_same_name(desk: Desk, image_folder: Callable, masks: Path) -> None:
    folder = image_folder("a", "b", "c")
    desk.open(folder)
    desk.answers["unknown_values"] = "untouched"
    desk.session.import_masks(masks)
    desk.wait(lambda: desk.said("imported as labels: 2; skipped: 2"))
    assert (label(folder, "a.png")[10:30, 10:30] == 6).all()
    assert (label(folder, "b.png")[40:50, 40:50] == UNTOUCHED).all()
    details = desk.notices[-1].details
    assert "c.png" in details and "64" in details and "stranger.png" in details
    assert [entry.status for entry in desk.session.folder.entries] == [Status.LABELLED, Status.LABELLED, Status.NONE]
    desk.wait(lambda: desk.session.document.label_map[20, 20] == 6)  # the open image shows what was imported


def test_a_folder_of_masks_that_cannot_be_listed_is_told_of(
    desk: Desk, image_folder: Callable, masks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is looked through beside the window, whose thread has other things to do than to list a network drive."""
    desk.open(image_folder("a", "b"))
    listed = []

    def refused(self: Path) -> list[Path]:
        listed.append(threading.current_thread() is threading.main_thread())
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))

    monkeypatch.setattr(Path, "iterdir", refused)
    desk.session.import_masks(masks)
    desk.wait(lambda: desk.said(os.strerror(errno.EACCES)))
    assert listed == [False]


def test_unknown_values_can_become_classes(desk: Desk, image_folder: Callable, masks: Path) -> None:
    folder = image_folder("a", "b")
    desk.open(folder)
    desk.answers["unknown_values"] = "add"
    desk.session.import_masks([masks / "b.png"])
    desk.wait(lambda: desk.said("imported as labels: 1"))
    assert (label(folder, "b.png")[40:50, 40:50] == 200).all()
    assert desk.session.classes.by_value(200).name == "class 200" and 200 in desk.session.painting.values


def test_colours_become_classes_of_that_colour(desk: Desk, image_folder: Callable, tmp_path: Path) -> None:
    folder = image_folder("a")
    mask = np.zeros((64, 64, 3), np.uint8)
    mask[:] = desk.session.classes.background.color
    mask[10:20, 10:20] = (12, 34, 56)
    Pillow.fromarray(mask).save(tmp_path / "a.png")
    desk.open(folder)
    desk.answers["unknown_values"] = "add"
    desk.session.import_masks([tmp_path / "a.png"])
    desk.wait(lambda: desk.said("imported as labels: 1"))
    added = desk.session.classes.by_value(int(label(folder, "a.png")[15, 15]))
    assert added.color == (12, 34, 56)


def test_cancelling_imports_nothing(desk: Desk, image_folder: Callable, masks: Path) -> None:
    folder = image_folder("a", "b")
    desk.open(folder)
    desk.answers["unknown_values"] = "cancel"
    desk.session.import_masks(masks)
    desk.wait(lambda: bool(desk.questions))
    desk.settle()
    assert not list((folder / "segmentation/labels").iterdir())


@pytest.mark.parametrize(("answer", "kept"), [("skip", True), ("replace", False)])
def test_a_persons_work_is_replaced_only_when_asked_for(
    desk: Desk, image_folder: Callable, masks: Path, answer: str, kept: bool
) -> None:
    folder = image_folder("a")
    desk.open(folder)
    desk.paint(50, 50, 3)
    desk.answers["replace_labels"] = answer
    desk.session.import_masks([masks / "a.png"])
    desk.wait(lambda: desk.said("Masks imported"))
    desk.settle()
    assert [question.key for question in desk.questions] == ["replace_labels"]
    assert (desk.session.document.label_map[50, 50] == 3) == kept


def test_a_class_can_be_added_renamed_and_recoloured(desk: Desk, image_folder: Callable) -> None:
    folder = image_folder("a")
    desk.open(folder)
    table = desk.session.classes
    liver = dataclasses.replace(table.by_uid("liver"), name="Leber", color=(1, 2, 3))
    with desk.qtbot.waitSignal(desk.session.classes_changed):
        desk.session.set_classes(table.replaced(liver).with_class(table.new_class("Bladder")))
    stored = json.loads((folder / "segmentation/classes.json").read_text())["classes"]
    assert {"Leber", "Bladder"} <= {item["name"] for item in stored} and len(stored) == 15
    assert desk.session.painting.values[-1] == 14


@pytest.mark.parametrize("removed_first", [False, True])
def test_masks_are_imported_with_the_classes_that_were_asked_about(
    desk: Desk, image_folder: Callable, tmp_path: Path, removed_first: bool
) -> None:
    """A class that is removed while they wait would be cut out of them, and nobody would have been asked."""
    names, masks = [f"i{number:02}" for number in range(12)], tmp_path / "many"
    folder, mask = image_folder(*names), np.zeros((64, 64), np.uint8)
    masks.mkdir()
    mask[:20] = 6
    for name in names:
        Pillow.fromarray(mask).save(masks / f"{name}.png")
    desk.answers |= {"class_goes": "remove", "unknown_values": "cancel"}
    desk.open(folder)
    verbs = [lambda: desk.session.import_masks(masks), lambda: desk.session.remove_class("liver")]
    for verb in reversed(verbs) if removed_first else verbs:
        verb()
    for _ in range(4):
        desk.settle()
        desk.qtbot.wait(60)
    labels = [read_label(path, (64, 64), None) for path in (folder / "segmentation/labels").glob("*.png")]
    assert all((label == mask).all() for label in labels)
    gone = desk.session.classes.by_uid("liver") is None
    assert gone == (not labels) and (labels or desk.questions[-1].key == "unknown_values" or desk.said("again"))


def test_imported_classes_keep_the_uid_of_a_known_name(desk: Desk, image_folder: Callable, tmp_path: Path) -> None:
    desk.open(image_folder("a"))
    own = desk.session.classes.new_class("Bladder")
    desk.session.set_classes(desk.session.classes.with_class(own))
    file = tmp_path / "classes.json"
    file.write_text(json.dumps(["Background", "liver", {"name": "bladder", "color": [9, 9, 9]}]))
    desk.session.import_classes(file)
    desk.wait(lambda: len(desk.session.classes.classes) == 3)
    assert [item.uid for item in desk.session.classes.classes] == ["background", "liver", own.uid]
    desk.wait(lambda: desk.said("Classes imported: 3"))
    assert desk.session.classes.by_uid("liver").value == 6  # maps on disk stay right
    file.write_text("{")
    desk.session.import_classes(file)
    assert desk.said("classes.json is no class table") and len(desk.session.classes.classes) == 3


def test_a_list_of_names_in_another_order_recolours_nothing(desk: Desk, image_folder: Callable, tmp_path: Path) -> None:
    desk.open(image_folder("a"))
    file = tmp_path / "classes.json"
    file.write_text(json.dumps(["Sky", "Building", "Pole", "liver"]))
    desk.session.import_classes(file)
    desk.wait(lambda: desk.said("Classes imported: 4"))
    before = {item.name: item for item in desk.session.classes.classes}
    file.write_text(json.dumps(["Tree", "liver", "Pole", "Sky", "Building"]))
    desk.session.import_classes(file)
    desk.wait(lambda: desk.said("Classes imported: 5"))
    after = {item.name: item for item in desk.session.classes.classes}
    assert list(after) == ["Tree", "liver", "Pole", "Sky", "Building"]
    assert {name: after[name] for name in before} == before
    assert len({item.color for item in after.values()}) == 5


# --- what an import replaces ---


@pytest.fixture
def labelled(desk: Desk, image_folder: Callable) -> Path:
    """a.png with a label of background and class 6, opened; its folder."""
    folder = image_folder("a", "b")
    desk.open(folder)
    desk.paint()
    desk.session.document.fill_rest_with_background()
    desk.session.save_label()
    desk.wait(lambda: desk.session.folder.entry("a.png").status == Status.LABELLED)
    desk.settle()
    return folder


def label_file(folder: Path) -> bytes:
    return (folder / "segmentation/labels/a.png.png").read_bytes()


def kept(folder: Path, suffix: str = ".png") -> list[Path]:
    return sorted((folder / "segmentation/kept").glob(f"*{suffix}"))


def colourful(path: Path, colours: int = 3) -> Path:
    """An RGB mask of 64 x 64 pixels in which no class's colour occurs."""
    codes = np.minimum(np.arange(64 * 64), colours - 1).reshape(64, 64)
    Pillow.fromarray(np.dstack((codes >> 8, codes & 255, np.full_like(codes, 77))).astype(np.uint8)).save(path)
    return path


def test_a_mask_that_would_leave_nothing_labelled_replaces_no_label(
    desk: Desk, labelled: Path, masks: Path, tmp_path: Path
) -> None:
    before = label_file(labelled)
    colourful(masks / "a.png")
    desk.answers |= {"replace_labels": "replace", "unknown_values": "untouched"}
    desk.session.import_masks([masks / "a.png", masks / "b.png"])
    desk.wait(lambda: desk.said("imported as labels: 1; skipped: 1, the first because a.png"))
    desk.settle()
    assert label_file(labelled) == before and not kept(labelled)
    assert "a.png" in desk.notices[-1].details
    assert [entry.status for entry in desk.session.folder.entries] == [Status.LABELLED, Status.LABELLED]
    assert desk.session.document.label_map[20, 20] == 6


def test_a_mask_of_untouched_pixels_only_is_left_out_without_a_question(
    desk: Desk, labelled: Path, tmp_path: Path
) -> None:
    before = label_file(labelled)
    Pillow.fromarray(np.full((64, 64), UNTOUCHED, np.uint8)).save(tmp_path / "a.png")
    desk.session.import_masks([tmp_path / "a.png"])
    desk.wait(lambda: desk.said("imported as labels: 0; skipped: 1"))
    assert not desk.questions and label_file(labelled) == before


def test_a_label_that_is_replaced_is_kept_and_it_is_said_where(desk: Desk, labelled: Path, masks: Path) -> None:
    before = label_file(labelled)
    record = (labelled / "segmentation/labels/a.png.json").read_bytes()
    desk.answers |= {"replace_labels": "replace", "unknown_values": "untouched"}
    desk.session.import_masks([masks / "a.png", masks / "b.png"])
    desk.wait(lambda: desk.said("imported as labels: 2"))
    assert label_file(labelled) != before
    (png,) = kept(labelled)
    assert png.name.startswith("a.png.20") and png.read_bytes() == before
    assert png.with_suffix(".json").read_bytes() == record
    assert desk.said(str(labelled / "segmentation/kept"))
    assert desk.notices[-1].level == "warning"  # good news would leave by itself, and with it where they are


def test_a_corrected_map_that_is_replaced_is_kept_too(desk: Desk, labelled: Path, masks: Path) -> None:
    label = label_file(labelled)
    desk.paint(40, 40, 3)
    desk.save()
    work = Layout(desk.session.workspace.root).work("a.png").read_bytes()
    desk.answers["replace_labels"] = "replace"
    desk.session.import_masks([masks / "a.png"])
    desk.wait(lambda: desk.said("imported as labels: 1"))
    assert {path.read_bytes() for path in kept(labelled)} == {label, work} and len(kept(labelled)) == 2
    assert len(kept(labelled, ".work.*.png")) == 1 and not kept(labelled, "damaged*")


def test_nothing_is_said_to_be_kept_where_nothing_was_replaced(desk: Desk, image_folder: Callable, masks: Path) -> None:
    folder = image_folder("a")
    desk.open(folder)
    desk.session.import_masks([masks / "a.png"])
    desk.wait(lambda: desk.said("imported as labels: 1"))
    assert not desk.said("kept") and not kept(folder)


def test_a_full_disk_leaves_the_label_that_could_not_be_kept(
    desk: Desk, labelled: Path, masks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, replace = label_file(labelled), disk.replace

    def no_room_to_keep(old: Path | str, new: Path | str) -> None:
        if "kept" in Path(new).parts:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        replace(old, new)

    monkeypatch.setattr(disk, "replace", no_room_to_keep)
    desk.answers |= {"replace_labels": "replace", "unknown_values": "untouched"}
    desk.session.open_image("b.png")
    desk.wait(lambda: desk.session.document.name == "b.png")
    desk.session.import_masks([masks / "b.png", masks / "a.png"])
    desk.wait(lambda: desk.said("a.png could not be saved: No space left"))
    desk.settle()
    assert label_file(labelled) == before and not kept(labelled)
    assert desk.said("imported as labels: 1")  # b.png had gone before
    assert [entry.status for entry in desk.session.folder.entries] == [Status.LABELLED, Status.LABELLED]


def test_the_open_image_s_journal_goes_on_while_other_masks_are_imported(
    desk: Desk, image_folder: Callable, masks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash in the middle of a long import must cost no stroke; and undo leads back to what was there before."""
    folder = image_folder("a", "b")
    desk.open(folder)
    desk.paint(50, 7, value=2)
    held, save = threading.Event(), type(desk.session.workspace).save_label

    def slow(workspace: object, name: str, *rest: object, **more: object) -> object:
        assert name == "a.png" or held.wait(20)
        return save(workspace, name, *rest, **more)

    monkeypatch.setattr(type(desk.session.workspace), "save_label", slow)
    desk.answers |= {"replace_labels": "replace", "unknown_values": "untouched"}
    desk.session.import_masks(masks)
    desk.wait(lambda: desk.session.document.label_map[20, 20] == 6 and desk.session.document.label_map[7, 50] == 0)
    desk.paint(50, 50, value=3)
    desk.wait(lambda: desk.session.saved.kind == "clean")
    assert Layout(folder / "segmentation").journal("a.png").exists()
    held.set()
    desk.wait(lambda: desk.said("imported as labels: 2"))
    assert label(folder, "a.png")[20, 20] == 6 and label(folder, "b.png")[20, 20] == 6
    assert desk.session.document.label_map[50, 50] == 3  # painted after what was imported
    desk.session.undo()
    desk.session.undo()
    assert desk.session.document.label_map[20, 20] == UNTOUCHED and desk.session.document.label_map[7, 50] == 2


@pytest.mark.parametrize("asked", ["before", "meanwhile"])
def test_an_image_that_is_opened_meanwhile_shows_what_was_imported(
    desk: Desk, image_folder: Callable, masks: Path, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    """Whether it was on its way before the masks were read, or is asked for while they are."""
    folder = image_folder("a", "b")
    desk.open(folder)
    desk.paint(50, 7, value=2)
    reading, go_on, read = threading.Event(), threading.Event(), importing.read_mask

    def slowly(path: Path, *rest: object) -> object:
        reading.set()
        assert go_on.wait(20)
        return read(path, *rest)

    monkeypatch.setattr(importing, "read_mask", slowly)
    desk.answers |= {"replace_labels": "replace", "unknown_values": "untouched"}
    wanted = MaskQuestions.wanted

    def ask_and_leave(questions: MaskQuestions, survey: object) -> object:
        if asked == "before":
            desk.session.next_image()
        return wanted(questions, survey)

    monkeypatch.setattr(MaskQuestions, "wanted", ask_and_leave)
    desk.session.import_masks(masks)
    desk.wait(reading.is_set)
    if asked == "meanwhile":
        desk.session.next_image()
    go_on.set()
    desk.wait(lambda: desk.said("imported as labels: 2"))
    desk.settle()
    assert desk.session.document.name == "b.png" and desk.session.document.label_map[20, 20] == 6
    for name in ("a.png", "b.png"):
        assert label(folder, name)[20, 20] == 6 and desk.session.folder.entry(name).status == Status.LABELLED
    desk.paint(50, 50, value=3)
    desk.save()
    assert desk.session.saved.kind == "clean" and not desk.said("could not be saved")


def test_a_mask_that_waits_for_the_hand_brings_back_no_class_that_went_meanwhile(
    desk: Desk, image_folder: Callable, masks: Path
) -> None:
    folder = image_folder("a", "b")
    desk.open(folder)
    desk.session.document.begin("Brush")
    desk.session.import_masks([masks / "a.png"])
    desk.session.document.begin("Brush")  # saving what was there has ended the first
    desk.settle()
    desk.qtbot.wait(50)
    assert set(desk.session.document.counts()) == {UNTOUCHED}
    workspace = desk.session.workspace
    workspace.set_classes(workspace.classes.without("liver"))
    desk.session.document.restore()
    desk.wait(lambda: desk.said("The classes have changed meanwhile"))
    assert set(desk.session.document.counts()) == {UNTOUCHED} and not workspace.has_label("a.png")


def test_a_label_of_the_open_image_that_cannot_be_written_is_not_counted(
    desk: Desk, image_folder: Callable, masks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = image_folder("a", "b")
    desk.open(folder)
    replace = disk.replace

    def no_room(old: Path | str, new: Path | str) -> None:
        if Path(new).name == "a.png.png" and Path(new).parent.name == "labels":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        replace(old, new)

    monkeypatch.setattr(disk, "replace", no_room)
    desk.answers["unknown_values"] = "untouched"
    desk.session.import_masks(masks)
    desk.wait(lambda: desk.said("imported as labels: 1"))
    assert (
        desk.said("a.png could not be saved: No space left") and not (folder / "segmentation/labels/a.png.png").exists()
    )


def test_an_open_image_whose_file_has_another_size_by_now_is_read_again(
    desk: Desk, image_folder: Callable, masks: Path
) -> None:
    folder = image_folder("a", "b")
    Pillow.fromarray(np.zeros((20, 64), np.uint8)).save(folder / "a.png")
    desk.open(folder)
    assert desk.session.document.shape == (20, 64)
    Pillow.fromarray(np.zeros((64, 64), np.uint8)).save(folder / "a.png")
    desk.answers |= {"unknown_values": "untouched", "image_changed": "keep"}
    desk.session.import_masks([masks / "a.png"])
    desk.wait(lambda: desk.said("imported as labels: 1"))
    desk.wait(lambda: desk.session.document.shape == (64, 64) and desk.session.document.label_map[20, 20] == 6)


@pytest.mark.parametrize("ends", ["failing", "cancelled"])
def test_an_import_that_ends_early_says_what_it_has_replaced(
    desk: Desk, labelled: Path, masks: Path, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    before, save = label_file(labelled), type(desk.session.workspace).save_label

    def once(workspace: object, name: str, *rest: object, **more: object) -> object:
        if name == "b.png":
            raise Cancelled if ends == "cancelled" else OSError(errno.EIO, "The disk does not answer")
        return save(workspace, name, *rest, **more)

    monkeypatch.setattr(type(desk.session.workspace), "save_label", once)
    desk.answers |= {"replace_labels": "replace", "unknown_values": "untouched"}
    desk.session.import_masks([masks / "a.png", masks / "b.png"])
    desk.wait(lambda: desk.said(str(labelled / "segmentation/kept")))
    assert desk.said("imported as labels: 1") and kept(labelled)[0].read_bytes() == before
    assert desk.said("does not answer") == (ends == "failing")
    desk.wait(lambda: desk.session.document.label_map[50, 50] == 0 and desk.session.document.label_map[12, 12] == 6)


# --- classes for what is unknown ---


def test_more_colours_than_the_table_has_room_for_are_refused_before_anything_changes(
    desk: Desk, labelled: Path, tmp_path: Path
) -> None:
    before, table = label_file(labelled), desk.session.classes
    colourful(tmp_path / "a.png", 300)
    desk.answers |= {"replace_labels": "replace", "unknown_values": "add"}
    desk.session.import_masks([tmp_path / "a.png"])
    desk.wait(lambda: desk.said("300"))
    desk.settle()
    assert not desk.said("did not expect") and desk.said("room for 241 more")
    assert desk.session.classes == table and label_file(labelled) == before and not kept(labelled)
    assert not desk.said("imported as labels")


def test_what_is_unknown_in_masks_that_are_left_out_is_not_asked_about(
    desk: Desk, labelled: Path, masks: Path, tmp_path: Path
) -> None:
    colourful(masks / "a.png", 300)
    desk.answers |= {"replace_labels": "skip", "unknown_values": "add"}
    desk.session.import_masks([masks / "a.png", masks / "b.png"])
    desk.wait(lambda: desk.said("imported as labels: 1"))
    assert len(desk.session.classes.classes) == 15 and desk.session.classes.by_value(200) is not None


def test_values_and_colours_become_classes_side_by_side(desk: Desk, image_folder: Callable, tmp_path: Path) -> None:
    """A colour takes the lowest free value, unless a mask says that value of something else."""
    desk.open(image_folder("a", "b"))
    Pillow.fromarray(np.full((64, 64), 14, np.uint8)).save(tmp_path / "a.png")
    colourful(tmp_path / "b.png", 1)
    desk.answers["unknown_values"] = "add"
    desk.session.import_masks([tmp_path / "a.png", tmp_path / "b.png"])
    desk.wait(lambda: desk.said("imported as labels: 2"))
    assert [item.name for item in desk.session.classes.classes[14:]] == ["class 14", "class #00004d"]


def test_a_name_that_is_taken_is_said_and_nothing_is_imported(desk: Desk, image_folder: Callable, masks: Path) -> None:
    folder = image_folder("b")
    desk.open(folder)
    desk.session.set_classes(desk.session.classes.with_class(desk.session.classes.new_class("class 200")))
    desk.answers["unknown_values"] = "add"
    desk.session.import_masks([masks / "b.png"])
    desk.wait(lambda: desk.said("Two classes have the same name, class 200"))
    desk.settle()
    assert not desk.said("did not expect") and not list((folder / "segmentation/labels").iterdir())


def test_classes_that_cannot_be_stored_import_nothing(
    desk: Desk, labelled: Path, masks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else what they stand for would be left out unasked."""
    replace = disk.replace

    def no_room(old: Path | str, new: Path | str) -> None:
        if Path(new).name == "classes.json":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        replace(old, new)

    monkeypatch.setattr(disk, "replace", no_room)
    desk.answers["unknown_values"] = "add"
    desk.session.import_masks([masks / "b.png"])
    desk.wait(lambda: desk.said("classes.json could not be saved"))
    desk.settle()
    assert not (labelled / "segmentation/labels/b.png.png").exists()


# --- white on black ---


def white_on_black(path: Path) -> Path:
    mask = np.zeros((64, 64), np.uint8)
    mask[10:30, 10:30] = 255
    Pillow.fromarray(mask).save(path)
    return path


def classes_there(folder: Path, name: str = "a.png") -> set[int]:
    return set(np.unique(label(folder, name)).tolist())


@pytest.mark.parametrize("answer", ["chosen", "add", "untouched"])
def test_it_is_asked_what_white_on_black_is(desk: Desk, image_folder: Callable, tmp_path: Path, answer: str) -> None:
    folder = image_folder("a")
    desk.open(folder)
    desk.session.painting.class_value = 6
    desk.answers["white"] = answer
    desk.session.import_masks([white_on_black(tmp_path / "a.png")])
    desk.wait(lambda: desk.said("imported as labels: 1"))
    value = {"chosen": 6, "add": 14, "untouched": UNTOUCHED}[answer]
    assert (label(folder, "a.png")[10:30, 10:30] == value).all() and classes_there(folder) == {0, value}
    assert len(desk.session.classes.classes) == 14 + (answer == "add")
    assert "Liver" in str(desk.questions[-1].answers[0].text)


def test_cancelling_what_white_is_imports_nothing(desk: Desk, image_folder: Callable, tmp_path: Path) -> None:
    folder = image_folder("a")
    desk.open(folder)
    desk.answers["white"] = "cancel"
    desk.session.import_masks([white_on_black(tmp_path / "a.png")])
    desk.wait(lambda: bool(desk.questions))
    desk.settle()
    assert not list((folder / "segmentation/labels").iterdir()) and len(desk.session.classes.classes) == 14


def test_white_becomes_the_same_class_the_next_time(desk: Desk, image_folder: Callable, tmp_path: Path) -> None:
    folder = image_folder("a", "b")
    desk.open(folder)
    desk.answers["white"] = "add"
    for name in ("a.png", "b.png"):
        desk.session.import_masks([white_on_black(tmp_path / name)])
        desk.wait(lambda name=name: (folder / f"segmentation/labels/{name}.png").exists())
        desk.settle()
    assert classes_there(folder) == classes_there(folder, "b.png") == {0, 14}
    assert [item.name for item in desk.session.classes.classes[14:]] == ["class 255"]


def test_a_mask_that_is_white_all_over_is_an_object_beside_others(
    desk: Desk, image_folder: Callable, tmp_path: Path
) -> None:
    folder = image_folder("a", "b", "c")
    desk.open(folder)
    desk.answers["white"] = "chosen"
    for name, value in (("b.png", 255), ("c.png", 0)):
        Pillow.fromarray(np.full((64, 64), value, np.uint8)).save(tmp_path / name)
    files = [white_on_black(tmp_path / "a.png"), tmp_path / "b.png", tmp_path / "c.png"]
    desk.session.import_masks(files)
    desk.wait(lambda: desk.said("imported as labels: 3"))
    assert [classes_there(folder, name) for name in ("a.png", "b.png", "c.png")] == [{0, 1}, {1}, {0}]


def test_beside_masks_of_classes_white_is_void_unless_one_says_otherwise(
    desk: Desk, image_folder: Callable, masks: Path, tmp_path: Path
) -> None:
    folder = image_folder("a", "b")
    desk.open(folder)
    desk.answers["white"] = "untouched"
    desk.session.import_masks([masks / "a.png", white_on_black(tmp_path / "b.png")])
    desk.wait(lambda: desk.said("imported as labels: 2"))
    (question,) = desk.questions
    assert question.default == "untouched" and "255: 1." in str(question.message)
    assert classes_there(folder, "b.png") == {0, UNTOUCHED}


# --- which image a mask is for ---


@pytest.fixture
def twins(image_folder: Callable) -> Path:
    """Two images with one stem, a.png and a.bmp."""
    folder = image_folder("a")
    Pillow.open(folder / "a.png").save(folder / "a.bmp")
    return folder


@pytest.mark.parametrize(("name", "image"), [("a.png", "a.png"), ("a.bmp", "a.bmp"), ("a.bmp.png", "a.bmp")])
def test_of_two_images_with_one_stem_the_name_of_the_mask_chooses(
    desk: Desk, twins: Path, masks: Path, name: str, image: str
) -> None:
    desk.open(twins, "a.bmp")
    Pillow.open(masks / "a.png").save(masks / name)
    desk.session.import_masks([masks / name])
    desk.wait(lambda: desk.said("imported as labels: 1"))
    assert [path.name for path in (twins / "segmentation/labels").glob("*.png")] == [f"{image}.png"]


@pytest.mark.parametrize("written", ["NFC", "NFD"])
def test_a_mask_is_found_however_its_letters_are_composed(
    desk: Desk, image_folder: Callable, masks: Path, written: str
) -> None:
    """A Mac takes accents from their letters; what is made elsewhere of its images may put them together again."""
    name, other = (unicodedata.normalize(form, "Schädel 뇌") for form in (written, {"NFC": "NFD"}.get(written, "NFC")))
    folder = image_folder(name)
    desk.open(folder, f"{name}.png")
    (masks / "a.png").rename(masks / f"{other}.png")
    desk.session.import_masks([masks / f"{other}.png"])
    desk.wait(lambda: desk.said("imported as labels: 1"))
    assert (label(folder, f"{name}.png")[10:30, 10:30] == 6).all()
    desk.session.shown.set_text(other.upper())
    assert desk.session.shown.rowCount() == 1


def test_a_mask_that_could_belong_to_two_images_is_left_out(desk: Desk, twins: Path, masks: Path) -> None:
    desk.open(twins, "a.bmp")
    Pillow.open(masks / "a.png").save(masks / "a.tif")
    desk.session.import_masks([masks / "a.tif"])
    desk.wait(lambda: desk.said("imported as labels: 0; skipped: 1, the first because a.tif could belong to any"))
    assert desk.said("a.bmp, a.png") or desk.said("a.png, a.bmp")
    assert not list((twins / "segmentation/labels").iterdir())


def test_two_masks_for_one_image_are_both_left_out(desk: Desk, image_folder: Callable, masks: Path) -> None:
    folder = image_folder("a", "b")
    desk.open(folder)
    Pillow.open(masks / "a.png").save(masks / "a.tif")
    desk.answers["unknown_values"] = "untouched"
    desk.session.import_masks([masks / "a.png", masks / "a.tif", masks / "b.png"])
    desk.wait(lambda: desk.said("imported as labels: 1; skipped: 2"))
    assert "a.png and a.tif are both for the image a.png" in desk.notices[-1].details
    assert [path.name for path in (folder / "segmentation/labels").glob("*.png")] == ["b.png.png"]


def test_a_mask_is_not_left_out_for_one_that_cannot_be_read(desk: Desk, image_folder: Callable, masks: Path) -> None:
    folder = image_folder("a")
    desk.open(folder)
    Pillow.new("L", (9, 9)).save(masks / "a.tif")
    desk.session.import_masks([masks / "a.png", masks / "a.tif", masks / "a.png"])
    desk.wait(lambda: desk.said("imported as labels: 1; skipped: 1, the first because a.tif is 9 x 9"))
    assert classes_there(folder) == {0, 6}


# --- files that are no maps of classes ---


def test_probabilities_are_refused_by_name(desk: Desk, image_folder: Callable, tmp_path: Path) -> None:
    folder = image_folder("a")
    desk.open(folder)
    Pillow.fromarray(np.full((64, 64), 0.75, np.float32)).save(tmp_path / "a.tif")
    desk.session.import_masks([tmp_path / "a.tif"])
    desk.wait(
        lambda: desk.said("imported as labels: 0; skipped: 1, the first because a.tif holds values that are not whole")
    )
    assert not list((folder / "segmentation/labels").iterdir())
