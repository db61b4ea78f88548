"""Any sequence of edits, undos, jumps, switches and reopenings leaves what a list of full copies says."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import lsgui.mask
from lsgui.document import Document
from lsgui.history import Commit, Past, Step
from lsgui.mask import AnyRegion, Ink, Region, Spans, patch_of
from lsgui.rules import EMPTY, FREE, Rules
from lsgui.snapshot import Snapshot
from model import disk
from model.images import Image
from model.journal import Commit as Written
from model.journal import Limits, replay
from model.journal_file import JournalFile
from model.journal_records import base_payload
from model.labels import UNTOUCHED
from model.plane_source import of_arrays
from model.provenance import ACCEPTED, HUMAN, KEPT, MODEL, UNSET

SHAPES = {"a.png": (23, 37), "b.png": (40, 19)}
MOST_STEPS = 8
Planes = tuple[np.ndarray, np.ndarray]


@dataclass
class Copies:
    """The same image, kept in the dullest way: one full copy of both planes for every step.

    The first `dropped` steps can no longer be undone.
    """

    planes: list[Planes]
    texts: list[str] = field(default_factory=list)
    cursor: int = 0
    dropped: int = 0

    @property
    def now(self) -> Planes:
        return self.planes[self.cursor]

    def push(self, text: str, planes: Planes) -> None:
        if all((old == new).all() for old, new in zip(self.now, planes, strict=True)):
            return
        if text == "Predict" and not set(self.texts[self.cursor :]) <= {"Predict", "Revert to prediction"}:
            self.planes.append(self.now)
            self.texts.append("Taken back")
            self.cursor = len(self.texts)
        del self.planes[self.cursor + 1 :], self.texts[self.cursor :]
        self.planes.append(planes)
        self.texts.append(text)
        self.cursor += 1


def planes_of(seed: int, shape: tuple[int, int]) -> Planes:
    """Blotches, so that runs and tiles are of every kind."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 5, (-(-shape[0] // 6), -(-shape[1] // 6))).astype(np.uint8)
    return np.repeat(np.repeat(coarse, 6, 0), 6, 1)[: shape[0], : shape[1]]


@st.composite
def areas(draw: st.DrawFn) -> tuple[float, float, float, float, int, bool]:
    """A box as shares of the image, a seed of what is left out of it, and whether it is spans."""
    return (*(draw(st.floats(0, 1)) for _ in range(4)), draw(st.integers(0, 3)), draw(st.booleans()))


def region_of(area: tuple, shape: tuple[int, int]) -> AnyRegion:
    (h, w), (left, top, right, bottom, seed, spans) = shape, area
    x, y = int(left * (w - 1)), int(top * (h - 1))
    width, height = 1 + int(right * (w - 1 - x)), 1 + int(bottom * (h - 1 - y))
    mask = np.random.default_rng(seed).random((height, width)) < (0.6 if seed else 2)
    if not spans:
        return Region((x, y, width, height), mask)
    edges = np.diff(np.pad(mask.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    rows, starts = np.nonzero(edges == 1)
    return Spans((x, y, width, height), rows + y, starts + x, np.nonzero(edges == -1)[1] + x)


def mask_of(region: AnyRegion, shape: tuple[int, int]) -> np.ndarray:
    whole = np.zeros(shape, bool)
    x, y, w, h = region.box
    if isinstance(region, Region):
        whole[y : y + h, x : x + w] = region.mask
    else:
        for row, start, stop in zip(region.rows, region.starts, region.stops, strict=True):
            whole[row, start:stop] = True
    return whole


def painted(planes: Planes, pixels: np.ndarray, region: AnyRegion, ink: Ink, rules: Rules) -> Planes:
    """What painting should leave, worked out on whole planes."""
    label, origin = planes
    where = mask_of(region, label.shape) & ~np.isin(label, list(rules.protected))
    if rules.over is not None:
        where &= np.isin(label, (0, UNTOUCHED) if rules.over == EMPTY else (rules.over,))
    if rules.low is not None:
        where &= (pixels >= rules.low) & (pixels <= rules.high)
    if rules.selection is not None:
        where &= mask_of(rules.selection, label.shape)
    if ink.only_from is not None:
        where &= origin == ink.only_from
    value = label if ink.value is None else np.zeros_like(label)
    x, y, w, h = region.box
    if ink.value is not None:
        value[y : y + h, x : x + w] = ink.value
    return np.where(where, value, label), np.where(where, np.uint8(ink.provenance), origin)


INKS = st.one_of(st.integers(0, 4), st.sampled_from(["accept", "array"]))
RULES = st.one_of(
    st.just(None),
    st.tuples(st.frozensets(st.integers(0, 4), max_size=2), st.sampled_from([None, EMPTY, 1, 2]), st.booleans()),
)


class Editing(RuleBasedStateMachine):
    """Two images, of which one is open; each has a journal."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.patches = pytest.MonkeyPatch()
        self.patches.setattr(lsgui.mask, "_BAND_PIXELS", 150)
        self.patches.setattr(disk, "sync", lambda file: file.flush())
        self.patches.setattr(disk, "sync_folder", lambda path: None)
        self.document = Document(tile=8)
        self.document.history.most_steps = MOST_STEPS
        self.document.history.memory_bytes, self.document.history.hot_bytes = 900, 300
        self.document.committed.connect(self.committed)
        self.images = {name: self._image(name) for name in SHAPES}
        self.copies = {name: Copies([self._blank(name)]) for name in SHAPES}
        self.shots: list[tuple[Snapshot, Planes]] = []
        self.journal: JournalFile | None = None

    def teardown(self) -> None:
        self.patches.undo()
        self.journal.close()
        shutil.rmtree(self.folder)

    @property
    def now(self) -> Copies:
        return self.copies[self.document.name]

    @initialize()
    def start(self) -> None:
        self.open("a.png")

    def open(self, name: str) -> None:
        """From the journal, where there is one: nothing else was ever saved."""
        if self.journal is not None:
            self.journal.close()
        path, shape, limits = self.folder / name, SHAPES[name], Limits(steps=MOST_STEPS, idle=200, replayed=400)
        planes, past, found = self._blank(name), None, None
        if path.exists():
            found = replay(path, shape)
            planes, story = (found.label_map, found.provenance), found.scan.story
        base = base_payload(0, of_arrays(*planes)) if found is None else b""
        self.journal = JournalFile(path, name, shape, base, found and found.scan, limits=limits)
        if found is not None:
            steps = tuple(Step(step.text, step.time, step.size, step.key) for step in story.steps)
            past = Past(steps, story.cursor, story.seq + 1, self.journal.read)
        else:
            past = Past((), 0, 1, self.journal.read)
        self.shots.clear()
        self.document.load(self.images[name], *planes, name, past)

    def committed(self, commit: Commit) -> None:
        assert commit.kind == "move" or len(self.document.history.steps) <= MOST_STEPS
        patch = commit.patch and commit.patch.to_bytes()
        self.journal.append([Written(commit.seq, commit.time, commit.cursor, commit.text, patch)], {1: "liver"})
        self.document.history.stored(commit.seq)

    @rule(other=st.booleans())
    def leave_and_come_back(self, other: bool) -> None:
        names = [name for name in SHAPES if (name != self.document.name) == other]
        self.open(names[0])

    @rule()
    def save_a_map(self) -> None:
        """Which may compact the journal."""
        shot = self.document.snapshot()
        self.journal.saved("work", "00", shot.seq, True, shot)
        shot.close()

    @rule()
    def take_a_snapshot(self) -> None:
        self.shots = [*self.shots[-1:], (self.document.snapshot(), tuple(plane.copy() for plane in self.now.now))]

    @rule(strokes=st.lists(st.tuples(areas(), INKS, RULES), max_size=4), kept=st.booleans())
    def stroke(self, strokes: list, kept: bool) -> None:
        planes = self.now.now
        self.document.begin("Brush")
        for area, ink, rules in strokes:
            part = self._part(area, ink, rules)
            self.document.preview(*part)
            planes = painted(planes, self.document.image.pixels, *part)
            assert (self.document.label_map == planes[0]).all() and (self.document.provenance == planes[1]).all()
        if kept:
            self.now.push("Brush", planes)
            self.document.commit()
        else:
            self.document.undo()

    @rule(area=areas(), ink=INKS, rules=RULES)
    def paint(self, area: tuple, ink: object, rules: object) -> None:
        part = self._part(area, ink, rules)
        self.now.push("Polygon", painted(self.now.now, self.document.image.pixels, *part))
        self.document.paint("Polygon", *part)

    @rule(shown=st.lists(st.tuples(areas(), INKS, RULES), max_size=3), kept=st.booleans())
    def compute(self, shown: list, kept: bool) -> None:
        """A tool that works on a snapshot, and shows one result after another."""
        before = planes = self.now.now
        shot = self.document.hold("Wand")
        for area, ink, rules in shown:
            part = self._part(area, ink, rules)
            self.document.show(patch_of(shot, self.document.image.pixels, *part))
            planes = painted(before, self.document.image.pixels, *part)
            assert (self.document.label_map == planes[0]).all() and (self.document.provenance == planes[1]).all()
        if kept:
            self.now.push("Wand", planes)
            self.document.commit()
        else:
            self.document.restore()

    @rule(area=areas())
    def accept(self, area: tuple) -> None:
        region = region_of(area, self.document.shape)
        ink = Ink(None, ACCEPTED, only_from=MODEL)
        self.now.push("Accept", painted(self.now.now, self.document.image.pixels, region, ink, FREE))
        self.document.accept(region)

    @rule(seed=st.integers(0, 20), over=st.booleans())
    def predict(self, seed: int, over: bool) -> None:
        prediction, (label, origin) = planes_of(seed, self.document.shape), self.now.now
        free = over | ~np.isin(origin, KEPT)
        text = "Revert to prediction" if over else "Predict"
        self.now.push(text, (np.where(free, prediction, label), np.where(free, np.uint8(MODEL), origin)))
        (self.document.revert_to if over else self.document.apply_prediction)(prediction)

    @rule(all_of_it=st.booleans())
    def clear_or_fill(self, all_of_it: bool) -> None:
        label, origin = self.now.now
        if all_of_it:
            self.now.push("Clear", (np.full_like(label, UNTOUCHED), np.full_like(origin, UNSET)))
            self.document.clear()
        else:
            free = label == UNTOUCHED
            planes = np.where(free, np.uint8(0), label), np.where(free, np.uint8(HUMAN), origin)
            self.now.push("The rest is background", planes)
            self.document.fill_rest_with_background()

    @rule()
    def undo(self) -> None:
        self.now.cursor = max(self.now.dropped, self.now.cursor - 1)
        self.document.undo()

    @rule()
    def redo(self) -> None:
        self.now.cursor = min(len(self.now.texts), self.now.cursor + 1)
        self.document.redo()

    @precondition(lambda self: len(self.now.texts) > 1)
    @rule(data=st.data())
    def jump(self, data: st.DataObject) -> None:
        self.now.cursor = data.draw(st.integers(self.now.dropped, len(self.now.texts)))
        self.document.jump(self.now.cursor - self.now.dropped)

    @invariant()
    def agrees_with_the_copies(self) -> None:
        if not self.document.name:
            return
        history, copies = self.document.history, self.now
        copies.dropped = len(copies.texts) - len(history.steps)
        assert [step.text for step in history.steps] == copies.texts[copies.dropped :]
        assert copies.dropped >= 0 and history.cursor == copies.cursor - copies.dropped
        assert history.nbytes <= 900
        label, origin = copies.now
        assert (self.document.label_map == label).all() and (self.document.provenance == origin).all()
        values, pixels = np.unique(label, return_counts=True)
        assert self.document.counts() == dict(zip(values.tolist(), pixels.tolist(), strict=True))
        for shot, planes in self.shots:
            for seen, kept in zip(shot.rows(slice(None)), planes, strict=True):
                assert (seen == kept).all()

    def _part(self, area: tuple, ink: object, rules: object) -> tuple[AnyRegion, Ink, Rules]:
        region = region_of(area, self.document.shape)
        if ink == "accept":
            ink = Ink(None, ACCEPTED, only_from=MODEL)
        elif ink == "array":
            ink = Ink(planes_of(7, (region.box[3], region.box[2])))
        else:
            ink = Ink(ink)
        if rules is None:
            return region, ink, FREE
        protected, over, narrow = rules
        half = Region((0, 0, *self.document.shape[::-1]), planes_of(3, self.document.shape) > 1)
        return region, ink, Rules(protected, over, 50 if narrow else None, 200 if narrow else None, half)

    def _image(self, name: str) -> Image:
        pixels = np.random.default_rng(1).integers(0, 256, SHAPES[name]).astype(np.uint8)
        return Image(name, pixels, None, "", None, (), None)

    def _blank(self, name: str) -> Planes:
        return np.full(SHAPES[name], UNTOUCHED, np.uint8), np.full(SHAPES[name], UNSET, np.uint8)


TestEditing = Editing.TestCase
TestEditing.settings = settings(
    max_examples=30, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
