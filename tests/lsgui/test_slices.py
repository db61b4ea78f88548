"""Which slices lie around one, and how far it is on the way between them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pydicom
import pytest

from lsgui.slices import stack_around
from model.workspace import Entry, Status

SAMPLE = Path(__file__).parents[2] / "resources" / "sample"


def entries(paths: Sequence[Path]) -> list[Entry]:
    """The first and the last have a label."""
    ends = (paths[0], paths[-1])
    return [Entry(path.name, path, Status.NONE, has_label=path in ends) for path in paths]


def slices(folder: Path, places: Sequence[float]) -> list[Entry]:
    """CT slices at these millimetres."""
    data = pydicom.dcmread(SAMPLE / "slice_001.dcm")
    paths = [folder / f"IM{number}.dcm" for number in range(len(places))]
    for path, place in zip(paths, places, strict=True):
        data.ImagePositionPatient = [0, 0, place]
        data.save_as(path)
    return entries(paths)


@pytest.mark.parametrize("places", [(100, 101, 105, 110), (110, 109, 105, 100)])
def test_slices_are_on_the_way_by_their_millimetres(tmp_path: Path, places: Sequence[float]) -> None:
    stack = stack_around(slices(tmp_path, places), 1)
    assert stack.share == pytest.approx(0.1)
    assert [(entry.name, share) for entry, share in stack.between] == [("IM2.dcm", pytest.approx(0.5))]


def test_slices_whose_places_are_in_no_order_are_on_the_way_by_their_numbers(tmp_path: Path) -> None:
    stack = stack_around(slices(tmp_path, (100, 105, 105, 110, 120)), 2)
    assert stack.share == 0.5 and [share for _, share in stack.between] == [0.25, 0.75]


def test_images_without_places_are_on_the_way_by_their_numbers(tmp_path: Path) -> None:
    stack = stack_around(entries([tmp_path / f"a_{number}.png" for number in range(6)]), 1)
    assert (stack.before.name, stack.after.name, stack.share) == ("a_0.png", "a_5.png", 0.2)
    assert [(entry.name, share) for entry, share in stack.between] == [
        ("a_2.png", 0.4),
        ("a_3.png", 0.6),
        ("a_4.png", 0.8),
    ]


def test_a_label_of_another_tool_is_an_end_while_it_is_corrected_too(tmp_path: Path) -> None:
    """Nothing has been written beside it that would tell its side of the split."""
    found = entries([tmp_path / f"a_{number}.png" for number in range(6)])
    found[3] = dataclasses.replace(found[3], status=Status.CORRECTED, has_label=True)
    stack = stack_around(found, 1)
    assert (stack.before.name, stack.after.name) == ("a_0.png", "a_3.png")
