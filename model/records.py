"""The small JSON files beside labels and predictions, readable by other tools."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from model import disk
from model.classes import ClassTable
from model.errors import LabelError
from model.files import atomic_write
from model.labels import values_in


@dataclass(frozen=True)
class LabelRecord:
    """What a label is: `status` labelled or accepted, its `split` and `unit` for ever, and what it was made from.

    `classes` lists value, uid and name of each class that occurs; `spacing` is (row, column) in millimetres;
    `human` and `accepted` are the shares of the pixels (0..1) that a person set and only confirmed; `saved` is an ISO
    time.
    """

    image: str
    status: str
    split: str
    unit: str
    grouping: str
    classes: list[dict]
    height: int
    width: int
    spacing: tuple[float, float] | None
    image_sha256: str
    label_sha256: str
    human: float
    accepted: float
    saved: str

    def write(self, path: Path) -> None:
        """Atomic; raises OSError."""
        write_json(path, {"format": "lsgui label", "version": 1} | asdict(self))


def write_json(path: Path, data: Mapping[str, object], durable: bool = True) -> None:
    text = json.dumps(data, ensure_ascii=False, indent=1) + "\n"
    # A file name that is no UTF-8 keeps its bytes as JSON's own escapes.
    content = text.encode("utf-8", "backslashreplace")
    atomic_write(path, lambda file: file.write(content), durable)


def read_json(path: Path) -> dict:
    """The object in the file; empty for a file that is missing, damaged or holds something else."""
    try:
        return read_object(path) or {}
    except OSError:
        return {}


def read_object(path: Path) -> dict | None:
    """The same, but None for a file that is damaged or holds something else. Raises OSError when it cannot be read now."""
    try:
        data = json.loads(path.read_bytes().decode("utf-8-sig"))  # some editors put a mark of their own before it
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def keep_damaged(path: Path) -> None:
    """Rename a JSON file that cannot be read aside before it is replaced."""
    if path.exists() and not read_json(path):
        disk.rename(path, free_name(path))


def free_name(path: Path) -> Path:
    """`path` with `.damaged-1`, or the next free number, before its suffix."""
    number = 1
    while (free := path.with_name(f"{path.stem}.damaged-{number}{path.suffix}")).exists():
        number += 1
    return free


def classes_in(label_map: np.ndarray, table: ClassTable) -> list[dict]:
    """Value, uid and name of the classes that occur in `label_map` (uint8), for a record."""
    return classes_of(values_in(label_map), table)


def classes_of(values: Collection[int], table: ClassTable) -> list[dict]:
    """The same for the values that occur."""
    found = [item for item in table.classes if item.value in values]
    return [{"value": item.value, "uid": item.uid, "name": item.name} for item in found]


def uids_of(record: Mapping[str, object]) -> dict[int, str]:
    """Value -> uid from a record; empty where it does not say."""
    items = record.get("classes")
    items = items if isinstance(items, list) else []
    return {
        item["value"]: item["uid"]
        for item in items
        if isinstance(item, dict) and _is_value(item.get("value")) and isinstance(item.get("uid"), str)
    }


def _is_value(value: object) -> bool:
    return isinstance(value, int) and 0 <= value <= 255


def _name_of(record: Mapping[str, object], uid: str) -> str:
    """What the class was called when the record was written."""
    named = (item for item in record["classes"] if isinstance(item, dict) and item.get("uid") == uid)
    return next((str(item["name"]) for item in named if "name" in item), uid)


def in_table(label_map: np.ndarray, record: Mapping[str, object], table: ClassTable, name: str) -> np.ndarray:
    """`label_map` with the values that `table` gives today to the classes it was written with.

    Raises LabelError when the table has lost one of them: its number may mean something else by now.
    """
    moved = np.arange(256, dtype=np.uint8)
    lost = []
    for value, uid in uids_of(record).items():
        item = table.by_uid(uid)
        if item is not None:
            moved[value] = item.value
        else:
            lost.append(_name_of(record, uid))
    if lost:
        raise LabelError(
            "{name} uses classes that the table no longer has: {classes}. Add or import them again to use it.",
            name=name,
            classes=lost,
        )
    return label_map if (moved == np.arange(256)).all() else moved[label_map]
