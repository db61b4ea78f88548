"""The label changes at once; what the provenance is owed is there for whoever looks."""

from __future__ import annotations

import numpy as np
import pytest

import lsgui.live_planes
from lsgui.live_planes import LivePlanes
from lsgui.mask import MaskPatch, PatchError, Piece
from lsgui.snapshot import Snapshot
from model.patches import piece_between, xor_into

SHAPE = (150, 130)


def random_planes(random: np.random.Generator, shape: tuple[int, int] = SHAPE) -> tuple[np.ndarray, np.ndarray]:
    return random.integers(0, 5, shape).astype(np.uint8), random.integers(0, 4, shape).astype(np.uint8)


def random_patch(random: np.random.Generator) -> MaskPatch:
    """Pieces that may overlap."""
    pieces = []
    for _ in range(4):
        x, y = int(random.integers(0, 100)), int(random.integers(0, 100))
        before, after = (random_planes(random, (int(random.integers(1, 30)), 30)) for _ in range(2))
        piece = piece_between((x, y), tuple(plane[:1] for plane in before), tuple(plane[:1] for plane in after))
        pieces += [] if piece is None else [piece]
    return MaskPatch(pieces)


@pytest.mark.parametrize("seed", range(12))
def test_everybody_sees_both_planes_as_if_they_had_been_written_at_once(seed: int) -> None:
    random = np.random.default_rng(seed)
    label, origin = random_planes(random)
    planes, snapshots = LivePlanes(label.copy(), origin.copy()), []
    for _ in range(30):
        act = random.integers(0, 5)
        if act == 0:
            for patch in [random_patch(random) for _ in range(int(random.integers(1, 3)))]:
                planes.apply(patch)
                patch.apply(label, origin)
        elif act == 1:
            planes.recount(0)
        elif act == 2:
            snapshots.append((Snapshot(planes, 0, 0, 0, 32), label.copy(), origin.copy()))
        elif act == 3:
            assert (planes.origin == origin).all()
        else:
            rows = slice(int(random.integers(0, 60)), int(random.integers(61, 150)))
            assert all((a == b[rows]).all() for a, b in zip(planes.rows(rows), (label, origin), strict=True))
        assert (planes.label == label).all()
    for snapshot, old_label, old_origin in snapshots:
        assert (snapshot.labels(0, snapshot.shape[0]) == old_label).all()
        assert all((a == b).all() for a, b in zip(snapshot.rows(slice(None)), (old_label, old_origin), strict=True))
    assert planes.counts()[1] == {kind: int((origin == kind).sum()) for kind in np.unique(origin).tolist()}


def test_what_is_owed_is_paid_in_the_pauses() -> None:
    random = np.random.default_rng(5)
    label, origin = random_planes(random)
    planes, patch = LivePlanes(label, origin.copy()), random_patch(random)
    planes.apply(patch)
    pauses = 0
    while not planes.recount(0):
        pauses += 1
    assert pauses >= len(patch.pieces) - 1
    patch.apply(label.copy(), origin)
    assert (planes._origin == origin).all()


def test_a_patch_that_fails_midway_has_changed_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(7)
    label, origin = random_planes(random)
    planes, patch = LivePlanes(label.copy(), origin.copy()), random_patch(random)
    calls = []

    def once_too_large(plane: np.ndarray, box: tuple, delta: object) -> None:
        calls.append(box)
        if len(calls) == len(patch.pieces):
            raise MemoryError
        xor_into(plane, box, delta)

    monkeypatch.setattr(lsgui.live_planes, "xor_into", once_too_large)
    with pytest.raises(MemoryError):
        planes.apply(patch)
    monkeypatch.undo()
    assert (planes.label == label).all() and (planes.origin == origin).all()


def test_what_many_patches_owe_does_not_stay_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lsgui.live_planes, "_MOST_OWED", 1000)
    random = np.random.default_rng(8)
    planes = LivePlanes(*random_planes(random))
    for _ in range(20):
        planes.apply(random_patch(random))
        assert sum(piece.nbytes for piece in planes._owed) <= 1000


@pytest.mark.parametrize("seed", range(8))
def test_rows_that_are_not_shown_are_there_for_whoever_looks(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lsgui.live_planes, "_LARGE", 0)
    random = np.random.default_rng(seed)
    label, origin = random_planes(random)
    planes, snapshots = LivePlanes(label.copy(), origin.copy()), []
    for _ in range(40):
        act = random.integers(0, 6)
        if act <= 1:
            patch = random_patch(random)
            planes.apply(patch.packed() if act else patch)
            patch.apply(label, origin)
        elif act == 2:
            rows = np.flatnonzero(random.random(SHAPE[0]) < 0.2)
            planes.show_rows(rows if random.random() < 0.8 else None)
        elif act == 3:
            planes.recount(0)
        elif act == 4:
            snapshots.append((Snapshot(planes, 0, 0, 0, 32), label.copy(), origin.copy()))
        else:
            assert (planes.label == label).all() and (planes.origin == origin).all()
        shown = slice(None) if planes._late.shown is None else planes._late.shown
        assert (planes._late.label[shown] == label[shown]).all()
        x, y = int(random.integers(0, SHAPE[1])), int(random.integers(0, SHAPE[0]))
        assert planes.value_at(x, y) == label[y, x]
    for snapshot, old_label, old_origin in snapshots:
        assert all((a == b).all() for a, b in zip(snapshot.rows(slice(None)), (old_label, old_origin), strict=True))
    assert planes.counts()[0] == {value: int((label == value).sum()) for value in np.unique(label).tolist()}


def test_a_large_patch_that_fails_midway_has_changed_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lsgui.live_planes, "_LARGE", 0)
    random = np.random.default_rng(9)
    label, origin = random_planes(random)
    planes, patch = LivePlanes(label.copy(), origin.copy()), random_patch(random)
    planes.show_rows(np.arange(0, SHAPE[0], 7))
    last = Piece((0, 0, 5, 5), b"\x02no zlib", 0)
    with pytest.raises(PatchError):
        planes.apply(MaskPatch([*patch.pieces, last]))
    assert (planes.label == label).all() and (planes.origin == origin).all()
