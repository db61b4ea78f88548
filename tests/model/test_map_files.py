"""Both planes of a map in one PNG, which every program shows and which tells who set a pixel."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model import label_png, map_files
from model.classes import default_table
from model.errors import LabelError
from model.files import sha256
from model.labels import UNTOUCHED
from model.mark import Mark
from model.opencv import cv2
from model.pillow import pillow
from model.plane_source import of_arrays


def planes(shape: tuple[int, int], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    values = np.array([*range(14), UNTOUCHED], np.uint8)
    return random.choice(values, shape), random.integers(0, 4, shape).astype(np.uint8)


@pytest.mark.parametrize("shape", [(1, 1), (1, 90), (90, 1), (65, 31), (200, 300)])
def test_both_planes_come_back(tmp_path: Path, shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_png, "_STRIP", 5000)
    label_map, provenance = planes(shape)
    path = tmp_path / "图 a.png"
    map_files.write(path, of_arrays(label_map, provenance), default_table())
    found = map_files.read(path, shape)
    assert (found.label_map == label_map).all() and (found.provenance == provenance).all()
    assert (map_files.read_provenance(path, shape) == provenance).all()


def test_other_programs_see_a_palette_png(tmp_path: Path) -> None:
    label_map, provenance = planes((40, 50))
    map_files.write(tmp_path / "a.png", of_arrays(label_map, provenance), default_table())
    with pillow.open(tmp_path / "a.png") as picture:
        assert picture.mode == "P" and (np.asarray(picture) == label_map).all()
        shown = np.asarray(picture.convert("RGB"))
    content = np.fromfile(tmp_path / "a.png", np.uint8)
    assert (cv2.imdecode(content, cv2.IMREAD_COLOR)[:, :, ::-1] == shown).all()


def test_what_is_written_is_told(tmp_path: Path) -> None:
    label_map, provenance = np.full((10, 10), UNTOUCHED, np.uint8), np.zeros((10, 10), np.uint8)
    label_map[:5], provenance[:2], provenance[2:3], provenance[3:5] = 6, 2, 3, 1
    path = tmp_path / "a.png"
    written = map_files.write(path, of_arrays(label_map, provenance), default_table(), Mark("ab12", 7))
    assert (written.human, written.accepted) == (0.2, 0.1)
    assert [item["uid"] for item in written.classes] == ["liver"]
    assert written.sha256 == sha256(path)
    note = map_files.read_note(path)
    assert note["human"] and note["classes"] == written.classes and (note["journal"], note["seq"]) == ("ab12", 7)


@pytest.mark.parametrize(("origin", "human"), [(0, False), (1, False), (2, True), (3, True)])
def test_a_person_is_whoever_set_or_accepted(tmp_path: Path, origin: int, human: bool) -> None:
    label_map, provenance = np.full((9, 9), 4, np.uint8), np.zeros((9, 9), np.uint8)
    provenance[8, 8] = origin
    map_files.write(tmp_path / "a.png", of_arrays(label_map, provenance), default_table())
    assert map_files.read_note(tmp_path / "a.png")["human"] is human


def test_a_program_that_saves_the_picture_again_drops_the_provenance(tmp_path: Path) -> None:
    label_map, provenance = planes((20, 30))
    path = tmp_path / "a.png"
    map_files.write(path, of_arrays(label_map, provenance), default_table())
    with pillow.open(path) as picture:
        picture.load()
        picture.save(path)
    found = map_files.read(path, (20, 30))
    assert (found.label_map == label_map).all() and found.provenance is None and found.note == {}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_chunk_is_no_provenance_and_no_exception(data: st.DataObject) -> None:
    shape = (12, 17)
    _, provenance = planes(shape)
    rows = np.diff(provenance, axis=0, prepend=np.zeros((1, 17), np.uint8))
    chunk = bytearray(b"\x01" + zlib.compress(rows.tobytes()))
    assert (label_png.decode_provenance(bytes(chunk), shape) == provenance).all()
    if data.draw(st.booleans()):
        cut = data.draw(st.integers(0, len(chunk) - 1))
        assert label_png.decode_provenance(bytes(chunk[:cut]), shape) is None
    place = data.draw(st.integers(0, len(chunk) - 1))
    chunk[place] = data.draw(st.integers(0, 255).filter(lambda value: value != chunk[place]))
    found = label_png.decode_provenance(bytes(chunk), shape)
    assert found is None or found.shape == shape
    for wrong in ((11, 17), (13, 17), (12, 16)):
        assert label_png.decode_provenance(b"\x01" + zlib.compress(rows.tobytes()), wrong) is None


def test_a_map_of_another_size_is_refused(tmp_path: Path) -> None:
    map_files.write(tmp_path / "a.png", of_arrays(*planes((20, 30))), default_table())
    with pytest.raises(LabelError):
        map_files.read(tmp_path / "a.png", (30, 20))
    assert map_files.read_provenance(tmp_path / "a.png", (30, 20)) is None
    assert map_files.read_note(tmp_path / "none.png") == {}
