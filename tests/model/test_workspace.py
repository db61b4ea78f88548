"""A workspace keeps what a person made, in files, through crashes, mix-ups and a lost index."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import shutil
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as pillow

import model.catalog
import model.journal_file
from model.classes import ClassTable, default_table
from model.errors import ImageError, LabelError, WorkspaceError
from model.images import read_image
from model.journal import Commit
from model.journals import Held
from model.labels import UNTOUCHED
from model.map_store import NOT_IN_THE_JOURNAL
from model.patches import MaskPatch, piece_between
from model.plane_source import of_arrays
from model.prediction import Prediction
from model.provenance import HUMAN, MODEL, UNSET
from model.workspace import Split, Status, Workspace, WorkspaceLocked, WorkspaceNotWritable
from model.workspace_copy import begin_with, holds_work

SHAPE = (24, 32)
SAMPLE = Path(__file__).parents[2] / "resources" / "sample"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve images of unrelated content."""
    folder = tmp_path / "图像 folder"
    folder.mkdir()
    add_images(folder, [f"img_{number:03d}.png" for number in range(1, 13)])
    return folder


@pytest.fixture
def label_map() -> np.ndarray:
    label_map = np.full(SHAPE, UNTOUCHED, np.uint8)
    label_map[2:9, 3:12] = 6
    label_map[12:, :] = 0
    return label_map


def add_images(folder: Path, names: list[str]) -> None:
    for name in names:
        pillow.new("L", SHAPE[::-1], 90).save(folder / name, format="PNG")


def human(label_map: np.ndarray) -> np.ndarray:
    return np.where(label_map == UNTOUCHED, UNSET, HUMAN).astype(np.uint8)


def predicted(value: int, confidence: int = 200) -> Prediction:
    plane = np.full(SHAPE, value, np.uint8)
    scores = np.zeros((14, 6, 8), np.uint8)
    return Prediction(plane, np.full(SHAPE, confidence, np.uint8), scores, tuple(range(14)), "run 1")


def save(workspace: Workspace, name: str, label_map: np.ndarray, accepted: bool = False) -> Split:
    image = read_image(workspace.folder / name)
    return workspace.save_label(name, image, of_arrays(label_map, human(label_map)), accepted).split


# --- what is read back ---


def test_an_untouched_image_is_all_255(folder: Path) -> None:
    with_nothing = Workspace.peek(folder).read_maps("img_001.png", SHAPE)
    assert (with_nothing.label_map == UNTOUCHED).all() and (with_nothing.provenance == UNSET).all()
    assert with_nothing.source == "none"


def test_the_newest_truth_is_read_first(folder: Path, label_map: np.ndarray) -> None:
    name = "img_001.png"
    workspace = Workspace.open(folder)
    assert workspace.entry(name).status is Status.NONE
    workspace.write_prediction(name, predicted(3))
    maps = workspace.read_maps(name, SHAPE)
    assert (workspace.entry(name).status, maps.source) == (Status.PREDICTED, "prediction")
    assert (maps.label_map == 3).all() and (maps.provenance == MODEL).all()

    save(workspace, name, label_map)
    maps = workspace.read_maps(name, SHAPE)
    assert (workspace.entry(name).status, maps.source) == (Status.LABELLED, "label")
    assert np.array_equal(maps.label_map, label_map) and np.array_equal(maps.provenance, human(label_map))

    corrected = np.where(label_map == 6, np.uint8(7), label_map)
    workspace.write_work(name, of_arrays(corrected, human(corrected)))
    maps = workspace.read_maps(name, SHAPE)
    assert (workspace.entry(name).status, maps.source) == (Status.CORRECTED, "work")
    assert np.array_equal(maps.label_map, corrected)
    assert (workspace.read_prediction_map(name, SHAPE) == 3).all()
    assert workspace.read_prediction_map("img_002.png", SHAPE) is None
    workspace.close()


def test_both_planes_of_work_come_back_after_a_restart(folder: Path, label_map: np.ndarray) -> None:
    provenance = human(label_map)
    provenance[2:4] = MODEL
    workspace = Workspace.open(folder)
    workspace.write_work("img_002.png", of_arrays(label_map, provenance))
    workspace.close()
    again = Workspace.open(folder)
    maps = again.read_maps("img_002.png", SHAPE)
    assert np.array_equal(maps.label_map, label_map) and np.array_equal(maps.provenance, provenance)
    assert again.entry("img_002.png").status is Status.CORRECTED
    again.close()


def test_an_autosaved_prediction_is_not_a_correction_and_gives_way_to_a_newer_one(folder: Path) -> None:
    name = "img_001.png"
    workspace = Workspace.open(folder)
    everything = np.full(SHAPE, 3, np.uint8)
    workspace.write_work(name, of_arrays(everything, np.full(SHAPE, MODEL, np.uint8)))
    assert workspace.entry(name).status is Status.PREDICTED
    _make_older(workspace.root / "work")
    workspace.write_prediction(name, predicted(5))
    assert (workspace.read_maps(name, SHAPE).label_map == 5).all()
    workspace.close()


def test_no_newer_prediction_hides_what_a_person_painted(folder: Path, label_map: np.ndarray) -> None:
    workspace = Workspace.open(folder)
    workspace.write_work("img_001.png", of_arrays(label_map, human(label_map)))
    _make_older(workspace.root / "work")
    workspace.write_prediction("img_001.png", predicted(5))
    assert np.array_equal(workspace.read_maps("img_001.png", SHAPE).label_map, label_map)
    workspace.close()


def _make_older(folder: Path) -> None:
    for path in folder.iterdir():
        os.utime(path, (1_000_000_000, 1_000_000_000))


def test_images_that_differ_only_in_ending_or_case_keep_their_own_labels(tmp_path: Path) -> None:
    names = ["a.png", "a.jpg.png", "a.b.png", "a", "片 🫀.png"]
    (tmp_path / "a folder").mkdir()
    if not (tmp_path / "A FOLDER").exists():
        names.append("A.png")
    add_images(tmp_path, [name for name in names if name != "a"])
    shutil.copy(SAMPLE / "slice_001.dcm", tmp_path / "a")
    workspace = Workspace.open(tmp_path)
    assert sorted(entry.name for entry in workspace.entries()) == sorted(names)
    for value, name in enumerate(names):
        workspace.write_work(name, of_arrays(np.full(SHAPE, value, np.uint8), np.full(SHAPE, HUMAN, np.uint8)))
    for value, name in enumerate(names):
        assert (workspace.read_maps(name, SHAPE).label_map == value).all(), name
    workspace.close()


# --- what is on disk ---


def test_a_label_and_its_record_are_files_any_tool_reads(folder: Path, label_map: np.ndarray) -> None:
    workspace = Workspace.open(folder)
    save(workspace, "img_001.png", label_map, accepted=True)
    labels = folder / "segmentation" / "labels"
    with pillow.open(labels / "img_001.png.png") as picture:
        assert np.array_equal(np.asarray(picture), label_map)
    record = json.loads((labels / "img_001.png.json").read_text(encoding="utf-8"))
    assert (record["image"], record["status"], record["split"]) == ("img_001.png", "accepted", "train")
    assert [item["uid"] for item in record["classes"]] == ["background", "liver"]
    assert (record["width"], record["height"]) == (32, 24)
    assert len(record["image_sha256"]) == len(record["label_sha256"]) == 64
    assert not list((folder / "segmentation" / "work").iterdir())
    workspace.close()


def test_a_prediction_says_how_sure_it_is(folder: Path) -> None:
    workspace = Workspace.open(folder)
    entry = workspace.write_prediction("img_001.png", predicted(7, confidence=51))
    assert entry.confidence == pytest.approx(0.2)
    assert entry.least_sure == ("stomach", pytest.approx(0.2))
    workspace.close()
    assert Workspace.peek(folder).entry("img_001.png") == entry


def test_the_least_sure_class_may_be_a_class_0_that_is_something(folder: Path) -> None:
    workspace = Workspace.open(folder)
    assert workspace.write_prediction("img_001.png", predicted(0, confidence=51)).least_sure is None
    table = workspace.classes
    workspace.set_classes(table.replaced(dataclasses.replace(table.background, name="Sky")))
    entry = workspace.write_prediction("img_001.png", predicted(0, confidence=51))
    assert entry.least_sure == ("background", pytest.approx(0.2))
    workspace.close()


def test_the_index_can_be_deleted_or_broken_without_changing_anything(folder: Path, label_map: np.ndarray) -> None:
    workspace = Workspace.open(folder)
    for number in range(1, 7):
        save(workspace, f"img_{number:03d}.png", label_map)
    workspace.write_work("img_007.png", of_arrays(label_map, human(label_map)))
    workspace.write_work("img_008.png", of_arrays(np.full(SHAPE, 3, np.uint8), np.full(SHAPE, MODEL, np.uint8)))
    workspace.write_prediction("img_009.png", predicted(3))
    workspace.close()
    before = workspace.entries()
    assert {entry.status for entry in before} == set(Status)
    index = folder / "segmentation" / "index.sqlite"
    for content in (None, b"", b"not a database" * 500, index.read_bytes()[:2000]):
        index.unlink() if content is None else index.write_bytes(content)
        workspace = Workspace.open(folder)
        assert workspace.entries() == before
        workspace.close()


def test_an_index_from_another_folder_state_is_not_believed(folder: Path, label_map: np.ndarray) -> None:
    workspace = Workspace.open(folder)
    save(workspace, "img_001.png", label_map)
    workspace.close()
    path = folder / "segmentation" / "labels" / "img_001.png.json"
    record = json.loads(path.read_text())
    path.write_text(json.dumps(record | {"split": "held_out"}))
    workspace = Workspace.open(folder)
    assert workspace.entry("img_001.png").split is Split.HELD_OUT
    (path.parent / "img_001.png.png").unlink()
    workspace.refresh()
    assert workspace.entry("img_001.png").status is Status.NONE
    workspace.close()


def test_new_and_vanished_images_are_seen_on_refresh(folder: Path) -> None:
    workspace = Workspace.open(folder)
    add_images(folder, ["zz.png"])
    (folder / "img_001.png").unlink()
    workspace.refresh()
    names = [entry.name for entry in workspace.entries()]
    assert "zz.png" in names and "img_001.png" not in names
    with pytest.raises(KeyError):
        workspace.entry("img_001.png")
    workspace.close()


def test_a_label_saved_while_the_disk_is_looked_at_is_seen(
    folder: Path, label_map: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace.open(folder)
    path = folder / "segmentation" / "labels" / "img_001.png.json"
    saving = threading.Thread(target=save, args=(workspace, "img_001.png", label_map))
    look = model.catalog._stamps

    def look_too_early(part: Path) -> dict:
        found = look(part)
        if part.name == "labels":
            saving.start()
            while not path.exists():
                time.sleep(0.01)
            time.sleep(0.05)
        return found

    monkeypatch.setattr(model.catalog, "_stamps", look_too_early)
    workspace.refresh()
    saving.join()
    assert workspace.entry("img_001.png").status is Status.LABELLED
    workspace.close()


def test_peeking_writes_nothing(folder: Path) -> None:
    assert len(Workspace.peek(folder).entries()) == 12
    assert sorted(os.listdir(folder)) == [f"img_{number:03d}.png" for number in range(1, 13)]


# --- files that cannot be used ---


def test_a_label_of_another_size_is_named_and_kept_for_ever(folder: Path, label_map: np.ndarray) -> None:
    workspace = Workspace.open(folder)
    path = folder / "segmentation" / "labels" / "img_001.png.png"
    pillow.new("L", (5, 5), 6).save(path)
    foreign = path.read_bytes()
    workspace.refresh()
    maps = workspace.read_maps("img_001.png", SHAPE)
    assert maps.source == "none"
    assert "5 x 5" in str(maps.notices[0])
    save(workspace, "img_001.png", label_map)
    assert np.array_equal(workspace.read_maps("img_001.png", SHAPE).label_map, label_map)
    assert path.with_name("img_001.png.damaged-1.png").read_bytes() == foreign
    workspace.close()


def test_our_own_label_is_kept_too_when_its_image_was_exchanged_for_one_of_another_size(
    folder: Path, label_map: np.ndarray
) -> None:
    workspace = Workspace.open(folder)
    save(workspace, "img_001.png", label_map)
    path = folder / "segmentation" / "labels" / "img_001.png.png"
    before = path.read_bytes()
    pillow.new("L", (9, 7), 90).save(folder / "img_001.png")
    save(workspace, "img_001.png", np.zeros((7, 9), np.uint8))
    assert path.with_name("img_001.png.damaged-1.png").read_bytes() == before
    workspace.close()


@pytest.mark.parametrize("kind", ["work", "predictions"])
def test_damaged_work_and_predictions_are_named_and_kept(folder: Path, label_map: np.ndarray, kind: str) -> None:
    workspace = Workspace.open(folder)
    path = folder / "segmentation" / kind / "img_001.png.png"
    path.write_bytes(b"half a file")
    maps = workspace.read_maps("img_001.png", SHAPE)
    assert "img_001.png.png" in str(maps.notices[0])
    for _ in range(2):
        if kind == "work":
            workspace.write_work("img_001.png", of_arrays(label_map, human(label_map)))
        else:
            workspace.write_prediction("img_001.png", predicted(3))
    assert path.with_name("img_001.png.damaged-1.png").read_bytes() == b"half a file"
    assert not path.with_name("img_001.png.damaged-2.png").exists()
    assert workspace.read_maps("img_001.png", SHAPE).notices == ()
    workspace.close()


@pytest.mark.parametrize("place", ["work", "labels"])
def test_a_map_that_another_program_has_changed_counts_as_a_persons(
    folder: Path, label_map: np.ndarray, place: str
) -> None:
    workspace = Workspace.open(folder)
    planes = of_arrays(label_map, np.full(SHAPE, MODEL, np.uint8))
    if place == "work":
        workspace.write_work("img_001.png", planes)
    else:
        workspace.save_label("img_001.png", read_image(folder / "img_001.png"), planes, accepted=False)
    path = folder / "segmentation" / place / "img_001.png.png"
    with pillow.open(path) as picture:
        picture.load()
        assert (workspace.read_maps("img_001.png", SHAPE).provenance == MODEL).all()
        picture.save(path)
    assert np.array_equal(workspace.read_maps("img_001.png", SHAPE).provenance, human(label_map))
    workspace.close()


def test_the_provenance_that_older_versions_wrote_beside_the_map_is_read_and_then_replaced(
    folder: Path, label_map: np.ndarray
) -> None:
    workspace = Workspace.open(folder)
    origins = (np.arange(label_map.size).reshape(SHAPE) % 3).astype(np.uint8)
    workspace.write_work("img_001.png", of_arrays(label_map, origins))
    work = folder / "segmentation" / "work"
    with pillow.open(work / "img_001.png.png") as picture:
        picture.load()
        picture.save(work / "img_001.png.png")
    pillow.fromarray(origins).save(work / "img_001.png.provenance.png")
    assert np.array_equal(workspace.read_maps("img_001.png", SHAPE).provenance, origins)
    workspace.write_work("img_001.png", of_arrays(label_map, origins))
    assert not (work / "img_001.png.provenance.png").exists()
    assert np.array_equal(workspace.read_maps("img_001.png", SHAPE).provenance, origins)
    workspace.close()


def test_values_outside_the_table_are_named_and_the_file_kept(folder: Path) -> None:
    workspace = Workspace.open(folder)
    path = folder / "segmentation" / "labels" / "img_001.png.png"
    pillow.new("L", SHAPE[::-1], 77).save(path)
    maps = workspace.read_maps("img_001.png", SHAPE)
    assert "77" in str(maps.notices[0])
    foreign = path.read_bytes()
    save(workspace, "img_001.png", np.zeros(SHAPE, np.uint8))
    assert path.with_name("img_001.png.damaged-1.png").read_bytes() == foreign
    workspace.close()


def test_a_damaged_record_does_not_lose_the_label(folder: Path, label_map: np.ndarray) -> None:
    workspace = Workspace.open(folder)
    save(workspace, "img_001.png", label_map)
    (folder / "segmentation" / "labels" / "img_001.png.json").write_bytes(b"{")
    workspace.refresh()
    assert workspace.entry("img_001.png").status is Status.LABELLED
    assert np.array_equal(workspace.read_maps("img_001.png", SHAPE).label_map, label_map)
    (item,) = workspace.labelled()
    assert item.damaged and item.split is Split.HELD_OUT and item.classes[6] == "liver"
    save(workspace, "img_001.png", label_map)
    assert [(item.split, item.damaged) for item in workspace.labelled()] == [(Split.TRAIN, False)]
    kept = folder / "segmentation" / "labels" / "img_001.png.damaged-1.json"
    assert kept.read_bytes() == b"{"
    workspace.close()


def test_a_record_that_cannot_be_read_for_a_moment_is_asked_again(
    folder: Path, label_map: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace.open(folder)
    save(workspace, "img_001.png", label_map)
    record = folder / "segmentation" / "labels" / "img_001.png.json"
    held = record.read_text().replace('"split": "train"', '"split": "held_out"')
    record.write_text(held)

    def busy(path: Path) -> None:
        raise PermissionError("a virus scanner has it")

    with monkeypatch.context() as patch:
        patch.setattr("model.catalog.read_object", busy)
        workspace.refresh()
        assert workspace.labelled()[0].damaged
    save(workspace, "img_001.png", label_map)
    assert [(item.split, item.damaged) for item in workspace.labelled()] == [(Split.HELD_OUT, False)]
    workspace.close()


# --- classes ---


def test_a_workspace_has_its_own_table(folder: Path) -> None:
    workspace = Workspace.open(folder)
    assert workspace.classes == default_table()
    table = workspace.classes.with_class(workspace.classes.new_class("肿瘤"))
    assert workspace.set_classes(table) == table
    workspace.close()
    assert Workspace.peek(folder).classes == table


def test_labels_follow_their_classes_by_uid(folder: Path, label_map: np.ndarray) -> None:
    workspace = Workspace.open(folder)
    save(workspace, "img_001.png", label_map)
    workspace.close()
    moved = ClassTable.from_json(["background", "liver", "spleen"])
    moved.write(folder / "segmentation" / "classes.json")
    read = Workspace.peek(folder).read_maps("img_001.png", SHAPE)
    assert np.array_equal(read.label_map, np.where(label_map == 6, np.uint8(1), label_map))


def test_a_label_of_a_class_that_is_gone_never_becomes_another_class(folder: Path, label_map: np.ndarray) -> None:
    workspace = Workspace.open(folder)
    save(workspace, "img_001.png", label_map)
    street = ClassTable.from_json(["Sky", "Building", "Pole", "Road", "Pavement", "Tree", "SignSymbol"])
    workspace.set_classes(street)
    maps = workspace.read_maps("img_001.png", SHAPE)
    assert maps.source == "none"
    assert "Liver" in str(maps.notices[0])
    path = folder / "segmentation" / "labels" / "img_001.png.png"
    liver = path.read_bytes()
    save(workspace, "img_001.png", np.zeros(SHAPE, np.uint8))
    assert path.with_name("img_001.png.damaged-1.png").read_bytes() == liver
    workspace.close()


def test_an_imported_table_keeps_the_values_of_known_classes(folder: Path, label_map: np.ndarray) -> None:
    workspace = Workspace.open(folder)
    save(workspace, "img_001.png", label_map)
    adopted = workspace.set_classes(ClassTable.from_json(["background", "liver", "tumour"]))
    assert adopted.by_uid("liver").value == 6
    assert np.array_equal(workspace.read_maps("img_001.png", SHAPE).label_map, label_map)
    workspace.close()


def test_a_table_that_another_program_has_changed_is_kept_before_it_is_replaced(folder: Path) -> None:
    workspace = Workspace.open(folder)
    path = folder / "segmentation" / "classes.json"
    assert not workspace.class_file.changed_outside
    path.write_text('["Sky", "Road", "Tree"]')
    assert workspace.class_file.changed_outside
    assert [item.name for item in workspace.class_file.read(workspace.classes).classes][-3:] == ["Sky", "Road", "Tree"]
    workspace.set_classes(default_table().without("liver"))
    assert not workspace.class_file.changed_outside
    assert [kept.read_text() for kept in (folder / "segmentation/kept").iterdir()] == ['["Sky", "Road", "Tree"]']
    workspace.set_classes(default_table())
    assert len(list((folder / "segmentation/kept").iterdir())) == 1, "its own are not"
    workspace.close()


def test_a_damaged_table_is_named_and_kept(folder: Path) -> None:
    Workspace.open(folder).close()
    path = folder / "segmentation" / "classes.json"
    path.write_bytes(b"{ half")
    workspace = Workspace.open(folder)
    assert "classes.json" in str(workspace.notices[0])
    assert str(workspace.notices[0]).endswith(". The default classes stand in, and the file is kept.")
    assert workspace.classes == default_table()
    assert path.read_bytes() == b"{ half"
    workspace.set_classes(default_table())
    assert path.with_name("classes.damaged-1.json").read_bytes() == b"{ half"
    assert workspace.notices == ()
    workspace.close()
    path.write_bytes(b"[ again")
    workspace = Workspace.open(folder)
    workspace.set_classes(default_table())
    assert path.with_name("classes.damaged-1.json").read_bytes() == b"{ half"
    assert path.with_name("classes.damaged-2.json").read_bytes() == b"[ again"
    workspace.close()


# --- who may write ---


def test_two_programs_on_one_workspace(folder: Path) -> None:
    workspace = Workspace.open(folder)
    with pytest.raises(WorkspaceLocked, match="another window"):
        Workspace.open(folder)
    assert len(Workspace.peek(folder).entries()) == 12
    workspace.close()
    workspace.close()
    Workspace.open(folder).close()


def test_what_is_written_after_closing_locks_nothing(folder: Path) -> None:
    """A job that was under way may be late; nobody would ever let go of the lock that it takes."""
    workspace = Workspace.open(folder)
    workspace.close()
    workspace.write_prediction("img_001.png", predicted(3))
    workspace.put_back("img_001.png")
    Workspace.open(folder).close()


def test_what_could_not_be_put_back_with_the_folders_is_put_back_later(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace.open(folder)
    shutil.rmtree(folder / "segmentation")
    with monkeypatch.context() as full, pytest.raises(OSError):
        full.setattr(ClassTable, "write", _no_room)
        workspace.put_back("img_001.png")
    assert workspace.put_back("img_001.png")
    assert (folder / "segmentation" / "classes.json").is_file()
    workspace.close()


def test_a_killed_program_leaves_nothing_locked(folder: Path) -> None:
    program = f"""
        import os, sys
        from pathlib import Path
        from model.workspace import Workspace
        workspace = Workspace.open(Path({str(folder)!r}))
        print("open", flush=True)
        sys.stdin.read()
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
    assert child.stdout.readline().strip() == b"open"
    with pytest.raises(WorkspaceLocked):
        Workspace.open(folder)
    child.kill()
    child.communicate()
    Workspace.open(folder).close()


def test_what_a_killed_program_was_writing_is_cleared_away(folder: Path) -> None:
    Workspace.open(folder).close()
    leftover = folder / "segmentation" / "work" / ".0123.part"
    leftover.write_bytes(b"half a map")
    Workspace.open(folder).close()
    assert not leftover.exists()


def test_a_place_that_cannot_be_written_asks_for_another(folder: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the workspace would be")
    with pytest.raises(WorkspaceNotWritable, match="choose another place"):
        Workspace.open(folder, blocked)
    elsewhere = Workspace.open(folder, tmp_path / "elsewhere")
    assert len(elsewhere.entries()) == 12
    assert not (folder / "segmentation").exists()
    elsewhere.close()


def test_a_new_folder_on_a_full_disk_asks_for_another_place(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(table: ClassTable, path: Path) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(ClassTable, "write", full)
        with pytest.raises(WorkspaceNotWritable, match="No space left on device"):
            Workspace.open(folder)
    Workspace.open(folder).close()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that even root cannot write")
def test_a_read_only_folder_asks_for_another(folder: Path) -> None:
    with pytest.raises(WorkspaceNotWritable):
        Workspace.open(folder, Path("/proc/self/segmentation"))


def test_a_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="gone"):
        Workspace.peek(tmp_path / "gone")


def test_a_save_that_fails_leaves_the_old_label(folder: Path, label_map: np.ndarray) -> None:
    """The temporary file cannot be made where a file has taken the folder's place."""
    workspace = Workspace.open(folder)
    save(workspace, "img_001.png", label_map)
    labels, aside = folder / "segmentation" / "labels", folder / "segmentation" / "aside"
    labels.rename(aside)
    labels.write_text("in the way")
    with pytest.raises(WorkspaceError, match=r"img_001\.png could not be saved"):
        save(workspace, "img_001.png", np.zeros(SHAPE, np.uint8))
    labels.unlink()
    aside.rename(labels)
    assert np.array_equal(workspace.read_maps("img_001.png", SHAPE).label_map, label_map)
    workspace.close()


def test_a_full_disk_leaves_the_old_files(folder: Path, label_map: np.ndarray) -> None:
    """A limit on the size of files stands for the disk: the system refuses the same write in the same way."""
    resource = pytest.importorskip("resource")
    noise = np.random.default_rng(0).integers(0, 14, SHAPE, np.uint8)
    workspace = Workspace.open(folder)
    save(workspace, "img_001.png", label_map)
    workspace.write_work("img_002.png", of_arrays(label_map, human(label_map)))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        for write in (
            lambda: save(workspace, "img_001.png", noise),
            lambda: workspace.write_work("img_002.png", of_arrays(noise, human(noise))),
            lambda: workspace.write_prediction("img_003.png", predicted(3)),
            lambda: workspace.set_classes(default_table().without("liver")),
        ):
            with pytest.raises(WorkspaceError, match=r"could not be saved.*The old file is intact"):
                write()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    for name in ("img_001.png", "img_002.png"):
        assert np.array_equal(workspace.read_maps(name, SHAPE).label_map, label_map)
    assert workspace.classes == default_table()
    assert not list(folder.rglob("*.part"))
    save(workspace, "img_001.png", noise)
    assert np.array_equal(workspace.read_maps("img_001.png", SHAPE).label_map, noise)
    workspace.close()


@pytest.mark.skipif(os.name == "nt", reason="there the whole path is limited, not the name")
def test_a_name_too_long_for_its_files_asks_for_a_shorter_one(folder: Path, label_map: np.ndarray) -> None:
    name = f"{'a' * 251}.png"
    shutil.copy(folder / "img_001.png", folder / name)
    workspace = Workspace.open(folder)
    assert workspace.read_maps(name, SHAPE).source == "none"
    with pytest.raises(WorkspaceError, match="name is too long.*shorter name"):
        workspace.write_work(name, of_arrays(label_map, human(label_map)))
    workspace.close()


def test_an_unusable_prediction_is_an_error_for_whoever_asks_for_it(folder: Path) -> None:
    workspace = Workspace.open(folder)
    (folder / "segmentation" / "predictions" / "img_001.png.png").write_bytes(b"x")
    with pytest.raises(LabelError):
        workspace.read_prediction_map("img_001.png", SHAPE)
    workspace.close()


# --- many ---


def test_ten_thousand_images_are_listed_at_once(tmp_path: Path, label_map: np.ndarray) -> None:
    for number in range(10_000):
        (tmp_path / f"{number}.png").write_bytes(b"x")
    workspace = Workspace.open(tmp_path)
    names = [entry.name for entry in workspace.entries()]
    assert len(names) == 10_000
    assert names[:3] == ["0.png", "1.png", "2.png"] and names[-1] == "9999.png"
    workspace.close()


# --- journals ---


def journal_of(folder: Path, name: str) -> Path:
    return folder / "segmentation" / "journal" / f"{name}.journal"


def patch_of(workspace: Workspace, name: str, value: int) -> MaskPatch:
    maps = workspace.read_maps(name, SHAPE)
    label, origin = maps.label_map.copy(), maps.provenance.copy()
    label[4:9, 5:11], origin[4:9, 5:11] = value, HUMAN
    return MaskPatch([piece_between((0, 0), (maps.label_map, maps.provenance), (label, origin))])


def held_by_a_stroke(workspace: Workspace, name: str) -> Held:
    """The journal of an image that is open, and has been painted."""
    journal = workspace.journal(name, workspace.read_maps(name, SHAPE))
    patch = patch_of(workspace, name, 3)
    journal.append([Commit(1, 1000.0, 1, "Brush", patch.to_bytes())], {3: "left_kidney"})
    return Held(journal, 1)


def test_an_edit_of_a_closed_image_has_its_own_history(folder: Path, label_map: np.ndarray) -> None:
    workspace = Workspace.open(folder)
    save(workspace, "img_001.png", label_map)
    for value in (3, 4):
        patch = patch_of(workspace, "img_001.png", value)
        assert workspace.write_edit("img_001.png", SHAPE, "Interpolate", patch).status is Status.CORRECTED
    maps = workspace.read_maps("img_001.png", SHAPE)
    story = maps.past.story
    assert maps.label_map[5, 6] == 4 and maps.label_map[20, 20] == 0 and maps.unsaved == 0
    assert [step.text for step in story.steps] == ["Interpolate"] * 2 and story.cursor == 2
    journal = workspace.journal("img_001.png", maps)
    for step in reversed(story.steps):
        journal.read(step.key).apply(maps.label_map, maps.provenance)
    assert np.array_equal(maps.label_map, label_map)
    workspace.close()


def test_what_is_imported_over_a_journal_puts_it_aside(folder: Path, label_map: np.ndarray) -> None:
    workspace = Workspace.open(folder)
    workspace.write_edit("img_001.png", SHAPE, "Brush", patch_of(workspace, "img_001.png", 3))
    save(workspace, "img_001.png", label_map)
    assert np.array_equal(workspace.read_maps("img_001.png", SHAPE).label_map, label_map)
    assert workspace.entry("img_001.png").status is Status.LABELLED
    assert not journal_of(folder, "img_001.png").exists()
    assert len(list((folder / "segmentation/kept").iterdir())) == 1
    workspace.close()


def test_a_newer_prediction_replaces_one_that_only_the_journal_holds_and_never_a_person_s_work(folder: Path) -> None:
    workspace = Workspace.open(folder)
    maps = workspace.read_maps("img_001.png", SHAPE)
    everything = piece_between((0, 0), (maps.label_map, maps.provenance), (3, MODEL))
    workspace.write_edit("img_001.png", SHAPE, "Predict", MaskPatch([everything]))
    workspace.write_edit("img_002.png", SHAPE, "Brush", patch_of(workspace, "img_002.png", 3))
    assert workspace.entry("img_001.png").status is Status.PREDICTED
    for name in ("img_001.png", "img_002.png"):
        os.utime(journal_of(folder, name), (1, 1))
        workspace.write_prediction(name, predicted(5))
    assert (workspace.read_maps("img_001.png", SHAPE).label_map == 5).all()
    assert workspace.read_maps("img_002.png", SHAPE).label_map[5, 6] == 3
    workspace.drop_prediction("img_001.png")
    assert (workspace.read_maps("img_001.png", SHAPE).label_map == UNTOUCHED).all()
    workspace.drop_prediction("img_002.png")
    assert workspace.read_maps("img_002.png", SHAPE).label_map[5, 6] == 3
    workspace.close()


def test_a_newer_prediction_lies_on_top_of_a_history_that_a_person_made(folder: Path) -> None:
    """Painted and cleared again: the prediction is shown, and undo still leads to what was painted."""
    name = "img_001.png"
    workspace = Workspace.open(folder)
    patch = patch_of(workspace, name, 3)
    workspace.write_edit(name, SHAPE, "Brush", patch)
    painted = workspace.read_maps(name, SHAPE).label_map
    workspace.write_edit(name, SHAPE, "Clear", patch)
    os.utime(journal_of(folder, name), (1, 1))
    workspace.write_prediction(name, predicted(5))
    maps = workspace.read_maps(name, SHAPE)
    assert (maps.label_map == 5).all() and maps.source == "prediction" and maps.lacking_text == "Predict"
    planes = maps.label_map, maps.provenance
    maps.lacking.apply(*planes)
    assert (maps.label_map == UNTOUCHED).all()
    journal = workspace.journal(name, maps)
    journal.read(maps.past.story.steps[-1].key).apply(*planes)
    assert (maps.label_map == painted).all()
    workspace.close()


def test_reading_beside_another_program_writes_nothing(folder: Path) -> None:
    workspace = Workspace.open(folder)
    workspace.write_edit("img_001.png", SHAPE, "Brush", patch_of(workspace, "img_001.png", 3))
    with open(journal_of(folder, "img_001.png"), "ab") as file:
        file.write(b"half a record")
    before = {path: path.read_bytes() for path in (folder / "segmentation").rglob("*") if path.is_file()}
    peeking = Workspace.peek(folder)
    assert peeking.read_maps("img_001.png", SHAPE).label_map[5, 6] == 3
    assert peeking.edits.unsaved() == []
    after = {path: path.read_bytes() for path in (folder / "segmentation").rglob("*") if path.is_file()}
    assert before == after
    workspace.close()


def paint_each(workspace: Workspace, folder: Path, name: str, values: tuple[int, ...]) -> list[int]:
    """A stroke of each value; how large the journal is after each."""
    sizes = []
    for value in values:
        workspace.write_edit(name, SHAPE, "Brush", patch_of(workspace, name, value))
        sizes.append(journal_of(folder, name).stat().st_size)
    return sizes


def test_a_journal_that_was_cut_off_before_its_map_keeps_the_history_that_it_has(folder: Path) -> None:
    """What only the map holds is one step more: nothing is to be restored, and undo reaches what came before."""
    name = "img_001.png"
    workspace = Workspace.open(folder)
    sizes = paint_each(workspace, folder, name, (3, 5, 6))
    workspace.close()
    whole = journal_of(folder, name).read_bytes()
    for cut in range(sizes[0], sizes[1], 9):
        journal_of(folder, name).write_bytes(whole[:cut])
        workspace = Workspace.open(folder)
        maps = workspace.read_maps(name, SHAPE)
        assert workspace.edits.unsaved() == [] and maps.label_map[5, 6] == 6
        assert "undo takes them back in one step" in str(maps.notices[0])
        maps.lacking.apply(maps.label_map, maps.provenance)
        assert maps.label_map[5, 6] == (3, 5)[len(maps.past.story.steps) - 1]
        workspace.close()
    workspace = Workspace.open(folder)
    workspace.write_edit(name, SHAPE, "Brush", patch_of(workspace, name, 3))
    assert journal_of(folder, name).with_name(f"{name}.damaged-1.journal").read_bytes() == whole[:cut]
    maps = workspace.read_maps(name, SHAPE)
    assert maps.notices == () and maps.surpassed is None and maps.label_map[5, 6] == 3
    assert [step.text for step in maps.past.story.steps] == ["Brush", "Brush", NOT_IN_THE_JOURNAL, "Brush"]
    journal = workspace.journal(name, maps)
    seen = []
    for step in maps.past.story.steps[::-1]:
        journal.read(step.key).apply(maps.label_map, maps.provenance)
        seen.append(int(maps.label_map[5, 6]))
    assert seen == [6, 5, 3, UNTOUCHED]
    workspace.close()


@pytest.fixture
def cut_off(folder: Path) -> Path:
    """The folder; the journal of img_001.png has lost what follows its first edit, a map of 3, and the map is of 8."""
    workspace = Workspace.open(folder)
    workspace.write_edit("img_001.png", SHAPE, "Brush", patch_of(workspace, "img_001.png", 3))
    size = journal_of(folder, "img_001.png").stat().st_size
    for value in (5, 6, 7, 8):
        workspace.write_edit("img_001.png", SHAPE, "Brush", patch_of(workspace, "img_001.png", value))
    workspace.close()
    os.truncate(journal_of(folder, "img_001.png"), size)
    return folder


def test_edits_after_a_journal_that_was_cut_off_are_not_taken_for_those_it_lost(cut_off: Path) -> None:
    """Its numbers go on from the cut: a crash before the next map must not find the old map to be the newer one."""
    name = "img_001.png"
    workspace = Workspace.open(cut_off)
    maps = workspace.read_maps(name, SHAPE)
    journal, seq = workspace.journal(name, maps), maps.past.story.seq
    patch = patch_of(workspace, name, 9)
    journal.append([Commit(seq + 1, 1.0, 2, NOT_IN_THE_JOURNAL, maps.lacking.to_bytes())], {})
    journal.append([Commit(seq + 2, 1.0, 3, "Brush", patch.to_bytes())], {})
    workspace.close()
    workspace = Workspace.open(cut_off)
    maps = workspace.read_maps(name, SHAPE)
    assert maps.label_map[5, 6] == 9 and maps.surpassed is None and maps.foreign is None and maps.unsaved == 1
    assert [step.text for step in maps.past.story.steps] == ["Brush", NOT_IN_THE_JOURNAL, "Brush"]
    workspace.close()


@pytest.mark.parametrize("written_later", [False, True])
def test_a_map_saved_while_a_journal_that_was_cut_off_cannot_be_written_is_the_truth(
    cut_off: Path, monkeypatch: pytest.MonkeyPatch, written_later: bool
) -> None:
    name = "img_001.png"
    workspace = Workspace.open(cut_off)
    maps = workspace.read_maps(name, SHAPE)
    journal, seq = workspace.journal(name, maps), maps.past.story.seq
    patch = patch_of(workspace, name, 9)
    patch.apply(maps.label_map, maps.provenance)
    commits = [
        Commit(seq + 1, 1.0, 2, NOT_IN_THE_JOURNAL, maps.lacking.to_bytes()),
        Commit(seq + 2, 1.0, 3, "Brush", patch.to_bytes()),
    ]
    with monkeypatch.context() as full, pytest.raises(OSError):
        full.setattr(model.journal_file, "copy_file", _no_room)
        journal.append(commits, {})
    workspace.write_work(name, of_arrays(maps.label_map, maps.provenance), Held(journal, seq + 2))
    if written_later:
        journal.append(commits, {})
    workspace.close()
    workspace = Workspace.open(cut_off)
    maps = workspace.read_maps(name, SHAPE)
    assert maps.label_map[5, 6] == 9 and maps.foreign is None
    assert (maps.surpassed is None) is written_later
    workspace.close()


def test_restoring_what_only_a_map_holds_puts_it_into_the_journal(cut_off: Path) -> None:
    name = "img_001.png"
    workspace = Workspace.open(cut_off)
    workspace.edits.restore(name)
    maps = workspace.read_maps(name, SHAPE)
    assert maps.label_map[5, 6] == 8 and maps.surpassed is None and maps.foreign is None and maps.unsaved == 0
    assert [step.text for step in maps.past.story.steps] == ["Brush", NOT_IN_THE_JOURNAL]
    workspace.close()


def _killed(*arguments: object) -> None:
    raise KeyboardInterrupt


def _no_room(*paths: Path) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_map_saved_before_the_next_edit_of_a_journal_that_was_cut_off_is_our_own(folder: Path) -> None:
    """Its map is as the journal has it: what the journal has lost took itself back."""
    name = "img_001.png"
    workspace = Workspace.open(folder)
    sizes = paint_each(workspace, folder, name, (3, 5, 3))
    workspace.close()
    os.truncate(journal_of(folder, name), sizes[0])
    workspace = Workspace.open(folder)
    maps = workspace.read_maps(name, SHAPE)
    held = Held(workspace.journal(name, maps), maps.past.story.seq)
    assert maps.surpassed is not None and maps.lacking is None
    workspace.write_work(name, of_arrays(maps.label_map, maps.provenance), held)
    maps = workspace.read_maps(name, SHAPE)
    assert maps.foreign is None and maps.surpassed is None and maps.label_map[5, 6] == 3
    workspace.close()


def test_a_map_that_cannot_be_read_leaves_what_the_shorter_journal_has(folder: Path) -> None:
    name = "img_001.png"
    workspace = Workspace.open(folder)
    workspace.write_edit(name, SHAPE, "Brush", patch_of(workspace, name, 3))
    size = journal_of(folder, name).stat().st_size
    workspace.write_edit(name, SHAPE, "Brush", patch_of(workspace, name, 5))
    workspace.close()
    os.truncate(journal_of(folder, name), size)
    work = folder / "segmentation" / "work" / f"{name}.png"
    work.write_bytes(work.read_bytes()[:-30])
    workspace = Workspace.open(folder)
    maps = workspace.read_maps(name, SHAPE)
    assert maps.label_map[5, 6] == 3 and maps.lacking is None and len(maps.notices) == 2
    workspace.close()


@pytest.mark.parametrize(("value", "named"), [(6, "Liver"), (14, "class 14")])
def test_a_journal_of_a_class_that_the_table_lost_is_named_and_kept(folder: Path, value: int, named: str) -> None:
    workspace = Workspace.open(folder)
    own = workspace.set_classes(workspace.classes.with_class(workspace.classes.new_class("Tumour")))
    workspace.write_edit("img_001.png", SHAPE, "Brush", patch_of(workspace, "img_001.png", value))
    workspace.set_classes(own.without(own.by_value(value).uid))
    maps = workspace.read_maps("img_001.png", SHAPE)
    assert f"The journal of img_001.png uses classes that the table no longer has: {named}. " in str(maps.notices[0])
    before = journal_of(folder, "img_001.png").read_bytes()
    workspace.journal("img_001.png", maps).append([Commit(1, 1.0, 1, "Brush", MaskPatch([]).to_bytes())], {})
    assert journal_of(folder, "img_001.png").with_name("img_001.png.damaged-1.journal").read_bytes() == before
    workspace.close()


def test_the_index_remembers_what_journals_say_and_may_be_deleted(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace.open(folder)
    workspace.write_edit("img_001.png", SHAPE, "Brush", patch_of(workspace, "img_001.png", 6))
    workspace.close()
    facts_of, looked = model.catalog.facts_of, []
    monkeypatch.setattr(model.catalog, "facts_of", lambda path: (looked.append(path), facts_of(path))[1])
    again = Workspace.open(folder)
    assert again.entry("img_001.png").status is Status.CORRECTED and looked == []
    again.close()
    (folder / "segmentation/index.sqlite").unlink()
    last = Workspace.open(folder)
    assert last.entry("img_001.png").status is Status.CORRECTED and len(looked) == 1
    last.close()


def test_what_is_to_be_replaced_is_copied_each_time_under_a_name_of_its_own(
    folder: Path, label_map: np.ndarray
) -> None:
    workspace, name = Workspace.open(folder), "img_001.png"
    workspace.write_prediction(name, predicted(6))
    assert not workspace.edits.keep(name) and not (folder / "segmentation/kept").exists()
    save(workspace, name, label_map)
    label = (folder / f"segmentation/labels/{name}.png").read_bytes()
    assert all(workspace.edits.keep(name) for _ in range(3))  # within one second
    kept = sorted((folder / "segmentation/kept").iterdir())
    assert len(kept) == 6 and all(path.name.startswith(f"{name}.2") and "damaged" not in path.name for path in kept)
    assert [path.read_bytes() for path in kept if path.suffix == ".png"] == [label] * 3
    assert (folder / f"segmentation/labels/{name}.png").read_bytes() == label
    workspace.close()


@pytest.mark.parametrize("accepted", [True, False])
def test_a_label_that_is_written_over_what_another_program_made_of_it_is_still_what_it_was(
    folder: Path, label_map: np.ndarray, accepted: bool
) -> None:
    workspace, name = Workspace.open(folder), "img_001.png"
    save(workspace, name, label_map, accepted)
    record = folder / f"segmentation/labels/{name}.json"
    before = json.loads(record.read_text())["status"]
    pillow.new("L", SHAPE[::-1], 3).save(folder / f"segmentation/labels/{name}.png")
    planes = of_arrays(label_map, human(label_map))
    workspace.edits.write_mine(name, read_image(folder / name), planes, None)
    assert json.loads(record.read_text())["status"] == before == ("accepted" if accepted else "labelled")
    assert np.array_equal(workspace.read_maps(name, SHAPE).label_map, label_map)
    workspace.close()


def test_of_two_maps_that_another_program_has_changed_both_are_kept(folder: Path, label_map: np.ndarray) -> None:
    workspace, name = Workspace.open(folder), "img_001.png"
    save(workspace, name, label_map)
    corrected = np.where(label_map == 6, np.uint8(7), label_map)
    held = held_by_a_stroke(workspace, name)
    workspace.write_work(name, of_arrays(corrected, human(corrected)), held)
    for part, value in (("labels", 3), ("work", 4)):  # as by a backup that is put back
        pillow.new("L", SHAPE[::-1], value).save(folder / f"segmentation/{part}/{name}.png")
    first = workspace.edits.changed_map(name)
    workspace.edits.set_aside(name, first)
    second = workspace.edits.changed_map(name)
    assert {first.parent.name, second.parent.name} == {"labels", "work"}
    workspace.edits.write_mine(name, read_image(folder / name), of_arrays(corrected, human(corrected)), held)
    kept = [np.asarray(pillow.open(path))[0, 0] for path in (folder / "segmentation/kept").glob("*.png")]
    assert sorted(kept) == [3, 4] and workspace.edits.changed_map(name) is None
    workspace.close()


@pytest.mark.parametrize("way", ["edited", "restored"])
def test_a_map_that_another_program_changed_while_its_image_was_closed_is_kept_before_it_is_written(
    folder: Path, way: str
) -> None:
    workspace, name = Workspace.open(folder), "img_001.png"
    workspace.write_edit(name, SHAPE, "Interpolate", patch_of(workspace, name, 3))
    workspace.close()
    pillow.new("L", SHAPE[::-1], 4).save(workspace.root / "work" / f"{name}.png")
    workspace = Workspace.open(folder)
    if way == "edited":
        workspace.write_edit(name, SHAPE, "Interpolate", patch_of(workspace, name, 5))
    else:
        workspace.edits.restore(name)
    (kept,) = (folder / "segmentation/kept").iterdir()
    assert np.asarray(pillow.open(kept))[0, 0] == 4
    maps = workspace.read_maps(name, SHAPE)
    assert maps.label_map[5, 6] == (5 if way == "edited" else 3) and maps.foreign is None
    workspace.close()


def test_a_label_that_another_program_changed_beneath_newer_work_is_kept_when_that_is_saved(
    folder: Path, label_map: np.ndarray
) -> None:
    workspace, name = Workspace.open(folder), "img_001.png"
    save(workspace, name, label_map)
    workspace.write_edit(name, SHAPE, "Brush", patch_of(workspace, name, 3))
    workspace.close()
    label = folder / f"segmentation/labels/{name}.png"
    pillow.new("L", SHAPE[::-1], 4).save(label)
    os.utime(label, (time.time() + 60,) * 2)  # a record tells whole seconds
    workspace = Workspace.open(folder)
    for _ in range(2):
        maps = workspace.read_maps(name, SHAPE)
        held = Held(workspace.journal(name, maps), maps.past.story.seq)
        planes = of_arrays(maps.label_map, maps.provenance)
        workspace.save_label(name, read_image(folder / name), planes, False, held)
    (kept,) = (folder / "segmentation/kept").iterdir()
    assert np.asarray(pillow.open(kept))[0, 0] == 4 and workspace.read_maps(name, SHAPE).label_map[5, 6] == 3
    workspace.close()


def test_a_workspace_elsewhere_begins_with_classes_although_nothing_is_labelled_yet(
    folder: Path, tmp_path: Path
) -> None:
    assert not holds_work(folder / "segmentation")
    workspace = Workspace.open(folder)
    classes = workspace.set_classes(ClassTable.from_json(["Sky", "Road"]))
    workspace.close()
    assert holds_work(workspace.root)
    begin_with(workspace.root, tmp_path / "elsewhere", lambda progress: None)
    again = Workspace.open(folder, tmp_path / "elsewhere")
    assert again.classes == classes
    again.close()


@pytest.mark.parametrize("labelled", [False, True])
def test_a_label_whose_record_cannot_be_written_is_no_label_unless_it_was_one(
    folder: Path, label_map: np.ndarray, monkeypatch: pytest.MonkeyPatch, labelled: bool
) -> None:
    """Without a record it would train, whatever was decided, although saving it was said to have failed."""
    for number in range(1, 6):  # no copies of each other
        pillow.new("L", SHAPE[::-1], 10 * number).save(folder / f"img_{number:03d}.png")
    workspace, name = Workspace.open(folder), "img_005.png"
    for number in range(1, 5):  # the fifth is held out
        save(workspace, f"img_{number:03d}.png", label_map)
    if labelled:
        save(workspace, name, label_map)
    monkeypatch.setattr("model.records.atomic_write", _no_room)
    with pytest.raises(WorkspaceError, match="No space left"):
        save(workspace, name, np.where(label_map == 6, np.uint8(7), label_map))
    monkeypatch.undo()
    workspace.close()
    again = Workspace.open(folder)
    splits = {one.image_path.name: one.split for one in again.labelled()}
    assert splits.get(name) == (Split.HELD_OUT if labelled else None) and again.has_label(name) == labelled
    assert save(again, name, label_map) is Split.HELD_OUT
    again.close()


def test_a_crash_between_a_first_label_and_its_record_does_not_change_the_side_it_was_decided_for(
    folder: Path, label_map: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a record it would train."""
    for number in range(1, 7):  # no copies of each other
        pillow.new("L", SHAPE[::-1], 10 * number).save(folder / f"img_{number:03d}.png")
    workspace, name = Workspace.open(folder), "img_005.png"
    for number in range(1, 5):  # the fifth is held out
        save(workspace, f"img_{number:03d}.png", label_map)
    with monkeypatch.context() as killed:
        killed.setattr(Workspace, "_write_record", _killed)
        with pytest.raises(KeyboardInterrupt):
            save(workspace, name, label_map)
    workspace.close()
    again = Workspace.open(folder)
    splits = {one.image_path.name: one.split for one in again.labelled()}
    assert again.has_label(name) and splits[name] is again.entry(name).split is Split.HELD_OUT
    assert save(again, "img_006.png", label_map) is Split.TRAIN
    again.close()


def test_what_was_decided_counts_although_the_label_could_not_be_written(
    folder: Path, label_map: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 7):
        pillow.new("L", SHAPE[::-1], 10 * number).save(folder / f"img_{number:03d}.png")
    workspace = Workspace.open(folder)
    for number in range(1, 5):
        save(workspace, f"img_{number:03d}.png", label_map)
    with monkeypatch.context() as full:
        full.setattr("model.map_files.atomic_write", _no_room)
        with pytest.raises(WorkspaceError, match="No space left"):
            save(workspace, "img_005.png", label_map)
    assert not workspace.has_label("img_005.png")
    assert save(workspace, "img_006.png", label_map) is Split.TRAIN
    assert save(workspace, "img_005.png", label_map) is Split.HELD_OUT
    workspace.close()


def test_a_replaced_label_whose_record_cannot_be_written_is_said_to_be_the_new_one(
    folder: Path, label_map: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, name = Workspace.open(folder), "img_001.png"
    save(workspace, name, label_map)
    changed = np.where(label_map == 6, np.uint8(7), label_map)
    with monkeypatch.context() as full:
        full.setattr("model.records.atomic_write", _no_room)
        with pytest.raises(WorkspaceError, match="No space left") as raised:
            save(workspace, name, changed)
    assert "old file" not in str(raised.value) and "is saved, but" in str(raised.value)
    assert np.array_equal(workspace.read_maps(name, SHAPE).label_map, changed)
    workspace.close()


def test_a_label_that_cannot_be_copied_is_said_and_stays(
    folder: Path, label_map: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, name = Workspace.open(folder), "img_001.png"
    save(workspace, name, label_map)
    label = (folder / f"segmentation/labels/{name}.png").read_bytes()
    monkeypatch.setattr("model.foreign.copy_file", _no_room)
    with pytest.raises(WorkspaceError, match="No space left"):
        workspace.edits.keep(name)
    assert (folder / f"segmentation/labels/{name}.png").read_bytes() == label
    workspace.close()


def test_a_label_with_a_name_as_long_as_can_be_is_withdrawn(tmp_path: Path) -> None:
    name = "n" * 242 + ".png"
    add_images(tmp_path, [name])
    workspace = Workspace.open(tmp_path)
    label_map = np.full(SHAPE, 6, np.uint8)
    save(workspace, name, label_map)
    workspace.withdraw_label(name, of_arrays(label_map, human(label_map)))
    assert not workspace.has_label(name) and len(list((workspace.root / "kept").iterdir())) == 1
    workspace.close()


def test_a_journal_that_cannot_be_read_is_not_taken_for_the_model_s(folder: Path) -> None:
    workspace = Workspace.open(folder)
    workspace.write_prediction("img_001.png", predicted(3))
    journal = workspace.root / "journal" / "img_001.png.journal"
    journal.write_bytes(b"torn, and perhaps a day's work")
    workspace.drop_prediction("img_001.png")
    assert journal.exists() and workspace.read_prediction_map("img_001.png", SHAPE) is None
    workspace.close()
