"""Builds resources/sample from the CT slices and labels of TotalSegmentator's test data. Needs nibabel.

    python resources/build_sample.py --data DIR

DIR holds `ct_dicom/` (20 DICOM slices) and `ct_dicom_labels.nii.gz`. Run it again to rebuild the same files.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import nibabel
import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, generate_uid

from model.classes import default_table
from model.files import sha256
from model.images import read_image
from model.labels import write_label
from model.layout import Layout
from model.records import LabelRecord, classes_in
from model.split import Grouping, Split, unit_of
from model.workspace import WORKSPACE_FOLDER

TRAIN = (1, 3, 5, 8, 11, 13)
HELD_OUT = (17, 18, 19, 20)
"""Slices 14 to 16 stay unlabelled: 8 mm lie between the last training slice and the first held-out one."""

# TotalSegmentator's id -> ours; every other structure is background.
_IDS = {1: 1, 2: 2, 3: 3, 4: 4, 15: 5, 5: 6, 6: 7, 52: 8, 63: 9, 64: 10, 7: 11, 8: 12, 9: 13}
_SAVED = "2026-01-01T00:00:00+00:00"
# All that an image needs, and nothing about a person, a place or a day.
_KEPT = (
    "SpecificCharacterSet ImageType Modality BodyPartExamined SliceThickness KVP ConvolutionKernel PatientPosition "
    "ImagePositionPatient ImageOrientationPatient SliceLocation SamplesPerPixel PhotometricInterpretation Rows Columns "
    "PixelSpacing BitsAllocated BitsStored HighBit PixelRepresentation WindowCenter WindowWidth RescaleIntercept "
    "RescaleSlope RescaleType WindowCenterWidthExplanation"
).split()
_EMPTY = "PatientName PatientID PatientBirthDate PatientSex StudyDate StudyTime AccessionNumber StudyID".split()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with ct_dicom/ and ct_dicom_labels.nii.gz")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "sample", help="folder to build")
    arguments = parser.parse_args()
    slices = [pydicom.dcmread(path) for path in (arguments.data / "ct_dicom").iterdir()]
    slices.sort(key=lambda data: float(data.ImagePositionPatient[2]))
    volume = nibabel.load(arguments.data / "ct_dicom_labels.nii.gz")
    layout = Layout(arguments.out / WORKSPACE_FOLDER)
    _clean(arguments.out, layout)
    pixels = np.zeros(14, dtype=np.int64)
    for number, data in enumerate(slices, start=1):
        path = arguments.out / f"slice_{number:03d}.dcm"
        _anonymous(data, number).save_as(path, enforce_file_format=True)
        label_map = _label_map(volume, data)
        pixels += np.bincount(label_map.ravel(), minlength=14)
        if number in TRAIN + HELD_OUT:
            save_label(path, label_map, Split.HELD_OUT if number in HELD_OUT else Split.TRAIN, layout)
    default_table().write(layout.classes)
    print("pixels of classes 1..13 in all slices:", *pixels[1:])


def _clean(out: Path, layout: Layout) -> None:
    """Only what this script writes: the credit and the licence stay."""
    for path in out.glob("slice_*.dcm"):
        path.unlink()
    shutil.rmtree(layout.root, ignore_errors=True)
    layout.label("x").parent.mkdir(parents=True)


def _anonymous(data: Dataset, number: int) -> Dataset:
    """The slice with its own compressed pixels and geometry, and with identifiers of ours."""
    clean = Dataset()
    for keyword in _KEPT:
        if keyword in data:
            clean[keyword] = data[keyword]
    for keyword in _EMPTY:
        setattr(clean, keyword, "")
    clean.PatientIdentityRemoved = "YES"
    clean.DeidentificationMethod = "Attributes not needed to show the image were removed"
    clean.SeriesDescription = "CT abdomen, sample"
    clean.InstanceNumber = number
    clean.SeriesNumber = 1
    clean.SOPClassUID = CTImageStorage
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"):
        setattr(clean, keyword, generate_uid(entropy_srcs=["lsgui sample", keyword]))
    clean.SOPInstanceUID = generate_uid(entropy_srcs=["lsgui sample", str(number)])
    clean[0x7FE00010] = data[0x7FE00010]
    clean.file_meta = FileMetaDataset()
    clean.file_meta.TransferSyntaxUID = data.file_meta.TransferSyntaxUID
    clean.file_meta.MediaStorageSOPClassUID = clean.SOPClassUID
    clean.file_meta.MediaStorageSOPInstanceUID = clean.SOPInstanceUID
    return clean


def _label_map(volume: nibabel.Nifti1Image, data: Dataset) -> np.ndarray:
    """The labels under one slice, uint8 (H, W): pixel -> DICOM's LPS -> NIfTI's RAS -> voxel, through both affines."""
    rows, columns = np.mgrid[: data.Rows, : data.Columns]
    across, down = np.array(data.ImageOrientationPatient, dtype=float).reshape(2, 3)
    step_down, step_across = (float(value) for value in data.PixelSpacing)
    lps = np.array(data.ImagePositionPatient, dtype=float)
    lps = lps + columns[..., None] * step_across * across + rows[..., None] * step_down * down
    ras = lps * (-1, -1, 1)
    inverse = np.linalg.inv(volume.affine)
    voxels = np.rint(ras @ inverse[:3, :3].T + inverse[:3, 3]).astype(int)
    return label_map_of(np.asarray(volume.dataobj)[tuple(np.moveaxis(voxels, -1, 0))])


def label_map_of(ids: np.ndarray) -> np.ndarray:
    """TotalSegmentator's ids, of any shape, as values of the default classes, uint8."""
    table = np.zeros(256, dtype=np.uint8)
    table[list(_IDS)] = list(_IDS.values())
    return table[ids.astype(np.uint8)]


def save_label(path: Path, label_map: np.ndarray, split: Split, layout: Layout) -> None:
    """As a label of the image that the model has not drawn, with its record."""
    image = read_image(path)
    write_label(layout.label(path.name), label_map, default_table())
    LabelRecord(
        image=path.name,
        status="labelled",
        split=split,
        unit=unit_of(path, image.series, Grouping.BLOCK),
        grouping=Grouping.BLOCK,
        classes=classes_in(label_map, default_table()),
        height=label_map.shape[0],
        width=label_map.shape[1],
        spacing=image.spacing,
        image_sha256=sha256(path),
        label_sha256=sha256(layout.label(path.name)),
        human=0.0,
        accepted=0.0,
        saved=_SAVED,
    ).write(layout.label_record(path.name))


if __name__ == "__main__":
    main()
