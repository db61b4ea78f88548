"""Classes and masks from elsewhere: what they may change, and what they never do."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image as Pillow

from model.classes import ClassTable
from model.labels import UNTOUCHED, read_label
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


def test_a_class_in_use_cannot_be_removed(desk: Desk, image_folder: Callable) -> None:
    desk.open(image_folder("a", "b"))
    desk.paint(value=6)
    desk.session.set_classes(desk.session.classes.without("liver"))
    desk.wait(lambda: desk.said("not removed: Liver"))
    assert desk.session.classes.by_uid("liver") is not None
    desk.session.set_classes(desk.session.classes.without("spleen"))
    desk.wait(lambda: desk.session.classes.by_uid("spleen") is None)


@pytest.mark.parametrize("answer", ["remove", "keep"])
def test_removing_a_class_is_asked_about(desk: Desk, image_folder: Callable, answer: str) -> None:
    desk.open(image_folder("a"))
    desk.answers["class_goes"] = answer
    desk.session.remove_class("spleen")
    desk.session.remove_class("background")
    desk.session.remove_class("no such class")
    desk.settle()
    assert [question.key for question in desk.questions] == ["class_goes"]
    assert (desk.session.classes.by_uid("spleen") is None) == (answer == "remove")
    assert desk.session.classes.background is not None


def test_a_prediction_without_the_removed_class_stays(desk: Desk, image_folder: Callable) -> None:
    folder = image_folder("a", "b")
    desk.open(folder)
    desk.session.predict()
    desk.wait(lambda: desk.session.prediction is not None)
    desk.save()
    found, table = desk.session.document.counts(), desk.session.classes
    there = next(item for item in table.classes if item.value in found and item.value != 0)
    absent = next(item for item in table.classes if item.value not in found and item.value != 0)
    desk.answers["class_goes"] = "remove"
    desk.session.remove_class(absent.uid)
    desk.wait(lambda: desk.session.classes.by_uid(absent.uid) is None)
    desk.settle()
    assert desk.session.document.counts() == found
    assert list((folder / "segmentation/predictions").glob("*.png"))
    desk.session.remove_class(there.uid)
    desk.wait(lambda: desk.session.classes.by_uid(there.uid) is None)
    desk.settle()
    assert set(desk.session.document.counts()) == {UNTOUCHED}
    assert not list((folder / "segmentation/predictions").glob("*.png"))


def test_a_removed_class_cannot_come_back_by_undo(desk: Desk, image_folder: Callable) -> None:
    desk.open(image_folder("a", "b"))
    desk.paint(value=6)
    desk.paint(40, 40, 3)
    desk.paint(value=5)
    desk.answers["histories_go"] = "remove"
    desk.session.set_classes(desk.session.classes.without("liver"))
    desk.wait(lambda: desk.session.classes.by_uid("liver") is None)
    desk.settle()
    document = desk.session.document
    assert document.label_map[20, 20] == 5 and document.label_map[40, 40] == 3
    assert not document.history.can_undo
    desk.paint(30, 30, 2)
    desk.session.document.undo()
    assert document.label_map[30, 30] == UNTOUCHED and not desk.notices


def test_undo_steps_that_go_with_a_class_are_asked_about(desk: Desk, image_folder: Callable) -> None:
    """And only where there are some: another class goes without a question and without a step."""
    desk.open(image_folder("a", "b"))
    desk.paint(value=6)
    desk.paint(value=5)
    desk.answers["histories_go"] = "keep"
    desk.session.set_classes(desk.session.classes.without("liver"))
    desk.wait(lambda: bool(desk.questions))
    desk.settle()
    assert desk.session.classes.by_uid("liver") is not None and desk.session.document.history.can_undo
    assert desk.questions[0].detail.values == {"count": 1}
    desk.session.set_classes(desk.session.classes.without("spleen"))
    desk.wait(lambda: desk.session.classes.by_uid("spleen") is None)
    desk.settle()
    desk.session.document.undo()
    assert desk.session.document.label_map[20, 20] == 6 and len(desk.questions) == 1


def test_a_prediction_does_not_hold_a_class_in_the_table(desk: Desk, image_folder: Callable) -> None:
    """Import one's own classes after a first look at what the model says: nobody has painted anything yet."""
    folder = image_folder("a")
    desk.open(folder)
    desk.session.predict()
    desk.wait(lambda: desk.session.prediction is not None)
    desk.save()
    desk.session.set_classes(ClassTable.from_json(["Background", "Nucleus"]))
    desk.wait(lambda: len(desk.session.classes.classes) == 2)
    desk.settle()
    assert set(desk.session.document.counts()) == {UNTOUCHED}
    assert desk.session.folder.entry("a.png").status == Status.NONE
    assert not list((folder / "segmentation/predictions").glob("*.png"))


def test_a_prediction_made_with_the_old_classes_is_not_shown(desk: Desk, image_folder: Callable) -> None:
    desk.open(image_folder("a"))
    desk.session.predict()
    table = desk.session.classes.without("liver").without("spleen")
    desk.session.set_classes(table)
    desk.wait(lambda: desk.session.prediction is not None and not desk.session.jobs.jobs)
    desk.settle()
    assert set(desk.session.document.counts()) <= {*table.values, UNTOUCHED}
    assert set(desk.session.prediction.values) <= set(table.values)


def test_imported_classes_keep_the_uid_of_a_known_name(desk: Desk, image_folder: Callable, tmp_path: Path) -> None:
    desk.open(image_folder("a"))
    own = desk.session.classes.new_class("Bladder")
    desk.session.set_classes(desk.session.classes.with_class(own))
    file = tmp_path / "classes.json"
    file.write_text(json.dumps(["Background", "liver", {"name": "bladder", "color": [9, 9, 9]}]))
    desk.session.import_classes(file)
    desk.wait(lambda: len(desk.session.classes.classes) == 3)
    assert [item.uid for item in desk.session.classes.classes] == ["background", "liver", own.uid]
    assert desk.session.classes.by_uid("liver").value == 6  # maps on disk stay right
    file.write_text("{")
    desk.session.import_classes(file)
    assert desk.said("classes.json is no class table") and len(desk.session.classes.classes) == 3
