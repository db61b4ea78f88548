"""The history: hundreds of steps in a stated amount of memory, the others in the journal, the oldest gone."""

from __future__ import annotations

import weakref

import numpy as np
import pytest

from lsgui.history import History, Step
from lsgui.mask import MaskPatch
from lsgui.step_texts import joined, parted
from model.patches import PatchError, piece_between

SIDE = 64


def noise(seed: int, side: int = SIDE) -> MaskPatch:
    """A patch that hardly packs: about `side` squared bytes."""
    plane = np.random.default_rng(seed).integers(1, 256, (side, side)).astype(np.uint8)
    zero = np.zeros_like(plane)
    return MaskPatch([piece_between((0, 0), (zero, zero), (plane, zero))])


def effect(patch: MaskPatch) -> bytes:
    planes = np.zeros((2, SIDE, SIDE), np.uint8)
    patch.apply(*planes)
    return planes.tobytes()


def walked(history: History, cursor: int) -> list[bytes]:
    """What each step on the way there does."""
    passed: list[MaskPatch] = []
    history.walk(cursor, passed.append)
    return [effect(patch) for patch in passed]


def back(history: History) -> bytes:
    return walked(history, history.cursor - 1)[0]


def forward(history: History) -> bytes:
    return walked(history, history.cursor + 1)[0]


class Journal:
    """Holds what was pushed, by seq, as the journal of an image does."""

    def __init__(self) -> None:
        self.patches: dict[int, bytes] = {}
        self.broken = False

    def read(self, seq: int) -> MaskPatch:
        if self.broken:
            raise OSError("no such device")
        return MaskPatch.from_bytes(self.patches[seq], (SIDE, SIDE))


def push(history: History, seq: int, journal: Journal | None = None) -> None:
    history.push("Brush", noise(seq), float(seq), seq)
    if journal is not None:
        journal.patches[seq] = noise(seq).to_bytes()
        history.stored(seq)


def test_the_steps_are_walked_back_and_forth(qapp: object) -> None:
    history = History()
    for seq in (1, 2, 3):
        push(history, seq)
    assert [step.seq for step in history.steps] == [1, 2, 3] and history.can_undo
    assert back(history) == effect(noise(3)) and back(history) == effect(noise(2))
    assert forward(history) == effect(noise(2))
    push(history, 4)
    assert [step.seq for step in history.steps] == [1, 2, 4] and not history.can_redo
    assert walked(history, 0) == [effect(noise(seq)) for seq in (4, 2, 1)]
    assert not history.can_undo and history.can_redo
    with pytest.raises(IndexError):
        back(history)


def test_without_a_journal_the_oldest_steps_go_when_the_memory_is_full(qapp: object) -> None:
    history = History()
    history.memory_bytes, history.hot_bytes = 10 * SIDE * SIDE, 3 * SIDE * SIDE
    for seq in range(1, 31):
        push(history, seq)
    assert history.nbytes <= history.memory_bytes
    assert history.cursor == len(history.steps) == 30 - history.dropped >= 9
    assert history.steps[-1].seq == 30
    assert back(history) == effect(noise(30))


def test_with_a_journal_they_only_leave_the_memory(qapp: object) -> None:
    history, journal = History(), Journal()
    history.memory_bytes, history.hot_bytes = 10 * SIDE * SIDE, 3 * SIDE * SIDE
    history.load((), 0, journal.read)
    for seq in range(1, 31):
        push(history, seq, journal)
    assert history.nbytes <= history.memory_bytes and history.dropped == 0
    assert [back(history) for _ in range(30)] == [effect(noise(seq)) for seq in range(30, 0, -1)]


def test_what_the_journal_does_not_hold_yet_stays_in_memory(qapp: object) -> None:
    history, journal = History(), Journal()
    history.memory_bytes = history.hot_bytes = 2 * SIDE * SIDE
    history.load((), 0, journal.read)
    for seq in range(1, 6):
        push(history, seq)
    assert [back(history) for _ in range(5)] == [effect(noise(seq)) for seq in range(5, 0, -1)]


def test_the_journal_is_bounded_too(qapp: object) -> None:
    history, journal = History(), Journal()
    history.memory_bytes, history.hot_bytes, history.disk_bytes = 3 * SIDE * SIDE, 0, 10 * SIDE * SIDE
    history.load((), 0, journal.read)
    for seq in range(1, 31):
        push(history, seq, journal)
    assert 8 <= history.cursor == len(history.steps) <= 10 and history.dropped == 30 - history.cursor


def test_more_steps_than_a_list_can_show_are_dropped(qapp: object) -> None:
    history = History()
    history.most_steps = 5
    for seq in range(1, 9):
        push(history, seq)
    assert [step.seq for step in history.steps] == [4, 5, 6, 7, 8] and history.dropped == 3


def test_one_step_larger_than_everything_stays(qapp: object) -> None:
    history = History()
    history.memory_bytes = history.hot_bytes = history.disk_bytes = 10
    for seq in (1, 2):
        push(history, seq)
    assert [step.seq for step in history.steps] == [2]
    assert back(history) == effect(noise(2)) and history.can_redo


def test_the_steps_of_an_image_that_is_opened_again(qapp: object) -> None:
    history, journal = History(), Journal()
    journal.patches = {seq: noise(seq).to_bytes() for seq in (4, 7)}
    history.load((Step("Brush", 1.0, 100, 4), Step("Fill", 2.0, 100, 7)), 1, journal.read)
    assert [step.text for step in history.steps] == ["Brush", "Fill"] and history.nbytes == 0
    assert forward(history) == effect(noise(7))
    push(history, 9)
    assert [step.seq for step in history.steps] == [4, 7, 9]


@pytest.mark.parametrize("error", [OSError, PatchError])
def test_a_step_that_cannot_be_read_moves_nothing(qapp: object, error: type[Exception]) -> None:
    def read(seq: int) -> MaskPatch:
        raise error("gone")

    history = History()
    history.load((Step("Brush", 1.0, 100, 1),), 1, read)
    with pytest.raises(error):
        back(history)
    assert history.cursor == 1


def test_what_fails_on_the_way_stops_the_walk_there(qapp: object) -> None:
    history, moves, done = History(), [], []
    for seq in (1, 2, 3):
        push(history, seq)
    history.changed.connect(lambda: moves.append(history.cursor))

    def fail_at_the_second(patch: MaskPatch) -> None:
        if done:
            raise MemoryError
        done.append(patch)

    with pytest.raises(MemoryError):
        history.walk(0, fail_at_the_second)
    assert history.cursor == 2 and moves == [2]
    assert back(history) == effect(noise(2))


def test_of_the_steps_that_are_passed_one_is_in_memory(qapp: object) -> None:
    history, journal, alive = History(), Journal(), weakref.WeakSet()
    history.load(tuple(Step("Fill", 1.0, 100, seq) for seq in range(1, 9)), 8, journal.read)
    journal.patches = {seq: noise(seq).to_bytes() for seq in range(1, 9)}

    def do(patch: MaskPatch) -> None:
        alive.add(patch)
        assert len(alive) <= 2  # that of the step before goes when this one has been read

    history.walk(0, do)
    assert len(alive) == 0


def test_packing_that_ends_late_finds_its_step(qapp: object) -> None:
    """The lane may take its time: the step may have been undone, or cut off, by then."""
    later = []
    history = History(background=later.append)
    history.hot_bytes = 0
    for seq in (1, 2):
        push(history, seq)
    back(history)
    push(history, 3)
    before = history.nbytes
    for work in later:
        work()
    assert [step.seq for step in history.steps] == [1, 3] and history.nbytes < before + 100
    assert back(history) == effect(noise(3)) and back(history) == effect(noise(1))


@pytest.mark.parametrize(("key", "uid"), [("Brush", "liver"), ("Brush", ""), ("Copy from the next", "c-1f")])
def test_the_journal_calls_a_step_by_its_edit_and_its_class(key: str, uid: str) -> None:
    assert parted(joined(key, uid)) == (key, uid)
    assert parted(key) == (key, ""), "as older journals do"
