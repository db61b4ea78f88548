"""The document keeps every edit undoable, a person's pixels on top, and what was there before a gesture."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QRect
from pytestqt.qtbot import QtBot

from lsgui.document import Document
from lsgui.history import MOST_STEPS, Commit
from lsgui.mask import MaskPatch, PatchError, Piece
from lsgui.shapes import stroke
from model.images import Image
from model.labels import UNTOUCHED
from model.provenance import HUMAN, MODEL, UNSET


def paint(document: Document, x: float, y: float, value: int, radius: float = 5) -> None:
    document.begin("Brush")
    document.preview(stroke((x, y), (x, y), radius, document.shape), value)
    document.commit()


def fill(document: Document, height: int = 60, width: int = 80, name: str = "a.png") -> None:
    """Open an untouched image."""
    pixels = np.zeros((height, width), np.uint8)
    image = Image(name=name, pixels=pixels, spacing=None, unit="", window=None, notices=(), series=None)
    document.load(image, np.full((height, width), UNTOUCHED, np.uint8), np.full((height, width), UNSET, np.uint8))


def state(document: Document) -> tuple[bytes, bytes]:
    return document.label_map.tobytes(), document.provenance.tobytes()


def test_a_gesture_is_one_undo_step(document: Document) -> None:
    before = state(document)
    document.begin("Brush")
    for x in range(10, 60, 3):
        document.preview(stroke((x, 20), (x, 20), 4, document.shape), 6)
    assert len(document.history.steps) == 0
    document.commit()
    after = state(document)
    assert document.label_map[20, 30] == 6 and document.provenance[20, 30] == HUMAN
    assert len(document.history.steps) == 1
    document.undo()
    assert state(document) == before
    document.redo()
    assert state(document) == after


def test_escape_restores_what_a_gesture_covered(document: Document, qtbot: QtBot) -> None:
    paint(document, 30, 30, 3)
    before = state(document)
    document.begin("Brush")
    document.preview(stroke((0, 0), (79, 59), 6, document.shape), 2)
    with qtbot.waitSignal(document.mask_changed) as changed:
        document.restore()
    assert state(document) == before
    assert changed.args[0].boundingRect().contains(QRect(0, 0, 79, 59))
    assert len(document.history.steps) == 1


def test_undo_during_a_gesture_takes_back_the_gesture_only(document: Document) -> None:
    paint(document, 30, 30, 3)
    before = state(document)
    document.begin("Brush")
    document.preview(stroke((31, 31), (31, 31), 9, document.shape), 2)
    document.undo()
    assert state(document) == before and not document.gesture_active
    document.preview(stroke((31, 31), (31, 31), 9, document.shape), 2)
    assert state(document) == before


def test_a_jump_during_a_gesture_stays_exact(document: Document) -> None:
    before = state(document)
    paint(document, 30, 30, 3)
    paint(document, 40, 30, 4)
    document.begin("Brush")
    document.preview(stroke((31, 31), (31, 31), 9, document.shape), 2)
    document.jump(0)
    assert state(document) == before


def test_a_prediction_goes_beneath_what_a_person_has_set(document: Document) -> None:
    paint(document, 20, 20, 7)
    mine = document.label_map == 7
    prediction = np.full(document.shape, 4, np.uint8)
    assert document.apply_prediction(prediction)
    assert (document.label_map[mine] == 7).all() and (document.label_map[~mine] == 4).all()
    assert (document.provenance[~mine] == MODEL).all()
    document.undo()
    assert (document.label_map[~mine] == UNTOUCHED).all() and (document.provenance[~mine] == UNSET).all()


def test_the_same_prediction_again_is_no_undo_step(document: Document) -> None:
    prediction = np.full(document.shape, 4, np.uint8)
    document.apply_prediction(prediction)
    assert not document.apply_prediction(prediction)
    assert len(document.history.steps) == 1


def test_revert_clear_and_background_are_undoable(document: Document) -> None:
    paint(document, 20, 20, 7)
    steps = [
        lambda: document.revert_to(np.full(document.shape, 4, np.uint8)),
        document.clear,
        document.fill_rest_with_background,
    ]
    expected = [(4, MODEL), (UNTOUCHED, UNSET), (0, HUMAN)]
    states = [state(document)]
    for step, (value, origin) in zip(steps, expected, strict=True):
        assert step()
        assert (document.label_map == value).all() and (document.provenance == origin).all()
        states.append(state(document))
    for earlier in reversed(states[:-1]):
        document.undo()
        assert state(document) == earlier


def test_an_erased_pixel_is_background_set_by_a_person(document: Document) -> None:
    document.apply_prediction(np.full(document.shape, 4, np.uint8))
    paint(document, 20, 20, 0)
    document.apply_prediction(np.full(document.shape, 5, np.uint8))
    assert document.label_map[20, 20] == 0 and document.label_map[0, 0] == 5


def test_counts_follow_every_change(document: Document) -> None:
    assert document.counts() == {UNTOUCHED: 60 * 80}
    document.begin("Brush")
    document.preview(stroke((20, 20), (20, 20), 3, document.shape), 2)
    assert document.counts()[2] == (document.label_map == 2).sum() > 20
    document.restore()
    assert document.counts() == {UNTOUCHED: 60 * 80}


def test_only_committed_edits_are_announced_as_edits(document: Document, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(document.edited):
        document.begin("Brush")
        document.preview(stroke((20, 20), (20, 20), 3, document.shape), 2)
        document.restore()
        document.begin("Brush")
        document.commit()
    with qtbot.waitSignal(document.edited):
        paint(document, 20, 20, 2)
    with qtbot.waitSignal(document.edited):
        document.undo()


def test_another_image_starts_with_an_empty_history(document: Document) -> None:
    paint(document, 20, 20, 2)
    document.begin("Brush")
    fill(document, 30, 40, "b.png")
    assert not document.gesture_active and len(document.history.steps) == 0
    assert document.shape == (30, 40) and document.name == "b.png"


def test_views_cannot_write_pixels(document: Document) -> None:
    with pytest.raises(ValueError):
        document.label_map[0, 0] = 1
    with pytest.raises(ValueError):
        document.provenance[0, 0] = 1


def test_a_map_of_another_size_is_refused(document: Document) -> None:
    with pytest.raises(ValueError):
        document.apply_prediction(np.zeros((10, 10), np.uint8))
    with pytest.raises(ValueError):
        document.load(document.image, np.zeros((9, 10), np.uint8), np.zeros((9, 10), np.uint8))


def test_hundreds_of_steps_stay_in_megabytes(document: Document) -> None:
    fill(document, 700, 900)
    random = np.random.default_rng(1)
    for _ in range(MOST_STEPS + 20):
        paint(document, random.uniform(0, 900), random.uniform(0, 700), int(random.integers(0, 13)), 30)
    assert document.history.cursor == MOST_STEPS and document.history.dropped == 20
    assert document.history.nbytes < 3_000_000


_edit = st.one_of(
    st.tuples(st.just("stroke"), st.integers(0, 79), st.integers(0, 59), st.integers(0, 5), st.floats(0.5, 20)),
    st.tuples(st.just("escape"), st.integers(0, 79), st.integers(0, 59), st.integers(0, 5), st.floats(0.5, 20)),
    st.tuples(st.just("predict"), st.integers(0, 1000)),
    st.sampled_from([("clear",), ("rest",), ("undo",), ("redo",)]),
)


def _replay(document: Document, edit: tuple) -> None:
    match edit:
        case ("stroke", x, y, value, radius):
            paint(document, x, y, value, radius)
        case ("escape", x, y, value, radius):
            document.begin("Brush")
            document.preview(stroke((x, y), (x, y), radius, document.shape), value)
            document.restore()
        case ("predict", seed):
            document.apply_prediction(np.random.default_rng(seed).integers(0, 4, document.shape).astype(np.uint8))
        case ("clear",):
            document.clear()
        case ("rest",):
            document.fill_rest_with_background()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_edit, max_size=14))
def test_any_sequence_of_edits_and_undos_equals_its_replay(qapp: object, edits: list[tuple]) -> None:
    """What undo and redo leave is what doing only the edits that are in force would have made."""
    document = Document()
    fill(document)
    done, undone = [], []
    for edit in edits:
        document.counts()
        before = len(document.history.steps), document.history.cursor
        if edit == ("undo",):
            document.undo()
            if before[1]:
                undone.append(done.pop())
        elif edit == ("redo",):
            document.redo()
            if before[1] < before[0]:
                done.append(undone.pop())
        else:
            _replay(document, edit)
            if document.history.cursor > before[1]:
                done.append(edit)
                undone.clear()
    fresh = Document()
    fill(fresh)
    for edit in done:
        _replay(fresh, edit)
    assert state(document) == state(fresh)
    values, pixels = np.unique(document.label_map, return_counts=True)
    assert document.counts() == dict(zip(values.tolist(), pixels.tolist(), strict=True))


@pytest.mark.parametrize("error", [OSError("no such device"), PatchError("torn"), MemoryError()])
def test_a_jump_stops_at_a_step_that_cannot_be_read(document: Document, error: Exception) -> None:
    states, told = [document.label_map.copy()], []
    for value in range(1, 6):
        document.paint("Brush", stroke((10 * value, 20), (10 * value, 20), 4, document.shape), value)
        states.append(document.label_map.copy())

    def read(seq: int) -> MaskPatch:
        if seq == 2:
            raise error
        return patches[seq]

    patches = {entry.step.seq: entry.patch for entry in document.history._entries}
    document.history.load(document.history.steps, 5, read)
    document.unreadable.connect(told.append)
    commits = []
    document.committed.connect(lambda commit: commits.append((commit.kind, commit.cursor)))
    document.jump(0)
    assert told == [error] and document.history.cursor == 2 and commits == [("move", 2)]
    assert (document.label_map == states[2]).all()
    document.jump(0)
    assert len(told) == 2 and commits == [("move", 2)] and (document.label_map == states[2]).all()
    document.jump(5)
    assert (document.label_map == states[5]).all() and commits[1:] == [("move", 5)]


def test_a_preview_that_fails_leaves_nothing_of_the_one_before(document: Document) -> None:
    before = state(document)
    document.hold("Fill")
    document.show(MaskPatch([Piece((3, 3, 5, 5), 6, HUMAN)]))
    with pytest.raises(PatchError):
        document.show(MaskPatch([Piece((20, 20, 5, 5), b"\x02no zlib", 0)]))
    document.restore()
    assert state(document) == before


def test_what_is_announced_together_is_numbered_as_the_planes_are(document: Document) -> None:
    """A map is written from a snapshot that is taken when an edit is announced, and is marked with its number."""
    announced: list[Commit] = []
    snapshots: list[tuple[int, bytes]] = []

    def committed(commit: Commit) -> None:
        announced.append(commit)
        snapshots.append((document.seq, document.snapshot().rows(slice(None))[0].tobytes()))

    label_map, provenance = document.label_map.copy(), document.provenance.copy()
    document.committed.connect(committed)
    paint(document, 30, 30, 3)
    document.undo()
    document.apply_prediction(np.full(document.shape, 6, np.uint8))
    steps: list[MaskPatch] = []
    cursor, states = 0, {}
    for commit in announced:
        if commit.patch is not None:
            del steps[len(steps) if commit.text == "Taken back" else cursor :]
            steps.append(commit.patch)
        for patch in steps[min(cursor, commit.cursor) : max(cursor, commit.cursor)]:
            patch.apply(label_map, provenance)
        cursor = commit.cursor
        states[commit.seq] = label_map.tobytes()
    assert [commit.text for commit in announced] == ["Brush", "", "Taken back", "Predict"]
    assert all(states[seq] == held for seq, held in snapshots)
