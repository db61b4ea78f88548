"""Opening, moving, saving: what is on screen and what is on disk, whatever comes in between."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image as Pillow
from PySide6.QtCore import Qt

from lsgui.jobs import SegmenterKeeper
from lsgui.shapes import stroke
from model.classes import ClassTable, default_table
from model.errors import WorkspaceError
from model.images import read_image
from model.journal import replay
from model.journal_file import JournalFile
from model.labels import UNTOUCHED, read_label, write_label
from model.layout import Layout
from model.map_store import MapStore
from model.messages import Message
from model.progress import Progress
from model.provenance import ACCEPTED, HUMAN, MODEL
from model.workspace import WORKSPACE_FOLDER, Status, Workspace

if TYPE_CHECKING:
    from lsgui.notices import Question
    from tests.lsgui.conftest import Desk


def status(desk: Desk, name: str) -> Status:
    return desk.session.folder.entry(name).status


def test_a_folder_opens_at_its_first_image_untouched(desk: Desk, image_folder: Callable) -> None:
    desk.open(image_folder("a", "b", "c"))
    assert desk.session.folder.rowCount() == 3
    assert desk.session.document.counts() == {UNTOUCHED: 64 * 64}
    assert desk.session.model.name == "little" and desk.session.saved.kind == "clean"
    assert desk.notices == []


def test_a_stroke_is_on_disk_a_second_later_and_there_again_after_a_restart(
    make_desk: Callable, image_folder: Callable
) -> None:
    folder, desk = image_folder("a", "b"), make_desk()
    desk.open(folder)

    def seconds_to_the_disk(x: int) -> float:
        desk.paint(x, 20, value=6)
        assert desk.session.saved.kind == "unsaved"
        started = time.monotonic()
        desk.wait(lambda: desk.session.saved.kind == "clean")
        return time.monotonic() - started

    # On a busy machine a single one may wait for the disk, or for a processor.
    assert any(seconds_to_the_disk(x) < 1 for x in (20, 30, 40, 50))
    assert replay(folder / "segmentation/journal/a.png.journal", (64, 64)).label_map[20, 20] == 6
    desk.wait(lambda: status(desk, "a.png") == Status.CORRECTED)
    desk.wait((folder / "segmentation" / "work" / "a.png.png").exists)
    work = read_label(folder / "segmentation" / "work" / "a.png.png", (64, 64), default_table())
    assert work[20, 20] == 6 and not list((folder / "segmentation/labels").iterdir())
    expected = desk.session.document.label_map.copy(), desk.session.document.provenance.copy()
    assert desk.session.close()
    again = make_desk()
    again.open(folder)
    assert (again.session.document.label_map == expected[0]).all()
    assert (again.session.document.provenance == expected[1]).all()


def test_leaving_an_image_saves_it_first(desk: Desk, image_folder: Callable) -> None:
    folder = image_folder("a", "b")
    desk.open(folder)
    desk.paint()
    desk.session.next_image()
    desk.wait(lambda: desk.session.document.name == "b.png")
    desk.settle()
    assert (folder / "segmentation" / "work" / "a.png.png").exists()
    desk.session.previous_image()
    desk.wait(lambda: desk.session.document.name == "a.png")
    assert desk.session.document.label_map[20, 20] == 6


@pytest.mark.parametrize("again", ["opened", "left alone"])
def test_a_map_that_could_not_be_written_behind_its_image_is_told_and_tried_again(
    desk: Desk, image_folder: Callable, monkeypatch: pytest.MonkeyPatch, again: str
) -> None:
    folder = image_folder("a", "b", "c")
    desk.open(folder)
    desk.session._parts.late_maps._timer.setInterval(50)
    write, full = Workspace.write_work, [True]

    def write_work(self: Workspace, name: str, *arguments: object) -> object:
        if full[0]:
            raise WorkspaceError("{name} could not be saved: the disk is full.", name=name)
        return write(self, name, *arguments)

    monkeypatch.setattr(Workspace, "write_work", write_work)
    desk.paint()
    desk.session.next_image()
    desk.wait(lambda: desk.said("a.png could not be saved"))
    desk.qtbot.wait(200)
    assert len(desk.notices) == 1, "it is said once"
    full[0] = False
    if again == "opened":
        desk.session.open_image("a.png")
    work = Layout(folder / WORKSPACE_FOLDER).work("a.png")
    desk.wait(work.exists)
    desk.settle()
    assert read_label(work, (64, 64), default_table())[20, 20] == 6
    desk.session.open_image("a.png")
    desk.wait(lambda: desk.session.document.name == "a.png")
    desk.settle()
    desk.session.undo()
    assert desk.session.document.counts() == {UNTOUCHED: 64 * 64}
    assert desk.session._parts.late_maps._late == set()


linux_only = pytest.mark.skipif(sys.platform != "linux", reason="asks /proc which files are open")
"""A system lends a program some thousand files, and a folder may have as many images."""


def open_journals() -> list[str]:
    paths = (os.path.realpath(link) for link in Path("/proc/self/fd").iterdir())
    return sorted(Path(path).name for path in paths if path.endswith(".journal"))


@linux_only
def test_an_image_that_was_left_keeps_no_file_open(desk: Desk, image_folder: Callable) -> None:
    """Its map is written behind it, and noted in its journal."""
    desk.open(image_folder("a", "b", "c"))
    for name in ("b.png", "c.png"):
        desk.paint()
        desk.session.open_image(name)
        desk.wait(lambda name=name: desk.session.document.name == name)
        desk.settle()
    assert open_journals() == []


@linux_only
def test_an_image_that_was_read_and_is_no_longer_wanted_keeps_no_file_open(desk: Desk, image_folder: Callable) -> None:
    desk.open(image_folder("a", "b", "c"))
    document = desk.session.document
    for name in ("b.png", "c.png", "a.png"):
        desk.paint()
        desk.session.open_image(name)
        desk.wait(lambda name=name: document.name == name)
        desk.settle()
    desk.session.open_image("b.png")
    document.begin("Brush")
    desk.settle()
    desk.session.open_image("c.png")
    desk.wait(lambda: document.name == "c.png")
    desk.settle()
    assert open_journals() == ["c.png.journal"]


def test_of_many_presses_only_the_newest_opens(desk: Desk, image_folder: Callable) -> None:
    desk.open(image_folder(*(f"i{number:02d}" for number in range(12))))
    opened = []
    desk.session.image_opened.connect(lambda: opened.append(desk.session.document.name))
    for _ in range(9):
        desk.session.next_image()
    desk.session.previous_image()
    desk.wait(lambda: desk.session.document.name == "i08.png")
    desk.settle()
    assert opened == ["i08.png"]


def test_the_ends_of_the_folder_are_quiet(desk: Desk, image_folder: Callable) -> None:
    desk.open(image_folder("a", "b"))
    desk.session.previous_image()
    desk.settle()
    assert desk.session.document.name == "a.png" and desk.notices == []


def test_next_follows_what_the_filter_shows(desk: Desk, image_folder: Callable) -> None:
    desk.open(image_folder("a", "skip", "b"))
    desk.session.shown.set_text("b")
    desk.session.next_image()
    desk.wait(lambda: desk.session.document.name == "b.png")


def test_an_image_that_cannot_be_read_leaves_the_last_one_open_and_can_be_passed(
    desk: Desk, image_folder: Callable
) -> None:
    folder = image_folder("a", "b", "c")
    (folder / "b.png").write_bytes((folder / "b.png").read_bytes()[:200])
    desk.open(folder)
    with desk.qtbot.waitSignal(desk.session.open_failed) as failed:
        desk.session.next_image()
    assert failed.args == ["b.png"] and desk.session.document.name == "a.png"
    assert [notice.level for notice in desk.notices] == ["error"] and desk.said("b.png")
    desk.session.next_image()
    desk.wait(lambda: desk.session.document.name == "c.png")


def test_a_label_of_another_size_is_named_and_never_overwritten(desk: Desk, image_folder: Callable) -> None:
    folder = image_folder("a")
    label = folder / "segmentation/labels/a.png.png"
    label.parent.mkdir(parents=True)
    write_label(label, np.full((10, 12), 3, np.uint8), default_table())
    kept = label.read_bytes()
    desk.open(folder)
    assert desk.said("12 x 10") and desk.session.document.counts() == {UNTOUCHED: 64 * 64}
    desk.paint()
    desk.session.document.fill_rest_with_background()
    desk.session.save_label()
    desk.settle()
    assert kept in [path.read_bytes() for path in label.parent.iterdir()]
    assert read_label(label, (64, 64), default_table())[20, 20] == 6


def test_an_empty_folder_says_what_to_do(desk: Desk, tmp_path: Path) -> None:
    desk.session.open_folder(tmp_path)
    desk.wait(lambda: desk.session.workspace is not None)
    desk.settle()
    assert desk.said("holds no images") and desk.session.document.image is None
    desk.session.next_image()
    desk.session.predict()
    desk.session.save_label()
    desk.session.clear_map()


def test_two_programs_on_one_folder(make_desk: Callable, image_folder: Callable) -> None:
    folder, first, second = image_folder("a"), make_desk(), make_desk()
    first.open(folder)
    second.session.open_folder(folder)
    second.wait(lambda: second.said("is open in another window"))
    assert second.session.workspace is None


def test_another_folder_and_back(desk: Desk, image_folder: Callable) -> None:
    one, two = image_folder("a", folder="one"), image_folder("b", folder="two")
    desk.open(one)
    desk.paint()
    desk.open(two)
    desk.open(one)
    assert desk.session.document.label_map[20, 20] == 6
    Workspace.open(two).close()


def test_a_folder_opens_where_somebody_was_at_work_last(desk: Desk, image_folder: Callable) -> None:
    one, two = image_folder("a", "b", "c", folder="one"), image_folder("b", folder="two")
    desk.open(one, "b.png")
    desk.paint()
    desk.save()
    desk.open(one, "c.png")
    desk.open(two)
    desk.session.open_folder(one)
    desk.wait(lambda: desk.session.workspace.folder == one and bool(desk.session.document.name))
    assert desk.session.document.name == "b.png"


def test_a_file_opens_its_folder_there(desk: Desk, image_folder: Callable) -> None:
    folder = image_folder("a", "b")
    desk.session.open_file(folder / "b.png")
    desk.wait(lambda: desk.session.document.name == "b.png")
    desk.session.open_file(folder / "a.png")
    desk.wait(lambda: desk.session.document.name == "a.png")
    (folder / "c.txt").write_text("no image")
    desk.session.open_file(folder / "c.txt")
    desk.wait(lambda: desk.said("c.txt is not an image"))


def test_new_files_appear_when_the_folder_is_opened_again(desk: Desk, image_folder: Callable) -> None:
    folder = image_folder("a")
    desk.open(folder)
    image_folder("a", "b")
    desk.session.open_folder(folder)
    desk.wait(lambda: desk.session.folder.rowCount() == 2)
    assert desk.session.document.name == "a.png"


def test_new_and_missing_files_are_found_by_looking_again(desk: Desk, image_folder: Callable) -> None:
    desk.session.reload_folder()
    folder = image_folder("a", "b")
    desk.open(folder)
    desk.paint()
    (folder / "b.png").rename(folder / "c.png")
    desk.session.reload_folder()
    desk.wait(lambda: [entry.name for entry in desk.session.folder.entries] == ["a.png", "c.png"])
    assert desk.session.document.name == "a.png" and desk.session.document.history.can_undo


@pytest.mark.parametrize(
    ("verb", "name"), [("next_image", "d.png"), ("previous_image", "b.png"), ("next_unreviewed", "d.png")]
)
def test_from_an_image_that_has_gone_the_way_leads_to_its_neighbours(
    desk: Desk, image_folder: Callable, verb: str, name: str
) -> None:
    folder = image_folder("a", "b", "c", "d")
    desk.open(folder)
    desk.session.open_image("c.png")
    desk.wait(lambda: desk.session.document.name == "c.png")
    (folder / "c.png").unlink()
    for _ in range(2):
        desk.session.reload_folder()
        desk.settle()
    getattr(desk.session, verb)()
    desk.wait(lambda: desk.session.document.name == name)


def test_looking_again_changes_nothing_else(desk: Desk, image_folder: Callable) -> None:
    folder = image_folder("a", "b", "c", "d")
    desk.open(folder)
    desk.session.predict_folder()
    desk.settle()
    desk.session.shown.most_useful_first()
    device, order = desk.session.model.device, [entry.name for entry in desk.session.shown.ordered()]
    image_folder("a", "b", "c", "d", "ba")
    desk.session.reload_folder()
    desk.wait(lambda: desk.session.folder.rowCount() == 5)
    assert device and desk.session.model.device == device
    assert [entry.name for entry in desk.session.shown.ordered()] == [*order, "ba.png"]


@pytest.mark.skipif(os.name == "nt", reason="folders are not read-only there")
@pytest.mark.parametrize(
    "name",
    [
        "images",
        pytest.param(
            os.fsdecode(b"no \xff UTF-8"), marks=pytest.mark.skipif(sys.platform == "darwin", reason="no such names")
        ),
    ],
)
def test_a_folder_that_cannot_be_written_gets_its_workspace_elsewhere(
    make_desk: Callable, image_folder: Callable, name: str
) -> None:
    folder, desk = image_folder("a", folder=name), make_desk()
    (folder / "segmentation").write_text("a file where the workspace would be")
    desk.answers["workspace_elsewhere"] = "elsewhere"
    desk.open(folder)
    assert len(desk.questions) == 1
    assert "data" in desk.session.workspace.root.parts
    desk.paint()
    desk.save()
    root = desk.session.workspace.root
    assert list(root.glob("work/a.png.png"))
    assert desk.session.close()
    again = make_desk()
    again.open(folder)
    assert again.questions == [] and again.session.workspace.root == root, "the answer is remembered"
    assert again.session.document.label_map[20, 20] == 6 and again.said("its labels are kept in")


@pytest.mark.skipif(os.name == "nt", reason="folders are not read-only there")
def test_what_was_done_in_a_folder_that_cannot_be_written_any_more_is_there_elsewhere(
    make_desk: Callable, image_folder: Callable, weights: Path
) -> None:
    """Labels, maps, undo histories, classes and the model: the next answer is remembered, and nothing copied again."""
    folder, desk = image_folder("a", "b"), make_desk()
    desk.open(folder, "b.png")
    desk.paint(value=3)
    desk.answers["rest_is_background"] = "fill"
    desk.session.save_label()
    desk.settle()
    desk.session.open_image("a.png")
    desk.wait(lambda: desk.session.document.name == "a.png")
    desk.paint(value=6)
    desk.save()
    desk.session.set_classes(desk.session.classes.without("aorta"))
    desk.wait(lambda: desk.session.classes.by_uid("aorta") is None)
    own = folder / "segmentation/runs/0001/weights.safetensors"
    own.parent.mkdir(parents=True)
    shutil.copy(weights, own)
    desk.session.load_weights(own)
    classes = desk.session.classes
    assert desk.session.close()
    lock = folder / "segmentation/.lock"
    lock.unlink(missing_ok=True)
    lock.mkdir()
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    for questions in (1, 0):
        again = make_desk()
        again.answers["workspace_elsewhere"] = "elsewhere"
        again.open(folder)
        document = again.session.document
        assert len(again.questions) == questions and "data" in again.session.workspace.root.parts
        assert document.label_map[20, 20] == 6 and len(document.history.steps) == 1 + (not questions)
        assert status(again, "a.png") == Status.CORRECTED and status(again, "b.png") == Status.LABELLED
        assert again.session.classes == classes and again.session.model.path == own
        again.paint(40, 40, 2)
        again.save()
        assert again.session.close()
    assert before == {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_a_label_is_saved_for_training(desk: Desk, image_folder: Callable) -> None:
    folder = image_folder("a", "b")
    desk.open(folder)
    desk.paint()
    desk.answers["rest_is_background"] = "fill"
    desk.session.save_label()
    desk.wait(lambda: status(desk, "a.png") == Status.LABELLED)
    assert desk.session.saved.kind == "clean" and desk.session.document.name == "a.png"
    label = read_label(folder / "segmentation/labels/a.png.png", (64, 64), default_table())
    assert label[20, 20] == 6 and label[60, 60] == 0
    desk.session.document.undo()
    assert desk.session.document.label_map[60, 60] == UNTOUCHED


def test_a_label_that_cannot_be_written_is_told_although_something_else_waits_for_it(
    desk: Desk, image_folder: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = image_folder("a")
    desk.open(folder)
    desk.paint()
    desk.settle()
    desk.answers["rest_is_background"] = "keep"

    def refuse(*ignored: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(MapStore, "write_label", refuse)
    desk.session.save_label()
    desk.session.reload_folder()
    desk.wait(lambda: desk.said("a.png could not be saved: Permission denied"))
    desk.settle()
    assert len(desk.notices) == 1 and not (folder / "segmentation/labels/a.png.png").exists()


def test_nobody_is_asked_whether_the_rest_is_sky(desk: Desk, image_folder: Callable) -> None:
    folder = image_folder("a")
    desk.open(folder)
    desk.session.set_classes(ClassTable.from_json(["Sky", "Road"]))
    desk.wait(lambda: len(desk.session.classes.classes) == 2)
    desk.settle()
    desk.paint(value=1)
    desk.session.save_label()
    desk.wait(lambda: status(desk, "a.png") == Status.LABELLED)
    assert not desk.questions and desk.session.document.counts()[UNTOUCHED]


def test_the_rest_may_stay_untouched_and_the_question_may_be_cancelled(desk: Desk, image_folder: Callable) -> None:
    folder = image_folder("a")
    desk.open(folder)
    desk.paint()
    desk.answers["rest_is_background"] = "cancel"
    desk.session.save_label()
    desk.settle()
    assert status(desk, "a.png") != Status.LABELLED
    desk.answers["rest_is_background"] = "keep"
    desk.session.save_label()
    desk.wait(lambda: status(desk, "a.png") == Status.LABELLED)
    label = read_label(folder / "segmentation/labels/a.png.png", (64, 64), default_table())
    assert label[60, 60] == UNTOUCHED


def test_nothing_labelled_is_not_saved(desk: Desk, image_folder: Callable) -> None:
    desk.open(image_folder("a"))
    desk.session.save_label()
    desk.settle()
    assert desk.said("Nothing is labelled") and status(desk, "a.png") == Status.NONE


def test_accept_saves_and_goes_to_the_next_without_a_label(desk: Desk, image_folder: Callable) -> None:
    desk.open(image_folder("a", "b", "c"), "b.png")
    for name, expected in (("b.png", "c.png"), ("c.png", "a.png")):
        assert desk.session.document.name == name
        desk.paint()
        desk.session.document.fill_rest_with_background()
        desk.session.accept()
        desk.wait(lambda n=expected: desk.session.document.name == n)
        assert status(desk, name) == Status.LABELLED
    desk.paint()
    desk.session.document.fill_rest_with_background()
    desk.session.accept()
    desk.wait(lambda: desk.said("Every image of this folder is labelled"))
    desk.wait(lambda: desk.session.document.name == "b.png")  # what is reviewed again is gone through in order


def test_accepting_makes_the_models_pixels_a_persons_word(desk: Desk, image_folder: Callable) -> None:
    folder = image_folder("a", "b")
    desk.open(folder)
    desk.session.document.apply_prediction(np.zeros((64, 64), np.uint8))
    desk.paint()
    desk.session.accept()
    desk.wait(lambda: desk.session.document.name == "b.png")
    desk.settle()
    record = json.loads((folder / "segmentation" / "labels" / "a.png.json").read_text())
    assert record["accepted"] + record["human"] == 1 and 0 < record["human"] < 0.1
    desk.session.open_image("a.png")
    desk.wait(lambda: desk.session.document.name == "a.png")
    assert set(desk.session.document.provenance_counts()) == {HUMAN, ACCEPTED}


def test_a_prediction_that_is_only_saved_stays_the_models_and_is_said_once(desk: Desk, image_folder: Callable) -> None:
    desk.open(image_folder("a"))
    for value in (0, 3):
        desk.session.document.apply_prediction(np.full((64, 64), value, np.uint8))
        desk.session.document.fill_rest_with_background()
        desk.answers["rest_is_background"] = "keep"
        desk.session.save_label()
        desk.settle()
    assert set(desk.session.document.provenance_counts()) == {MODEL}
    assert sum("Enter accepts it" in str(notice.message) for notice in desk.notices) == 1


def test_an_edit_after_saving_the_label_is_newer_work(desk: Desk, image_folder: Callable) -> None:
    desk.open(image_folder("a"))
    desk.paint()
    desk.session.document.fill_rest_with_background()
    desk.session.save_label()
    desk.wait(lambda: status(desk, "a.png") == Status.LABELLED)
    desk.paint(40, 40, 3)
    desk.save()
    assert status(desk, "a.png") == Status.CORRECTED


def block_writing(folder: Path) -> Path:
    """Make every write below work/ and journal/ fail, as a full disk does, whoever runs the test."""
    for place in blocked(folder / "segmentation/work"):
        shutil.rmtree(place)
        place.write_text("in the way")
    return folder / "segmentation/work"


def unblock(work: Path) -> None:
    for place in blocked(work):
        place.unlink()
        place.mkdir()


def blocked(work: Path) -> tuple[Path, Path]:
    return work, work.parent / "journal"


def test_what_cannot_be_saved_stays_unsaved_and_is_tried_again(desk: Desk, image_folder: Callable) -> None:
    folder = image_folder("a", "b")
    desk.open(folder)
    desk.session._parts.maps._timer.setInterval(60_000)  # the journal is tried again, not the map
    work = block_writing(folder)
    desk.paint()
    desk.session.save()
    desk.wait(lambda: desk.session.saved.kind == "failed")
    assert desk.said("could not be saved") and len(desk.notices) == 1
    desk.paint(30, 30)
    desk.session.save()
    desk.settle()
    assert desk.session.saved.kind == "failed" and len(desk.notices) == 1
    unblock(work)
    desk.paint(40, 40)
    desk.wait(lambda: desk.session.saved.kind == "clean")
    desk.save()
    assert read_label(work / "a.png.png", (64, 64), default_table())[20, 20] == 6


def test_leaving_what_cannot_be_saved_asks(desk: Desk, image_folder: Callable) -> None:
    folder = image_folder("a", "b")
    desk.open(folder)
    work = block_writing(folder)
    desk.paint()
    desk.answers["cannot_save"] = "stay"
    with desk.qtbot.waitSignal(desk.session.open_failed):
        desk.session.next_image()
    assert desk.session.document.name == "a.png" and desk.session.document.label_map[20, 20] == 6
    assert not desk.session.close()
    assert desk.session.workspace is not None
    unblock(work)
    desk.session.next_image()
    desk.wait(lambda: desk.session.document.name == "b.png")
    desk.settle()
    assert (work / "a.png.png").exists()


def test_leave_without_saving_leaves(desk: Desk, image_folder: Callable) -> None:
    folder = image_folder("a", "b")
    desk.open(folder)
    block_writing(folder)
    desk.paint()
    desk.answers["cannot_save"] = "leave"
    desk.session.next_image()
    desk.wait(lambda: desk.session.document.name == "b.png")
    assert desk.session.saved.kind == "clean"


def test_leaving_what_cannot_be_saved_asks_once_however_often_it_fails_meanwhile(
    desk: Desk, image_folder: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = image_folder("a", "b")
    desk.open(folder)
    work = block_writing(folder)
    desk.paint()
    asked = []

    def ask(question: Question) -> str:
        asked.append(question.key)
        desk.qtbot.wait(2500)  # as a dialog does: the journal is tried again meanwhile
        return "stay"

    monkeypatch.setattr(desk, "ask", ask)
    with desk.qtbot.waitSignal(desk.session.open_failed):
        desk.session.next_image()
    assert asked == ["cannot_save"]
    unblock(work)


def test_what_was_given_up_is_saved_with_the_next_stroke_of_its_image(desk: Desk, image_folder: Callable) -> None:
    """The next image cannot be opened, so the one that was to be left without saving is painted further."""
    folder = image_folder("a", "b")
    desk.open(folder)
    work = block_writing(folder)
    (folder / "b.png").write_bytes(b"nothing")
    desk.paint(20, 20, 6)
    desk.answers["cannot_save"] = "leave"
    with desk.qtbot.waitSignal(desk.session.open_failed):
        desk.session.next_image()
    unblock(work)
    desk.paint(22, 20, 3)
    desk.wait(lambda: desk.session.saved.kind == "clean")
    shown = desk.session.document.label_map.copy()
    found = replay(folder / "segmentation" / "journal" / "a.png.journal", (64, 64))
    assert np.array_equal(found.label_map, shown) and len(found.scan.story.steps) == 2


def test_opening_that_was_cancelled_leaves_the_open_image_as_it_was(desk: Desk, image_folder: Callable) -> None:
    desk.open(image_folder("a", "b", "c"))
    desk.session.next_image()
    with desk.qtbot.waitSignal(desk.session.open_failed):
        desk.session.jobs.cancel_all()
    assert desk.session.document.name == "a.png"
    desk.session.next_image()
    desk.wait(lambda: desk.session.document.name == "b.png")


def test_a_map_is_written_after_the_end_of_a_gesture(desk: Desk, image_folder: Callable) -> None:
    folder = image_folder("a")
    desk.open(folder)
    desk.paint()
    desk.session._parts.maps._timer.stop()  # else it would be written without being asked for
    desk.session.document.begin("Brush")
    desk.session.save()
    desk.settle()
    work = folder / "segmentation" / "work" / "a.png.png"
    assert desk.session.saved.kind == "clean" and not work.exists()
    desk.session.document.restore()
    desk.wait(work.exists)


def test_closing_saves_the_last_stroke(make_desk: Callable, image_folder: Callable) -> None:
    folder, desk = image_folder("a"), make_desk()
    desk.open(folder)
    desk.paint()
    assert desk.session.close()
    assert read_label(folder / "segmentation" / "work" / "a.png.png", (64, 64), default_table())[20, 20] == 6
    Workspace.open(folder).close()


def test_a_running_gesture_is_taken_back_when_its_image_is_left(desk: Desk, image_folder: Callable) -> None:
    desk.open(image_folder("a", "b"))
    desk.session.document.begin("Brush")
    desk.session.document.preview(stroke((20, 20), (20, 20), 5, (64, 64)), 3)
    desk.session.next_image()
    desk.wait(lambda: desk.session.document.name == "b.png")
    assert not desk.session.document.gesture_active
    assert status(desk, "a.png") == Status.NONE


@pytest.mark.parametrize("leave", ["next_image", "save_label"])
def test_a_fill_that_is_still_computed_is_kept_before_anything_else_happens_to_its_image(
    desk: Desk, image_folder: Callable, leave: str
) -> None:
    desk.open(image_folder("a", "b"))
    tools, computing = desk.session.tools, threading.Event()
    desk.session.jobs.submit("tools", Message("In the way"), lambda report: computing.wait(20), quiet=True)
    desk.session.painting.tool, desk.session.painting.class_value = "fill", 6
    desk.answers["rest_is_background"] = "keep"
    tools.press(20, 20, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    tools.release(20, 20, Qt.MouseButton.LeftButton)
    getattr(desk.session, leave)()
    computing.set()
    if leave == "next_image":
        desk.wait(lambda: desk.session.document.name == "b.png")
        desk.session.previous_image()
    else:
        desk.wait(lambda: status(desk, "a.png") == Status.LABELLED)
    desk.wait(lambda: desk.session.document.name == "a.png")
    assert desk.session.document.counts() == {6: 64 * 64}


def test_provenance_tells_the_model_from_the_person_after_reopening(desk: Desk, image_folder: Callable) -> None:
    desk.open(image_folder("a", "b"))
    desk.session.document.apply_prediction(np.full((64, 64), 4, np.uint8))
    desk.paint()
    desk.session.next_image()
    desk.wait(lambda: desk.session.document.name == "b.png")
    desk.session.previous_image()
    desk.wait(lambda: desk.session.document.name == "a.png")
    provenance = desk.session.document.provenance
    assert provenance[20, 20] == HUMAN and provenance[50, 50] == MODEL


def test_an_image_of_one_pixel_works(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    folder.mkdir()
    Pillow.fromarray(np.zeros((1, 1), np.uint8)).save(folder / "a.png")
    desk.open(folder)
    desk.session.predict()
    desk.wait(lambda: desk.session.prediction is not None)
    desk.paint(0.5, 0.5)
    desk.session.save_label()
    desk.wait(lambda: status(desk, "a.png") == Status.LABELLED)


def test_strokes_made_while_the_next_image_is_read_are_saved(desk: Desk, image_folder: Callable) -> None:
    folder = image_folder("a", "b", side=600)
    desk.open(folder)
    desk.session.next_image()
    desk.paint()  # the file of b.png is still being read
    desk.wait(lambda: desk.session.document.name == "b.png")
    desk.settle()
    assert read_label(folder / "segmentation" / "work" / "a.png.png", (600, 600), default_table())[20, 20] == 6


def test_an_image_that_arrives_during_a_gesture_waits_for_its_end(desk: Desk, image_folder: Callable) -> None:
    desk.open(image_folder("a", "b"))
    desk.session.next_image()
    document = desk.session.document
    document.begin("Brush")
    document.preview(stroke((20, 20), (20, 20), 5, document.shape), 6)
    desk.settle()
    assert document.name == "a.png" and document.gesture_active
    document.commit()
    desk.wait(lambda: document.name == "b.png")
    desk.settle()
    assert status(desk, "a.png") == Status.CORRECTED


def test_a_folder_asked_for_twice_opens_once(desk: Desk, image_folder: Callable) -> None:
    folder = image_folder("a")
    desk.session.open_folder(folder)
    desk.session.open_folder(folder)
    desk.wait(lambda: desk.session.document.name == "a.png")
    desk.settle()
    assert desk.notices == []


def test_a_folder_that_is_not_there_is_not_made(desk: Desk, tmp_path: Path) -> None:
    desk.session.open_folder(tmp_path / "gone")
    desk.wait(lambda: desk.said("does not exist"))
    assert not (tmp_path / "gone").exists()


@pytest.mark.parametrize("inside", ["segmentation", "segmentation/labels", "segmentation/labels/a.png.png"])
def test_a_workspace_is_not_opened_as_images(desk: Desk, image_folder: Callable, inside: str) -> None:
    folder, other = image_folder("a"), image_folder("b", folder="other")
    desk.open(folder)
    desk.answers["rest_is_background"] = "fill"
    desk.paint()
    desk.session.save_label()
    desk.wait(lambda: (folder / "segmentation/labels/a.png.png").exists())
    desk.open(other)
    desk.session.open_file(folder / inside)
    desk.wait(lambda: desk.said(f"{folder / 'segmentation'} is a workspace; open the folder above it."))
    assert desk.session.workspace.folder == other and not list((folder / "segmentation").rglob("segmentation"))


def test_a_folder_of_images_may_be_called_like_a_workspace(desk: Desk, image_folder: Callable) -> None:
    folder = image_folder("a", folder="segmentation")
    default_table().write(folder / "classes.json")
    desk.open(folder)
    desk.session.open_folder(desk.session.workspace.folder)
    desk.settle()
    assert desk.notices == []


def test_closing_twice_is_harmless(make_desk: Callable, image_folder: Callable) -> None:
    desk = make_desk()
    desk.open(image_folder("a"))
    assert desk.session.close() and desk.session.close()


def test_of_folders_asked_for_in_a_row_the_last_one_stays(desk: Desk, image_folder: Callable) -> None:
    """A, B and A again: the lock of the first A is still ours, and no reason to refuse the second."""
    one, two = image_folder("a", folder="one"), image_folder("b", folder="two")
    desk.session.open_folder(one)
    desk.session.open_folder(two)
    desk.session.open_folder(one)
    desk.wait(lambda: desk.session.document.name == "a.png")
    desk.settle()
    assert desk.session.document.name == "a.png" and desk.notices == []
    desk.session.open_folder(two)
    desk.session.open_folder(one)
    desk.settle()
    assert desk.session.workspace.folder == one and desk.notices == []
    Workspace.open(two).close()


def test_a_folder_left_behind_a_slow_prediction_can_be_opened_again(
    desk: Desk, image_folder: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = image_folder("a", folder="one"), image_folder("b", folder="two")
    desk.open(one)
    going_on = threading.Event()
    monkeypatch.setattr(SegmenterKeeper, "predict", lambda *arguments: going_on.wait(10))
    desk.session.predict()
    desk.session.open_folder(two)
    desk.wait(lambda: desk.session.workspace.folder == two)
    desk.session.open_folder(one)
    desk.qtbot.wait(200)
    assert desk.notices == []
    going_on.set()
    desk.wait(lambda: desk.session.workspace.folder == one)


def test_accepting_twice_in_a_hurry_skips_no_image(
    desk: Desk, image_folder: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.open(image_folder("a", "b", "c"))
    slow_reading(monkeypatch, 0.3)
    desk.paint()
    desk.session.document.fill_rest_with_background()
    desk.session.accept()
    desk.wait(lambda: status(desk, "a.png") == Status.LABELLED)
    desk.session.accept()  # b.png is on its way
    desk.settle()
    assert desk.session.document.name == "b.png"


def test_accept_does_not_overrule_where_the_user_goes_meanwhile(
    desk: Desk, image_folder: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.open(image_folder("a", "b", "c"), "b.png")
    slow_reading(monkeypatch, 0.3)
    desk.paint()
    desk.session.document.fill_rest_with_background()
    desk.session.accept()
    desk.session.previous_image()
    desk.settle()
    assert desk.session.document.name == "a.png" and status(desk, "b.png") == Status.LABELLED


def test_a_stroke_begun_while_the_last_one_is_written_is_saved_before_leaving(
    desk: Desk, image_folder: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = image_folder("a", "b")
    desk.open(folder)
    desk.paint()
    append = JournalFile.append
    monkeypatch.setattr(JournalFile, "append", lambda *arguments: (time.sleep(0.3), append(*arguments))[1])
    desk.session.next_image()
    document = desk.session.document
    document.begin("Brush")
    document.preview(stroke((40, 40), (40, 40), 5, document.shape), 7)
    desk.settle()
    assert document.name == "a.png" and document.gesture_active
    document.commit()
    desk.wait(lambda: document.name == "b.png")
    desk.settle()
    assert read_label(folder / "segmentation" / "work" / "a.png.png", (64, 64), default_table())[40, 40] == 7


def test_closing_does_not_wait_behind_an_import(desk: Desk, image_folder: Callable) -> None:
    desk.open(image_folder("a"))
    started = threading.Event()

    def work(report: Callable) -> None:
        started.set()
        for _ in range(600):
            time.sleep(0.02)
            report(Progress(None))

    desk.session.jobs.submit("files", Message("Importing masks"), work)
    assert started.wait(20)
    desk.paint()
    assert desk.session.close(), "asked nothing"


def slow_reading(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    monkeypatch.setattr("lsgui.opening.read_image", lambda *given: (time.sleep(seconds), read_image(*given))[1])


def test_a_class_table_that_a_hand_has_changed_meanwhile_is_taken_over_or_kept(
    make_desk: Callable, image_folder: Callable
) -> None:
    """To look at the folder again takes it; a change made in the window replaces it, and says where it went."""
    folder, desk = image_folder("a"), make_desk()
    desk.open(folder, "a.png")
    path = folder / "segmentation/classes.json"
    path.write_text(path.read_text().replace('"Liver"', '"Left lobe"'))
    desk.session.reload_folder()
    desk.wait(lambda: desk.session.classes.by_uid("liver").name == "Left lobe")
    assert [str(notice.message) for notice in desk.notices] == [
        "The class table was changed by another program; it holds here, too, now."
    ]
    desk.notices.clear()
    path.write_text(path.read_text().replace('"Left lobe"', '"Right lobe"'))
    table = desk.session.classes
    desk.session.set_classes(table.with_class(table.new_class("Tumour")))
    assert [notice.level for notice in desk.notices] == ["warning"]
    assert any('"Right lobe"' in kept.read_text() for kept in (folder / "segmentation/kept").glob("classes.*.json"))
    desk.notices.clear()
    path.write_text("{ half")
    desk.session.reload_folder()
    desk.wait(lambda: bool(desk.notices))
    assert "classes.json is no class table" in str(desk.notices[0].message)
    assert desk.session.classes.by_value(6).name == "Left lobe"
