"""A snapshot stays what it was while the document goes on, at the cost of what is painted meanwhile."""

from __future__ import annotations

import gc
import threading
import weakref

import numpy as np
import pytest

from lsgui.document import Document
from lsgui.mask import Ink, MaskPatch, Region, filled
from lsgui.shapes import stroke
from model.images import Image
from model.labels import UNTOUCHED
from model.progress import Cancelled
from model.provenance import ACCEPTED, HUMAN, MODEL

SIDE = 700


@pytest.fixture
def large(document: Document) -> Document:
    """More tiles than one in both directions, and a predicted map."""
    image = Image("a.png", np.zeros((SIDE, SIDE + 9), np.uint8), None, "", None, (), None)
    document.load(image, np.full((SIDE, SIDE + 9), UNTOUCHED, np.uint8), np.zeros((SIDE, SIDE + 9), np.uint8))
    document.apply_prediction(np.random.default_rng(0).integers(0, 4, document.shape).astype(np.uint8))
    return document


def paint(document: Document, x: float, y: float, value: int, radius: float = 40) -> None:
    document.begin("Brush")
    document.preview(stroke((x, y), (x, y), radius, document.shape), value)
    document.commit()


def whole(source: object) -> tuple[bytes, bytes]:
    label, origin = zip(*source.bands(50), strict=True)
    return np.concatenate(label).tobytes(), np.concatenate(origin).tobytes()


def state(document: Document) -> tuple[bytes, bytes]:
    return document.label_map.tobytes(), document.provenance.tobytes()


def test_it_stays_what_it_was(large: Document) -> None:
    before, snapshot = state(large), large.snapshot()
    assert snapshot.shape == large.shape and snapshot.seq == 1 and snapshot.cursor == 1
    assert whole(snapshot) == before
    for edit in (
        lambda: paint(large, 256, 256, 7),
        lambda: paint(large, 690, 690, 8, 300),
        large.undo,
        large.clear,
        lambda: large.jump(0),
        lambda: large.begin("Brush"),
        lambda: large.preview(stroke((10, 10), (10, 10), 50, large.shape), 3),
        large.restore,
    ):
        edit()
        assert whole(snapshot) == before
    label, origin = snapshot.rows(slice(200, 300), slice(240, 600))
    assert label.tobytes() == np.frombuffer(before[0], np.uint8).reshape(large.shape)[200:300, 240:600].tobytes()
    assert (origin == MODEL).all()


def test_it_outlives_its_image(large: Document) -> None:
    before, snapshot = state(large), large.snapshot()
    large.close()
    assert whole(snapshot) == before


def test_one_that_is_closed_or_forgotten_keeps_nothing_more(large: Document) -> None:
    snapshot, forgotten = large.snapshot(), large.snapshot()
    watch = weakref.ref(forgotten)
    snapshot.close()
    del forgotten
    gc.collect()
    assert watch() is None
    large.clear()
    with pytest.raises(Cancelled):
        whole(snapshot)


def test_a_lane_reads_one_state_while_the_hand_paints(large: Document) -> None:
    before, seen = state(large), []
    snapshot = large.snapshot()
    lane = threading.Thread(target=lambda: seen.extend(whole(snapshot) for _ in range(15)))
    lane.start()
    random = np.random.default_rng(1)
    while lane.is_alive():
        paint(large, *random.uniform(0, SIDE, 2), int(random.integers(0, 9)), 20)
    lane.join()
    assert set(seen) == {before}


def held_patch(document: Document, value: int, box: tuple[int, int, int, int]) -> MaskPatch:
    other = Document()
    other.load(document.image, document.label_map.copy(), document.provenance.copy())
    other.paint("x", filled(box), value)
    found: list[MaskPatch] = []
    other.history.walk(0, found.append)
    return found[0]


def test_what_a_lane_computes_is_shown_exchanged_and_committed(large: Document) -> None:
    before = state(large)
    wide, small = held_patch(large, 9, (10, 10, 600, 500)), held_patch(large, 8, (50, 60, 100, 90))
    snapshot = large.hold("Wand")
    assert large.gesture_active
    large.show(wide)
    assert large.label_map[400, 500] == 9 and whole(snapshot) == before
    large.show(small)
    assert large.label_map[70, 70] == 8 and large.label_map[400, 500] != 9
    large.show(None)
    assert state(large) == before
    large.show(small)
    assert large.commit() and large.history.steps[-1].text == "Wand" and not large.gesture_active
    assert (large.label_map[60:150, 50:150] == 8).all() and (large.provenance[60:150, 50:150] == HUMAN).all()
    with pytest.raises(Cancelled):
        whole(snapshot)
    large.undo()
    assert state(large) == before


def test_a_held_gesture_is_taken_back_by_escape_and_by_undo(large: Document) -> None:
    before, steps = state(large), len(large.history.steps)
    patch = held_patch(large, 9, (10, 10, 600, 500))
    for end in (large.restore, large.undo, lambda: large.begin("Brush")):
        large.hold("Wand")
        large.show(patch)
        end()
        assert state(large) == before and len(large.history.steps) == steps
        large.restore()
    large.show(patch)
    assert state(large) == before
    large.hold("Wand")
    assert not large.commit()


def test_accepting_touches_what_the_model_set_and_no_label(large: Document) -> None:
    paint(large, 100, 100, 7)
    mine, labels = large.provenance == HUMAN, large.label_map.copy()
    region = Region((50, 50, 200, 100), np.ones((100, 200), bool))
    assert large.accept(region)
    assert (large.label_map == labels).all() and (large.provenance[mine] == HUMAN).all()
    assert (large.provenance[50:150, 50:250][~mine[50:150, 50:250]] == ACCEPTED).all()
    assert (large.provenance == ACCEPTED).sum() == (~mine[50:150, 50:250]).sum()
    assert large.accept() and MODEL not in large.provenance and not large.accept()
    assert not large.apply_prediction(np.zeros(large.shape, np.uint8))
    large.undo()
    large.undo()
    assert ACCEPTED not in large.provenance


def test_an_edit_that_fails_midway_has_changed_nothing(large: Document) -> None:
    class Broken:
        protected, is_free, calls = frozenset(), False, 0

        def allowed(self, label: np.ndarray, pixels: np.ndarray, box: tuple) -> None:
            self.calls += 1
            if box[1] > 0:
                raise MemoryError

    before = state(large)
    huge = Document()
    shape = (1500, 1000)
    image = Image("b.png", np.zeros(shape, np.uint8), None, "", None, (), None)
    huge.load(image, np.full(shape, UNTOUCHED, np.uint8), np.zeros(shape, np.uint8))
    with pytest.raises(MemoryError):
        huge.paint("Fill", filled((0, 0, 1000, 1500)), Ink(5), Broken())
    assert (huge.label_map == UNTOUCHED).all() and not huge.history.steps
    assert state(large) == before
