"""The power may be cut between any two calls that reach the disk, and whatever was said to be safe is there."""

from __future__ import annotations

import io
import json
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as pillow

import model.journal_file
from model import disk
from model.classes import Class
from model.images import read_image
from model.journal import Commit, Limits
from model.journal_file import JournalFile
from model.patches import MaskPatch, piece_between
from model.plane_source import of_arrays
from model.prediction import Prediction
from model.provenance import ACCEPTED, HUMAN, MODEL
from model.workspace import Held, Workspace

SHAPE = (24, 32)
State = tuple[bytes, bytes]


@dataclass
class Inode:
    """A file's content as every program sees it, and as it would be after the power is gone."""

    data: bytes = b""
    synced: bytes = b""
    changed: int = 0


@dataclass
class Disk:
    """What a trace of calls leaves. `durable` are the names that would still be there."""

    names: dict[str, Inode] = field(default_factory=dict)
    durable: dict[str, Inode] = field(default_factory=dict)
    safe: dict[str, int] = field(default_factory=dict)
    time: int = 0

    def do(self, call: tuple) -> None:
        kind, *rest = call
        self.time += 1
        getattr(self, f"_{kind}")(*rest)

    def _create(self, path: str) -> None:
        self.names[path] = Inode()

    def _append(self, path: str) -> None:
        self.names.setdefault(path, Inode())

    def _write(self, path: str, data: bytes) -> None:
        self.names[path].data += data
        self._touch(path)

    def _touch(self, path: str) -> None:
        self.names[path].changed = self.time

    def _sync(self, path: str) -> None:
        self.names[path].synced = self.names[path].data

    def _truncate(self, path: str, size: int) -> None:
        self.names[path].data = self.names[path].data[:size]

    def _sync_folder(self, folder: str) -> None:
        inside = {path for path in {*self.names, *self.durable} if os.path.dirname(path) == folder}
        for path in inside:
            self.durable.pop(path, None)
            if path in self.names:
                self.durable[path] = self.names[path]

    def _move(self, old: str, new: str) -> None:
        self.names[new] = self.names.pop(old)

    def _remove(self, path: str) -> None:
        self.names.pop(path, None)

    def _told(self, image: str, state: int) -> None:
        self.safe[image] = state

    def only_synced(self, chance: random.Random) -> dict[str, bytes]:
        return {path: inode.synced for path, inode in self.durable.items()}

    def without_unsynced_data(self, chance: random.Random) -> dict[str, bytes]:
        return {path: _common(inode) for path, inode in self.names.items()}

    def torn(self, chance: random.Random) -> dict[str, bytes]:
        """What was not synced reached the disk up to some byte; behind it may lie what was never written."""
        found = {}
        for path, inode in self.names.items():
            sure = _common(inode)
            end = chance.randint(len(sure), len(inode.data))
            filler = b"" if chance.random() < 0.5 else bytes(len(inode.data) - end)
            found[path] = inode.data[:end] + filler
        return found


def _common(inode: Inode) -> bytes:
    return inode.synced if inode.data.startswith(inode.synced) else inode.data


class Recorder:
    """Stands in for the functions of `model.disk`, which still do their work, and remembers every call."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.trace: list[tuple] = []
        self._real = {name: getattr(disk, name) for name in ("create", "append", "sync", "sync_folder", "truncate")}
        for name in ("create", "append"):
            monkeypatch.setattr(disk, name, self._opening(name))
        monkeypatch.setattr(disk, "sync", lambda file: self._then(self._real["sync"], file, ("sync", file.path)))
        for name, kind in (
            ("replace", "move"),
            ("rename", "move"),
            ("remove", "remove"),
            ("sync_folder", "sync_folder"),
        ):
            monkeypatch.setattr(disk, name, self._of_paths(getattr(disk, name), kind))
        monkeypatch.setattr(disk, "truncate", self._truncate)
        monkeypatch.setattr(disk, "write_new", self._write_new)

    def tell(self, image: str, state: int) -> None:
        self.trace.append(("told", image, state))

    def name_of(self, path: Path) -> str:
        return os.path.relpath(path, self.root)

    def _opening(self, name: str) -> Callable:
        def opened(path: Path) -> RecordedFile:
            file = RecordedFile(self._real[name](path), self.name_of(path), self.trace)
            self.trace.append((name, file.path))
            return file

        return opened

    def _of_paths(self, call: Callable, kind: str) -> Callable:
        def recorded(*paths: Path) -> None:
            call(*paths)
            self.trace.append((kind, *(self.name_of(path) for path in paths)))

        return recorded

    def _truncate(self, path: Path, size: int) -> None:
        self._then(lambda: self._real["truncate"](path, size), None, ("truncate", self.name_of(path), size))

    def _write_new(self, path: Path, content: bytes, durable: bool) -> None:
        with disk.create(path) as file:
            file.write(content)
            if durable:
                disk.sync(file)

    def _then(self, call: Callable, file: Any, entry: tuple) -> None:
        call(file.file) if file is not None else call()
        self.trace.append(entry)


class RecordedFile(io.RawIOBase):
    def __init__(self, file: Any, path: str, trace: list[tuple]) -> None:
        super().__init__()
        self.file, self.path, self._trace = file, path, trace

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._trace.append(("write", self.path, bytes(data)))
        return self.file.write(data)

    def flush(self) -> None:
        if not self.file.closed:
            self.file.flush()

    def fileno(self) -> int:
        return self.file.fileno()

    def close(self) -> None:
        self.file.close()
        super().close()


class Person:
    """Edits two images through a workspace, as a session does, and knows every state they were in."""

    def __init__(self, workspace: Workspace, recorder: Recorder) -> None:
        self.workspace = workspace
        self.recorder = recorder
        self.states: dict[str, list[State]] = {}
        self.name = ""
        self.planes: tuple[np.ndarray, np.ndarray]

    def open(self, name: str) -> None:
        maps = self.workspace.read_maps(name, SHAPE)
        self.name, self.planes = name, (maps.label_map, maps.provenance)
        self.journal = self.workspace.journal(name, maps)
        story = maps.past.story if maps.past is not None else None
        self.seq, self.cursor = (story.seq, story.cursor) if story is not None else (0, 0)
        self.history = [self.journal.read(step.key) for step in story.steps] if story is not None else []
        self.states.setdefault(name, [self._state()])

    def paint(self, value: int, who: int = HUMAN, side: int = 9) -> None:
        x, y = value * 5 % 20, value * 3 % 14
        after = tuple(plane.copy() for plane in self.planes)
        after[0][y : y + side, x : x + side], after[1][y : y + side, x : x + side] = value, who
        patch = MaskPatch([piece_between((0, 0), self.planes, after)])
        del self.history[self.cursor :]
        self.history.append(patch)
        self._commit(patch, self.cursor + 1, patch.to_bytes())

    def undo(self) -> None:
        self._commit(self.history[self.cursor - 1], self.cursor - 1, None)

    def save(self) -> None:
        self.workspace.write_work(self.name, of_arrays(*self.planes), Held(self.journal, self.seq))

    def save_label(self) -> None:
        image = read_image(self.workspace.folder / self.name)
        planes = of_arrays(*self.planes)
        self.workspace.save_label(self.name, image, planes, accepted=True, held=Held(self.journal, self.seq))

    def _commit(self, patch: MaskPatch, cursor: int, data: bytes | None) -> None:
        patch.apply(*self.planes)
        self.seq, self.cursor = self.seq + 1, cursor
        self.states[self.name].append(self._state())
        uids = {item.value: item.uid for item in self.workspace.classes.classes}
        self.journal.append([Commit(self.seq, float(self.seq), cursor, "Brush", data)], uids)
        self.recorder.tell(self.name, len(self.states[self.name]) - 1)

    def _state(self) -> State:
        return self.planes[0].tobytes(), self.planes[1].tobytes()


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[list[tuple], dict[str, list[State]], Path]]:
    """A day's work: the trace of it, the states of each image, and the folder of images."""
    monkeypatch.setattr(model.journal_file, "Limits", lambda: Limits(steps=6, idle=600, replayed=300))
    folder = tmp_path / "images"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        pillow.new("L", SHAPE[::-1], 90).save(folder / name)
    recorder = Recorder(folder, monkeypatch)
    workspace = Workspace.open(folder)
    person = Person(workspace, recorder)
    work_a_day(person)
    workspace.close()
    monkeypatch.undo()
    yield recorder.trace, person.states, folder


def work_a_day(person: Person) -> None:
    person.open("a.png")
    person.paint(1, MODEL)
    person.workspace.write_prediction("a.png", prediction(), shown=True)
    person.paint(2)
    person.undo()
    person.save()
    person.paint(3)
    person.paint(4, ACCEPTED)
    person.save_label()
    person.open("b.png")
    person.paint(5)
    person.workspace.set_classes(person.workspace.classes.with_class(Class("x", 40, "X", (1, 2, 3))))
    person.paint(40)
    person.save()
    person.open("a.png")
    for value in range(6, 14):
        person.paint(value)
    person.undo()
    person.save()
    person.undo()
    person.paint(2)
    person.save_label()
    person.paint(7)


def prediction() -> Prediction:
    scores = np.zeros((14, 6, 8), np.uint8)
    return Prediction(np.full(SHAPE, 3, np.uint8), np.full(SHAPE, 9, np.uint8), scores, tuple(range(14)), "run 1")


def test_whatever_the_cut_leaves_is_a_state_no_older_than_the_last_that_was_safe(told: tuple, tmp_path: Path) -> None:
    trace, states, images = told
    assert sum(call[0] == "move" for call in trace) > 15 and any(call[0] == "append" for call in trace)
    chance, disks = random.Random(5), 0
    drive = Disk()
    for number, call in enumerate(trace):
        drive.do(call)
        if call[0] == "told":
            continue
        for kind in (drive.only_synced, drive.without_unsynced_data, drive.torn):
            place = tmp_path / f"{number}-{kind.__name__}"
            build(place, images, drive, kind(chance))
            problems = examine(place, states, drive.safe)
            assert not problems, f"after call {number}, {call[:2]}, {kind.__name__}: {problems}"
            disks += 1
    assert disks > 300


def test_a_journal_that_promises_before_it_syncs_would_be_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: tuple
) -> None:
    trace, states, images = told
    lazy = [call for call in trace if call[0] != "sync" or not call[1].endswith(".journal")]
    drive, chance, found = Disk(), random.Random(5), []
    for call in lazy:
        drive.do(call)
    build(tmp_path / "lazy", images, drive, drive.only_synced(chance))
    found += examine(tmp_path / "lazy", states, drive.safe)
    assert found


def build(place: Path, images: Path, drive: Disk, files: dict[str, bytes]) -> None:
    place.mkdir()
    for image in images.glob("*.png"):
        os.link(image, place / image.name)
    for name, content in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
        inode = drive.names.get(name) or drive.durable[name]
        os.utime(place / name, (1_700_000_000 + inode.changed,) * 2)


def examine(folder: Path, states: dict[str, list[State]], safe: dict[str, int]) -> list[str]:
    problems = []
    workspace = Workspace.open(folder)
    problems += [str(notice) for notice in workspace.notices]
    for name, known in states.items():
        maps = workspace.read_maps(name, SHAPE)
        found = maps.label_map.tobytes(), maps.provenance.tobytes()
        of_the_model = prediction().label_map.tobytes()
        if found not in known[safe.get(name, 0) :] and not (safe.get(name, 0) <= 1 and found[0] == of_the_model):
            problems.append(f"{name} is older than what was safe, or never was so")
        problems += [str(notice) for notice in maps.notices if "predictions" not in str(notice)]
        if maps.past is not None:
            journal = JournalFile(workspace.root / f"journal/{name}.journal", name, SHAPE, past=maps.past)
            for step in maps.past.story.steps:
                journal.read(step.key)
    for path in (*workspace.root.glob("labels/*"), *workspace.root.glob("work/*")):
        try:
            if path.suffix == ".png":
                with pillow.open(path) as picture:
                    assert np.array(picture).tobytes() in [label for label, _ in states[path.stem]]
            elif path.suffix == ".json":
                json.loads(path.read_text())
        except Exception as error:  # noqa: BLE001 - whatever it is, the file is damaged
            problems.append(f"{path.name}: {error!r}")
    workspace.close()
    return problems
