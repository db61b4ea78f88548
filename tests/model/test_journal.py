"""A journal gives back every edit that it said it had, whatever happens to its file."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model import disk
from model.journal import Commit, Limits, replay
from model.journal_file import JournalFile
from model.journal_records import JournalError, base_of, base_payload
from model.journal_story import TAKEN_BACK, Facts, Saved, scan, skim
from model.patches import MaskPatch, piece_between
from model.plane_source import of_arrays
from model.provenance import HUMAN, MODEL

SHAPE = (7, 9)
CLASSES = {0: "background", 6: "liver"}
TINY = Limits(steps=6, size=1 << 20, idle=200, replayed=200)


class Painter:
    """Does to two planes what a program does, keeps every state, and tells a journal of each edit.

    Its history has at most so many steps, and forgets the oldest.
    """

    def __init__(
        self, path: Path, limits: Limits | None = None, shape: tuple[int, int] = SHAPE, most: int = 1000
    ) -> None:
        self.most = most
        self.planes = np.full(shape, 255, np.uint8), np.zeros(shape, np.uint8)
        self.limits = limits
        self.history: list[MaskPatch] = []
        self.keys: list[int] = []
        self.cursor = self.seq = 0
        self.states = {0: self.state()}
        self.waiting: list[Commit] = []
        base = base_payload(0, of_arrays(*self.planes))
        self.file = JournalFile(path, "a.png", shape, base, limits=limits)

    def state(self) -> bytes:
        return b"".join(plane.tobytes() for plane in self.planes)

    def paint(self, value: int, x: int = 0, y: int = 0, side: int = 3) -> None:
        after = tuple(plane.copy() for plane in self.planes)
        after[0][y : y + side, x : x + side] = value
        after[1][y : y + side, x : x + side] = HUMAN if value % 2 else MODEL
        piece = piece_between((0, 0), self.planes, after)
        if piece is None:
            return
        patch = MaskPatch([piece])
        patch.apply(*self.planes)
        del self.history[self.cursor :], self.keys[self.cursor :]
        self.history.append(patch)
        self.keys.append(self.seq + 1)
        del self.history[: -self.most], self.keys[: -self.most]
        self.cursor = len(self.history)
        self._tell(Commit(self.seq + 1, 1000.0 + self.seq, self.cursor, "Brush", patch.to_bytes()))

    def jump(self, cursor: int) -> None:
        cursor = min(cursor, len(self.history))
        low, high = sorted((cursor, self.cursor))
        for patch in self.history[low:high]:
            patch.apply(*self.planes)
        if cursor != self.cursor:
            self.cursor = cursor
            self._tell(Commit(self.seq + 1, 1000.0 + self.seq, cursor))

    def sync(self) -> None:
        if self.waiting:
            self.file.append(self.waiting, CLASSES)
            self.waiting.clear()

    def save(self) -> None:
        self.sync()
        self.file.saved("work", "0" * 64, self.seq, True, of_arrays(*self.planes))

    def _tell(self, commit: Commit) -> None:
        self.waiting.append(commit)
        self.seq += 1
        self.states[self.seq] = self.state()


def state_in(path: Path, shape: tuple[int, int] = SHAPE) -> bytes:
    found = replay(path, shape)
    return found.label_map.tobytes() + found.provenance.tobytes()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.png.journal"


@pytest.fixture
def painter(path: Path) -> Painter:
    return Painter(path)


def test_what_was_written_is_read_again(painter: Painter, path: Path) -> None:
    for value in range(5):
        painter.paint(value, x=value)
    painter.jump(2)
    painter.sync()
    found = replay(path, SHAPE)
    story = found.scan.story
    assert state_in(path) == painter.state()
    assert [step.text for step in story.steps] == ["Brush"] * 5 and story.cursor == 2
    assert story.unsaved == 6 and story.last_edit == 1005.0 and story.uids == CLASSES


def test_every_step_can_be_read_from_the_file(painter: Painter) -> None:
    for value in range(5):
        painter.paint(value, x=value)
    painter.sync()
    for key, patch in zip(painter.keys, painter.history, strict=True):
        assert painter.file.read(key).to_bytes() == patch.to_bytes()
    with pytest.raises(JournalError):
        painter.file.read(99)


def test_painting_over_what_was_undone_before_the_base_is_right(path: Path) -> None:
    painter = Painter(path, Limits(idle=0, replayed=0))
    for value in range(4):
        painter.paint(value, x=value)
    painter.save()
    assert scan(path).story.base_cursor == 4
    painter.jump(1)
    painter.paint(9, y=3)
    painter.sync()
    assert state_in(path) == painter.state()
    assert scan(path).story.cursor == 2


def test_a_reopened_journal_goes_on_and_can_be_undone_to_its_start(painter: Painter, path: Path) -> None:
    for value in range(3):
        painter.paint(value, x=value)
    painter.sync()
    found = replay(path, SHAPE)
    painter.file.close()
    painter.file = JournalFile(path, "a.png", SHAPE, past=found.scan)
    painter.paint(8, y=4)
    painter.jump(0)
    painter.sync()
    assert state_in(path) == painter.states[0]
    assert [painter.file.read(key).to_bytes() for key in painter.keys] == [p.to_bytes() for p in painter.history]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 8), st.integers(0, 6)), max_size=40))
def test_any_sequence_leaves_what_replaying_it_leaves(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[int, int, int]]
) -> None:
    path = tmp_path_factory.mktemp("journal") / "a.journal"
    painter = Painter(path, Limits(steps=1000, idle=300, replayed=300))
    for act, first, second in acts:
        if act < 3:
            painter.paint(first, first, second)
        elif act == 3:
            painter.jump(first)
        elif act == 4:
            painter.save()
        elif painter.seq:
            painter.sync()
            past = replay(path, SHAPE).scan
            assert len(past.story.steps) == len(painter.history) and past.story.cursor == painter.cursor
            painter.file.close()
            painter.file = JournalFile(path, "a.png", SHAPE, past=past, limits=painter.limits)
            painter.keys = [step.key for step in past.story.steps]
            painter.seq = past.story.seq
        painter.sync()
        if painter.seq:
            assert state_in(path) == painter.state()
    for key, patch in zip(painter.keys, painter.history, strict=True):
        assert painter.file.read(key).to_bytes() == patch.to_bytes()
    painter.file.close()


def test_cut_at_every_byte_it_opens_in_a_state_that_was(painter: Painter, path: Path, tmp_path: Path) -> None:
    for value in range(3):
        painter.paint(value, x=value)
        painter.sync()
    painter.jump(1)
    painter.save()
    painter.paint(4, y=4)
    painter.sync()
    whole, cut, seen = path.read_bytes(), tmp_path / "cut.journal", set()
    states = set(painter.states.values())
    for size in range(len(whole) + 1):
        cut.write_bytes(whole[:size])
        try:
            state = state_in(cut)
        except JournalError:
            assert not seen, "once there was a state, there is one"
            continue
        assert state in states
        seen.add(state)
    assert len(seen) == 5 and not scan(path).damaged


def test_a_flipped_bit_anywhere_leaves_a_state_that_was(painter: Painter, path: Path, tmp_path: Path) -> None:
    for value in range(3):
        painter.paint(value, x=value)
    painter.sync()
    whole, flipped = path.read_bytes(), tmp_path / "flipped.journal"
    states = set(painter.states.values())
    damaged = 0
    for place in range(len(whole)):
        content = bytearray(whole)
        content[place] ^= 1 << place % 8
        flipped.write_bytes(content)
        try:
            assert state_in(flipped) in states
            damaged += scan(flipped).damaged
        except JournalError:
            assert place < whole.index(b"Brush")
    assert damaged > 50, "strokes behind the damaged one are noticed"


def test_what_is_torn_off_goes_and_what_is_damaged_in_the_middle_is_kept(painter: Painter, path: Path) -> None:
    for value in range(4):
        painter.paint(value, x=value)
    painter.sync()
    painter.file.close()
    whole = bytearray(path.read_bytes())
    third = scan(path).story.steps[2]
    whole[third.offset + 40] ^= 1
    path.write_bytes(whole)
    found = replay(path, SHAPE)
    assert found.scan.damaged and found.label_map.tobytes() + found.provenance.tobytes() == painter.states[2]
    again = JournalFile(path, "a.png", SHAPE, past=found.scan)
    again.append([Commit(3, 1.0, 1)], CLASSES)
    assert (path.parent / "a.png.damaged-1.journal").read_bytes() == whole
    assert state_in(path) == painter.states[1] and not scan(path).damaged
    again.close()
    with open(path, "ab") as file:
        file.write(b"torn")
    past = replay(path, SHAPE).scan
    JournalFile(path, "a.png", SHAPE, past=past).append([Commit(4, 1.0, 0)], CLASSES)
    assert state_in(path) == painter.states[0] and not (path.parent / "a.png.damaged-2.journal").exists()


class FullDisk:
    """Refuses the n-th of the calls that write, and then works again."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = -1
        for name in ("create", "write_new", "append", "write", "sync", "replace", "rename", "truncate"):
            monkeypatch.setattr(disk, name, self._limited(getattr(disk, name)))

    def _limited(self, call: Callable) -> Callable:
        def limited(*arguments: object) -> object:
            self.left -= 1
            if self.left == 0:
                if call.__name__ == "write":
                    arguments[0].write(arguments[1][: len(arguments[1]) // 2])
                raise OSError(errno.ENOSPC, "No space left on device")
            return call(*arguments)

        limited.__name__ = call.__name__
        return limited


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[FullDisk]:
    yield FullDisk(monkeypatch)


def test_a_full_disk_at_any_call_loses_nothing(full_disk: FullDisk, tmp_path: Path) -> None:
    refused = 0
    for number in itertools.count(1):
        path = tmp_path / f"{number}.journal"
        painter = Painter(path, TINY)
        full_disk.left = number
        for value in range(6):
            painter.paint(value, x=value)
            for _ in range(3):
                try:
                    painter.sync()
                    break
                except OSError:
                    refused += 1
                    if painter.seq > 1:
                        before = painter.seq - len(painter.waiting)
                        assert state_in(path) == painter.states[before] if before else not path.exists()
            try:
                painter.save()
            except OSError:
                refused += 1
            assert state_in(path) == painter.state()
        painter.file.close()
        if full_disk.left > 0:
            break
    assert refused > 20
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".part")]


def test_the_oldest_steps_go_when_there_are_too_many(path: Path) -> None:
    painter = Painter(path, TINY, most=6)
    for value in range(20):
        painter.paint(value, x=value % 7, y=value % 5)
        painter.sync()
    painter.save()
    found = replay(path, SHAPE)
    assert state_in(path) == painter.state()
    assert len(found.scan.story.steps) == 6 and found.scan.story.unsaved == 0
    for key, patch in zip(painter.keys, painter.history, strict=True):
        assert painter.file.read(key).to_bytes() == patch.to_bytes()
    painter.jump(3)
    painter.sync()
    assert state_in(path) == painter.states[17]
    painter.jump(0)
    painter.sync()
    assert state_in(path) == painter.states[14]


def test_no_step_goes_that_the_history_can_still_go_to(path: Path) -> None:
    painter = Painter(path, TINY)
    for value in range(20):
        painter.paint(value, x=value % 7, y=value % 5)
    painter.jump(15)
    painter.jump(20)
    painter.save()
    assert len(replay(path, SHAPE).scan.story.steps) == 20
    painter.jump(0)
    painter.sync()
    assert state_in(path) == painter.states[0]


def test_no_record_alone_redoes_what_is_taken_up_to_be_kept(painter: Painter, path: Path) -> None:
    """A prediction comes where something could be redone: wherever the file ends, the image is as it was shown."""
    for value in range(4):
        painter.paint(value, x=value)
    painter.jump(1)
    painter.sync()
    pieces = [piece for patch in reversed(painter.history[1:]) for piece in patch.pieces]
    painter.history.append(MaskPatch(pieces))
    painter.cursor = 5
    painter._tell(Commit(painter.seq + 1, 1010.0, 5, TAKEN_BACK, MaskPatch(pieces).to_bytes()))
    painter.paint(9, side=5)
    painter.sync()
    whole, shown = path.read_bytes(), set(painter.states.values())
    states = []
    for end in range(len(whole), scan(path, until=4).end, -1):
        path.write_bytes(whole[:end])
        states.append(state_in(path))
        assert states[-1] in (painter.states[4], painter.states[5], painter.states[7]), end
    assert len(set(states)) == 3 and set(states) <= shown
    path.write_bytes(whole)
    assert replay(path, SHAPE).scan.story.cursor == 6
    for key, patch in zip((1, 2, 3, 4, 6, 7), painter.history, strict=True):
        assert painter.file.read(key).to_bytes() == patch.to_bytes()
    painter.jump(4)
    painter.sync()
    assert state_in(path) == painter.states[4]


def test_a_compaction_keeps_what_is_painted_meanwhile(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    painter = Painter(path, Limits(idle=0, replayed=0))
    for value in range(6):
        painter.paint(value, x=value)
    painter.jump(4)
    painter.sync()
    seq, planes = painter.seq, tuple(plane.copy() for plane in painter.planes)
    sync, done = disk.sync, []

    def paint_then_sync(file: object) -> None:
        if not done:
            done.append(True)
            painter.paint(12, y=4)
            painter.jump(3)
            painter.sync()
        sync(file)

    monkeypatch.setattr(disk, "sync", paint_then_sync)
    size = path.stat().st_size
    painter.file.saved("work", "0" * 64, seq, True, of_arrays(*planes))
    assert done and path.stat().st_size < size + 400
    story = scan(path).story
    assert story.base_cursor == 4 and story.unsaved == 2 and state_in(path) == painter.state()
    for key, patch in zip(painter.keys, painter.history, strict=True):
        assert painter.file.read(key).to_bytes() == patch.to_bytes()


def test_dead_bytes_do_not_pile_up(path: Path) -> None:
    painter = Painter(path, Limits(idle=2000))
    for number in range(300):
        painter.paint(number % 13, number % 7, number % 5)
        painter.jump(0)
        painter.save()
    assert path.stat().st_size < 4000


def test_a_new_class_is_named_before_it_is_used(painter: Painter, path: Path) -> None:
    painter.paint(6)
    painter.sync()
    painter.paint(9, x=4)
    painter.file.append(painter.waiting, CLASSES | {9: "tumour"})
    assert scan(path).story.uids == CLASSES | {9: "tumour"}


def test_an_edit_that_could_not_be_read_again_is_not_written(
    painter: Painter, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stays with whoever has it, and the map's file holds it; behind it in the journal all would be lost."""
    painter.paint(3)
    painter.sync()
    whole = path.read_bytes()
    painter.paint(5, x=4)
    monkeypatch.setattr("model.journal_records._LONGEST", len(painter.waiting[0].patch))
    with pytest.raises(JournalError, match="too many for one record"):
        painter.sync()
    assert path.read_bytes() == whole
    monkeypatch.undo()
    painter.sync()
    assert state_in(path) == painter.state()


@pytest.mark.parametrize("text", ["Brush", "Brush\t" + "ü" * 300, "x" * 5000])
def test_a_glance_at_a_journal_finds_a_persons_edit_whatever_it_is_called(
    painter: Painter, path: Path, text: str
) -> None:
    """A class of an imported table may have a uid of any length."""
    painter.paint(3)
    painter.waiting[0] = replace(painter.waiting[0], text=text)
    painter.sync()
    assert skim(path) == Facts(1, 1000.0, True)


def test_a_glance_at_a_journal_finds_a_persons_edit_that_was_redone(painter: Painter, path: Path) -> None:
    """Behind a map that was saved while it was undone, and in which nothing of a person is."""
    painter.paint(3)
    painter.jump(0)
    painter.sync()
    painter.file.saved("work", "0" * 64, painter.seq, False)
    assert skim(path) == Facts(0, 1001.0, False)
    painter.jump(1)
    painter.sync()
    assert skim(path) == Facts(1, 1002.0, True)


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (257, 3), (130, 70)])
def test_a_base_holds_both_planes_exactly(shape: tuple[int, int]) -> None:
    random = np.random.default_rng(0).integers(0, 256, (2, *shape)).astype(np.uint8)
    late = np.full((2, *shape), 9, np.uint8)
    late[:, -1, -1] = 3
    flat = np.full((2, *shape), 7, np.uint8)
    for planes in (random, flat, late, np.stack((random[0], np.zeros(shape, np.uint8)))):
        found = base_of(base_payload(3, of_arrays(*planes)), shape)
        assert np.array_equal(found[0], planes[0]) and np.array_equal(found[1], planes[1])


def test_another_shape_is_refused(painter: Painter, path: Path) -> None:
    painter.paint(1)
    painter.sync()
    with pytest.raises(JournalError):
        replay(path, (9, 7))


def test_a_journal_that_is_removed_is_written_anew_from_what_is_still_open(painter: Painter, path: Path) -> None:
    for value in range(3):
        painter.paint(value, x=value)
    painter.sync()
    path.unlink()
    assert painter.file.read(painter.keys[0]).to_bytes() == painter.history[0].to_bytes()
    painter.paint(7, y=3)
    painter.sync()
    assert state_in(path) == painter.state() and len(scan(path).story.steps) == 4


@pytest.fixture
def as_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing takes the place of a file that is open in this process."""
    handles, replace_file = Path("/proc/self/fd"), disk.replace
    if not handles.is_dir():
        pytest.skip("the system does not tell which files are open")

    def replace_closed(old: Path | str, new: Path | str) -> None:
        opened = set()
        for handle in handles.iterdir():
            with contextlib.suppress(OSError):  # that of the listing itself
                opened.add(os.readlink(handle))
        if os.path.realpath(new) in opened:
            raise PermissionError(errno.EACCES, "The file is in use", str(new))
        replace_file(old, new)

    monkeypatch.setattr(disk, "replace", replace_closed)


@pytest.mark.usefixtures("as_on_windows")
def test_a_journal_that_is_shown_is_compacted_and_held_again(path: Path) -> None:
    painter = Painter(path, Limits(idle=2000))
    painter.paint(1)
    painter.sync()
    painter.file.hold()
    for number in range(300):
        painter.paint(number % 13, number % 7, number % 5)
        painter.jump(0)
        painter.save()
    assert path.stat().st_size < 4000 and state_in(path) == painter.state()
    path.unlink()
    painter.paint(7, y=3)
    painter.sync()
    assert state_in(path) == painter.state(), "from the file that was held"


def surpassed_by_a_map(painter: Painter, path: Path) -> JournalFile:
    """The journal was cut off, and is shown again with a map that holds the edit that it has lost."""
    for value in range(3):
        painter.paint(value, x=value)
    painter.sync()
    painter.file.close()
    disk.truncate(path, path.stat().st_size - 5)
    found = JournalFile(path, "a.png", SHAPE, past=scan(path), surpassed=Saved("work", "0" * 64, 3, True))
    found.hold()
    return found


@pytest.mark.usefixtures("as_on_windows")
def test_after_a_journal_that_was_cut_off_the_next_stroke_is_written(painter: Painter, path: Path) -> None:
    file = surpassed_by_a_map(painter, path)
    number = file.number
    file.append([replace(painter_stroke(painter), seq=3)], CLASSES)
    assert file.number != number and len(scan(path).story.steps) == 3
    file.close()


def test_a_journal_that_could_not_be_numbered_anew_is_still_held(
    painter: Painter, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, stroke = surpassed_by_a_map(painter, path), painter_stroke(painter)

    replace_file = disk.replace

    def replace_others(old: str, new: str) -> None:
        if new == str(path):
            raise PermissionError(errno.EACCES, "The file is in use")
        replace_file(old, new)

    with monkeypatch.context() as patch, pytest.raises(PermissionError):
        patch.setattr(disk, "replace", replace_others)
        file.append([replace(stroke, seq=3)], CLASSES)
    path.unlink()
    file.append([replace(stroke, seq=3)], CLASSES)
    assert len(scan(path).story.steps) == 3
    file.close()


def painter_stroke(painter: Painter) -> Commit:
    painter.paint(9, y=4)
    return painter.waiting.pop()


def test_what_took_the_place_of_a_removed_journal_is_kept(painter: Painter, path: Path) -> None:
    painter.paint(3)
    painter.sync()
    path.unlink()
    path.write_bytes(b"somebody else's")
    painter.paint(4, x=2)
    painter.sync()
    assert state_in(path) == painter.state()
    assert (path.parent / "a.png.damaged-1.journal").read_bytes() == b"somebody else's"
