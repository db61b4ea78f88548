"""Which images without a label a training may look at: none that is, or resembles, what judges it."""

from __future__ import annotations

import errno
import json
import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor, TimeoutError
from pathlib import Path

import numpy as np
import pytest

from model.images import read_image
from model.labels import write_label
from model.layout import Layout
from model.pillow import pillow
from model.plane_source import of_arrays
from model.progress import silent
from model.provenance import HUMAN
from model.seen_units import add_seen, seen_units, split_lock
from model.survey import survey
from model.unlabelled import remember_seen, unlabelled
from model.workspace import Split, Workspace
from model.workspace_copy import begin_with
from tests.model.conftest import blob_classes, blob_picture, make_blobs


def names(folder: Path) -> list[str]:
    return [path.name for path in unlabelled(Workspace.peek(folder))]


def label(workspace: Workspace, name: str) -> Split:
    shape = blob_picture(0)[1].shape
    planes = of_arrays(blob_picture(0)[1], np.full(shape, HUMAN, np.uint8))
    workspace.save_label(name, read_image(workspace.folder / name), planes, accepted=True)
    return next(item.split for item in workspace.labelled() if item.image_path.name == name)


def drives(folder: Path, labelled: list[str]) -> Path:
    """Six drives of five frames each; these of their frames have a label."""
    folder.mkdir()
    for number, drive in enumerate("abcdef"):
        for frame in range(5):
            pillow.fromarray(blob_picture(10 * number + frame)[0]).save(folder / f"{drive}_{frame}.png")
    with_labels = Workspace.open(folder)
    with_labels.set_classes(blob_classes())
    for name in labelled:
        label = blob_picture(0)[1]
        image = read_image(folder / name)
        with_labels.save_label(name, image, of_arrays(label, np.full(label.shape, HUMAN, np.uint8)), accepted=True)
    with_labels.close()
    return folder


def withdraw(workspace: Workspace, name: str) -> None:
    planes = of_arrays(blob_picture(0)[1], np.full(blob_picture(0)[1].shape, HUMAN, np.uint8))
    workspace.withdraw_label(name, planes)


def test_what_was_held_out_is_not_looked_at_once_its_label_is_withdrawn(tmp_path):
    folder = make_blobs(tmp_path / "many", labels=0, images=14)
    workspace = Workspace.open(folder)
    splits = {f"{letter}.png": label(workspace, f"{letter}.png") for letter in "abcdefghij"}
    held = [name for name, split in splits.items() if split is Split.HELD_OUT]
    assert held
    for name in held:
        withdraw(workspace, name)
    assert not {path.name for path in unlabelled(workspace)} & set(held)
    assert not workspace.has_label(held[0]) and label(workspace, held[0]) is Split.HELD_OUT
    workspace.close()


def test_a_label_of_another_tool_that_is_withdrawn_trains_when_it_is_made_again(tmp_path):
    folder = make_blobs(tmp_path / "few", labels=0, images=8)
    workspace = Workspace.open(folder)
    for letter in "abcd":
        label(workspace, f"{letter}.png")
    shutil.copy(Layout(workspace.root).label("a.png"), Layout(workspace.root).label("e.png"))
    workspace.refresh()
    assert next(one.split for one in workspace.labelled() if one.image_path.name == "e.png") is Split.TRAIN
    withdraw(workspace, "e.png")
    assert len(workspace.labelled()) == 4
    assert label(workspace, "e.png") is Split.TRAIN
    workspace.close()


def test_withdrawing_another_tool_s_label_leaves_the_grouping_of_the_folder(tmp_path):
    folder = drives(tmp_path / "drives", [])
    workspace = Workspace.open(folder)
    write_label(Layout(workspace.root).label("a_0.png"), blob_picture(0)[1], workspace.classes)
    workspace.refresh()
    withdraw(workspace, "a_0.png")
    splits = {name: label(workspace, name) for name in ("a_0.png", "b_0.png", "c_0.png", "d_0.png", "e_0.png")}
    assert splits["a_0.png"] is Split.TRAIN and splits["e_0.png"] is Split.HELD_OUT
    assert label(workspace, "e_1.png") is Split.HELD_OUT and label(workspace, "a_1.png") is Split.TRAIN
    workspace.close()


def test_one_in_five_is_kept_from_all_trainings_so_that_it_can_be_held_out(tmp_path):
    folder = make_blobs(tmp_path / "few", labels=4, images=14)
    kept = {f"{letter}.png" for letter in "efghijklmn"} - set(names(folder))
    assert len(kept) == 2
    workspace = Workspace.open(folder)
    remember_seen(workspace, unlabelled(workspace))
    splits = {name: label(workspace, name) for name in [*names(folder)[:3], *sorted(kept)]}
    workspace.close()
    assert {name for name, split in splits.items() if split is Split.HELD_OUT} == {sorted(kept)[0]}


def test_what_was_kept_stays_so_and_new_images_are_looked_at(tmp_path):
    folder = make_blobs(tmp_path / "few", labels=2, images=12)
    workspace = Workspace.open(folder)
    first = names(folder)
    remember_seen(workspace, unlabelled(workspace))
    assert names(folder) == first
    for number in range(4):
        pillow.fromarray(blob_picture(number)[0]).save(folder / f"new{number}.png")
    workspace.refresh()
    remember_seen(workspace, unlabelled(workspace))
    kept = {entry.name for entry in workspace.entries()} - set(names(folder)) - {"a.png", "b.png"}
    assert len(kept) == 3 and kept.isdisjoint(first)
    workspace.close()


def test_what_is_held_out_after_a_training_has_listed_its_images_is_not_looked_at(tmp_path):
    folder = drives(tmp_path / "drives", ["a_2.png", "b_2.png", "c_2.png", "d_2.png"])
    training, program = Workspace.peek(folder), Workspace.open(folder)
    looked_at = unlabelled(training)
    late = next(path.name for path in looked_at if path.name[0] in "ef")
    assert label(program, late) is Split.HELD_OUT
    allowed = remember_seen(training, looked_at)
    assert allowed and not any(path.name[0] == late[0] for path in allowed), "nor the rest of its drive"
    at = [entry.name for entry in program.entries()].index(late)
    beside = {entry.name for entry in program.entries()[at - 2 : at + 3]}
    assert not {path.name for path in allowed} & beside
    program.close()


def test_what_is_labelled_after_a_training_has_begun_to_look_is_not_held_out(tmp_path):
    folder = make_blobs(tmp_path / "few", labels=4, images=12)
    training, program = Workspace.peek(folder), Workspace.open(folder)
    looked_at = unlabelled(training)
    assert remember_seen(training, looked_at) == looked_at
    assert {label(program, path.name) for path in looked_at} == {Split.TRAIN}
    program.close()


@pytest.mark.parametrize(("still_there", "side"), [(False, Split.TRAIN), (True, Split.HELD_OUT)])
def test_a_held_out_image_that_was_looked_at_under_another_name_is_held_out_no_longer(tmp_path, still_there, side):
    folder = make_blobs(tmp_path / "many", labels=5, images=10)
    (folder / "e.png").rename(folder / "z.png")
    workspace = Workspace.open(folder)
    looked_at = unlabelled(workspace)
    assert folder / "z.png" in looked_at
    remember_seen(workspace, looked_at)
    if still_there:  # again: then both must be on one side
        shutil.copy(folder / "z.png", folder / "e.png")
        workspace.refresh()
    assert label(workspace, "z.png") is side
    workspace.close()


def test_a_training_waits_for_a_label_that_is_being_saved_and_then_knows_it(tmp_path, monkeypatch):
    folder = make_blobs(tmp_path / "few", labels=4, images=12)
    training, program = Workspace.peek(folder), Workspace.open(folder)
    looked_at = unlabelled(training)
    late, decided, go_on = looked_at[0].name, threading.Event(), threading.Event()
    write = program._maps.write_label

    def written(*given: object) -> object:
        decided.set()
        assert go_on.wait(20)
        return write(*given)

    monkeypatch.setattr(program._maps, "write_label", written)
    with ThreadPoolExecutor() as threads:
        saved = threads.submit(label, program, late)
        assert decided.wait(20)
        allowed = threads.submit(remember_seen, training, looked_at)
        with pytest.raises(TimeoutError):
            allowed.result(0.3)
        go_on.set()
        assert saved.result(20) is Split.HELD_OUT
        assert late not in {path.name for path in allowed.result(20)}
    program.close()


def test_a_label_waits_for_a_training_that_is_writing_what_it_looks_at(tmp_path):
    folder = make_blobs(tmp_path / "few", labels=4, images=12)
    program = Workspace.open(folder)
    late = unlabelled(program)[0].name
    layout = Layout(program.root)
    with ThreadPoolExecutor() as threads:
        with split_lock(layout):
            saved = threads.submit(label, program, late)
            with pytest.raises(TimeoutError):
                saved.result(0.3)
            layout.runs.mkdir()
            layout.seen.write_text(f'{{"units": ["{late}"]}}')
        assert saved.result(20) is Split.TRAIN
    program.close()


def test_a_few_unlabelled_images_are_all_looked_at(tmp_path):
    assert names(make_blobs(tmp_path / "few", labels=2, images=4)) == ["c.png", "d.png"]


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
def test_names_that_are_no_utf_8_are_kept_and_remembered(tmp_path):
    folder = make_blobs(tmp_path / "bytes", labels=2, images=2)
    strange = [os.fsdecode(b"\xe9%d.png" % number) for number in range(4)]
    for number, name in enumerate(strange):
        pillow.fromarray(blob_picture(number)[0]).save(folder / name)
    workspace = Workspace.open(folder)
    found = unlabelled(workspace)
    remember_seen(workspace, found)
    workspace.close()
    assert len(found) == 3 and seen_units(Layout(folder / "segmentation")) == {path.name for path in found}


def test_a_workspace_elsewhere_knows_what_was_seen(tmp_path):
    folder = make_blobs(tmp_path / "few", labels=2, images=4)
    workspace = Workspace.open(folder)
    remember_seen(workspace, unlabelled(workspace))
    workspace.close()
    begin_with(folder / "segmentation", tmp_path / "elsewhere", silent)
    assert seen_units(Layout(tmp_path / "elsewhere")) == {"c.png", "d.png"}


def test_a_damaged_list_of_what_was_seen_is_kept_and_begun_anew(tmp_path):
    folder = make_blobs(tmp_path / "few", labels=2, images=4)
    layout = Layout(folder / "segmentation")
    layout.runs.mkdir(exist_ok=True)
    for text in ("damaged", '{"units": 3}', "[]"):
        layout.seen.write_text(text)
        assert seen_units(layout) == frozenset()
    workspace = Workspace.open(folder)
    remember_seen(workspace, unlabelled(workspace))
    workspace.close()
    assert seen_units(layout) == {"c.png", "d.png"} and len(list(layout.runs.glob("seen*"))) == 2


def test_a_list_of_what_was_seen_that_cannot_be_read_now_is_not_begun_anew(tmp_path, monkeypatch):
    """As one that a colleague has written into a shared folder, for nobody else to read."""
    layout = Layout(tmp_path / "segmentation")
    add_seen(layout, {"a", "b"})

    def refuse(path: Path) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    with monkeypatch.context() as patch, pytest.raises(PermissionError):
        patch.setattr(Path, "read_bytes", refuse)
        add_seen(layout, {"c"})
    assert seen_units(layout) == {"a", "b"}


def test_neighbours_of_a_held_out_image_are_left_alone(tmp_path):
    folder = make_blobs(tmp_path / "many", labels=5, images=10)
    assert names(folder) == ["h.png", "i.png"], "e is held out, f and g stand next to it, j may be held out later"


def test_a_copy_of_a_held_out_image_is_not_looked_at(tmp_path):
    folder = make_blobs(tmp_path / "many", labels=5, images=10)
    for name, copied in (("e.png", "y.png"), ("h.png", "z.png")):
        shutil.copy(folder / name, folder / copied)
    assert "y.png" not in names(folder) and {"h.png", "z.png"} <= set(names(folder))


def test_no_image_of_a_held_out_drive_is_used(tmp_path):
    folder = drives(tmp_path / "drives", ["a_2.png", "b_2.png", "c_2.png", "d_2.png", "e_2.png"])
    held = [item.unit for item in Workspace.peek(folder).labelled() if item.split is Split.HELD_OUT]
    found = names(folder)
    assert held == ["e"] and not any(name.startswith("e") for name in found)
    assert [name for name in found if name[0] in "df"] == ["d_0.png", "d_1.png", "f_2.png", "f_3.png", "f_4.png"]
    assert "a_0.png" in found and "a_2.png" not in found


def test_no_image_of_a_drive_is_used_of_which_one_is_held_out_and_another_trains(tmp_path):
    """As where the labels of two people have been put together, each with a split of its own."""
    folder = drives(tmp_path / "drives", [f"{drive}_2.png" for drive in "abcde"] + ["e_4.png"])
    record = Layout(folder / "segmentation").label_record("e_4.png")
    record.write_text(json.dumps(json.loads(record.read_text()) | {"split": "train"}))
    splits = {item.image_path.name: item.split for item in Workspace.peek(folder).labelled()}
    assert splits["e_2.png"] is Split.HELD_OUT and splits["e_4.png"] is Split.TRAIN
    assert not any(name.startswith("e") for name in names(folder))


def test_a_survey_lists_them_when_asked_and_reads_them_later(blobs):
    assert survey(Workspace.peek(blobs)).others == ()
    (blobs / "segmentation" / "labels" / "e.png.png").unlink()
    (blobs / "segmentation" / "labels" / "e.png.json").unlink()
    found = survey(Workspace.peek(blobs), others=True)
    assert [path.name for path in found.others] == ["e.png", "f.png"]
    assert found.look(found.others[0]).pixels.shape == (64, 64)
