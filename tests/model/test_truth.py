"""What training reads of a label: only what a person has set or accepted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from model.errors import LabelError
from model.images import read_image
from model.labels import UNTOUCHED
from model.plane_source import PlaneSource, of_arrays
from model.provenance import ACCEPTED, HUMAN, MODEL
from model.survey import survey
from model.truth import read_truth
from model.workspace import Workspace


def saved(folder: Path, label_map: np.ndarray, provenance: np.ndarray) -> tuple[Workspace, str]:
    workspace = Workspace.open(folder)
    name = workspace.entries()[0].name
    workspace.save_label(name, read_image(folder / name), of_arrays(label_map, provenance), accepted=False)
    return workspace, name


def test_what_only_the_model_set_teaches_nothing(blobs: Path) -> None:
    shape = read_image(blobs / "a.png").pixels.shape
    label_map, provenance = np.zeros(shape, np.uint8), np.full(shape, HUMAN, np.uint8)
    label_map[:9], provenance[:9] = 5, MODEL
    label_map[9:12], provenance[9:12] = 2, ACCEPTED
    workspace, _ = saved(blobs, label_map, provenance)
    truth = read_truth(workspace.labelled()[0], workspace.classes)
    assert (truth.label_map[:9] == UNTOUCHED).all() and (truth.label_map[9:] == label_map[9:]).all()
    workspace.close()


def test_a_label_that_nobody_accepted_is_named(blobs: Path) -> None:
    shape = read_image(blobs / "a.png").pixels.shape
    workspace, name = saved(blobs, np.zeros(shape, np.uint8), np.full(shape, MODEL, np.uint8))
    with pytest.raises(LabelError, match=f"{name}.png holds only what the model has set.*accept"):
        read_truth(workspace.labelled()[0], workspace.classes)
    workspace.close()


def test_what_was_accepted_weighs_a_little_less_and_the_models_as_much_as_is_asked(blobs: Path) -> None:
    shape = read_image(blobs / "a.png").pixels.shape
    label_map, provenance = np.zeros(shape, np.uint8), np.full(shape, HUMAN, np.uint8)
    provenance[:9], provenance[9:12] = MODEL, ACCEPTED
    label_map[20:22], provenance[20:22] = UNTOUCHED, 0
    workspace, _ = saved(blobs, label_map, provenance)
    item, classes = workspace.labelled()[0], workspace.classes
    levels = read_truth(item, classes).levels
    assert (levels[9:12] == round(255 * 0.8)).all() and (levels[12:] == 255).all()
    asked = read_truth(item, classes, model_labels=0.3)
    assert (asked.label_map[:9] == 0).all() and (asked.levels[:9] == round(255 * 0.3)).all()
    workspace.save_label(item.image_path.name, read_image(item.image_path), _human(label_map), accepted=False)
    assert read_truth(item, classes).levels is None
    workspace.close()


def test_the_model_is_never_judged_by_its_own_labels(blobs: Path) -> None:
    """The fifth image is held out: only what a person says of it counts, whatever the training is asked for."""
    workspace = Workspace.open(blobs)
    for entry in workspace.entries()[:5]:
        image = read_image(entry.path)
        shape = image.pixels.shape
        provenance = np.where(np.arange(shape[0])[:, None] < 9, MODEL, HUMAN) * np.ones(shape, np.uint8)
        planes = of_arrays(np.zeros(shape, np.uint8), provenance.astype(np.uint8))
        workspace.save_label(entry.name, image, planes, accepted=False)
    found = survey(workspace, model_labels=0.5)
    assert all((found.read(label).label_map == 0).all() for label in found.train)
    assert all((found.read(label).label_map[:9] == UNTOUCHED).all() for label in found.held_out)
    unasked = survey(workspace)
    assert not any((unasked.read(label).label_map[:9] == 0).any() for label in unasked.train)
    workspace.close()


def _human(label_map: np.ndarray) -> PlaneSource:
    return of_arrays(label_map, np.full(label_map.shape, HUMAN, np.uint8))
