"""Which labels count, and what copying the nearest one scores."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from model.classes import Class
from model.errors import TrainingError
from model.files import sha256
from model.images import read_image
from model.labels import read_label, write_label
from model.layout import Layout
from model.pillow import pillow
from model.plane_source import of_arrays
from model.progress import Cancelled, Progress
from model.survey import score_nearest_label, survey
from model.workspace import Workspace


def test_usable_labels_are_described_and_split(blobs):
    found = survey(Workspace.peek(blobs))
    assert len(found.train) == 4 and [label.item.image_path.name for label in found.held_out] == ["e.png"]
    assert found.labels[0].shape == (64, 64) and not found.labels[0].colour
    assert found.training_pixels()[0] > found.training_pixels()[5] > 0


def test_labels_are_split_once_and_not_for_each_that_is_read(blobs):
    """Whoever goes through the held-out ones, by number, would go through all labels for each: 1.3 s of 5,000."""
    found = survey(Workspace.peek(blobs))
    assert found.held_out is found.held_out and found.train is found.train
    assert dataclasses.replace(found, labels=found.train).held_out == ()


def test_a_label_whose_class_moved_to_another_value_is_read_by_its_uid(blobs):
    path = Layout(blobs / "segmentation").label("a.png")
    disk = (read_label(path, None, None) == 5).sum()
    classes_file = blobs / "segmentation" / "classes.json"
    classes_file.write_text(classes_file.read_text().replace('"value": 5', '"value": 7'))
    found = survey(Workspace.peek(blobs))
    assert not found.problems and found.labels[0].pixels[7] == disk


def test_a_damaged_class_table_is_named(blobs):
    (blobs / "segmentation" / "classes.json").write_bytes(b"{ half")
    assert "classes.json" in str(survey(Workspace.peek(blobs)).problems[0])


def test_a_label_of_a_deleted_class_is_named(blobs):
    workspace = Workspace.open(blobs)
    workspace.set_classes(workspace.classes.without("disk").with_class(Class("new", 7, "New", (9, 9, 9))))
    workspace.close()
    found = survey(Workspace.peek(blobs))
    assert not found.labels and "value 5" in str(found.problems[0])
    with pytest.raises(TrainingError, match="no usable label"):
        found.require_training_labels()


def test_a_copy_that_was_split_another_way_before_is_told(blobs):
    shutil.copy(blobs / "e.png", blobs / "a.png")
    record = Layout(blobs / "segmentation").label_record("a.png")
    record.write_text(json.dumps(json.loads(record.read_text()) | {"image_sha256": sha256(blobs / "a.png")}))
    found = survey(Workspace.peek(blobs))
    assert ["a.png = e.png" in str(notice) for notice in found.notices] == [True]
    assert len(found.train) == 4 and len(found.held_out) == 1


def touched_later(path: Path) -> None:
    """As if somebody had written it a minute after the label was saved."""
    later = time.time() + 60
    os.utime(path, (later, later))


def test_images_and_labels_that_others_have_changed_are_told_and_count_as_they_are(blobs):
    assert survey(Workspace.peek(blobs)).notices == ()
    label, image = Layout(blobs / "segmentation").label("b.png"), blobs / "a.png"
    for path in (label, image):
        with pillow.open(path) as picture:
            picture.load()
        picture.transpose(pillow.Transpose.ROTATE_180).save(path)
        touched_later(path)
    touched_later(blobs / "c.png")  # copied, say: its content is what it was
    found = survey(Workspace.peek(blobs))
    assert len(found.labels) == 5 and not found.problems
    told = [str(message) for message in found.notices]
    assert len(told) == 2 and "changed since they were labelled: a.png." in told[0]
    assert "the labels of b.png" in told[1]
    workspace = Workspace.open(blobs)
    for name in ("a.png", "b.png"):
        image = read_image(blobs / name)
        maps = workspace.read_maps(name, image.pixels.shape[:2])
        workspace.save_label(name, image, of_arrays(maps.label_map, maps.provenance), accepted=False)
    workspace.close()
    assert survey(Workspace.peek(blobs)).notices == (), "to save them again is what ends it"


def test_a_label_with_a_damaged_record_is_left_out_as_nobody_knows_whether_it_is_held_out(blobs):
    record = Layout(blobs / "segmentation").label_record("e.png")
    record.write_text("")
    found = survey(Workspace.peek(blobs))
    assert len(found.train) == 4 and not found.held_out
    assert "record beside e.png" in str(found.problems[0]) and "e.png is left out" in str(found.problems[0])
    assert not survey(Workspace.peek(blobs), others=True).others, "f.png stands beside it"


def test_a_label_without_a_record_says_its_classes_itself(blobs):
    layout = Layout(blobs / "segmentation")
    disk = (read_label(layout.label("a.png"), None, None) == 5).sum()
    layout.label_record("a.png").unlink()
    classes_file = blobs / "segmentation" / "classes.json"
    classes_file.write_text(classes_file.read_text().replace('"value": 5', '"value": 7'))
    found = survey(Workspace.peek(blobs))
    assert not found.problems and found.labels[0].pixels[7] == disk


def test_the_nearest_label_is_copied_from_the_neighbour_in_the_folder(blobs):
    workspace = Workspace.peek(blobs)
    layout = Layout(blobs / "segmentation")
    truth = read_label(layout.label("e.png"), None, None)
    write_label(layout.label("d.png"), np.where(truth == 255, 0, truth), workspace.classes)
    found = survey(workspace)
    assert score_nearest_label(found, found.held_out).mean_dice == 1
    write_label(layout.label("d.png"), np.full_like(truth, 5), workspace.classes)
    found = survey(workspace)
    assert score_nearest_label(found, found.held_out).dice["bar"] == 0


def test_reading_many_labels_can_be_cancelled(blobs):
    def report(progress: Progress) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        survey(Workspace.peek(blobs), report)
