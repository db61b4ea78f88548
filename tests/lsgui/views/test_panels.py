"""The panels say what is so, and what they offer works from the mouse and the keyboard."""

from __future__ import annotations

import dataclasses
import math
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QRect, Qt, QTimer
from PySide6.QtGui import QContextMenuEvent, QCursor, QImage, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QLabel,
    QPushButton,
    QSlider,
    QStyleOptionViewItem,
    QToolButton,
    QWidget,
)

from lsgui.finetune_child import sys_python
from lsgui.folder import FolderModel
from lsgui.notices import Answer, Notice, Question
from lsgui.training_state import TrainingState
from lsgui.views.class_editor import ClassEditor
from lsgui.views.class_panel import class_digits
from lsgui.views.class_row import ClassRow
from lsgui.views.dice_bars import dice_bars
from lsgui.views.folder_panel import FolderPanel
from lsgui.views.job_bar import JobBar
from lsgui.views.provenance_line import ProvenanceLine
from lsgui.views.question_dialog import QuestionDialog
from lsgui.views.runs_list import RunsList
from lsgui.views.training_choices import ModelLabelsChoice, UnlabelledChoice
from lsgui.views.training_curves import loss_scale
from lsgui.views.training_panel import TrainingPanel
from model import events
from model.classes import Class, ClassTable, default_table
from model.messages import Message
from model.presets import PRESETS
from model.runs import Run, RunState, new_run, run_lock, save_run
from model.training_notices import nothing_known
from model.workspace import Entry, Status


def texts(widget: QWidget) -> list[str]:
    return [
        part.text().strip()
        for kind in (QLabel, QPushButton)
        for part in widget.findChildren(kind)
        if part.isVisibleTo(widget)
    ]


def rows(shown: object) -> dict[str, ClassRow]:
    return {row.item.uid: row for row in shown.window.classes.findChildren(ClassRow)}


def test_without_a_folder_the_window_says_what_to_do(make_window: Callable) -> None:
    shown = make_window()
    assert "Open a folder of images" in texts(shown.window.area.currentWidget())
    assert any(text.strip().startswith("Open folder") for text in texts(shown.window.area.currentWidget()))


def test_an_empty_folder_says_so(make_window: Callable, tmp_path: Path) -> None:
    shown = make_window()
    folder = tmp_path / "nothing"
    folder.mkdir()
    shown.session.open_folder(folder)
    shown.desk.wait(lambda: shown.session.workspace is not None)
    assert "No images here" in texts(shown.window.area.currentWidget())
    assert any("holds no images" in text for text in texts(shown.window.folder))


def test_a_line_break_in_a_file_name_is_drawn_as_a_space(shown: object) -> None:
    panel, pictures = shown.window.folder.list, []
    for name in ("a b.png", "a\nb.png", "a\u2028b.png", "a  b.png"):
        model = FolderModel()
        model.set_entries([Entry(name, Path(name), Status.NONE)])
        option = QStyleOptionViewItem()
        option.rect = QRect(0, 0, 240, 60)
        picture = QImage(240, 60, QImage.Format.Format_RGB32)
        picture.fill(0)
        painter = QPainter(picture)
        panel.itemDelegate().paint(painter, option, model.index(0))
        painter.end()
        pictures.append(picture)
    assert pictures[0] == pictures[1] == pictures[2] != pictures[3]


def test_search_and_filter_narrow_the_list(shown: object) -> None:
    panel = shown.window.folder
    QTest.keyClicks(panel.search, "b")
    assert panel.list.model().rowCount() == 1
    panel.search.setText("zzz")
    assert any("No image matches" in text for text in texts(panel))
    panel.search.clear()
    assert panel.list.model().rowCount() == 3 and "To do 3" in texts(panel)


def test_enter_in_the_search_opens_the_first_hit_and_gives_the_keyboard_to_the_image(
    make_window: Callable, image_folder: Callable
) -> None:
    shown = make_window()
    names = [f"{kind}{number:02}" for kind in "abc" for number in range(30)]
    shown.desk.open(image_folder(*names, side=16))
    panel, opened = shown.window.folder, []
    shown.session.image_opened.connect(lambda: opened.append(shown.session.document.name))

    def search(text: str, *end: Qt.Key) -> None:
        shown.key(Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClicks(QApplication.focusWidget(), text)
        for key in end:
            shown.key(key)
        shown.desk.settle()
        QApplication.processEvents()

    def in_sight() -> bool:
        index = panel.list.currentIndex()
        named = index.isValid() and index.data() == shown.session.document.name
        return named and panel.list.viewport().rect().contains(panel.list.visualRect(index))

    search("c2", Qt.Key.Key_Return)
    assert opened == ["c20.png"] and shown.canvas.hasFocus() and in_sight()
    search("c", Qt.Key.Key_Enter)
    assert opened == ["c20.png"] and shown.canvas.hasFocus() and in_sight(), "the open image is a hit already"
    search("nothing like it", Qt.Key.Key_Return)
    assert opened == ["c20.png"] and panel.search.hasFocus(), "there is nothing to go to"
    shown.key(Qt.Key.Key_Escape)
    assert panel.search.text() == "" and panel.list.model().rowCount() == 90
    assert shown.canvas.hasFocus() and in_sight()
    search("", Qt.Key.Key_Tab)
    panel.list.scrollToTop()
    search("", Qt.Key.Key_Escape)
    assert opened == ["c20.png"] and shown.canvas.hasFocus() and in_sight()


def test_a_click_on_a_row_opens_its_image_and_keys_move_on(shown: object) -> None:
    panel = shown.window.folder
    place = panel.list.visualRect(panel.list.model().index(1, 0)).center()
    QTest.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
    shown.desk.wait(lambda: shown.session.document.name == "b.png")
    shown.trigger("next-image")
    shown.desk.wait(lambda: shown.session.document.name == "c.png")
    assert panel.list.currentIndex().row() == 2


def test_the_open_image_stays_chosen_when_its_folder_is_read_in_another_order(shown: object, resources: Path) -> None:
    panel, folder = shown.window.folder, shown.session.workspace.folder
    for number, name in ((1, "x.dcm"), (2, "y.dcm")):
        shutil.copy(resources / f"sample/slice_{number:03}.dcm", folder / name)
    shown.trigger("reload-folder")
    shown.desk.wait(lambda: shown.session.folder.rowCount() == 5)
    shown.session.open_image("x.dcm")
    shown.desk.wait(lambda: shown.session.document.name == "x.dcm")
    for number, name in ((4, "w.dcm"), (3, "z.dcm")):
        shutil.copy(resources / f"sample/slice_{number:03}.dcm", folder / name)
    shown.trigger("reload-folder")
    shown.desk.wait(lambda: shown.session.folder.rowCount() == 7)
    shown.desk.settle()
    assert [entry.name[0] for entry in shown.session.folder.entries] == list("abcxyzw")
    assert shown.session.document.name == "x.dcm" and panel.list.currentIndex().data() == "x.dcm"
    shown.trigger("next-image")
    shown.desk.wait(lambda: shown.session.document.name == "y.dcm")


def test_saving_a_label_moves_the_counts(shown: object) -> None:
    shown.desk.answers["rest_is_background"] = "fill"
    shown.desk.paint(30, 30, 6)
    shown.trigger("save-label")
    shown.desk.wait(lambda: "Labelled 1" in texts(shown.window.folder))
    assert "To do 2" in texts(shown.window.folder)


def test_class_rows_choose_hide_and_protect(shown: object) -> None:
    liver = rows(shown)["liver"]
    QTest.mouseClick(liver, Qt.MouseButton.LeftButton)
    assert shown.session.painting.class_value == 6 and liver.property("current")
    liver.eye.click()
    assert shown.display.hidden == {"liver"}
    liver.lock.click()
    assert shown.session.painting.protected == {6}
    assert any("Liver is protected" in text for text in texts(shown.window.status))


def test_a_setting_draws_no_row_again_that_stays_as_it_is(shown: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """With 200 classes each step of the brush's size drew 400 icons."""
    drawn, icon = [], shown.appearance.icon
    monkeypatch.setattr(shown.appearance, "icon", lambda *given: drawn.append(given) or icon(*given))
    shown.session.painting.brush_radius += 3
    assert not drawn
    shown.session.painting.toggle_locked(2)
    assert len(drawn) == 1


def test_a_class_is_removed_from_its_row_s_menu(shown: object) -> None:
    spleen, actions = rows(shown)["spleen"], shown.window.actions_.by_id
    shown.desk.answers["class_goes"] = "remove"
    menus = []

    def choose() -> None:
        menu = QApplication.activePopupWidget()
        menus.append([action.objectName() for action in menu.actions()])
        QTest.keyClick(menu, Qt.Key.Key_Down)
        QTest.keyClick(menu, Qt.Key.Key_Down)
        QTest.keyClick(menu, Qt.Key.Key_Return)

    place = spleen.rect().center()
    QApplication.sendEvent(spleen, QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, spleen.mapToGlobal(place)))
    shown.desk.wait(lambda: QApplication.activePopupWidget() is not None)
    choose()
    shown.desk.wait(lambda: "spleen" not in rows(shown))
    assert menus == [["edit-class", "remove-class"]] and shown.session.classes.by_uid("spleen") is None
    shown.session.painting.class_value = 0
    assert not actions["remove-class"].isEnabled()
    shown.session.painting.class_value = 6
    assert actions["remove-class"].isEnabled()


def test_the_status_bar_speaks_of_the_image_that_is_shown(shown: object) -> None:
    """Also under a pointer that does not move."""
    QTest.mouseMove(shown.canvas, shown.at(20, 20))
    shown.desk.wait(lambda: "x 20  y 20" in texts(shown.window.status))
    shown.desk.paint(20, 20, 6)
    shown.desk.wait(lambda: "Liver" in texts(shown.window.status))
    shown.trigger("next-image")
    shown.desk.wait(lambda: shown.session.document.name == "b.png")
    assert "Liver" not in texts(shown.window.status) and "untouched" in texts(shown.window.status)


@pytest.mark.parametrize("whose", ["ours", "another tool's"])
def test_a_label_that_is_being_corrected_is_still_counted(shown: object, whose: str) -> None:
    """Training learns from it as it was saved."""
    shown.desk.answers["rest_is_background"] = "fill"
    shown.desk.paint(30, 30, 6)
    shown.trigger("save-label")
    shown.desk.wait(lambda: shown.window.training._labelled()[:2] == (1, 0))
    if whose == "another tool's":  # which writes no record beside it
        (shown.session.workspace.root / "labels" / "a.png.json").unlink()
        shown.session.reload_folder()
        shown.desk.settle()
    shown.desk.paint(10, 10, 3)
    shown.desk.save()
    assert shown.session.folder.entries[0].status == Status.CORRECTED and shown.window.training._labelled()[:2] == (
        1,
        0,
    )


def test_shares_follow_painting(shown: object) -> None:
    shown.desk.paint(32, 32, 6, radius=16)
    share = 100 * shown.session.document.counts()[6] / 64**2
    shown.desk.wait(lambda: rows(shown)["liver"].share.text() == f"{share:.1f} %")


def test_only_an_image_with_a_label_offers_to_withdraw_it(shown: object) -> None:
    withdraw = shown.window.actions_.by_id["withdraw-label"]
    shown.desk.answers["rest_is_background"] = "keep"
    assert not withdraw.isEnabled()
    shown.desk.paint()
    shown.desk.save()
    assert not withdraw.isEnabled(), "corrected, but not labelled"
    QTest.keyClick(shown.canvas, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    shown.desk.wait(withdraw.isEnabled)
    shown.desk.paint(40, 40)
    shown.desk.save()
    assert shown.session.folder.entry("a.png").status == Status.CORRECTED and withdraw.isEnabled()
    QTest.keyClick(shown.canvas, Qt.Key.Key_D)
    shown.desk.wait(lambda: shown.session.document.name == "b.png")
    assert not withdraw.isEnabled()
    QTest.keyClick(shown.canvas, Qt.Key.Key_A)
    shown.desk.wait(lambda: shown.session.document.name == "a.png")
    assert withdraw.isEnabled()
    withdraw.trigger()
    shown.desk.wait(lambda: not withdraw.isEnabled())
    assert shown.session.folder.entry("a.png").status == Status.CORRECTED


def test_nothing_offers_what_needs_a_folder_before_there_is_one(make_window: Callable) -> None:
    actions = make_window().window.actions_.by_id
    names = ("undo", "undo-anywhere", "cancel", "finish-shape", "remove-vertex", "deselect", "withdraw-label", "accept")
    assert [name for name in names if actions[name].isEnabled()] == []


def test_classes_stand_still_when_somebody_has_set_the_first_pixel(shown: object) -> None:
    """A hand on its way to a class must not meet the one above it."""

    def places() -> list[int]:
        QApplication.processEvents()
        return [row.mapTo(shown.window, QPoint()).y() for row in rows(shown).values()]

    line, before = shown.window.classes.findChild(ProvenanceLine), places()
    shown.desk.paint(20, 20, 6, 8)
    shown.desk.wait(line.isVisible)
    assert places() == before
    QTest.keyClick(shown.canvas, Qt.Key.Key_D)
    shown.desk.wait(lambda: shown.session.document.name == "b.png" and not line.isVisible())
    assert places() == before


def test_in_a_low_window_the_classes_have_the_place_of_shares_that_nobody_has(shown: object) -> None:
    panel = shown.window.classes
    line, above = panel.findChild(ProvenanceLine), panel._scroll.y()
    shown.window.resize(1013, 573)
    shown.desk.wait(lambda: panel._scroll.y() <= above - line.sizeHint().height())
    shown.desk.paint(20, 20, 6, 8)
    shown.desk.wait(lambda: line.isVisible() and panel._scroll.y() == above)
    shown.trigger("undo")
    shown.desk.wait(lambda: not line.isVisible() and panel._scroll.y() < above)
    shown.window.resize(1280, 1000)
    shown.desk.wait(lambda: panel._scroll.y() == above)


def test_shares_are_dimmed_until_they_are_counted(shown: object, monkeypatch: pytest.MonkeyPatch) -> None:
    share, document, counted = rows(shown)["liver"].share, shown.session.document, []
    monkeypatch.setattr(document, "recount", lambda: bool(counted))
    shown.desk.paint(32, 32, 6, radius=16)
    shown.desk.wait(lambda: not share.isEnabled())
    assert share.text() == "" and not shown.window.classes._who._counted
    counted.append(True)
    shown.desk.wait(lambda: share.text() != "")
    assert share.isEnabled() and shown.window.classes._who._counted


@pytest.mark.parametrize(("radius", "text"), [(64, "100 %"), (44.5, "99.9 %")])
def test_the_share_of_a_class_is_not_cut_off(shown: object, radius: float, text: str) -> None:
    shown.desk.paint(32, 32, 6, radius=radius)
    share = rows(shown)["liver"].share
    shown.desk.wait(lambda: share.text() == text)
    assert share.fontMetrics().horizontalAdvance(text) <= share.width()


def test_a_long_name_does_not_make_the_window_wider(shown: object) -> None:
    """A window that has grown beyond the screen does not shrink again, and its right side cannot be reached."""
    width, goes_on = shown.window.width(), threading.Event()
    name = Message("Saving the label of {name}", {"name": "W" * 250})
    shown.session.jobs.submit("files", name, lambda report: goes_on.wait(20), lambda found: None)
    shown.session.notice.emit(Notice("error", name))
    bar = shown.window.findChild(JobBar)
    QTest.qWait(100)
    shown.desk.wait(lambda: bar.isVisible() and bar.mapTo(shown.window, bar.rect().topRight()).x() < width)
    assert shown.window.width() == width and shown.window.minimumSizeHint().width() <= width
    assert shown.window.notices.width() <= shown.window.area.width()
    question = Question("any", name, None, (Answer("yes", Message("Yes")),), default="yes", cancel="yes")
    assert QuestionDialog(question, shown.appearance, shown.window).sizeHint().width() < 700
    goes_on.set()
    shown.desk.settle()


def test_a_class_is_added_renamed_and_recoloured(shown: object, monkeypatch: pytest.MonkeyPatch) -> None:
    def answered(name: str, color: tuple[int, int, int]) -> Callable[[ClassEditor], int]:
        def exec_(editor: ClassEditor) -> int:
            editor.show()
            editor.name.clear()
            QTest.keyClicks(editor.name, name)
            editor.set_color(color)
            QTest.keyClick(editor.name, Qt.Key.Key_Return)
            return editor.result()

        return exec_

    monkeypatch.setattr(ClassEditor, "exec", answered("Tumour", (1, 2, 3)))
    shown.trigger("add-class")
    added = shown.session.classes.classes[-1]
    assert (added.name, added.color, added.value) == ("Tumour", (1, 2, 3), 14)
    assert shown.session.painting.class_value == 14 and added.uid in rows(shown)
    monkeypatch.setattr(ClassEditor, "exec", answered("Cyst", (9, 9, 9)))
    shown.trigger("edit-class")
    assert shown.session.classes.by_uid(added.uid) == Class(added.uid, 14, "Cyst", (9, 9, 9))


@pytest.mark.parametrize("meanwhile", ["a class", "this class", "another folder"])
def test_a_class_is_added_to_the_table_as_it_is_when_the_dialog_closes(
    shown: object, image_folder: Callable, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    """A dialog keeps no job from ending: masks that are imported bring classes, and a folder may be on its way."""
    other = image_folder("x", folder="other")

    def exec_(editor: ClassEditor) -> int:
        if meanwhile == "another folder":
            shown.desk.open(other)
        else:
            table = shown.session.classes
            name = "class 14" if meanwhile == "a class" else editor.name.text()
            shown.session.set_classes(table.with_class(table.new_class(name)))
        return ClassEditor.DialogCode.Accepted

    monkeypatch.setattr(ClassEditor, "exec", exec_)
    before = len(shown.session.classes.classes)
    shown.trigger("add-class")
    added = shown.session.classes.classes[before:]
    values = {"a class": [14, 15], "this class": [14], "another folder": []}[meanwhile]
    assert [item.value for item in added] == values
    assert shown.desk.said("Two classes have the same name") == (meanwhile == "this class")
    assert shown.session.painting.class_value == (15 if meanwhile == "a class" else 1)
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert shown.window.findChildren(ClassEditor) == []


def test_a_name_that_is_taken_cannot_be_accepted(shown: object) -> None:
    table = shown.session.classes
    editor = ClassEditor(table.by_uid("liver"), table, shown.appearance, "Edit", shown.window)
    editor.show()
    editor.name.setText("spleen")
    QTest.keyClick(editor.name, Qt.Key.Key_Return)
    assert editor.isVisible() and editor.result() == 0 and "Another class" in editor.problem.text()


def test_digits_are_background_and_the_first_nine() -> None:
    classes = tuple(Class(f"u{value}", value, f"c{value}", (0, 0, value)) for value in (30, 20, 0, 10))
    assert {digit: item.value for digit, item in class_digits(ClassTable(classes)).items()} == {
        0: 0,
        1: 30,
        2: 20,
        3: 10,
    }
    assert class_digits(default_table())[9].uid == "inferior_vena_cava"


def test_options_follow_the_tool(shown: object) -> None:
    assert "Size" in texts(shown.window.options)
    shown.trigger("tool-fill")
    assert "touching pixels" in texts(shown.window.options) and "Size" not in texts(shown.window.options)
    shown.trigger("tool-polygon")
    assert any("Backspace" in text for text in texts(shown.window.options))


def test_a_chip_puts_the_most_useful_images_first_until_another_folder_is_opened(
    shown: object, image_folder: Callable
) -> None:
    session, panel = shown.session, shown.window.folder
    chip = next(made for made in panel.findChildren(QPushButton) if made.text() == "Most useful first")
    names = [entry.name for entry in session.folder.entries]
    for number, name in enumerate(names):
        entry = session.folder.entry(name)
        session.folder.update_entry(dataclasses.replace(entry, status=Status.PREDICTED, confidence=0.9 - 0.1 * number))
    chip.click()
    assert session.shown.ordered()[0].name == names[-1] and chip.isChecked()
    shown.trigger("reload-folder")
    shown.desk.settle()
    assert chip.isChecked()
    session.open_folder(image_folder("a", "b", folder="other"))
    shown.desk.wait(lambda: not chip.isChecked())
    assert [entry.name for entry in session.shown.ordered()] == names[:2]


def test_another_window_over_the_same_rows_shows_how_they_are_searched_filtered_and_ordered(
    shown: object, image_folder: Callable
) -> None:
    session, panel = shown.session, shown.window.folder
    panel._chips["todo"].click()
    panel._useful.click()
    panel.search.setText(" B")
    order = session.shown.ordered()
    other = FolderPanel(session, shown.appearance)
    shown.desk.qtbot.addWidget(other)
    assert other._useful.isChecked() and other._chips["todo"].isChecked() and other.search.text() == " B"
    assert session.shown.ordered() == order and session.shown.rowCount() == 1
    session.open_folder(image_folder("a", "b", folder="other"))
    shown.desk.wait(lambda: session.shown.rowCount() == 2)
    assert not other._useful.isChecked() and other._chips["all"].isChecked() and other.search.text() == ""


def test_another_folder_with_the_same_names_is_in_its_own_order(shown: object, image_folder: Callable) -> None:
    """A window that was built meanwhile has never heard of the order."""
    session = shown.session
    session.shown.most_useful_first()
    session.open_folder(image_folder("a", "b", folder="other"))
    shown.desk.wait(lambda: session.shown.rowCount() == 2)
    assert not session.shown.useful_first


def test_one_box_says_whether_training_looks_at_unlabelled_images(shown: object) -> None:
    first, second = shown.window.training.findChildren(UnlabelledChoice)
    flow, before = shown.session._parts.training, first.isChecked()
    assert flow.unlabelled == second.isChecked() == before
    first.click()
    assert flow.unlabelled == second.isChecked() == shown.preferences.settings.unlabelled == (not before)
    entry = shown.window.actions_.by_id["learn-unlabelled"]
    assert entry.isChecked() == (not before)
    entry.trigger()
    assert flow.unlabelled == first.isChecked() == second.isChecked() == before


def test_a_line_that_becomes_wide_enough_has_its_choices(shown: object) -> None:
    shown.desk.answers["rest_is_background"] = "keep"
    shown.desk.paint()
    shown.session.save_label()
    panel = shown.window.training
    shown.desk.wait(lambda: panel._labelled()[:2] == (1, 0) and not panel._begin.isHidden())
    choices = panel._choices_in_line
    panel.resize(400, panel.height())
    assert all(choice.isHidden() for choice in choices)
    panel.resize(3000, panel.height())
    assert not any(choice.isHidden() for choice in choices)


def test_a_narrow_line_gives_the_room_of_its_title_to_its_words(shown: object) -> None:
    """On a small screen they took half of the image's height; the button beside them says the same."""
    shown.desk.answers["rest_is_background"] = "keep"
    shown.desk.paint()
    shown.session.save_label()
    panel = shown.window.training
    shown.desk.wait(lambda: panel._labelled()[:2] == (1, 0) and not panel._begin.isHidden())
    panel.resize(352, panel.height())
    assert panel.height() <= 100, "four lines of words"
    assert not panel._begin.isHidden()
    panel.resize(900, panel.height())
    assert not panel._title.isHidden()


def test_one_box_says_whether_training_learns_from_what_only_the_model_has_set(
    shown: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = shown.window.training.findChildren(ModelLabelsChoice)
    session, started = shown.session, []
    monkeypatch.setattr(session._parts.training, "start", started.append)
    session.new_model("tiny")
    assert not first.isChecked() and "--model-labels" not in started[-1].arguments(), "not at all unless asked"
    first.click()
    assert second.isChecked() and shown.preferences.settings.model_labels
    session.new_model("tiny")
    arguments = started[-1].arguments()
    assert arguments[arguments.index("--model-labels") + 1] == "0.5"
    second.click()
    session.new_model("tiny")
    assert not first.isChecked() and "--model-labels" not in started[-1].arguments()


def test_training_tells_its_story(shown: object) -> None:
    panel, state = shown.window.training, shown.session.training
    assert any("No labels yet" in text for text in texts(panel)) and panel.height() < 60
    state.state = "starting"
    state.take(events.Started(1, "CPU, 2 threads", 4, 10, 6, 2, ["liver", "spleen"], 30))
    state.take(events.Baseline(0.8, {"liver": 0.9, "spleen": 0.7}))
    state.take(events.Step(1, 5, 10, 0.9))
    state.take(events.Epoch(3, 10, 0.5, 0.85, {"liver": 0.88, "spleen": 0.82}, 1.0, 130.0))
    shown.session.training_changed.emit()
    shown.desk.wait(lambda: "Epoch 3 of 10, about 2 min left" in texts(panel) and panel.height() > 140)
    assert "Stop" in texts(panel)
    assert any("30 without a label are looked at" in text for text in texts(panel))
    assert panel._curves._plot is not None and panel._bars.accessibleDescription() == "Spleen 82; Liver 88"
    dice = {"liver": 0.6, "spleen": 0.6}
    state.take(events.Finished(1, "w", 0.6, dice, 0.8, {"liver": 0.9, "spleen": 0.7}, "worse"))
    state.pending = state.finished
    shown.session.training_changed.emit()
    shown.desk.wait(lambda: "Use the new model" in texts(panel))
    primary = [made.text() for made in panel.findChildren(QPushButton) if made.property("primary") and made.isVisible()]
    assert primary == ["Keep the current model"], "the model that is worse is not what is offered first"
    assert any("Dice fell from 80.0 to 60.0" in text for text in texts(panel))
    next(made for made in panel.findChildren(QPushButton) if made.text() == "Keep the current model").click()
    shown.desk.wait(lambda: "Use the new model" not in texts(panel))


def test_a_class_0_has_a_bar_where_it_is_something() -> None:
    table, scores = default_table(), {"background": 0.5, "liver": 0.9}
    assert [bar.now for bar in dice_bars(scores, {}, table)] == [0.9]
    street = table.replaced(dataclasses.replace(table.background, name="Sky"))
    assert [bar.name for bar in dice_bars(scores, {}, street)] == ["Sky", "Liver"]


def test_a_class_that_is_added_is_in_sight_where_not_all_are(shown: object) -> None:
    shown.window.resize(1013, 573)
    panel, session = shown.window.classes, shown.session

    def in_sight(uid: str) -> bool:
        place = rows(shown)[uid].geometry().translated(panel._holder.pos())
        return panel._scroll.viewport().rect().contains(place)

    QTest.qWait(50)
    for number in range(3):
        added = session.classes.new_class(f"new {number}")
        session.set_classes(session.classes.with_class(added))
        session.painting.class_value = added.value
        shown.desk.wait(lambda added=added: in_sight(added.uid))


def test_a_list_of_classes_stays_where_it_was_scrolled_to_while_eyes_and_locks_are_clicked(shown: object) -> None:
    shown.window.resize(1013, 573)
    scroll, session = shown.window.classes._scroll, shown.session
    session.painting.class_value = 1
    shown.desk.wait(lambda: scroll.verticalScrollBar().maximum() > 0)
    QTest.qWait(50)
    scroll.verticalScrollBar().setValue(scroll.verticalScrollBar().maximum())
    last = rows(shown)[session.classes.classes[-1].uid]
    for part in (last.eye, last.lock):
        part.click()
        assert scroll.verticalScrollBar().value() == scroll.verticalScrollBar().maximum()
    session.painting.step_radius(1)
    assert scroll.verticalScrollBar().value() == scroll.verticalScrollBar().maximum()
    session.painting.class_value = 2
    assert scroll.verticalScrollBar().value() < scroll.verticalScrollBar().maximum()


def training_at_work(shown: object) -> tuple[TrainingPanel, TrainingState]:
    """As the panel shows it after the third of ten points."""
    panel, state = shown.window.training, shown.session.training
    state.state = "starting"
    state.take(events.Started(1, "CPU, 2 threads", 4, 10, 6, 2, ["liver"], 30))
    state.take(events.Epoch(3, 10, 0.5, 0.85, {"liver": 0.88}, 1.0, 130.0))
    shown.session.training_changed.emit()
    shown.desk.wait(lambda: "Stop" in texts(panel))
    return panel, state


def test_a_training_can_be_finished_once_it_has_learned_something_and_only_once(shown: object) -> None:
    panel, state = training_at_work(shown)
    action = shown.window.actions_.by_id["finish-fine-tune"]
    assert panel._finish.isVisible() and not panel._finish.isEnabled() and not action.isEnabled()
    state.take(events.Step(4, 1, 10, 0.4))
    shown.session.training_changed.emit()
    shown.desk.wait(lambda: panel._finish.isEnabled() and panel._left.rect().contains(panel._finish.geometry()))
    assert action.isEnabled()
    state.state = "finishing"
    shown.session.training_changed.emit()
    shown.desk.wait(lambda: not panel._finish.isEnabled())
    assert panel._stop.isEnabled() and "Finishing" in panel._headline.text()


def test_a_run_that_stopped_in_a_long_step_can_be_resumed_once_its_process_is_gone(shown: object) -> None:
    """It says that it has stopped while it still holds its run, since it could not end by itself."""
    panel, flow = shown.window.training, shown.session._parts.training
    run = new_run(shown.session.workspace.root)
    run.resume_path.touch()
    lock, word = run_lock(run).lock_file, events.to_line(events.Stopped(run.number))
    code = f"import filelock; held = filelock.FileLock({lock!r}); held.acquire(); print({word!r}, flush=True); input()"
    flow.child.run([sys_python(), "-c", code])
    flow.state.state = "running"
    shown.desk.wait(lambda: {"Stopped", "running"} <= set(texts(panel)))
    assert not panel._resume.isVisible()
    flow.child._process.write(b"\n")
    shown.desk.wait(lambda: panel._resume.isVisible() and "interrupted" in texts(panel))


@pytest.mark.parametrize("saved", [False, True])
def test_a_run_that_was_stopped_before_anything_was_saved_tells_why_it_cannot_be_resumed(
    shown: object, saved: bool
) -> None:
    panel, flow = shown.window.training, shown.session._parts.training
    run = dataclasses.replace(new_run(shown.session.workspace.root), state=RunState.CANCELLED)
    save_run(run)
    if saved:
        run.resume_path.touch()
    flow.state.state, flow.state.run = "stopped", run.number
    shown.session.training_changed.emit()
    shown.desk.wait(lambda: "Stopped" in texts(panel))
    assert "cannot be resumed" not in panel._details.text(), "its process may still be at work"
    flow.state.gone = True
    shown.session.training_changed.emit()
    why = "It cannot be resumed: its first epoch was not over."
    shown.desk.wait(lambda: panel._resume.isVisible() if saved else why in panel._details.text())
    assert panel._resume.isVisible() == saved == (why not in panel._details.text())


@pytest.mark.parametrize("size", [(1013, 573), (1920, 1000)])
def test_the_advice_before_any_training_is_never_cut(shown: object, size: tuple[int, int]) -> None:
    shown.window.resize(*size)
    QTest.qWait(100)
    panel = shown.window.training
    advice = panel._advice
    assert not panel.wide
    shown.desk.wait(lambda: advice.isVisible() and advice.height() >= advice.heightForWidth(advice.width()))
    assert panel.height() < 80 and shown.window.height() == size[1]


def test_too_few_groups_are_why_nothing_is_held_out(make_window: Callable, image_folder: Callable) -> None:
    shown = make_window()
    shown.desk.answers["rest_is_background"] = "keep"
    shown.desk.open(image_folder("a_1", "a_2", "b_1", "b_2"))
    shown.desk.paint()
    shown.session.save_label()
    why, panel = "Groups so far: 1. The fifth is the first that can be held out.", shown.window.training
    shown.desk.wait(lambda: "held out: 0" in panel._advice.text() and why in panel._advice.text())
    state = shown.session.training
    state.state = "starting"
    state.take(events.Started(1, "CPU, 2 threads", 4, 10, 1, 0, ["liver"], 0))
    shown.session.training_changed.emit()
    shown.desk.wait(lambda: "0 held out" in panel._details.text() and why in panel._details.text())
    assert shown.session.close()
    panel.show_state()  # as when the last label is told of while the program ends
    assert why not in panel._details.text()


def test_curves_name_a_score_only_where_something_is_held_out(shown: object) -> None:
    panel, state = training_at_work(shown)
    shown.desk.wait(lambda: "held-out Dice" in texts(panel._curves))
    state.held_out, state.dice = 0, []
    shown.session.training_changed.emit()
    shown.desk.wait(lambda: "held-out Dice" not in texts(panel._curves))
    assert any("loss" in text for text in texts(panel._curves))


def test_a_run_says_what_it_began_with_and_how_much_it_learned_from(shown: object, tmp_path: Path) -> None:
    runs = RunsList(shown.appearance)
    shown.desk.qtbot.addWidget(runs)
    first = Run(1, tmp_path, RunState.DONE, started=1_700_000_000.0, labels=("a", "b"))
    runs.show_runs([first, Run(2, tmp_path, RunState.FAILED, parent="run 1", labels=("a",))], "", "")
    second, first = (one.toolTip().splitlines() for one in runs.findChildren(QFrame) if one.toolTip())
    assert first[1:] == ["from scratch", "labels: 2"] and "23" in first[0]
    assert second == ["from run 1", "labels: 1"]


def test_one_press_leads_back_to_the_shipped_model(shown: object, weights: Path, tmp_path: Path) -> None:
    session, other = shown.session, tmp_path / "other.safetensors"
    other.write_bytes(weights.read_bytes())
    session.load_weights(other)
    run, back = Run(1, tmp_path, RunState.DONE, weights=other), "Predict with the shipped model"
    runs, fine_tune = shown.window.findChild(RunsList), shown.window.actions_.by_id["fine-tune"]
    session.training.pending = events.Finished(2, str(other), 0.5, {}, 0.6, {}, "worse")
    session.training_changed.emit()
    assert not fine_tune.isEnabled(), "the question about a finished run comes first"
    runs.show_runs([run], str(session.model.path), str(weights))
    next(one for one in runs.findChildren(QPushButton) if one.accessibleName() == back).click()
    assert session.model.path == weights and session.training.pending is None and fine_tune.isEnabled()
    for known, told in (([run], ["run 1", "shipped model", "active"]), ([], [])):
        fresh = RunsList(shown.appearance)
        shown.desk.qtbot.addWidget(fresh)
        fresh.show_runs(known, str(weights), str(weights))
        assert [text for text in texts(fresh) if text in ("run 1", "shipped model", "active")] == told


@pytest.mark.parametrize("verdict", ["better", "cannot_judge"])
def test_no_word_and_no_button_of_training_is_cut_off(shown: object, verdict: str) -> None:
    shown.window.resize(1366, 768)
    QTest.qWait(50)
    panel, state = training_at_work(shown)
    weights = str(shown.session.model.path)
    state.take(events.Finished(1, weights, 0.9, {"liver": 0.9}, 0.8, {"liver": 0.8}, verdict))
    state.pending = state.finished if verdict != "better" else None
    shown.session.training_changed.emit()
    shown.desk.wait(lambda: "Stop" not in texts(panel))
    QTest.qWait(50)
    words = panel._left
    shown.desk.wait(lambda: words.height() >= words.layout().minimumHeightForWidth(words.width()))
    shown.desk.wait(lambda: panel.rect().contains(QRect(words.mapTo(panel, words.rect().topLeft()), words.size())))
    assert shown.window.height() <= 768, "it must not grow beyond a small screen"


def test_what_was_trained_is_said_to_predict_only_where_it_does(shown: object, tmp_path: Path) -> None:
    """Not once another model is chosen, nor in another folder that was opened while it trained."""
    (panel, state), session = training_at_work(shown), shown.session
    trained, other = session.model.path, tmp_path / "other.safetensors"
    other.write_bytes(trained.read_bytes())
    state.take(events.Finished(1, str(trained), 0.9, {"liver": 0.9}, 0.8, {"liver": 0.8}, "better"))
    session.training_changed.emit()
    shown.desk.wait(lambda: "predicts from here on" in panel._details.text())
    session.load_weights(other)
    shown.desk.wait(lambda: "predicts from here on" not in panel._details.text())
    session.load_weights(trained)
    shown.desk.wait(lambda: "predicts from here on" in panel._details.text())


@pytest.mark.parametrize(
    ("held_out", "mean", "notices", "words"),
    [
        (0, None, [], "Without held-out images"),
        (2, None, [], "The held-out images give no score"),
        (2, 0.9, [], "no earlier score to compare with; the new model has Dice 90.0"),
        (2, 0.9, [nothing_known("demo")], "knows none of these classes, so there is nothing to compare with"),
    ],
)
def test_what_could_not_be_compared_says_why(
    shown: object, held_out: int, mean: float | None, notices: list[Message], words: str
) -> None:
    shown.window.resize(1366, 768)
    panel, state = training_at_work(shown)
    state.held_out = held_out
    for notice in notices:
        state.take(events.Notice(**notice.to_json()))
    state.take(events.Finished(1, "w", mean, {}, None, {}, "cannot_judge"))
    state.pending = state.finished
    shown.session.training_changed.emit()
    shown.desk.wait(lambda: words in panel._headline.text())
    words = panel._left
    shown.desk.wait(lambda: words.height() >= words.layout().minimumHeightForWidth(words.width()))
    shown.desk.wait(lambda: panel.rect().contains(QRect(words.mapTo(panel, words.rect().topLeft()), words.size())))


@pytest.mark.parametrize(
    ("losses", "scale"),
    [
        ([], 1),
        ([0.9, 0.5], 1),
        ([0.02, 0.01], 0.02),
        ([4.1, 3.0, 2.5], 5),
        ([10.0, 10.0, *[0.5] * 98], 0.75),
        ([3.0] * 10, 3),
        ([math.nan, math.inf, 1.2], 1.5),
        ([0.0], 1),
        ([7.9, *[0.0] * 98], 10),
    ],
)
def test_the_loss_has_a_round_scale_that_its_first_values_do_not_press_flat(losses: list[float], scale: float) -> None:
    assert loss_scale(losses) == pytest.approx(scale)


@pytest.mark.parametrize("size", [0.01, 1, 40])
def test_a_loss_of_any_size_is_seen_whole_beside_the_scores(shown: object, size: float) -> None:
    panel, state = training_at_work(shown)
    state.loss = [(x / 10, size * 0.9**x) for x in range(30)]
    state.baseline_mean, state.dice = 0.8, [(1.0, 0.8), (2.0, 0.85)]
    shown.session.training_changed.emit()
    curves = panel._curves
    shown.desk.wait(lambda: curves._plot is not None and f"loss, 100 = {loss_scale([size]):g}" in texts(curves))
    low, high = curves._plot.getPlotItem().viewRange()[1]
    _, heights = curves._loss.getData()
    assert low <= min(heights) and 60 <= max(heights) <= high, "it has most of the plot"
    assert list(curves._dice.getData()[1]) == [80, 85] and curves._baseline.value() == 80
    assert 100 < high < 110 and -10 < low < 0, "as where there are only scores"


def test_every_network_can_be_trained_anew_from_the_menu(shown: object) -> None:
    assert {f"new-model-{name}" for name in PRESETS} == {
        name for name in shown.window.actions_.by_id if name.startswith("new-model-")
    }


def test_notices_are_never_cut_off(shown: object) -> None:
    """On a small screen the oldest makes room."""
    stack = shown.window.notices
    shown.window.resize(1100, 600)
    for number in range(4):
        stack.add(Notice("error", Message("{words}", {"words": f"{number} " + "a sentence of some length " * 14}), "d"))
    QTest.qWait(100)
    assert stack.notices and str(stack.notices[-1].message).startswith("3 ")
    whole = lambda text: text.height() >= text.heightForWidth(text.width())
    shown.desk.wait(lambda: all(whole(card.text) for _, card in stack._shown))


@pytest.mark.parametrize("width", [1024, 1150, 1280, 1366])
def test_columns_of_training_never_lie_on_each_other(shown: object, width: int) -> None:
    shown.window.resize(width, 768)
    panel, state = training_at_work(shown)
    QTest.qWait(100)

    def apart() -> bool:
        columns = [part.geometry() for part in (panel._left, panel._curves, panel._scores_holder) if part.isVisible()]
        beside = all(one.right() < other.left() for one, other in zip(columns, columns[1:], strict=False))
        return beside and columns[-1].right() <= panel._columns.width()

    shown.desk.wait(apart)


def test_the_room_for_training_leaves_most_of_a_small_window_to_the_image(shown: object) -> None:
    shown.window.resize(1280, 680)
    QTest.qWait(50)
    shown.session.training.state = "starting"
    shown.session.training_changed.emit()
    panel, area = shown.window.training, shown.window.area
    shown.desk.wait(lambda: panel.wide and panel.height() <= area.height() / 2)
    state = shown.session.training
    state.take(events.Started(1, "CPU, 2 threads", 4, 10, 6, 2, ["liver"]))
    state.take(events.Epoch(3, 10, 0.5, 0.85, {"liver": 0.88}, 1.0, 130.0))
    shown.session.training_changed.emit()
    shown.desk.wait(lambda: shown.window.training._curves.isVisible())
    assert shown.window.minimumSizeHint().width() <= 1280, "it must not grow beyond a small screen"


def test_presets_are_offered_only_where_they_mean_something(shown: object) -> None:
    assert shown.window.window_panel.isHidden(), "8-bit images are shown as they are"
    assert not shown.window.actions_.by_id["window-liver"].isEnabled()


def test_a_dark_8_bit_image_can_be_brightened_and_shown_as_it_is_again(shown: object) -> None:
    panel, canvas = shown.window.window_panel, shown.canvas
    shown.session.painting.tool = "pan"
    QApplication.processEvents()
    before = canvas.grab().toImage()
    shown.drag((30, 40), (30, 10), button=Qt.MouseButton.RightButton)
    QApplication.processEvents()
    assert panel.isVisible() and shown.display.window.level < 127.5
    assert canvas.grab().toImage() != before
    window = shown.display.window
    shown.session.open_image("b.png")
    shown.desk.wait(lambda: shown.session.document.name == "b.png")
    assert shown.display.window == window, "the next image is as dark"
    shown.session.open_image("a.png")
    shown.desk.wait(lambda: shown.session.document.name == "a.png")
    unchanged = next(chip for chip in panel.findChildren(QPushButton) if chip.text() == "Unchanged")
    QTest.mouseClick(unchanged, Qt.MouseButton.LeftButton)
    QApplication.processEvents()
    assert panel.isHidden() and canvas.grab().toImage() == before


def test_every_control_has_a_name_for_those_who_cannot_see_it(shown: object) -> None:
    from PySide6.QtWidgets import QAbstractButton, QAbstractSlider, QLineEdit, QScrollBar

    nameless = [
        part
        for kind in (QAbstractButton, QAbstractSlider, QLineEdit)
        for part in shown.window.findChildren(kind)
        if not isinstance(part, QScrollBar)
        and part.isVisibleTo(shown.window)
        and not (part.accessibleName() or getattr(part, "text", str)() or part.toolTip())
        and part.objectName() != "qt_menubar_ext_button"
    ]
    assert not [(type(part).__name__, part.parent()) for part in nameless]
    assert QApplication.focusWidget() is not None


@pytest.fixture
def in_low_window(shown: object) -> object:
    """With values that take a window, as most but 8-bit images do."""
    shown.window.resize(1024, 600)
    shown.window.actions_.by_id["window-auto"].trigger()
    shown.desk.wait(lambda: shown.window.window_panel.isVisible() and shown.window.right.height() < 560)
    return shown


@pytest.mark.parametrize("tool", ["brush", "guided", "polygon", "fill", "threshold"])
def test_five_classes_are_seen_in_a_low_window_with_any_tool(in_low_window: object, tool: str) -> None:
    shown = in_low_window
    shown.trigger(f"tool-{tool}")
    seen = lambda: [row for row in rows(shown).values() if row.visibleRegion().boundingRect().height() == row.height()]
    shown.desk.wait(lambda: len(seen()) >= 5)


def test_the_histogram_is_folded_in_a_low_window_until_it_is_asked_for(in_low_window: object) -> None:
    panel = in_low_window.window.window_panel
    assert not panel._histogram.isVisible() and panel._numbers.isVisible()
    QTest.mouseClick(panel._fold, Qt.MouseButton.LeftButton)
    in_low_window.desk.wait(panel._histogram.isVisible)
    in_low_window.window.resize(1400, 900)
    QTest.mouseClick(panel._fold, Qt.MouseButton.LeftButton)
    in_low_window.desk.wait(lambda: not panel._histogram.isVisible())


def test_tab_goes_through_the_classes_where_they_stand_also_when_they_have_changed(shown: object) -> None:
    shown.window.actions_.by_id["window-auto"].trigger()
    for added in ("", "Lesion"):
        if added:
            table = shown.session.classes
            shown.session.set_classes(table.with_class(table.new_class(added)))
            shown.desk.wait(lambda: len(rows(shown)) == len(shown.window.classes.findChildren(ClassRow)))
        buttons = shown.window.classes.findChildren(QToolButton)
        reached = [next(part for part in buttons if part.accessibleName() == "More about classes")]
        reached[0].setFocus()
        while reached[-1] is not shown.window.window_panel._histogram:
            shown.key(Qt.Key.Key_Tab)
            reached.append(QApplication.focusWidget())
        classes = [part for part in reached if isinstance(part, ClassRow)]
        assert classes == shown.window.classes._rows
        assert reached.index(classes[-1]) < next(at for at, part in enumerate(reached) if isinstance(part, QSlider))
    shown.key(Qt.Key.Key_Tab)
    assert QApplication.focusWidget() in shown.window.window_panel._chips.values()


def test_the_keyboard_stays_at_the_class_that_it_has_renamed(shown: object) -> None:
    shown.session.painting.class_value = 6
    QCursor.setPos(shown.window.status.mapToGlobal(QPoint(5, 5)))  # to come onto the image takes the keyboard there
    rows(shown)["liver"].swatch.setFocus(Qt.FocusReason.TabFocusReason)

    def rename() -> None:
        editor = QApplication.activeModalWidget()
        editor.name.setText("Leber")
        QTest.keyClick(editor.name, Qt.Key.Key_Return)

    QTimer.singleShot(200, rename)
    shown.key(Qt.Key.Key_F2)
    shown.desk.wait(lambda: shown.session.classes.by_value(6).name == "Leber")
    shown.desk.wait(lambda: len(rows(shown)) == len(shown.window.classes.findChildren(ClassRow)))
    shown.window.activateWindow()  # as the system does
    shown.desk.wait(lambda: QApplication.focusWidget() is rows(shown)["liver"])
