"""LabelledImages: which images of a folder have a label, and on which side of the split each of them is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from model.catalog import DAMAGED, Catalog
from model.classes import ClassTable
from model.copies import copies_of
from model.layout import Layout
from model.map_files import read_note
from model.outside_changes import SavedFiles
from model.records import keep_damaged, read_json, uids_of, write_json
from model.seen_units import seen_units
from model.slice_headers import series_of
from model.split import (
    Decision,
    Split,
    choose_grouping,
    decide,
    decided_units,
    held_out_names,
    stored_split,
    unit_in,
    units_of,
)


@dataclass(frozen=True)
class LabelledImage:
    """One pair for training or scoring. `classes` maps the label's values to class uids, `saved` is what its record says of
    the files; one that is `damaged` has a record that nobody can read.
    """

    image_path: Path
    label_path: Path
    split: Split
    unit: str
    classes: Mapping[int, str]
    saved: SavedFiles = SavedFiles()
    damaged: bool = False


class LabelledImages:
    """As the catalogue has seen them last."""

    def __init__(self, folder: Path, layout: Layout, catalog: Catalog) -> None:
        self._folder, self._layout, self._catalog = folder, layout, catalog

    @property
    def records(self) -> Mapping[str, dict]:
        """What is known of the images that have a label, or had one that was withdrawn, by their names."""
        return self._catalog.records()

    def all(self, classes: ClassTable) -> list[LabelledImage]:
        """`classes` say what the values of a label without a record mean.

        A label that another tool put there, without a record, trains unless what it belongs to is held out, or an image of
        the same bytes. One whose record is damaged counts as held out, so that nothing looks at what stands beside it.
        """
        records, entries = self.records, self._catalog.labelled()
        table = {item.value: item.uid for item in classes.classes}
        units = units_of(self._unrecorded(), self._siblings(), records)
        decided = decided_units(records)
        copies = copies_of((self._folder / name for name in held_out_names(records)), self._unrecorded())
        found = []
        for entry in entries:
            record = records.get(entry.name, {})
            unit = units.get(entry.name) or unit_in(record, entry.name)
            damaged = DAMAGED in record
            beside = Split.HELD_OUT if damaged or entry.path in copies else decided.get(unit, Split.TRAIN)
            split = entry.split or beside
            label = self._layout.label(entry.name)
            uids = uids_of(record) or uids_of(read_note(label))
            saved = SavedFiles.of_record(record)
            found.append(LabelledImage(entry.path, label, split, unit, table | uids, saved, damaged))
        return found

    def decide(self, name: str, series: str | None, content: str) -> Decision:
        """On which side an image is whose SHA-256 is `content`, once it is labelled. Ask while the split is locked."""
        known = self.records, self._unrecorded(), seen_units(self._layout)
        return decide(self._folder / name, series, self._siblings(), *known, content)

    def record_split(self, name: str, classes: ClassTable) -> None:
        """Of a label that another tool put there: an image that has trained shall not judge when it is labelled again.
        Raises OSError.
        """
        records = self.records
        one = next((label for label in self.all(classes) if label.image_path.name == name), None)
        if one is not None and not one.damaged and stored_split(records.get(name, {})) is None:
            grouping = choose_grouping(series_of(one.image_path), self._siblings(), records)
            self.record_decision(name, Decision(one.split, one.unit, grouping))

    def record_decision(self, name: str, decision: Decision) -> None:
        """Unless the record says it already. Raises OSError."""
        record = self._layout.label_record(name)
        if stored_split(read_json(record)) is None:
            keep_damaged(record)
            facts = {"image": name, "split": decision.split, "unit": decision.unit, "grouping": decision.grouping}
            write_json(record, read_json(record) | facts)

    def _unrecorded(self) -> list[Path]:
        """The images whose label came without a record, or with one that does not say its split."""
        return [entry.path for entry in self._catalog.labelled() if entry.split is None]

    def _siblings(self) -> list[Path]:
        return [entry.path for entry in self._catalog.entries()]
