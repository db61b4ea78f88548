"""Neighbouring slices in the files lane: which they are, what their label maps hold, and writing those between."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from lsgui.live_planes import LivePlanes
from lsgui.mask import whole_patch
from lsgui.neighbours import between, placed
from lsgui.rules import Rules
from model.errors import ImageError, LabelError
from model.images import read_image
from model.progress import Progress, Report
from model.provenance import KEPT
from model.slice_headers import orientation_of, series_of, slice_position
from model.split import prefix_of
from model.workspace import Entry, Status, Workspace


@dataclass(frozen=True)
class Stack:
    """The labelled images nearest to the open one, in its stack, and those between that nobody has labelled."""

    before: Entry
    after: Entry
    share: float
    """How far the open image is on the way."""
    between: tuple[tuple[Entry, float], ...]


@dataclass(frozen=True)
class Work:
    """What a job in the files lane needs to know."""

    workspace: Workspace
    path: Path
    shape: tuple[int, int]
    values: tuple[int, ...]
    rules: Rules
    max_pixels: int


def stack_around(entries: Sequence[Entry], row: int) -> Stack | None:
    """In the files lane, since it may read many headers. None unless there is a labelled image on both sides."""
    mine = _stack_of(entries[row])
    if mine is None:
        return None

    def until_labelled(rest: Iterable[Entry]) -> list[Entry]:
        passed: list[Entry] = []
        for entry in rest:
            if _stack_of(entry) == mine:
                passed.append(entry)
                if entry.has_label:
                    return passed
        return []

    back, on = until_labelled(reversed(entries[:row])), until_labelled(entries[row + 1 :])
    if not back or not on:
        return None
    way = [*reversed(back), entries[row], *on]
    shares = _shares(way)
    inner = [place for place in range(1, len(way) - 1) if place != len(back)]
    return Stack(back[-1], on[-1], shares[len(back)], tuple((way[place], shares[place]) for place in inner))


def _shares(way: Sequence[Entry]) -> list[float]:
    """How far each is on the way from the first to the last, 0 to 1: in millimetres where all tell their place and lie in
    order, else by their numbers.
    """
    places = [slice_position(entry.path) for entry in way]
    if None not in places:
        steps = [after - before for before, after in pairwise(places)]
        if all(step > 0 for step in steps) or all(step < 0 for step in steps):
            return [(place - places[0]) / (places[-1] - places[0]) for place in places]
    return [place / (len(way) - 1) for place in range(len(way))]


def _stack_of(entry: Entry) -> str | None:
    """What slices of one stack share: the series, or the name without its number. None for what is no slice."""
    known = series_of(entry.path) or prefix_of(entry.name)
    if known:
        return known
    numbered = re.fullmatch(r"(.*?)[0-9]+", Path(entry.name).stem)
    return None if numbered is None else numbered[1]


def label_of_neighbour(work: Work, entry: Entry) -> np.ndarray | None:
    """In the files lane: the label map of a neighbour, None where no person has said anything yet.

    Raises LabelError when it cannot lie over the open image.
    """
    shape = read_image(entry.path, work.max_pixels).pixels.shape[:2]
    if shape != work.shape:
        raise LabelError(
            "{name} is {width} x {height}, which is not the size of the open image; its label cannot be used here.",
            name=entry.name,
            width=shape[1],
            height=shape[0],
        )
    if orientation_of(entry.path) != orientation_of(work.path):
        raise LabelError(
            "{name} was taken in another orientation than the open image; its label cannot be used here.",
            name=entry.name,
        )
    maps = work.workspace.read_maps(entry.name, shape)
    reviewed = entry.status == Status.LABELLED or np.isin(maps.provenance, KEPT).any()
    return maps.label_map if reviewed else None


def write_between(work: Work, stack: Stack, ends: Sequence[np.ndarray], report: Report) -> Iterator[Entry]:
    """In the files lane: the other images between, each as one step of its own history, as they are written.

    Those that are damaged or of another size stay.
    """
    for number, (entry, share) in enumerate(stack.between):
        report(Progress(number / len(stack.between)))
        try:
            image = read_image(entry.path, work.max_pixels)
        except ImageError:
            continue
        if image.pixels.shape[:2] != work.shape:
            continue
        maps = work.workspace.read_maps(entry.name, work.shape)
        said = between(*ends, share, work.values)
        edit = placed(said, work.rules, image.pixels, over_human=False)
        patch = whole_patch(LivePlanes(maps.label_map, maps.provenance), edit)
        if patch is not None:
            yield work.workspace.write_edit(entry.name, work.shape, "Interpolate", patch)
