"""A label taken back: by edits that lead back to it, or by withdrawing it, without ever losing what was painted."""

from __future__ import annotations

import errno
from collections.abc import Callable

import numpy as np
import pytest

from model.journal_file import JournalFile
from model.labels import UNTOUCHED, write_label
from model.layout import Layout
from model.workspace import Status, Workspace
from tests.lsgui.conftest import Desk


def save_label(desk: Desk) -> None:
    """Of one stroke."""
    desk.paint()
    desk.answers["rest_is_background"] = "keep"
    desk.session.save_label()
    desk.settle()


def test_edits_that_are_taken_back_leave_a_label_a_label(desk: Desk, image_folder: Callable) -> None:
    folder = image_folder("a", "b")
    desk.open(folder, "a.png")
    save_label(desk)
    desk.paint(40, 40)
    desk.save()
    assert desk.session.workspace.entry("a.png").status is Status.CORRECTED
    desk.session.undo()
    desk.save()
    assert desk.session.workspace.entry("a.png").status is Status.LABELLED
    assert not Layout(desk.session.workspace.root).work("a.png").exists()
    desk.session.next_image()
    desk.settle()
    desk.open(folder, "a.png")
    assert desk.session.workspace.entry("a.png").status is Status.LABELLED
    assert desk.session.document.label_map[20, 20] == 6 and desk.session.document.label_map[40, 40] == 255
    desk.session.document.redo()
    desk.save()
    assert desk.session.document.label_map[40, 40] == 6
    assert desk.session.workspace.entry("a.png").status is Status.CORRECTED


def test_a_label_can_be_withdrawn_and_its_map_stays(desk: Desk, image_folder: Callable) -> None:
    folder = image_folder("a", "b")
    desk.open(folder, "a.png")
    desk.session.withdraw_label()
    desk.settle()
    assert desk.said("no label that could be withdrawn")
    save_label(desk)
    layout = Layout(desk.session.workspace.root)
    before = layout.label("a.png").read_bytes()
    split = desk.session.workspace.entry("a.png").split
    desk.session.withdraw_label()
    desk.settle()
    assert desk.said("is withdrawn") and not desk.session.workspace.labelled()
    assert desk.session.workspace.entry("a.png").status is Status.CORRECTED
    assert [path.read_bytes() for path in layout.kept.glob("a.png.*.png")] == [before]
    desk.open(folder, "b.png")
    desk.open(folder, "a.png")
    assert desk.session.document.label_map[20, 20] == 6
    desk.session.save_label()
    desk.settle()
    assert desk.session.workspace.entry("a.png").split == split is not None


def test_a_map_that_was_emptied_asks_for_its_label(desk: Desk, image_folder: Callable) -> None:
    desk.open(image_folder("a", "b"), "a.png")
    desk.paint()
    desk.answers |= {"rest_is_background": "keep", "nothing_is_left": "keep"}
    desk.session.save_label()
    desk.settle()
    desk.session.clear_map()
    desk.session.save_label()
    desk.settle()
    assert desk.session.workspace.labelled()
    desk.answers["nothing_is_left"] = "withdraw"
    desk.session.save_label()
    desk.settle()
    assert not desk.session.workspace.labelled() and desk.session.workspace.entry("a.png").status is Status.NONE
    desk.session.undo()
    desk.save()
    assert desk.session.workspace.entry("a.png").status is Status.CORRECTED


def test_an_undo_back_to_the_label_that_no_journal_holds_is_not_lost(
    desk: Desk, image_folder: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = image_folder("a", "b")
    desk.open(folder, "a.png")
    save_label(desk)
    desk.paint(40, 40)
    desk.save()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(JournalFile, "append", full)
    desk.session.undo()
    assert desk.session.close()
    workspace = Workspace.open(folder)
    maps = workspace.read_maps("a.png", (64, 64))
    assert maps.label_map[20, 20] == 6 and maps.label_map[40, 40] == UNTOUCHED
    workspace.close()


def test_a_label_that_is_on_its_way_is_asked_for_when_the_map_is_emptied(desk: Desk, image_folder: Callable) -> None:
    desk.open(image_folder("a", "b"), "a.png")
    desk.paint()
    desk.answers |= {"rest_is_background": "keep", "nothing_is_left": "withdraw"}
    desk.session.save_label()
    desk.session.clear_map()
    desk.session.save_label()
    desk.settle()
    desk.wait(lambda: desk.said("is withdrawn"))
    assert not desk.session.workspace.labelled()


def test_a_label_that_another_program_has_just_written_can_be_withdrawn(desk: Desk, image_folder: Callable) -> None:
    desk.open(image_folder("a", "b"), "a.png")
    desk.paint()
    layout = Layout(desk.session.workspace.root)
    write_label(layout.label("a.png"), np.full((64, 64), 6, np.uint8), desk.session.classes)
    desk.session.withdraw_label()
    desk.settle()
    assert desk.said("is withdrawn") and not layout.label("a.png").exists()
    assert desk.session.document.label_map[20, 20] == 6 and not desk.session.workspace.labelled()


def test_two_withdrawals_at_once_are_one(desk: Desk, image_folder: Callable) -> None:
    desk.open(image_folder("a", "b"), "a.png")
    desk.paint()
    desk.answers["rest_is_background"] = "keep"
    desk.session.save_label()
    desk.session.withdraw_label()
    desk.session.withdraw_label()
    desk.settle()
    assert not desk.session.workspace.labelled() and not desk.said("could not be saved")
    assert len(list(Layout(desk.session.workspace.root).kept.glob("a.png.*.png"))) == 1


def test_an_image_whose_only_stroke_is_taken_back_is_as_it_was(desk: Desk, image_folder: Callable) -> None:
    desk.open(image_folder("a", "b"), "a.png")
    desk.paint()
    desk.save()
    assert desk.session.workspace.entry("a.png").status is Status.CORRECTED
    desk.session.undo()
    desk.save()
    desk.session.next_image()
    desk.settle()
    assert desk.session.workspace.entry("a.png").status is Status.NONE
