"""A patch is an edit that can be done and taken back, in little memory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lsgui.mask
from lsgui.live_planes import LivePlanes
from lsgui.mask import AnyRegion, Edit, Ink, MaskPatch, Region, Spans, fill, filled, filled_in, patch_of, whole_patch
from lsgui.rules import FREE, Rules
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


SHAPES = [(1, 1), (1, 37), (41, 1), (23, 31), (64, 64)]


def region_pairs(seed: int, shape: tuple[int, int]) -> tuple[np.ndarray, tuple[int, int, int, int], list[AnyRegion]]:
    """A random mask of the image, its box, and the same pixels as every kind of region."""
    random = np.random.default_rng(seed)
    top, left = (int(random.integers(0, side)) for side in shape)
    height, width = (int(random.integers(1, side - at + 1)) for side, at in zip(shape, (top, left), strict=True))
    mask = random.random((height, width)) < random.uniform(0.1, 1)
    whole = np.zeros(shape, bool)
    whole[top : top + height, left : left + width] = mask
    edges = np.diff(np.pad(mask.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    rows, starts = np.nonzero(edges == 1)
    box = (left, top, width, height)
    frozen = mask.astype(np.uint8) * 7
    frozen.flags.writeable = False
    across = np.asfortranarray(mask)
    spans = Spans(box, rows + top, starts + left, np.nonzero(edges == -1)[1] + left)
    return whole, box, [Region(box, mask), Region(box, across), Region(box, frozen), spans]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(6))
def test_every_kind_of_region_says_the_same(shape: tuple[int, int], seed: int) -> None:
    whole, (x, y, w, h), regions = region_pairs(seed, shape)
    for region in regions:
        assert region.area == whole.sum()
        for top, bottom in ((0, h), (0, 1), (h - 1, h), (h // 2, h)):
            band = region.band(top, bottom)
            assert band.dtype == np.uint8 and set(np.unique(band)) <= {0, 255}
            assert ((band > 0) == whole[y + top : y + bottom, x : x + w]).all()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "rgb"])
def test_painting_a_region_is_what_its_pixels_say(
    shape: tuple[int, int], dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lsgui.mask, "_BAND_PIXELS", 100)
    random = np.random.default_rng(4)
    pixels = random.integers(0, 200, (*shape, 3) if dtype == "rgb" else shape)
    pixels = pixels.astype(np.uint8 if dtype == "rgb" else dtype)
    pixels.flags.writeable = False
    grey = pixels.mean(axis=2) if pixels.ndim == 3 else pixels
    for seed in range(8):
        whole, (x, y, w, h), regions = region_pairs(seed, shape)
        label, origin = planes(seed, shape)
        values = random.integers(0, 9, (h, w)).astype(np.uint8)
        image_of_values = np.zeros(shape, np.uint8)
        image_of_values[y : y + h, x : x + w] = values
        for ink, value in ((Ink(5), 5), (Ink(values), image_of_values), (Ink(None, 3, only_from=1), label)):
            rules = Rules(frozenset({2}), None, 40, 150, None)
            where = whole & (label != 2) & (grey >= 40) & (grey <= 150)
            if ink.only_from is not None:
                where &= origin == ink.only_from
            expected = np.where(where, value, label), np.where(where, ink.provenance, origin)
            for region in regions:
                now = LivePlanes(label.copy(), origin.copy())
                patch = patch_of(now, pixels, region, ink, rules)
                assert (now.label == label).all()
                if patch is not None:
                    patch.apply(now.label, now.origin)
                assert (now.label == expected[0]).all() and (now.origin == expected[1]).all()


@pytest.mark.parametrize("seed", range(6))
def test_spans_are_filled_as_masks_are(seed: int) -> None:
    whole, _, regions = region_pairs(seed, (23, 31))
    label, origin = planes(seed, (23, 31))
    now = LivePlanes(label.copy(), origin.copy())
    fill(now, regions[-1], Ink(6))
    assert (now.label == np.where(whole, 6, label)).all() and (now.origin == np.where(whole, HUMAN, origin)).all()
    assert now.counts()[0] == {value: int((now.label == value).sum()) for value in np.unique(now.label).tolist()}


def test_counting_in_parts_ends_with_what_counting_at_once_says() -> None:
    random = np.random.default_rng(0)
    planes = LivePlanes(*(random.integers(0, 4, (1300, 1100)).astype(np.uint8) for _ in range(2)))
    steps = 0
    while not planes.recount(0):
        steps += 1
        assert steps < 50
    counted = planes.counts()
    for plane, counts in zip((planes.label, planes.origin), counted, strict=True):
        assert counts == dict(enumerate(np.bincount(plane.ravel()).tolist()))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("uniform", [False, True])
def test_plain_ink_without_rules_paints_what_the_pixels_say(
    shape: tuple[int, int], seed: int, uniform: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lsgui.mask, "_BAND_PIXELS", 100)
    whole, _, regions = region_pairs(seed, shape)
    label, origin = planes(seed, shape)
    if uniform:
        label[:], origin[:] = 2, MODEL
    for value, who in ((6, HUMAN), (2, MODEL), (6, MODEL)):
        expected = np.where(whole, value, label), np.where(whole, who, origin)
        changes_nothing = all((new == old).all() for new, old in zip(expected, (label, origin), strict=True))
        for few in (0, 1000):
            monkeypatch.setattr(lsgui.mask, "_FEW_SPANS", few)
            for region in regions:
                patch = patch_of(LivePlanes(label, origin), label, region, Ink(value, who), FREE)
                after = label.copy(), origin.copy()
                assert (patch is None) == changes_nothing
                if patch is not None:
                    patch.apply(*after)
                assert all((now == then).all() for now, then in zip(after, expected, strict=True))
        now = LivePlanes(label.copy(), origin.copy())
        patch = filled_in(now, regions[-1], Ink(value, who))
        assert (patch is None) == changes_nothing
        assert all((is_now == then).all() for is_now, then in zip(now.all, expected, strict=True))
        if patch is not None:
            now.apply(patch)
            assert (now.label == label).all() and (now.origin == origin).all()


def test_filling_that_fails_midway_has_changed_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lsgui.mask, "_BAND_PIXELS", 100)
    label, origin = planes(3, (64, 64))
    now, calls, delta_of = LivePlanes(label.copy(), origin.copy()), [], lsgui.mask.delta_of

    def failing(plane: np.ndarray) -> object:
        calls.append(plane)
        if len(calls) == 5:
            raise MemoryError
        return delta_of(plane)

    monkeypatch.setattr(lsgui.mask, "delta_of", failing)
    with pytest.raises(MemoryError):
        filled_in(now, filled((0, 0, 64, 64)), Ink(6))
    assert (now.label == label).all() and (now.origin == origin).all()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(6))
def test_a_mask_as_spans_is_the_same(shape: tuple[int, int], seed: int) -> None:
    whole, _, regions = region_pairs(seed, shape)
    for region in regions[:3]:
        spans = region.spans(10_000)
        found = np.zeros(shape, bool)
        if spans is not None:
            for row, start, stop in zip(spans.rows, spans.starts, spans.stops, strict=True):
                assert start < stop and not found[row, start:stop].any()
                found[row, start:stop] = True
            assert region.spans(len(spans.rows)) is not None
            assert region.spans(len(spans.rows) - 1) is None
        assert (found == whole).all()
