"""A first reading of masks from elsewhere: which image each is for, and what has to be asked before any is imported."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from model.errors import ImageError, LabelError
from model.images import read_image
from model.labels import UNTOUCHED
from model.masks import BINARY, ImportedMask, read_mask
from model.messages import Message
from model.progress import Progress, Report
from model.workspace import Entry, Status, Workspace

Unknown = int | tuple[int, int, int]
"""A mask value, or a colour, that no class has."""
_SUFFIXES = (".png", ".tif", ".tiff", ".bmp")


@dataclass(frozen=True)
class FoundMask:
    """A mask file and the image it is for. `values` are the file's own, see `ImportedMask`; `empty` when no class is in it."""

    path: Path
    entry: Entry
    unknown: tuple[Unknown, ...]
    values: frozenset[int]
    empty: bool

    @property
    def replaces(self) -> bool:
        """Whether a person has worked on its image."""
        return self.entry.status in (Status.CORRECTED, Status.LABELLED)


@dataclass(frozen=True)
class MaskSurvey:
    """The masks that can be imported, and why the others cannot."""

    masks: list[FoundMask]
    problems: list[Message]


def mask_files(paths: Path | Sequence[Path]) -> list[Path]:
    """The files given, and those with the name of a picture in the folders given."""
    given = [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]
    found: list[Path] = []
    for path in given:
        inside = sorted(path.iterdir()) if path.is_dir() else []
        found += [file for file in inside if file.suffix.lower() in _SUFFIXES] if path.is_dir() else [path]
    return list(dict.fromkeys(found))


def survey_masks(workspace: Workspace, files: list[Path], max_pixels: int, report: Report) -> MaskSurvey:
    """Read every mask once; nothing is written."""
    found, problems = [], []
    names = _Names(workspace.entries())
    for number, path in enumerate(files):
        report(Progress(number / len(files), Message("{name}", {"name": path.name})))
        fitting = names.images_for(path)
        if len(fitting) != 1:
            problems.append(_ambiguous(path, [entry.name for entry in fitting]) if fitting else _stranger(path))
            continue
        entry = fitting[0]
        try:
            shape = read_image(entry.path, max_pixels).pixels.shape[:2]
            mask = read_mask(path, shape, workspace.classes)
        except (LabelError, ImageError) as error:
            problems.append(error.message)
            continue
        found.append(FoundMask(path, entry, mask.unknown, mask.values, says_nothing(mask) and not mask.unknown))
    white = are_binary(found)
    telling = []
    for mask in found:
        if not mask.empty or (white and UNTOUCHED in mask.values):
            telling.append(mask)
        else:
            problems.append(nothing_in(mask.path))
    of_image: dict[str, list[FoundMask]] = {}
    for mask in telling:
        of_image.setdefault(mask.entry.name, []).append(mask)
    problems += [_rival(mask, rivals) for mask in telling if len(rivals := of_image[mask.entry.name]) > 1]
    return MaskSurvey([masks[0] for masks in of_image.values() if len(masks) == 1], problems)


def are_binary(masks: Iterable[FoundMask]) -> bool:
    """Whether they hold 0 and 255 and no other value, so that 255 is likely to be an object."""
    return frozenset().union(*(mask.values for mask in masks)) == BINARY


def binary_ones(masks: Iterable[FoundMask]) -> int:
    """How many of them may be masks of one object: they hold 0 and 255 and nothing else."""
    return sum(mask.values == BINARY for mask in masks)


def says_nothing(mask: ImportedMask) -> bool:
    return bool(mask.label_map.min() == UNTOUCHED)


def nothing_in(path: Path) -> Message:
    return Message(
        "{name} has no pixel of any class; its image stays as it is. Check its values or colours.", {"name": path.name}
    )


class _Names:
    """The images of a folder by their names, in which a Mac may have taken letters and their accents apart."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._whole: dict[str, list[Entry]] = {}
        self._stems: dict[str, list[Entry]] = {}
        for entry in entries:
            self._whole.setdefault(_composed(entry.name), []).append(entry)
            self._stems.setdefault(_composed(Path(entry.name).stem), []).append(entry)

    def images_for(self, path: Path) -> list[Entry]:
        """The one image that the mask is named as, with or without an ending of its own, or else all of the same stem."""
        for exact in (path.name, path.stem):
            same = self._whole.get(_composed(exact), [])
            if same:
                return [entry for entry in same if entry.name == exact] or same
        return self._stems.get(_composed(path.stem), [])


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _stranger(path: Path) -> Message:
    return Message("{name} belongs to no image of this folder.", {"name": path.name})


def _ambiguous(path: Path, images: list[str]) -> Message:
    return Message(
        "{name} could belong to any of these images: {images}. Give it the whole name of one, such as {example}.",
        {"name": path.name, "images": ", ".join(images), "example": f"{images[0]}{path.suffix}"},
    )


def _rival(mask: FoundMask, rivals: Iterable[FoundMask]) -> Message:
    """`rivals` are all masks for one image."""
    others = [other.path.name for other in rivals if other is not mask]
    return Message(
        "{name} and {others} are both for the image {image}; import only the right one of them.",
        {"name": mask.path.name, "others": ", ".join(others), "image": mask.entry.name},
    )
