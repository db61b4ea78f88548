"""Where a slice lies is read from its header, as far as the header tells."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from PIL import Image as pillow

from model.images import read_image
from model.slice_headers import SlicePlace, is_pieced, orientation_of, read_place, series_of, slice_position

SAMPLE = Path(__file__).parents[2] / "resources" / "sample"


@pytest.fixture
def a_slice(tmp_path: Path) -> Callable[..., Path]:
    """A slice of the sample with other attributes; None removes one."""

    def make(**attributes: object) -> Path:
        data = pydicom.dcmread(SAMPLE / "slice_001.dcm")
        for name, value in attributes.items():
            if value is None:
                delattr(data, name)
            else:
                setattr(data, name, value)
        data.save_as(tmp_path / "slice.dcm")
        return tmp_path / "slice.dcm"

    return make


def test_one_look_tells_series_position_normal_and_number() -> None:
    place = read_place(SAMPLE / "slice_003.dcm")
    assert place == SlicePlace(
        series_of(SAMPLE / "slice_001.dcm"), (-249.51171875, -437.51171875, -800.5), (0, 0, 1), 3
    )


def test_a_slice_without_a_preamble_has_its_place_as_well(a_slice: Callable[..., Path]) -> None:
    path = a_slice()
    place, whole = read_place(path), pydicom.dcmread(path)
    bare = pydicom.Dataset({element.tag: element for element in whole if element.keyword != "PixelData"})
    bare.PixelData = bytes(2 * bare.Rows * bare.Columns)
    bare.save_as(path, implicit_vr=True, little_endian=True)
    assert path.read_bytes()[128:132] != b"DICM" and read_image(path).series == place.series
    assert read_place(path) == place
    for name, content in (("picture.dcm", _png(path.parent)), ("empty.dcm", b"")):
        path.with_name(name).write_bytes(content)
        assert read_place(path.with_name(name)) is None


def _png(folder: Path) -> bytes:
    pillow.new("L", (9, 9)).save(folder / "picture.png")
    return (folder / "picture.png").read_bytes()


def test_the_place_of_a_slice_is_measured_along_its_normal(a_slice: Callable[..., Path]) -> None:
    path = a_slice(ImagePositionPatient=[7, 20, 30], ImageOrientationPatient=[0, 1, 0, 0, 0, -1])
    assert slice_position(path) == pytest.approx(-7)
    assert read_place(path).normal == (-1, 0, 0)


def test_a_slice_without_an_orientation_is_axial(a_slice: Callable[..., Path]) -> None:
    path = a_slice(ImageOrientationPatient=None)
    assert read_place(path).normal == (0, 0, 1) and slice_position(path) == -804.5
    assert orientation_of(path) is None


def test_what_is_missing_or_odd_is_none(a_slice: Callable[..., Path]) -> None:
    place = read_place(a_slice(ImagePositionPatient=[1, 2], InstanceNumber=None))
    assert (place.position, place.number) == (None, None)
    place = read_place(a_slice(ImageOrientationPatient=[1, 0, 0, 1, 0, 0], InstanceNumber=""))
    assert (place.normal, place.number) == (None, None)


BLANK = {"SeriesInstanceUID": "", "FrameOfReferenceUID": "", "StudyInstanceUID": "", "SeriesNumber": None}


def test_without_a_series_uid_the_frame_or_else_the_study_says_the_series(a_slice: Callable[..., Path]) -> None:
    places = [
        read_place(a_slice(**BLANK | more))
        for more in (
            {"FrameOfReferenceUID": "1.2"},
            {
                "FrameOfReferenceUID": "1.2",
                "StudyInstanceUID": "1.4",
                "ImagePositionPatient": [0, 0, 7],
                "InstanceNumber": 9,
            },
            {"FrameOfReferenceUID": "1.3"},
            {"StudyInstanceUID": "1.2"},
            {"StudyInstanceUID": "1.4"},
            {"FrameOfReferenceUID": "1.2", "SeriesNumber": 4},
            {"FrameOfReferenceUID": "1.2", "PixelSpacing": [0.5, 0.5]},
            {"FrameOfReferenceUID": "1.2", "ImageOrientationPatient": [0, 1, 0, 0, 0, -1]},
        )
    ]
    first, beside, *others = (place.series for place in places)
    assert first == beside and is_pieced(first) and places[1].position == (0, 0, 7) and places[1].number == 9
    assert others[1] == first, "a study stands for a frame"
    assert len({first, others[0], *others[2:]}) == 6


def test_how_slices_lie_alone_joins_none(a_slice: Callable[..., Path]) -> None:
    """Scans of different people lie and are sampled alike."""
    assert read_place(a_slice(**BLANK)) is None and series_of(a_slice(**BLANK)) is None
    odd = {"PixelSpacing": None, "ImageOrientationPatient": None, "FrameOfReferenceUID": "1.2"}
    assert is_pieced(series_of(a_slice(**BLANK | odd)))
    assert not is_pieced(series_of(SAMPLE / "slice_001.dcm"))


def test_long_series_numbers_differ(a_slice: Callable[..., Path]) -> None:
    found = {
        series_of(a_slice(**BLANK | {"StudyInstanceUID": "1.4", "SeriesNumber": number}))
        for number in (1000001, 1000002)
    }
    assert len(found) == 2


def test_the_image_is_of_the_series_that_its_header_says(a_slice: Callable[..., Path]) -> None:
    for more in ({}, {"SeriesInstanceUID": None}, BLANK | {"ImagePositionPatient": None}):
        path = a_slice(**more)
        assert read_image(path).series == series_of(path)


def test_other_files_are_no_slices(tmp_path: Path) -> None:
    pillow.new("L", (4, 4)).save(tmp_path / "image.png")
    (tmp_path / "cut.dcm").write_bytes((SAMPLE / "slice_001.dcm").read_bytes()[:200])
    for name in ("image.png", "cut.dcm"):
        assert read_place(tmp_path / name) is None
    for name in ("image.png", "cut.dcm", "gone.dcm"):
        assert series_of(tmp_path / name) is None and slice_position(tmp_path / name) is None


def test_a_file_that_cannot_be_read_is_not_taken_for_no_slice(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="gone"):
        read_place(tmp_path / "gone.dcm")


def test_a_place_is_kept_as_json() -> None:
    for place in (read_place(SAMPLE / "slice_001.dcm"), SlicePlace("1.2.3")):
        assert SlicePlace.from_facts(json.loads(json.dumps(place.facts()))) == place


@pytest.mark.parametrize("said", [{}, {"series": 5}, {"series": "1", "position": 1, "normal": None, "number": "x"}])
def test_what_is_no_place_is_none(said: dict) -> None:
    assert SlicePlace.from_facts(said) is None
