"""A patch is an edit that can be done and taken back, in little memory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsgui.live_planes import LivePlanes
from lsgui.mask import Edit, MaskPatch, whole_patch
from model.patches import piece_between
from model.provenance import HUMAN, MODEL


def planes(seed: int, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return random.integers(0, 4, shape).astype(np.uint8), random.integers(0, 3, shape).astype(np.uint8)


def patch_by(label: np.ndarray, origin: np.ndarray, edit: Edit) -> MaskPatch | None:
    return whole_patch(LivePlanes(label, origin), edit)


def only(mask: np.ndarray) -> np.ndarray:
    return np.where(mask, np.uint8(255), np.uint8(0))


@settings(max_examples=40)
@given(st.integers(0, 1000), st.integers(1, 150), st.integers(1, 90), st.booleans())
def test_done_and_taken_back(seed: int, height: int, width: int, packed: bool) -> None:
    (label, origin), (new, _) = planes(seed, (height, width)), planes(seed + 1, (height, width))
    before = label.copy(), origin.copy()
    expected = np.where(origin == HUMAN, label, new), np.where(origin == HUMAN, HUMAN, MODEL)
    patch = patch_by(label, origin, lambda old, who, rows: (new[rows], MODEL, only(who != HUMAN)))
    if patch is None:
        assert (expected[0] == label).all() and (expected[1] == origin).all()
        return
    if packed:
        patch = patch.packed()
    patch.apply(label, origin)
    assert (label == expected[0]).all() and (origin == expected[1]).all()
    patch.apply(label, origin)
    assert (label == before[0]).all() and (origin == before[1]).all()


def test_a_patch_covers_only_what_changes() -> None:
    label, origin = np.zeros((300, 300), np.uint8), np.zeros((300, 300), np.uint8)
    where = np.zeros((300, 300), bool)
    where[100:103, 40:50] = True
    patch = patch_by(label, origin, lambda old, who, rows: (5, HUMAN, only(where[rows])))
    assert patch.box == (40, 100, 10, 3)
    assert patch.nbytes < 10


def test_an_edit_that_changes_nothing_is_no_patch() -> None:
    label = np.full((70, 5), 3, np.uint8)
    assert patch_by(label, np.full_like(label, HUMAN), lambda old, who, rows: (3, HUMAN, None)) is None
    assert piece_between((0, 0), (label, label), (label, label)) is None


@pytest.mark.parametrize("side", [512, 1500])
def test_a_prediction_of_a_whole_image_keeps_little_memory(side: int) -> None:
    label, origin = np.full((side, side), 255, np.uint8), np.zeros((side, side), np.uint8)
    new = np.zeros((side, side), np.uint8)
    new[side // 4 : side // 2, side // 4 : side // 2] = 6
    patch = patch_by(label, origin, lambda old, who, rows: (new[rows], MODEL, None)).packed()
    assert patch.nbytes < side * side / 200
    patch.apply(label, origin)
    assert (label == new).all()


def test_a_patch_of_pieces_has_the_box_around_them() -> None:
    one, two = np.zeros((4, 4), np.uint8), np.ones((4, 4), np.uint8)
    pieces = [piece_between(corner, (one, one), (two, one)) for corner in ((10, 20), (40, 2))]
    assert MaskPatch(pieces).box == (10, 2, 34, 22)
