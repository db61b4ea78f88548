"""The sample is an honest workspace: the right labels, nobody's name, and a gap before what is held out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pydicom

from model.images import read_image
from model.plane_source import of_arrays
from model.slice_headers import slice_position
from model.workspace import Split, Status, Workspace

SAMPLE = Path(__file__).parents[2] / "resources" / "sample"
ORGANS_TO_JUDGE = {"liver", "spleen", "stomach", "aorta"}


def test_ten_slices_have_labels_and_ten_are_left_to_label() -> None:
    statuses = [entry.status for entry in Workspace.peek(SAMPLE).entries()]
    assert statuses.count(Status.LABELLED) == 10
    assert len(statuses) == 20


def test_held_out_slices_are_a_block_at_one_end_8_mm_from_training() -> None:
    places: dict[Split, list[float]] = {Split.TRAIN: [], Split.HELD_OUT: []}
    for item in Workspace.peek(SAMPLE).labelled():
        places[item.split].append(slice_position(item.image_path))
    assert len(places[Split.HELD_OUT]) == 4
    assert min(places[Split.HELD_OUT]) - max(places[Split.TRAIN]) >= 8


def test_slices_labelled_later_keep_the_gap(tmp_path: Path) -> None:
    """Whatever an analyst labels between them joins the held-out side."""
    workspace = Workspace.open(SAMPLE, tmp_path / "root")
    workspace.close()
    for path in (SAMPLE / "segmentation" / "labels").iterdir():
        (tmp_path / "root" / "labels" / path.name).write_bytes(path.read_bytes())
    workspace = Workspace.open(SAMPLE, tmp_path / "root")
    for entry in workspace.entries():
        if entry.status is Status.NONE:
            image = read_image(entry.path)
            planes = np.zeros(image.pixels.shape, np.uint8)
            workspace.save_label(entry.name, image, of_arrays(planes, planes), False)
    held_out = sorted(item.image_path.name for item in workspace.labelled() if item.split == Split.HELD_OUT)
    assert held_out == [f"slice_{number:03d}.dcm" for number in range(14, 21)]
    workspace.close()


def test_labels_fit_their_images_and_show_the_organs() -> None:
    workspace = Workspace.peek(SAMPLE)
    for item in workspace.labelled():
        image = read_image(item.image_path)
        maps = workspace.read_maps(item.image_path.name, image.pixels.shape)
        assert maps.source == "label" and maps.notices == ()
        present = {workspace.classes.by_value(int(value)).uid for value in np.unique(maps.label_map)}
        assert present >= ORGANS_TO_JUDGE | {"background"}
        tissue = image.pixels[maps.label_map == workspace.classes.by_uid("liver").value]
        assert 40 < np.median(tissue) < 160  # contrast-enhanced liver, in Hounsfield units


def test_labels_lie_on_the_right_side() -> None:
    """Radiological view: the liver is on the left of the picture, the spleen on its right."""
    workspace = Workspace.peek(SAMPLE)
    label_map = workspace.read_maps("slice_001.dcm", (512, 512)).label_map
    values = {uid: workspace.classes.by_uid(uid).value for uid in ORGANS_TO_JUDGE}
    centre = {uid: np.argwhere(label_map == value).mean(axis=0) for uid, value in values.items()}
    assert centre["liver"][1] < 230 < centre["aorta"][1] < 330 < centre["spleen"][1]
    assert centre["stomach"][0] < centre["aorta"][0]


def test_nobody_can_be_recognised() -> None:
    allowed = {"PatientName", "PatientID", "PatientBirthDate", "PatientSex"}
    for path in SAMPLE.glob("*.dcm"):
        data = pydicom.dcmread(path, stop_before_pixels=True)
        assert not [element for element in data if element.tag.is_private]
        assert {element.keyword for element in data if element.tag.group == 0x0010} <= allowed
        for keyword in ("PatientName", "PatientID", "PatientBirthDate", "StudyDate", "StudyTime", "AccessionNumber"):
            assert str(data.get(keyword, "")) == ""
        text = " ".join(str(element.value) for element in data)
        assert not any(word in text for word in ("Basel", "SIEMENS", "Onko", "2022"))


def test_credit_and_licence_are_beside_the_files() -> None:
    assert "Apache License" in (SAMPLE / "LICENSE").read_text(encoding="utf-8")
    assert "TotalSegmentator" in (SAMPLE / "CREDITS.md").read_text(encoding="utf-8")
    records = [json.loads(path.read_text()) for path in (SAMPLE / "segmentation" / "labels").glob("*.json")]
    assert {record["human"] for record in records} == {0.0}


def test_the_sample_is_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLE.glob("*.dcm")) < 4e6
