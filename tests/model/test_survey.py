"""Which labels count, and what copying the nearest one scores."""

from __future__ import annotations

import numpy as np
import pytest

from model.classes import Class
from model.errors import TrainingError
from model.labels import read_label, write_label
from model.layout import Layout
from model.progress import Cancelled, Progress
from model.survey import score_nearest_label, survey
from model.workspace import Workspace


def test_usable_labels_are_described_and_split(blobs):
    found = survey(Workspace.peek(blobs))
    assert len(found.train) == 4 and [label.item.image_path.name for label in found.held_out] == ["e.png"]
    assert found.labels[0].shape == (64, 64) and not found.labels[0].colour
    assert found.training_pixels()[0] > found.training_pixels()[5] > 0


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
