"""What training reads of a label: only what a person has set or accepted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from model.errors import LabelError
from model.images import read_image
from model.labels import UNTOUCHED
from model.plane_source import of_arrays
from model.provenance import ACCEPTED, HUMAN, MODEL
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
