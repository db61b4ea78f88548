"""Builds the folder that the demonstration weights learn from: two people's CT slices and labels. Needs nibabel.

    python resources/build_demo_folder.py --data DIR --out FOLDER

DIR holds `ct_nifti/ct.nii.gz` and `ct_nifti/labels.nii.gz`, one person's trunk in voxels of 3 mm, every axial slice of which
becomes a DICOM file with a training label, in as wide a field of air as scanners take. Beside them lie the sample's slices
with their own labels and split, so that what the sample holds out stays held out.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import nibabel
import numpy as np
from build_sample import label_map_of, save_label
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from model.layout import Layout
from model.split import Split
from model.workspace import WORKSPACE_FOLDER

SAMPLE = Path(__file__).parent / "sample"
FIELD, AIR = 150, -1024
"""Voxels across, which are 450 mm, and HU."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with ct_nifti/")
    parser.add_argument("--out", type=Path, required=True, help="folder to build; it must not exist")
    arguments = parser.parse_args()
    shutil.copytree(SAMPLE, arguments.out)
    layout = Layout(arguments.out / WORKSPACE_FOLDER)
    values, affine = _axial(arguments.data / "ct_nifti" / "ct.nii.gz", AIR)
    structures, _ = _axial(arguments.data / "ct_nifti" / "labels.nii.gz", 0)
    for number, (pixels, ids) in enumerate(zip(values, structures, strict=True)):
        path = arguments.out / f"trunk_{number:03d}.dcm"
        _dicom(pixels, affine, number).save_as(path, enforce_file_format=True)
        save_label(path, label_map_of(ids), Split.TRAIN, layout)


def _axial(path: Path, beyond: int) -> tuple[np.ndarray, np.ndarray]:
    """Slices (z, y, x) as DICOM's lie, front up and the person's right on the left, with this value around them, and the
    affine (4, 4) from their voxels (x, y, z) to LPS millimetres.
    """
    volume = nibabel.as_closest_canonical(nibabel.load(path))
    voxels = np.asarray(volume.dataobj)[::-1, ::-1]
    turned = np.diag((-1.0, -1.0, 1.0, 1.0))
    missing = FIELD - np.array(voxels.shape[:2])
    before = missing // 2
    turned[:2, 3] = np.array(voxels.shape[:2]) - 1 + before
    around = [*zip(before, missing - before, strict=True), (0, 0)]
    filled = np.pad(voxels, around, constant_values=beyond)
    return np.ascontiguousarray(filled.T), np.diag((-1.0, -1.0, 1.0, 1.0)) @ volume.affine @ turned


def _dicom(hounsfield: np.ndarray, affine: np.ndarray, number: int) -> Dataset:
    """A slice (H, W) in HU, which says nothing about a person."""
    data = Dataset()
    data.Modality, data.PatientPosition, data.SOPClassUID = "CT", "HFS", CTImageStorage
    data.SOPInstanceUID = generate_uid(entropy_srcs=["lsgui trunk", str(number)])
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"):
        setattr(data, keyword, generate_uid(entropy_srcs=["lsgui trunk", keyword]))
    data.SeriesNumber, data.InstanceNumber = 1, number + 1
    data.Rows, data.Columns = hounsfield.shape
    data.PixelSpacing = [abs(affine[1, 1]), abs(affine[0, 0])]
    data.SliceThickness = abs(affine[2, 2])
    data.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    data.ImagePositionPatient = [round(float(value), 3) for value in (affine @ (0, 0, number, 1))[:3]]
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 16, 15, 1
    data.RescaleSlope, data.RescaleIntercept, data.RescaleType = 1, 0, "HU"
    data.WindowCenter, data.WindowWidth = 40, 400
    data.PixelData = hounsfield.astype("<i2").tobytes()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    return data


if __name__ == "__main__":
    main()
