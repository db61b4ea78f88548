"""Patches go to the disk and come back, and bytes that were damaged there change no pixel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.patches import MaskPatch, PatchError, Piece, few_boxes, piece_between, tiles_of
from model.run_lengths import Runs, delta_of, packed, plane_of, unpacked

SHAPE = (40, 70)


def planes(seed: int, kind: str, shape: tuple[int, int] = SHAPE) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    if kind == "noise":
        return random.integers(0, 256, shape).astype(np.uint8), random.integers(0, 4, shape).astype(np.uint8)
    label, origin = np.full(shape, 255, np.uint8), np.zeros(shape, np.uint8)
    for _ in range(4):
        y, x = (int(random.integers(0, side)) for side in shape)
        label[y : y + 9, x : x + 20], origin[y : y + 9, x : x + 20] = random.integers(0, 14), random.integers(0, 4)
    return label, origin


def patch_between(seed: int, kind: str, side: int = 16) -> tuple[MaskPatch, tuple, tuple]:
    before, after = planes(seed, kind), planes(seed + 1, kind)
    pieces = []
    for column, row in tiles_of((0, 0, SHAPE[1], SHAPE[0]), side):
        part = slice(row * side, (row + 1) * side), slice(column * side, (column + 1) * side)
        corner = (column * side, row * side)
        pieces.append(piece_between(corner, tuple(p[part] for p in before), tuple(p[part] for p in after)))
    return MaskPatch([piece for piece in pieces if piece is not None]), before, after


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["noise", "boxes"]), st.booleans(), st.sampled_from([7, 16, 100]))
def test_a_patch_from_the_disk_does_what_it_did(seed: int, kind: str, small: bool, side: int) -> None:
    patch, before, after = patch_between(seed, kind, side)
    again = MaskPatch.from_bytes((patch.packed() if small else patch).to_bytes(), SHAPE)
    now = tuple(plane.copy() for plane in before)
    again.apply(*now)
    assert all((a == b).all() for a, b in zip(now, after, strict=True))
    again.packed().apply(*now)
    assert all((a == b).all() for a, b in zip(now, before, strict=True))
    assert again.box == patch.box


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 80), st.integers(1, 80), st.sampled_from([1, 2, 9, 256]))
def test_every_form_of_a_plane_holds_the_same(seed: int, height: int, width: int, values: int) -> None:
    random = np.random.default_rng(seed)
    plane = np.repeat(random.integers(0, values, (height, width)), random.integers(1, 9), axis=1).astype(np.uint8)
    plane = plane[::-1, : plane.shape[1] // 2 + 1]  # read against the grain, as a part of another
    quick = delta_of(plane)
    assert np.array_equal(np.broadcast_to(plane_of(quick, plane.shape), plane.shape), plane)
    assert np.array_equal(Runs.encode(plane).plane(plane.shape), plane)
    small = packed(quick)
    assert np.array_equal(np.broadcast_to(plane_of(small, plane.shape), plane.shape), plane)
    if isinstance(small, bytes):
        assert np.array_equal(plane_of(unpacked(small, plane.shape), plane.shape), plane)


@pytest.mark.parametrize("kind", ["noise", "boxes"])
def test_a_patch_cut_anywhere_is_refused(kind: str) -> None:
    content = patch_between(3, kind, 100)[0].to_bytes()
    for length in range(0, len(content), 1 if len(content) < 3000 else 7):
        with pytest.raises(PatchError):
            MaskPatch.from_bytes(content[:length], SHAPE)
    with pytest.raises(PatchError):
        MaskPatch.from_bytes(content + b"\0", SHAPE)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 200), st.sampled_from(["noise", "boxes"]), st.data())
def test_damaged_bytes_are_refused_or_stay_inside_the_image(seed: int, kind: str, data: st.DataObject) -> None:
    content = bytearray(patch_between(seed, kind, 100)[0].to_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        patch = MaskPatch.from_bytes(bytes(content), SHAPE)
    except PatchError:
        return
    patch.apply(*planes(seed, kind))


def test_a_piece_outside_the_image_is_refused() -> None:
    content = MaskPatch([Piece((60, 30, 11, 5), 3, 2)]).to_bytes()
    with pytest.raises(PatchError):
        MaskPatch.from_bytes(content, SHAPE)
    MaskPatch.from_bytes(content, (40, 71))


def test_a_small_patch_cannot_ask_for_much_memory() -> None:
    import struct
    import zlib

    bomb = zlib.compress(bytes(50_000_000), 9)
    head = struct.pack("<BI4I", 1, 1, 0, 0, 70, 40)
    for kind in (1, 2):
        with pytest.raises(PatchError):
            MaskPatch.from_bytes(
                head + struct.pack("<BI", kind, len(bomb)) + bomb + struct.pack("<BIB", 0, 1, 0), SHAPE
            )


def test_a_stroke_takes_little_room() -> None:
    y, x = np.ogrid[:512, :512]
    disk = ((x - 250) ** 2 + (y - 250) ** 2 <= 40**2).astype(np.uint8)
    patch = MaskPatch([piece_between((0, 0), (disk * 0, disk * 0), (disk * 6, disk * 2))])
    assert len(patch.to_bytes()) < 600


@settings(max_examples=40)
@given(st.lists(st.tuples(*[st.integers(0, 5000)] * 2, *[st.integers(1, 300)] * 2), max_size=300), st.integers(1, 70))
def test_few_boxes_cover_what_many_did(boxes: list[tuple[int, int, int, int]], most: int) -> None:
    few = few_boxes(boxes, most)
    assert len(few) <= most
    for x, y, w, h in boxes:
        assert any(a <= x and b <= y and x + w <= a + c and y + h <= b + d for a, b, c, d in few)
