"""One file for both planes of an image: a palette PNG that any program shows, with the provenance plane in it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model.classes import ClassTable
from model.files import atomic_write
from model.label_png import PROVENANCE, Counts, decode_provenance, encode_planes
from model.labels import palette_of, read_label
from model.mark import Mark
from model.pillow import pillow
from model.plane_source import PlaneSource
from model.provenance import ACCEPTED, HUMAN, KEPT
from model.records import classes_of


@dataclass(frozen=True)
class Written:
    """A map's file: its `sha256`, the `classes` in it as a record lists them, and the shares, 0..1, of who set them."""

    sha256: str
    classes: list[dict]
    human: float
    accepted: float = 0.0


@dataclass(frozen=True, eq=False)
class MapFile:
    """What a file holds: `label_map`, uint8 (H, W), in the file's own values; `provenance`, or None; its note.

    A file without a provenance plane is a person's: another program wrote it, or changed it since we did.
    """

    label_map: np.ndarray
    provenance: np.ndarray | None
    note: dict


def write(path: Path, planes: PlaneSource, classes: ClassTable, mark: Mark | None = None) -> Written:
    """Replace `path` by one rename, so that the planes always fit each other. Raises OSError, the old file intact.

    The note holds the `classes`, whether a person set or accepted anything (`human`), and of a `mark` its `journal`
    and `seq`.
    """

    def note(counts: Counts) -> str:
        facts = {"human": counts.share(*KEPT) > 0, "classes": _classes(counts, classes)}
        return json.dumps(facts if mark is None else facts | mark.to_note())

    parts, counts = encode_planes(planes, palette_of(classes), note)
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    atomic_write(path, lambda file: file.writelines(parts))
    return Written(digest.hexdigest(), _classes(counts, classes), counts.share(HUMAN), counts.share(ACCEPTED))


def read(path: Path, shape: tuple[int, int]) -> MapFile:
    """Raises LabelError when the map is missing, damaged or of another `shape` (H, W)."""
    label_map = read_label(path, shape, None)
    note, chunk = _attached(path)
    return MapFile(label_map, _plane(chunk, shape), note)


def read_note(path: Path) -> dict:
    """What the file says of itself, without reading its pixels; empty when it says nothing or cannot be read."""
    return _attached(path)[0]


def read_provenance(path: Path, shape: tuple[int, int]) -> np.ndarray | None:
    """The provenance plane alone, uint8 (H, W); None when the file has none of this shape."""
    return _plane(_attached(path)[1], shape)


def _plane(chunk: bytes, shape: tuple[int, int]) -> np.ndarray | None:
    plane = decode_provenance(chunk, shape)
    return plane if plane is not None and plane.max(initial=0) <= ACCEPTED else None


def _attached(path: Path) -> tuple[dict, bytes]:
    """The note and the chunk of the provenance, which stand before the pixels."""
    try:
        with pillow.open(path, formats=("PNG",)) as picture:
            chunks = {name: data for name, data, *_ in picture.private_chunks}
            note = json.loads(picture.info.get("lsgui", "{}"))
            return (note if isinstance(note, dict) else {}), chunks.get(PROVENANCE, b"")
    except Exception:  # noqa: BLE001 - missing or damaged: then it says nothing
        return {}, b""


def _classes(counts: Counts, classes: ClassTable) -> list[dict]:
    return classes_of(np.flatnonzero(counts.labels).tolist(), classes)
