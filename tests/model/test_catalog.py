"""The catalogue lists every image, whatever lies beside them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as pillow

from model.plane_source import of_arrays
from model.provenance import HUMAN
from model.workspace import Status, Workspace

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links and names of bytes")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.png", "b.png"):
        pillow.new("L", (8, 8), 90).save(tmp_path / name)
    for part in ("labels", "predictions"):
        (tmp_path / "segmentation" / part).mkdir(parents=True)
        pillow.new("L", (8, 8), 6).save(tmp_path / "segmentation" / part / "a.png.png")
    return tmp_path


def statuses(folder: Path) -> dict[str, Status]:
    workspace = Workspace.open(folder)
    try:
        return {entry.name: entry.status for entry in workspace.entries()}
    finally:
        workspace.close()


def test_links_that_lead_nowhere_or_in_a_circle_hide_nothing(folder: Path) -> None:
    for place in (folder, folder / "segmentation" / "labels"):
        (place / "x.png").symlink_to("y.png")
        (place / "y.png").symlink_to("x.png")
        (place / "z.png").symlink_to("nowhere.png")
    assert statuses(folder) == {"a.png": Status.LABELLED, "b.png": Status.NONE}


@pytest.mark.parametrize("least", [["liver", "abc"], ["liver"], [1, 2], "liver", {"liver": 1}])
def test_a_damaged_record_of_a_prediction_is_passed_over(folder: Path, least: object) -> None:
    record = folder / "segmentation" / "predictions" / "a.png.json"
    record.write_text(json.dumps({"mean_confidence": "x", "least_sure": least}))
    assert statuses(folder) == {"a.png": Status.LABELLED, "b.png": Status.NONE}


def test_an_image_whose_name_is_no_utf8_can_be_labelled(folder: Path) -> None:
    name = os.fsdecode(b"r\xe9nal.png")
    pillow.new("L", (8, 8), 90).save(folder / name, format="PNG")
    plane = np.full((8, 8), 6, np.uint8)
    workspace = Workspace.open(folder)
    assert workspace.write_work(name, of_arrays(plane, np.full((8, 8), HUMAN, np.uint8))).status is Status.CORRECTED
    workspace.write_work("b.png", of_arrays(plane, np.full((8, 8), HUMAN, np.uint8)))
    workspace.close()
    assert statuses(folder)[name] is Status.CORRECTED
