"""Data of the accuracy benchmark: which images a run learns from, and which it is judged on.

A folder is split by a rule on file names: the drive, patient or slide is what comes before the last separator, and a run is
judged on whole ones only, so that neighbouring frames never fall on both sides.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import gzip
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model.classes import Class, ClassTable, default_table
from model.colors import suggest_color
from model.errors import ModelError
from model.images import Image, read_image
from model.labelled_images import LabelledImage
from model.labels import UNTOUCHED, read_label
from model.slice_headers import slice_position
from model.split import Grouping, Split, unit_of
from model.survey import Survey, Usable
from model.truth import Truth
from tests.benchmarks.scribbles import scribbled

STREET = (
    "Sky", "Building", "Pole", "Road", "Pavement", "Tree", "SignSymbol", "Fence", "Car", "Pedestrian", "Bicyclist",
)  # fmt: skip
STREET_VOID = 11
ORGANS = ("spleen", "liver", "stomach", "aorta", "inferior_vena_cava")
"""Those of the default classes that the DICOM slices show enough of to be judged by."""
STRUCTURES = {1: 1, 2: 2, 3: 3, 4: 4, 15: 5, 5: 6, 6: 7, 52: 8, 63: 9, 64: 10, 7: 11, 8: 12, 9: 13}
"""TotalSegmentator's id -> value of our default class; every other structure is background."""


@dataclass(frozen=True)
class Fold:
    """`train` and `test` by image name, and `others` to learn from without a label. The scores' means are over the classes
    of the values in `counting`.
    """

    data: str
    name: str
    classes: ClassTable
    train: Mapping[str, Truth]
    test: Mapping[str, Truth]
    counting: tuple[int, ...]
    others: Mapping[str, Image] = dataclasses.field(default_factory=dict)

    def labelled(self, share: float) -> Fold:
        """With the labels of this share of the training images, evenly spread; the rest become `others`."""
        count = max(1, round(share * len(self.train)))
        chosen = set(np.linspace(0, len(self.train) - 1, count).round().astype(int).tolist())
        names = [name for place, name in enumerate(self.train) if place in chosen]
        hidden = {name: truth.image for name, truth in self.train.items() if name not in names}
        return dataclasses.replace(
            self, train={name: self.train[name] for name in names}, others={**self.others, **hidden}
        )

    def stroked(self, share: float) -> Fold:
        """With only this share of each training image's pixels labelled, by brush strokes."""
        if share == 1:
            return self
        strokes = {
            name: dataclasses.replace(truth, label_map=scribbled(truth.label_map, share, place))
            for place, (name, truth) in enumerate(self.train.items())
        }
        return dataclasses.replace(self, train=strokes)

    def survey(self) -> Survey:
        """What the product's Learner learns from."""
        labels = tuple(_usable(place, name, truth) for place, (name, truth) in enumerate(self.train.items()))
        others = tuple(Path(name) for name in self.others)
        return _InMemory(self.classes, labels, (), others=others, truths=self.train, images=self.others)


@dataclass(frozen=True)
class _InMemory(Survey):
    truths: Mapping[str, Truth] = dataclasses.field(default_factory=dict)
    images: Mapping[str, Image] = dataclasses.field(default_factory=dict)

    def read(self, label: Usable) -> Truth:
        return self.truths[label.item.image_path.name]

    def look(self, other: Path) -> Image:
        return self.images[other.name]


def read_folder(images: Path, labels: Path, void: Sequence[int] = ()) -> dict[str, Truth]:
    """Every image of the folder with the PNG of the same stem in `labels`, whose `void` values become 255."""
    keep = np.arange(256, dtype=np.uint8)
    keep[list(void)] = UNTOUCHED
    found = {}
    for path, label in _labelled(images, labels):
        image = read_image(path)
        found[path.name] = Truth(image, keep[read_label(label, image.pixels.shape[:2], None)])
    return found


def _labelled(images: Path, labels: Path) -> list[tuple[Path, Path]]:
    """The images that have a label, each with it. Raises SystemExit where there are none."""
    pairs = ((path, labels / f"{path.stem}.png") for path in sorted(images.iterdir()))
    found = [(path, label) for path, label in pairs if label.exists()]
    if not found:
        raise SystemExit(f"{labels} holds no PNG with the stem of an image of {images}")
    return found


def read_others(images: Path, truths: Mapping[str, Truth], groups: Sequence[str]) -> dict[str, Image]:
    """The images of the folder that have no label, but for those of the groups that are held out."""
    found = {}
    for path in sorted(images.iterdir()):
        if path.is_file() and path.name not in truths and unit_of(path, None, Grouping.PREFIX) not in groups:
            with contextlib.suppress(ModelError):  # a damaged one teaches nothing
                found[path.name] = read_image(path)
    return found


def hold_out(truths: Mapping[str, Truth], groups: Sequence[str]) -> tuple[dict[str, Truth], dict[str, Truth]]:
    """What to train on, and what is held out: all images of these groups, each of which must be a whole one."""
    group_of = {name: unit_of(Path(name), None, Grouping.PREFIX) for name in truths}
    known = sorted(set(group_of.values()))
    if not groups or not set(groups) < set(known):
        raise SystemExit(f"expected to hold out some, not all, of {', '.join(known[:9])}; got {', '.join(groups)}")
    test = {name: truth for name, truth in truths.items() if group_of[name] in groups}
    return {name: truth for name, truth in truths.items() if name not in test}, test


def table_for(truths: Mapping[str, Truth], names: Sequence[str] = (), mirror: bool = False) -> ClassTable:
    """Classes of these names, or one for each value that occurs."""
    highest = max(int(truth.label_map[truth.label_map != UNTOUCHED].max(initial=0)) for truth in truths.values())
    names = names or [f"Class {value}" for value in range(highest + 1)]
    classes: list[Class] = []
    for value, name in enumerate(names):
        classes.append(Class(name, value, name, suggest_color([one.color for one in classes])))
    return ClassTable(tuple(classes), mirror)


def split(data: str, truths: Mapping[str, Truth], classes: ClassTable, groups: Sequence[str]) -> Fold:
    """Raises SystemExit for a label that holds what no class has, and for groups without a label to be judged by."""
    known = np.isin(np.arange(256), [*classes.values, UNTOUCHED])
    for name, truth in truths.items():
        if not known[truth.label_map].all():
            raise SystemExit(f"the label of {name} holds a value that no class has")
    train, test = hold_out(truths, groups)
    if all((truth.label_map == UNTOUCHED).all() for truth in test.values()):
        raise SystemExit(f"no pixel of {', '.join(groups)} has a class to be judged by")
    return Fold(data, "+".join(groups), classes, train, test, classes.values)


def street_scenes(folder: Path, drives: Sequence[str]) -> Fold:
    """CamVid, in the version of the SegNet tutorial, with these drives held out."""
    truths = _streets(folder)
    return split("camvid", truths, table_for(truths, STREET, mirror=True), drives)


@functools.cache
def _streets(folder: Path) -> dict[str, Truth]:
    return read_folder(folder / "images", folder / "labels", [STREET_VOID])


def drives_of(folder: Path) -> list[str]:
    return sorted({unit_of(path, None, Grouping.PREFIX) for path, _ in _labelled(folder / "images", folder / "labels")})


def ct_slices(folder: Path) -> Fold:
    """Axial slices of one person at 3 mm to learn from, and of another at 1 mm to be judged on; left and right matter."""
    classes = default_table()
    counting = tuple(item.value for item in classes.classes if item.uid in ORGANS)
    return Fold("ct", "ct_dicom", classes, _coarse(folder), _fine(folder), counting)


@functools.cache
def _coarse(folder: Path) -> dict[str, Truth]:
    pixels, affine = axial(folder / "ct_nifti" / "ct.nii.gz")
    labels, _ = axial(folder / "ct_nifti" / "labels.nii.gz")
    spacing = abs(affine[1, 1]), abs(affine[0, 0])
    return {
        f"nifti_{number:03d}": Truth(Image(f"nifti_{number:03d}", values, spacing, "HU"), _organs(label))
        for number, (values, label) in enumerate(zip(pixels.astype(np.int16), labels, strict=True))
    }


@functools.cache
def _fine(folder: Path) -> dict[str, Truth]:
    labels, affine = axial(folder / "ct_dicom_labels.nii.gz")
    found = {}
    for path in (folder / "ct_dicom").iterdir():
        place = round((slice_position(path) - affine[2, 3]) / affine[2, 2])
        found[f"dicom_{place:03d}"] = Truth(read_image(path), _organs(labels[place]))
    return dict(sorted(found.items()))


def _organs(ids: np.ndarray) -> np.ndarray:
    table = np.zeros(256, np.uint8)
    table[list(STRUCTURES)] = list(STRUCTURES.values())
    return table[ids.astype(np.uint8)]


def axial(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """A NIfTI volume as slices (z, y, x) that lie as DICOM's do, front up and the person's right on the left, and the
    affine (4, 4) of the file, from voxels to RAS. Little-endian files whose axes are x, y, z, with an sform.
    """
    content = gzip.decompress(path.read_bytes())
    shape = struct.unpack_from("<8h", content, 40)[1:4]
    kind = {2: np.uint8, 4: np.int16, 8: np.int32, 16: np.float32}[struct.unpack_from("<h", content, 70)[0]]
    offset, slope, intercept = struct.unpack_from("<3f", content, 108)
    affine = np.vstack([np.frombuffer(content, "<f4", 12, 280).reshape(3, 4), (0, 0, 0, 1)])
    if np.count_nonzero(affine[:3, :3]) != 3 or not affine.diagonal().all():
        raise SystemExit(f"{path} does not lie along the axes of the body")
    voxels = np.frombuffer(content, kind, int(np.prod(shape)), int(offset)).reshape(shape, order="F")
    voxels = voxels if slope in (0, 1) and not intercept else voxels * slope + intercept
    flips = (slice(None, None, -1 if affine[axis, axis] > 0 else 1) for axis in (0, 1))
    return np.ascontiguousarray(voxels[tuple(flips)].T), affine


def _usable(place: int, name: str, truth: Truth) -> Usable:
    item = LabelledImage(Path(name), Path(name), Split.TRAIN, name, {})
    counts = np.bincount(truth.label_map.ravel(), minlength=256)[:UNTOUCHED]
    pixels = {value: int(count) for value, count in enumerate(counts) if count}
    values = truth.image.pixels
    return Usable(item, place, values.shape[:2], values.ndim == 3, truth.image.unit == "HU", pixels)
