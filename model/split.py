"""Which labelled images train and which are held out: decided once for each unit, and never again.

The unit is what belongs together, so that near-duplicates of a training image are never called held out:

* `series`: the DICOM series, where the folder holds several; `series_in` says what that is without a SeriesInstanceUID.
* `block`: 10 mm of the stack, where the folder holds a single series, which as one unit would never be judged.
  The outer slices of a held-out block still have a neighbour in training; its middle does not.
* `prefix`: the name up to its last separator (`0006R0` of `0006R0_f00930`), where the folder has several such
  groups of two images or more: drives, patients, slides.
* `place`: the same 10 mm, of slices that tell where they lie and no series, where their names form no groups either.
  Slices of several people may share one then, which lets less be held out and nothing leak.
* `image`: the image itself. One prefix for the whole folder (`IMG_0001`, `img_002`) is a camera's or an exporter's
  habit and says nothing; taken as a unit it would never let anything be held out.

A copy of an image, byte for byte, is on the side that the image is on, whatever its own unit.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from model.copies import copies_of
from model.images import may_be_dicom
from model.slice_headers import is_pieced, series_of, slice_position

FIRST_UNITS_FOR_TRAINING = 4
HELD_OUT_EVERY = 5

_BLOCK_MM = 10.0
_SERIES_PROBES = 32
"""Headers read to learn what series a folder holds; a header costs about a millisecond."""


class Split(StrEnum):
    TRAIN = "train"
    HELD_OUT = "held_out"


class Grouping(StrEnum):
    """How a folder's images form units. Fixed by the first label, since changing it would let units leak."""

    SERIES = "series"
    BLOCK = "block"
    PREFIX = "prefix"
    PLACE = "place"
    IMAGE = "image"


_OF_SLICES = (Grouping.SERIES, Grouping.BLOCK)


@dataclass(frozen=True)
class Decision:
    split: Split
    unit: str
    grouping: Grouping


def decide(
    path: Path,
    series: str | None,
    siblings: Sequence[Path],
    records: Mapping[str, dict],
    unrecorded: Sequence[Path],
    seen: Collection[str] = (),
    content: str = "",
) -> Decision:
    """The split of the image at `path`: the one in its own label record, else that of an image of the same `content`, else
    its unit's, else the next in turn.

    `siblings` are all images of the folder, `records` all its label records by image name; `content` is the SHA-256 that
    these hold of an image. `unrecorded` are images whose label has no record: a model may have been trained on their
    units, which can never be held out any more. Nor can the units `seen` by a training without a label, but where a copy is
    that is still there.
    """
    own = records.get(path.name, {})
    split = stored_split(own)
    if split is not None:
        return Decision(split, unit_in(own, path.name), _grouping_in(own) or Grouping.IMAGE)
    grouping = choose_grouping(series, siblings, records)
    unit = unit_of(path, series, grouping)
    if grouping is Grouping.PLACE or series and is_pieced(series) and grouping in _OF_SLICES:
        seen = {*seen, *units_of([one for one in siblings if _was_seen(one, seen)], siblings, records).values()}
    unknown = dict.fromkeys(units_of(unrecorded, siblings, records).values(), Split.TRAIN)
    decided = unknown | decided_units(records)
    side = decided.get(unit) or (Split.TRAIN if unit in seen else None)
    copied = _decided_copy(content, records)
    if copied is not None and unit in seen and copied[0] is Split.HELD_OUT:
        # Nothing looks at a copy of what is held out, but at one that was renamed since.
        there = {one.name for one in siblings}
        copied = _decided_copy(content, {name: record for name, record in records.items() if name in there})
    if copied is not None:
        # Another image must not lead the rest of its unit to the other side.
        return Decision(copied[0], unit if side in (None, copied[0]) else copied[1], grouping)
    if side is None:
        held = sum(one is Split.HELD_OUT for one in decided.values())
        side = next_split(len(decided), held, len(unknown))
        if side is Split.HELD_OUT:
            copies = units_of(list(copies_of([path], siblings)), siblings, records).values()
            side = side if {*seen, *unknown}.isdisjoint(copies) else Split.TRAIN
    return Decision(side, unit, grouping)


def _decided_copy(content: str, records: Mapping[str, dict]) -> tuple[Split, str] | None:
    """The split and unit of a label of the same bytes; of several one that trains, since those have taught a model."""
    same = [name for name, record in records.items() if content and record.get("image_sha256") == content]
    found = [(split, unit_in(records[name], name)) for name in same if (split := stored_split(records[name]))]
    return min(found, key=lambda one: one[0] is not Split.TRAIN, default=None)


def decided_units(records: Mapping[str, dict]) -> dict[str, Split]:
    """The split of every unit that has a label; one held-out image holds out its whole unit."""
    decided: dict[str, Split] = {}
    for name, record in records.items():
        unit, split = unit_in(record, name), stored_split(record)
        if split is not None and decided.get(unit) is not Split.HELD_OUT:
            decided[unit] = split
    return decided


def units_so_far(records: Mapping[str, dict]) -> tuple[Grouping, int] | None:
    """How the labelled images are grouped, and in how many units, where those are too few for one to be held out.

    None where one is or could have been, where each image is its own unit, and where labels are in no record.
    """
    decided = decided_units(records)
    groupings = {_grouping_in(record) or Grouping.IMAGE for record in records.values()}
    due = len(decided) > FIRST_UNITS_FOR_TRAINING or Split.HELD_OUT in decided.values()
    if due or groupings <= {Grouping.IMAGE}:
        return None
    return groupings.pop() if len(groupings) == 1 else Grouping.PREFIX, len(decided)


def held_out_names(records: Mapping[str, dict]) -> list[str]:
    """The images that are held out themselves, also those whose label was withdrawn."""
    return [name for name, record in records.items() if stored_split(record) is Split.HELD_OUT]


def units_of(paths: Sequence[Path], siblings: Sequence[Path], records: Mapping[str, dict]) -> dict[str, str]:
    """The unit of each image by its name, as `decide` would group it."""
    series = {path: series_of(path) for path in paths}
    groupings = {one: choose_grouping(one, siblings, records) for one in set(series.values())}
    return {path.name: unit_of(path, one, groupings[one]) for path, one in series.items()}


def stored_split(record: Mapping[str, object]) -> Split | None:
    split = record.get("split")
    return Split(split) if split in ("train", "held_out") else None


def unit_in(record: Mapping[str, object], name: str) -> str:
    return str(record.get("unit") or name)


def next_split(units: int, held: int, unknown: int = 0) -> Split:
    """The split of a new unit after `units` others, of which `held` are held out: the first four train, then of five one is
    held out. Where those that had their turn could not be, the next ones are; but nobody owes any for units `unknown`.
    """
    due = (units + 1) // HELD_OUT_EVERY - unknown // HELD_OUT_EVERY
    return Split.HELD_OUT if units >= FIRST_UNITS_FOR_TRAINING and held < due else Split.TRAIN


def choose_grouping(series: str | None, siblings: Sequence[Path], records: Mapping[str, dict]) -> Grouping:
    """How an image of this `series` and its `siblings` are grouped: as the labels that are stored in `records` are."""
    earlier = _grouping_of_earlier_slices(siblings, records) if series and is_pieced(series) else None
    if earlier:
        return earlier
    for grouping in filter(None, map(_grouping_in, records.values())):
        if (grouping in _OF_SLICES) == bool(series):
            return grouping
    if series:
        return Grouping.SERIES if _has_other_series(series, siblings) else Grouping.BLOCK
    if _has_prefix_groups(siblings):
        return Grouping.PREFIX
    return Grouping.PLACE if _has_places(siblings) else Grouping.IMAGE


def unit_of(path: Path, series: str | None, grouping: Grouping) -> str:
    """The name of the unit of `path`; the image's own name where the grouping says nothing about it."""
    if grouping is Grouping.SERIES and series:
        return series
    if grouping in (Grouping.BLOCK, Grouping.PLACE) and may_be_dicom(path.name):
        position = slice_position(path)
        block = None if position is None else f"{math.floor(position / _BLOCK_MM) * _BLOCK_MM:+.0f} mm"
        return path.name if block is None else f"{series} {block}" if series else block
    if grouping is Grouping.PREFIX:
        return prefix_of(path.name) or path.name
    return path.name


def prefix_of(name: str) -> str | None:
    """The name before its last separator, when digits follow it; None for a name without such an end."""
    stem = name.rsplit(".", 1)[0] if "." in name else name
    match = re.fullmatch(r"(.*[^\s_.\-])[\s_.\-]+[^\W\d_]*\d+", stem)
    return match[1] if match else None


def _grouping_in(record: Mapping[str, object]) -> Grouping | None:
    return Grouping(record["grouping"]) if record.get("grouping") in tuple(Grouping) else None


def _grouping_of_earlier_slices(siblings: Sequence[Path], records: Mapping[str, dict]) -> Grouping | None:
    """That of slices without a SeriesInstanceUID which were labelled when nothing else told their series: they may have
    trained, and what lies beside them in a block must not be held out.
    """
    for path in siblings:
        grouping = _grouping_in(records.get(path.name, {}))
        if grouping and grouping not in _OF_SLICES and may_be_dicom(path.name) and is_pieced(series_of(path) or ""):
            return grouping
    return None


def _was_seen(path: Path, seen: Collection[str]) -> bool:
    """By a training of the time when nothing told the series of the slice."""
    return may_be_dicom(path.name) and (path.name in seen or prefix_of(path.name) in seen)


def _has_prefix_groups(siblings: Sequence[Path]) -> bool:
    counts = Counter(prefix_of(path.name) for path in siblings)
    counts.pop(None, None)
    return sum(count >= 2 for count in counts.values()) >= 2


def _has_places(siblings: Sequence[Path]) -> bool:
    """Whether slices without a series say where they lie."""
    slices = [path for path in siblings if may_be_dicom(path.name)]
    probed = slices[:: max(1, len(slices) // _SERIES_PROBES)]
    return any(series_of(path) is None and slice_position(path) is not None for path in probed)


def _has_other_series(series: str, siblings: Sequence[Path]) -> bool:
    step = max(1, len(siblings) // _SERIES_PROBES)
    for path in siblings[::step]:
        if series_of(path) not in (None, series):
            return True
    return False
