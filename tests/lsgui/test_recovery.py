"""What a crash leaves, and how a stroke survives it: journals, undo after a restart, undo across images."""

from __future__ import annotations

import errno
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import Qt

from lsgui import opening
from lsgui.views.recovery_dialog import RecoveryDialog
from model import disk
from model.classes import default_table
from model.labels import UNTOUCHED, read_label
from model.workspace import Status

if TYPE_CHECKING:
    from tests.lsgui.conftest import Desk


def crashed(desk: Desk, folder: Path) -> Path:
    """The folder as it lies on the disk at this moment, with nothing closed or saved."""
    desk.wait(lambda: desk.session.saved.kind == "clean")
    desk.settle()  # a file of the index that comes and goes cannot be copied
    return shutil.copytree(folder, folder.with_name("after the crash"), ignore=shutil.ignore_patterns("*.lock"))


def planes(desk: Desk) -> tuple[np.ndarray, np.ndarray]:
    return desk.session.document.label_map.copy(), desk.session.document.provenance.copy()


def same(desk: Desk, expected: tuple[np.ndarray, np.ndarray]) -> bool:
    return all(np.array_equal(*pair) for pair in zip(planes(desk), expected, strict=True))


@pytest.fixture
def after_crash(make_desk: Callable, image_folder: Callable) -> tuple[Path, tuple[np.ndarray, np.ndarray]]:
    """A folder in which a.png and b.png were painted and no map was written, and the planes of b.png."""
    folder, desk = image_folder("a", "b", "c"), make_desk()
    desk.open(folder)
    desk.session._parts.maps._timer.setInterval(60_000)
    desk.paint(20, 20, 6)
    desk.session._parts.maps._mapped = 99  # its map is never written
    desk.session.next_image()
    desk.wait(lambda: desk.session.document.name == "b.png")
    desk.paint(10, 10, 3)
    desk.paint(40, 40, 7)
    desk.session.document.undo()
    return crashed(desk, folder), planes(desk)


def test_an_image_that_was_not_saved_is_restored_when_it_is_opened(make_desk: Callable, after_crash: tuple) -> None:
    folder, expected = after_crash
    desk = make_desk()
    found = []
    desk.session.unsaved_found.connect(found.extend)
    desk.open(folder, "b.png")
    assert [(item.name, item.edits) for item in found] == [("b.png", 3), ("a.png", 1)]
    assert abs(found[0].time - time.time()) < 60
    assert same(desk, expected) and desk.notices == [], "somebody is being asked whether they shall be"
    desk.session.recover({})
    assert desk.notices == []
    desk.session.open_image("a.png")
    desk.wait(lambda: desk.said("its last edits were restored: 1"))
    desk.session.open_image("b.png")
    desk.wait(lambda: desk.said("its last edits were restored: 3"))
    assert same(desk, expected)
    assert desk.session.folder.entry("a.png").status == Status.CORRECTED
    desk.session.document.redo()
    assert desk.session.document.label_map[40, 40] == 7
    desk.session.document.undo()
    desk.session.document.undo()
    assert desk.session.document.counts() == {UNTOUCHED: 64 * 64}


def test_restoring_writes_the_maps_and_discarding_keeps_the_journal_aside(
    make_desk: Callable, after_crash: tuple
) -> None:
    folder, expected = after_crash
    desk = make_desk()
    desk.open(folder, "c.png")
    desk.session.recover({"a.png": "discard", "b.png": "restore"})
    desk.settle()
    work = folder / "segmentation/work"
    assert np.array_equal(read_label(work / "b.png.png", (64, 64), default_table()), expected[0])
    assert not (work / "a.png.png").exists() and desk.session.folder.entry("a.png").status == Status.NONE
    assert [path.name[:6] for path in (folder / "segmentation/kept").iterdir()] == ["a.png."]
    assert desk.session.workspace.edits.unsaved() == [] and desk.notices == []


def test_discarding_the_open_image_shows_what_was_saved(make_desk: Callable, after_crash: tuple) -> None:
    desk = make_desk()
    desk.open(after_crash[0], "b.png")
    desk.session.next_image()
    desk.wait(lambda: desk.session.document.name == "c.png")
    desk.session.previous_image()
    desk.wait(lambda: desk.session.document.name == "b.png")
    desk.session.recover({"b.png": "discard"})
    desk.wait(lambda: desk.session.document.counts() == {UNTOUCHED: 64 * 64})
    desk.settle()
    assert not desk.session.document.history.can_undo
    assert desk.session.folder.entry("b.png").status == Status.NONE


def test_restoring_the_open_image_writes_its_map(make_desk: Callable, after_crash: tuple) -> None:
    folder, expected = after_crash
    desk = make_desk()
    desk.open(folder, "b.png")
    desk.session.recover({"b.png": "restore"})
    desk.settle()
    work = read_label(folder / "segmentation" / "work" / "b.png.png", (64, 64), default_table())
    assert np.array_equal(work, expected[0]) and same(desk, expected)
    assert [str(notice.message) for notice in desk.notices] == [
        "b.png was not saved when the program ended; its last edits were restored: 3."
    ]
    assert [item.name for item in desk.session.workspace.edits.unsaved()] == ["a.png"]


@pytest.mark.parametrize("choice", ["discard", "restore", "later"])
def test_an_answer_while_the_image_is_still_read_holds_for_it(
    make_desk: Callable, after_crash: tuple, monkeypatch: pytest.MonkeyPatch, choice: str
) -> None:
    """Its journal must not be put aside between the reading of it and the first stroke."""
    folder, expected = after_crash
    desk, reading, go = make_desk(), threading.Event(), threading.Event()
    read_image = opening.read_image

    def slowly(*arguments: object) -> object:
        reading.set()
        assert go.wait(20)
        return read_image(*arguments)

    monkeypatch.setattr(opening, "read_image", slowly)
    desk.session.open_file(folder / "b.png")
    desk.wait(reading.is_set)
    desk.session.recover({} if choice == "later" else {"b.png": choice})
    go.set()
    desk.wait(lambda: desk.session.document.name == "b.png")
    desk.settle()
    if choice == "discard":
        desk.wait(lambda: not desk.session.document.history.steps)
    else:
        assert same(desk, expected)
    assert desk.said("its last edits were restored: 3") == (choice == "restore")
    desk.settle()
    desk.paint(30, 30, 2)
    desk.save()
    assert len(desk.notices) == (choice == "restore"), "nothing went wrong"


def test_the_dialog_lists_images_and_asks_the_session(
    make_desk: Callable, after_crash: tuple, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = make_desk()
    found, told = [], []
    desk.session.unsaved_found.connect(found.extend)
    desk.open(after_crash[0], "c.png")
    monkeypatch.setattr(desk.session, "recover", told.append)
    dialog = RecoveryDialog(desk.session, found, None)
    desk.qtbot.addWidget(dialog)
    assert dialog.list.item(0).text().startswith("b.png\n3 strokes, last ")
    dialog.list.item(0).setCheckState(Qt.CheckState.Unchecked)
    dialog.buttons["restore"].click()
    assert told == [{"a.png": "restore"}]


def test_undo_survives_leaving_the_image_and_restarting(make_desk: Callable, image_folder: Callable) -> None:
    folder, desk = image_folder("a", "b"), make_desk()
    desk.open(folder)
    states = [planes(desk)]
    for value in range(4):
        desk.paint(10 + 10 * value, 20, value + 1)
        states.append(planes(desk))
    desk.session.next_image()
    desk.wait(lambda: desk.session.document.name == "b.png")
    desk.session.previous_image()
    desk.wait(lambda: desk.session.document.name == "a.png")
    assert [step.text for step in desk.session.document.history.steps] == ["Brush"] * 4
    desk.session.document.undo()
    assert same(desk, states[3])
    assert desk.session.close()
    again = make_desk()
    again.open(folder)
    assert same(again, states[3])
    again.session.document.redo()
    assert same(again, states[4])
    for state in reversed(states[:4]):
        again.session.document.undo()
        assert same(again, state)
    assert again.notices == []


def test_undo_goes_back_to_the_image_of_the_newest_edit(desk: Desk, image_folder: Callable) -> None:
    desk.open(image_folder("a", "b"))
    desk.paint(20, 20, 6)
    desk.session.next_image()
    desk.wait(lambda: desk.session.document.name == "b.png")
    desk.paint(30, 30, 3)
    desk.session.undo_anywhere()
    assert desk.session.document.counts() == {UNTOUCHED: 64 * 64}
    desk.session.undo_anywhere()
    desk.wait(lambda: desk.session.document.name == "a.png")
    assert desk.session.document.counts() == {UNTOUCHED: 64 * 64}
    desk.session.document.redo()
    assert desk.session.document.label_map[20, 20] == 6
    desk.session.undo_anywhere()
    desk.session.undo_anywhere()
    assert desk.session.document.name == "a.png" and desk.session.document.counts() == {UNTOUCHED: 64 * 64}


def test_undo_anywhere_counts_what_a_prediction_has_kept_of_the_undone(desk: Desk, image_folder: Callable) -> None:
    desk.open(image_folder("a", "b"))
    desk.paint(30, 30, 3)
    desk.session.next_image()
    desk.wait(lambda: desk.session.document.name == "b.png")
    document = desk.session.document
    desk.paint(20, 20, 6)
    desk.paint(40, 40, 5)
    document.undo()
    document.apply_prediction(np.full((64, 64), 2, np.uint8))
    assert [step.text for step in document.history.steps] == ["Brush", "Brush", "Taken back", "Predict"]
    for _ in range(4):
        desk.session.undo_anywhere()
        desk.settle()
        assert document.name == "b.png"
    assert document.counts() == {UNTOUCHED: 64 * 64} and document.history.cursor == 0
    desk.session.undo_anywhere()
    desk.wait(lambda: document.name == "a.png")
    assert document.counts() == {UNTOUCHED: 64 * 64}


def test_an_image_that_could_not_be_opened_for_an_undo_is_not_undone_later(desk: Desk, image_folder: Callable) -> None:
    folder = image_folder("a", "b")
    desk.open(folder)
    desk.paint(20, 20, 6)
    desk.session.next_image()
    desk.wait(lambda: desk.session.document.name == "b.png")
    whole = (folder / "a.png").read_bytes()
    (folder / "a.png").write_bytes(b"nothing")
    with desk.qtbot.waitSignal(desk.session.open_failed):
        desk.session.undo_anywhere()
    (folder / "a.png").write_bytes(whole)
    desk.session.open_image("a.png")
    desk.wait(lambda: desk.session.document.name == "a.png")
    assert desk.session.document.label_map[20, 20] == 6


def test_an_edit_whose_history_is_gone_does_not_keep_older_ones_from_being_undone(
    desk: Desk, image_folder: Callable
) -> None:
    folder = image_folder("a", "b", "c")
    desk.open(folder)
    desk.paint(20, 20, 6)
    for name in ("b.png", "c.png"):
        desk.session.open_image(name)
        desk.wait(lambda name=name: desk.session.document.name == name)
        desk.paint(30, 30, 3)
    (folder / "c.png").unlink()
    desk.session.open_image("a.png")
    desk.wait(lambda: desk.session.document.name == "a.png")
    desk.session.workspace.edits.discard("b.png")
    desk.session.reload_folder()
    desk.settle()
    desk.session.undo_anywhere()
    desk.wait(lambda: desk.session.document.name == "a.png" and not desk.session.document.history.can_undo)
    assert desk.session.document.counts() == {UNTOUCHED: 64 * 64} and desk.notices == []
    desk.session.undo_anywhere()
    assert desk.said("no edit left")


def test_undo_anywhere_goes_on_behind_steps_that_were_forgotten(desk: Desk, image_folder: Callable) -> None:
    """As those are that hold a class which was removed."""
    desk.open(image_folder("a", "b"))
    desk.paint(20, 20, 6)
    desk.session.next_image()
    desk.wait(lambda: desk.session.document.name == "b.png")
    desk.paint(30, 30, 3)
    desk.session.document.history.clear()
    desk.session.undo_anywhere()
    desk.wait(lambda: desk.session.document.name == "a.png")
    assert desk.session.document.counts() == {UNTOUCHED: 64 * 64}


def test_a_full_disk_says_so_keeps_every_stroke_and_writes_them_when_there_is_room(
    desk: Desk, image_folder: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = image_folder("a")
    desk.open(folder)
    desk.paint(10, 10)
    desk.session._parts.maps._timer.setInterval(60_000)  # it is the journal that is written again
    desk.wait(lambda: desk.session.saved.kind == "clean")

    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        for name in ("write", "create"):
            patched.setattr(disk, name, full)
        desk.paint(20, 20)
        desk.wait(lambda: desk.session.saved.kind == "failed")
        desk.paint(40, 40)
        desk.qtbot.wait(1200)
        assert desk.session.saved.kind == "failed"
        assert len(desk.notices) == 1 and desk.said("The disk is full: strokes are kept in memory")
    desk.wait(lambda: desk.session.saved.kind == "clean")
    expected = planes(desk)
    copy = crashed(desk, folder)
    desk.open(copy)
    assert same(desk, expected)


@pytest.mark.parametrize("leaves", [False, True])
def test_every_label_that_could_not_be_saved_is_told_of(
    desk: Desk, image_folder: Callable, monkeypatch: pytest.MonkeyPatch, leaves: bool
) -> None:
    """Who presses Enter again would take silence for success; nor may it be lost on the way to another image."""
    desk.open(image_folder("a", "b"))
    desk.answers["rest_is_background"] = "keep"
    desk.paint(10, 10)
    desk.save()

    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(desk.session.workspace, "save_label", full)
    for times in (1, 2):
        desk.session.accept()
        if leaves:
            desk.session.next_image()
        desk.wait(lambda times=times: len(desk.notices) == times)
        desk.settle()
        if leaves:
            desk.session.previous_image()
            desk.wait(lambda: desk.session.document.name == "a.png")
    assert desk.session.folder.entry("a.png").status == Status.CORRECTED


def test_a_read_only_journal_folder_leaves_the_maps(desk: Desk, image_folder: Callable) -> None:
    folder = image_folder("a", "b")
    desk.open(folder)
    journals = folder / "segmentation/journal"
    journals.rmdir()
    journals.write_text("in the way")
    desk.paint(20, 20, 6)
    desk.wait(lambda: desk.said("could not be saved"))
    desk.session.next_image()
    desk.wait(lambda: desk.session.document.name == "b.png")
    desk.settle()
    assert read_label(folder / "segmentation" / "work" / "a.png.png", (64, 64), default_table())[20, 20] == 6
    desk.session.previous_image()
    desk.wait(lambda: desk.session.document.name == "a.png")
    assert desk.session.document.label_map[20, 20] == 6


def test_a_damaged_journal_is_said_and_kept(make_desk: Callable, after_crash: tuple) -> None:
    folder, _ = after_crash
    journal = folder / "segmentation/journal/b.png.journal"
    whole = bytearray(journal.read_bytes())
    whole[60] ^= 1
    journal.write_bytes(whole)
    desk = make_desk()
    desk.open(folder, "b.png")
    assert desk.said("The journal of b.png cannot be read") and desk.session.document.counts() == {UNTOUCHED: 64 * 64}
    desk.paint(30, 30, 5)
    desk.save()
    assert journal.with_name("b.png.damaged-1.journal").read_bytes() == whole
    assert desk.session.document.label_map[30, 30] == 5


def test_an_image_replaced_by_one_of_another_size_keeps_its_journal(
    make_desk: Callable, after_crash: tuple, image_folder: Callable
) -> None:
    folder, _ = after_crash
    shutil.copy(image_folder("b", side=48, folder="other") / "b.png", folder / "b.png")
    journal = (folder / "segmentation/journal/b.png.journal").read_bytes()
    desk = make_desk()
    desk.open(folder, "b.png")
    assert desk.said("was 64 x 64 when it was painted and is 48 x 48 now")
    desk.paint()
    desk.save()
    assert (folder / "segmentation/journal/b.png.damaged-1.journal").read_bytes() == journal


def test_a_map_that_is_ahead_of_its_journal_wins(
    make_desk: Callable, image_folder: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, desk = image_folder("a", "b"), make_desk()
    desk.open(folder)
    desk.paint(10, 10, 3)
    desk.save()

    def refuse(*arguments: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(disk, "write", refuse)
        desk.paint(40, 40, 6)
        desk.session.next_image()
        desk.wait(lambda: desk.session.document.name == "b.png")
        desk.settle()
    desk.session.previous_image()
    desk.wait(lambda: desk.session.document.name == "a.png")
    assert desk.session.document.label_map[10, 10] == 3 and desk.session.document.label_map[40, 40] == 6
    desk.paint(20, 50, 5)
    desk.wait(lambda: desk.session.saved.kind == "clean")
    expected = planes(desk)
    again = make_desk()
    again.open(crashed(desk, folder))
    assert same(again, expected)


def test_closing_writes_a_map_once_when_the_journal_cannot_be_written(
    make_desk: Callable, image_folder: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, desk = image_folder("a"), make_desk()
    desk.open(folder)
    desk.paint(10, 10, 3)
    desk.save()
    workspace = desk.session.workspace
    write_work, written = workspace.write_work, []

    def refuse(*arguments: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(workspace, "write_work", lambda *what: (written.append(what), write_work(*what))[1])
    monkeypatch.setattr(disk, "write", refuse)
    desk.paint(40, 40, 6)
    assert desk.session.close() and len(written) == 1
    assert read_label(folder / "segmentation" / "work" / "a.png.png", (64, 64), default_table())[40, 40] == 6


def test_many_strokes_while_the_disk_is_slow_are_written_together(
    desk: Desk, image_folder: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.open(image_folder("a"))
    sync, syncs, painted = disk.sync, [], threading.Event()
    monkeypatch.setattr(disk, "sync", lambda file: (syncs.append(painted.wait(20)), sync(file))[1])
    for number in range(60):
        desk.paint(number, number, number % 7)
    painted.set()
    desk.wait(lambda: desk.session.saved.kind == "clean")
    assert len(syncs) <= 3
    copy = crashed(desk, desk.session.workspace.folder)
    expected = planes(desk)
    desk.open(copy)
    assert same(desk, expected) and len(desk.session.document.history.steps) == 60


def test_a_journal_that_lacks_what_its_map_holds_keeps_its_history(make_desk: Callable, image_folder: Callable) -> None:
    folder, desk = image_folder("a", "b"), make_desk()
    desk.open(folder)
    states = [planes(desk)]
    for x in (10, 30):
        desk.paint(x, 20, 6)
        states.append(planes(desk))
    desk.save()
    journal = folder / "segmentation" / "journal" / "a.png.journal"
    size = journal.stat().st_size
    for x in (40, 50, 55):
        desk.paint(x, 40, 3)
    newest = planes(desk)
    desk.save()
    assert desk.session.close()
    os.truncate(journal, size + 20)
    again = make_desk()
    again.open(folder)
    document = again.session.document
    assert same(again, newest) and again.said("undo takes them back in one step")
    assert [step.text for step in document.history.steps] == ["Brush", "Brush", "From the saved map"]
    again.save()
    for state in states[::-1]:
        document.undo()
        assert same(again, state)
    document.jump(3)
    again.save()
    assert again.session.close()
    last = make_desk()
    last.open(folder)
    assert same(last, newest) and len(last.session.document.history.steps) == 3 and last.notices == []
