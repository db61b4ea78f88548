"""The catalogue lists every image, whatever lies beside them."""

from __future__ import annotations

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image as pillow

from model import catalog
from model.plane_source import of_arrays
from model.provenance import HUMAN
from model.slice_headers import read_place
from model.workspace import Status, Workspace

SAMPLE = Path(__file__).parents[2] / "resources" / "sample"

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


@pytest.fixture
def shuffled(tmp_path: Path) -> Path:
    """Slices 1 to 8 of the sample under names that say nothing."""
    for number, letter in enumerate("dbgaehcf", start=1):
        shutil.copy(SAMPLE / f"slice_{number:03}.dcm", tmp_path / f"{letter}.dcm")
    return tmp_path


def listed(folder: Path) -> str:
    """The first letters of the images' names."""
    workspace = Workspace.open(folder)
    try:
        return "".join(entry.name[0] for entry in workspace.entries())
    finally:
        workspace.close()


def test_slices_are_listed_as_they_lie(shuffled: Path) -> None:
    pillow.new("L", (8, 8)).save(shuffled / "c.png")
    assert listed(shuffled) == "dbgaehcfc"
    (shuffled / "a.dcm").rename(shuffled / "a")
    assert listed(shuffled) == "dbgaehcfc"


def test_headers_are_read_once_for_each_file(shuffled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    monkeypatch.setattr(catalog, "read_place", lambda path: read.append(path.name) or read_place(path))
    assert listed(shuffled) == "dbgaehcf" and len(read) == 8
    read.clear()
    workspace = Workspace.open(shuffled)
    workspace.refresh()
    assert read == []
    data = pydicom.dcmread(shuffled / "d.dcm")
    data.ImagePositionPatient[2] += 100
    data.save_as(shuffled / "d.dcm")
    (shuffled / "b.dcm").unlink()
    workspace.refresh()
    assert [entry.name[0] for entry in workspace.entries()] == list("gaehcfd") and read == ["d.dcm"]
    workspace.close()


def test_a_header_that_could_not_be_read_is_read_again(shuffled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a share that was away for a moment."""

    def fails(path: Path) -> None:
        raise OSError("the share is away")

    with monkeypatch.context() as patch:
        patch.setattr(catalog, "read_place", fails)
        assert listed(shuffled) == "abcdefgh"
    assert listed(shuffled) == "dbgaehcf"


def test_a_folder_without_dicom_reads_no_header(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "read_place", None)
    assert len(statuses(folder)) == 2


def test_entries_are_there_while_headers_are_read(shuffled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The window's thread asks for them."""
    workspace = Workspace.open(shuffled)
    seen = []

    def read(path: Path) -> None:
        with ThreadPoolExecutor(1) as other:
            seen.append(len(other.submit(workspace.entries).result(60)))

    monkeypatch.setattr(catalog, "read_place", read)
    shutil.copy(shuffled / "a.dcm", shuffled / "new.dcm")
    workspace.refresh()
    assert seen == [8]
    workspace.close()
