"""What the program says and asks: safe by default, from the keyboard, never in the way."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QColorDialog,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPushButton,
    QScrollArea,
    QWidget,
)

from lsgui.actions import action_table
from lsgui.notices import Answer, Notice, Question
from lsgui.views.class_editor import ClassEditor
from lsgui.views.key_sheet import KeySheet, heading
from lsgui.views.notice_stack import NoticeStack
from lsgui.views.question_dialog import QuestionDialog
from lsgui.views.recovery_dialog import RecoveryDialog
from model.checkpoint import load, save
from model.classes import ClassTable, default_table
from model.messages import Message
from model.workspace import Status, Unsaved

QUESTION = Question(
    "cannot_save",
    Message("{name} could not be saved. Leave it all the same?", {"name": "a.png"}),
    Message("The disk does not answer."),
    (
        Answer("again", Message("Try again")),
        Answer("leave", Message("Leave without saving"), destructive=True),
        Answer("stay", Message("Stay")),
    ),
    default="again",
    cancel="stay",
)


def answered(dialog: QDialog, answer: Callable[[], None]) -> None:
    """Run a dialog and answer it as soon as it has the keyboard."""

    def look() -> None:
        if dialog.isActiveWindow():
            timer.stop()
            answer()

    timer = QTimer(interval=50)
    timer.timeout.connect(look)
    timer.start()
    dialog.exec()


@pytest.mark.parametrize(("key", "answer"), [(Qt.Key.Key_Return, "again"), (Qt.Key.Key_Escape, "stay")])
def test_enter_is_the_safe_answer_and_escape_changes_nothing(shown: object, key: Qt.Key, answer: str) -> None:
    dialog = QuestionDialog(QUESTION, shown.appearance, shown.window)
    answered(dialog, lambda: QTest.keyClick(QApplication.focusWidget() or dialog, key))
    assert dialog.answer == answer


@pytest.mark.parametrize("answer", ["leave", "stay", "again"])
def test_enter_gives_the_answer_that_has_the_focus(shown: object, answer: str) -> None:
    """Whoever sees the ring on Leave and presses Enter means Leave, not the default."""
    dialog = QuestionDialog(QUESTION, shown.appearance, shown.window)

    def answer_by_keys() -> None:
        for _ in dialog.buttons:
            QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
            if dialog.buttons[answer].hasFocus():
                break
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)

    answered(dialog, answer_by_keys)
    assert dialog.answer == answer


@pytest.mark.parametrize(
    ("focused", "told"), [("restore", "restore"), ("list", "restore"), ("discard", "discard"), ("later", None)]
)
def test_enter_does_to_what_was_not_saved_what_has_the_focus_says(
    shown: object, monkeypatch: pytest.MonkeyPatch, focused: str, told: str | None
) -> None:
    chosen = []
    monkeypatch.setattr(shown.session, "recover", lambda choices: chosen.extend(choices.values()))
    dialog = RecoveryDialog(shown.session, [Unsaved("b.png", 2, 0.0)], shown.window)
    dialog.open()
    shown.desk.wait(lambda: dialog.isActiveWindow())
    part = dialog.list if focused == "list" else dialog.buttons[focused]
    part.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(part, Qt.Key.Key_Return)
    assert chosen == ([] if told is None else [told]) and not dialog.isVisible()


@pytest.fixture
def killed(make_desk: Callable, image_folder: Callable) -> Path:
    """A folder as it lies on the disk of a session that was killed after a stroke in a.png and one in b.png."""
    desk, folder = make_desk(), image_folder("a", "b", "c")
    desk.open(folder)
    desk.session._parts.maps._timer.setInterval(60_000)
    desk.paint()
    desk.session._parts.maps._mapped = 99  # its map is never written
    desk.session.next_image()
    desk.wait(lambda: desk.session.document.name == "b.png")
    desk.paint()
    desk.wait(lambda: desk.session.saved.kind == "clean")
    desk.settle()
    return shutil.copytree(folder, folder.with_name("killed"), ignore=shutil.ignore_patterns("*.lock"))


@pytest.mark.parametrize("answer", ["restore", "discard", "later", "escape"])
def test_nothing_is_said_to_be_restored_before_somebody_wants_it(
    make_window: Callable, killed: Path, answer: str
) -> None:
    shown = make_window()
    desk, session = shown.desk, shown.session
    desk.open(killed, "b.png")
    desk.wait(lambda: shown.window.findChild(RecoveryDialog) is not None)
    dialog = shown.window.findChild(RecoveryDialog)
    desk.wait(dialog.isActiveWindow)
    assert session.document.history.can_undo and shown.window.notices.notices == []
    if answer == "escape":
        QTest.keyClick(dialog.list, Qt.Key.Key_Escape)
    else:
        QTest.mouseClick(dialog.buttons[answer], Qt.MouseButton.LeftButton)
    desk.wait(lambda: session.document.history.can_undo == (answer != "discard"))
    desk.settle()
    told = ["b.png was not saved when the program ended; its last edits were restored: 1."]
    assert [str(notice.message) for notice in shown.window.notices.notices] == (told if answer == "restore" else [])
    assert (session.folder.entry("a.png").status == Status.CORRECTED) == (answer != "discard")
    assert session.document.counts().get(6, 0) == (0 if answer == "discard" else 80)


def test_enter_in_the_class_dialog_is_ok_in_the_field_and_else_what_has_the_focus(
    shown: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, asked = default_table(), []
    monkeypatch.setattr(QColorDialog, "exec", lambda self: asked.append(self) or QDialog.DialogCode.Rejected)

    def pressed(part: Callable[[ClassEditor], QWidget]) -> tuple[ClassEditor, int]:
        dialog = ClassEditor(table.classes[1], table, shown.appearance, "Class", shown.window)
        dialog.open()
        shown.desk.wait(lambda: dialog.isActiveWindow())
        part(dialog).setFocus(Qt.FocusReason.TabFocusReason)
        QTest.keyClick(part(dialog), Qt.Key.Key_Return)
        return dialog, dialog.result()

    def choose(dialog: ClassEditor) -> QPushButton:
        return next(made for made in dialog.findChildren(QPushButton) if "Choose" in made.text())

    def cancel(dialog: ClassEditor) -> QPushButton:
        return dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Cancel)

    for part in (choose, lambda dialog: dialog.swatch):
        dialog, _ = pressed(part)
        assert dialog.isVisible() and len(asked) == 1, "it has asked for a colour"
        asked.clear()
        dialog.close()
    assert pressed(cancel)[1] == QDialog.DialogCode.Rejected
    dialog, result = pressed(lambda dialog: dialog.name)
    assert result == QDialog.DialogCode.Accepted and not dialog.isVisible()


def test_ok_in_the_class_dialog_is_filled_as_the_first_answer_of_a_question_is(shown: object) -> None:
    table = default_table()
    dialog = ClassEditor(table.classes[1], table, shown.appearance, "Class", shown.window)
    dialog.open()
    ok, cancel = (
        dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton[name]) for name in ("Ok", "Cancel")
    )
    fill = shown.appearance.color("fill")
    assert [made.grab().toImage().pixelColor(8, made.height() // 2) == fill for made in (ok, cancel)] == [True, False]
    dialog.close()


def test_every_answer_can_be_reached_and_the_destructive_one_is_not_primary(shown: object) -> None:
    dialog = QuestionDialog(QUESTION, shown.appearance, shown.window)
    assert set(dialog.buttons) == {"again", "leave", "stay"}
    assert dialog.buttons["again"].isDefault() and not dialog.buttons["leave"].isDefault()
    dialog.buttons["leave"].click()
    assert dialog.answer == "leave"


@pytest.fixture
def stack(shown: object) -> NoticeStack:
    return shown.window.notices


def test_a_notice_does_not_take_the_keyboard(shown: object, stack: NoticeStack) -> None:
    shown.canvas.setFocus()
    before = QApplication.focusWidget()
    shown.session.notice.emit(Notice("error", Message("The disk does not answer."), "Traceback"))
    QApplication.processEvents()
    assert QApplication.focusWidget() is before
    assert shown.window.area.rect().contains(stack.geometry())


def test_what_is_told_while_a_folder_opens_lies_above_its_image(
    shown: object, stack: NoticeStack, image_folder: Callable
) -> None:
    """And what was told of the folder before is gone."""
    shown.session.notice.emit(Notice("warning", Message("Old news of a.png.")))
    folder = image_folder("x", folder="other")
    (folder / "segmentation").mkdir()
    (folder / "segmentation/classes.json").write_text("{")
    shown.session.open_folder(folder)
    shown.desk.wait(lambda: shown.session.document.name == "x.png")
    shown.desk.settle()
    assert ["classes.json" in str(notice.message) for notice in stack.notices] == [True]
    place = stack.geometry().center()
    assert stack.isAncestorOf(shown.window.area.childAt(place))


def test_notices_are_as_high_as_their_words(shown: object, stack: NoticeStack, qtbot: object) -> None:
    for number in range(3):
        long = "Something happened that takes many words to tell, so many that they need more than a line or two. " * 2
        stack.add(Notice("warning", Message(long + str(number))))
    cards = [card for _, card in stack._shown]
    qtbot.waitUntil(lambda: all(card.text.height() >= card.text.heightForWidth(card.text.width()) for card in cards))


def test_details_unfold_and_a_notice_can_be_closed(shown: object, stack: NoticeStack) -> None:
    shown.session.notice.emit(Notice("error", Message("The disk does not answer."), "Traceback: line 7"))
    folded = stack.height()
    next(made for made in stack.findChildren(QPushButton) if made.text() == "Details").click()
    assert stack.height() > folded + 100
    stack._shown[0][1].closed.click()
    assert not stack.notices and stack.isHidden()


def test_the_same_notice_is_shown_once_and_only_a_few_at_a_time(shown: object, stack: NoticeStack) -> None:
    for number in (1, 1, 2, 3, 4, 5, 6):
        stack.add(Notice("warning", Message("{n} things", {"n": number})))
    assert [notice.message.values["n"] for notice in stack.notices] == [3, 4, 5, 6]


def test_one_text_is_one_notice_whatever_its_details(shown: object, stack: NoticeStack) -> None:
    for details in ("first", "second"):
        stack.add(Notice("error", Message("It failed."), details))
    stack.add(Notice("warning", Message("{what}", {"what": "It failed."})))
    stack.add(Notice("info", Message("Another.")))
    assert [(notice.level, str(notice.message)) for notice in stack.notices] == [
        ("warning", "It failed."),
        ("info", "Another."),
    ]


def test_the_key_sheet_shows_every_action_that_has_a_key(shown: object) -> None:
    sheet = KeySheet(shown.window)
    words = {label.text() for label in sheet.findChildren(QLabel)}
    assert {action.title for action in action_table() if action.keys and action.menu} <= words
    assert "Zoom at the cursor" in words


@pytest.mark.parametrize("width", [1920, 1366, 1024, 640])
def test_the_key_sheet_is_never_wider_than_the_screen(
    shown: object, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    class Screen:
        def availableSize(self) -> QSize:
            return QSize(width, 768)

    monkeypatch.setattr(KeySheet, "screen", lambda self: Screen())
    sheet = KeySheet(shown.window)
    sheet.show()
    shown.desk.wait(lambda: sheet.findChild(QScrollArea).horizontalScrollBar().maximum() == 0)
    assert sheet.width() <= width and sheet.height() <= 768
    sheet.close()


def test_the_key_sheet_is_seen_whole_on_a_screen_for_three_columns(
    shown: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Screen:
        def availableSize(self) -> QSize:
            return QSize(1600, 1000)

    monkeypatch.setattr(KeySheet, "screen", lambda self: Screen())
    sheet = KeySheet(shown.window)
    sheet.show()
    shown.desk.wait(sheet.isVisible)
    area = sheet.findChild(QScrollArea)
    shown.desk.wait(lambda: area.viewport().height() >= area.widget().sizeHint().height())
    sheet.close()


@pytest.mark.parametrize(("title", "shown"), [("&File", "File"), ("文件(&F)", "文件")])
def test_headings_of_the_key_sheet_name_no_letter_for_alt(title: str, shown: str) -> None:
    assert heading(title) == shown


def test_f1_opens_the_key_sheet(shown: object) -> None:
    shown.canvas.setFocus()
    shown.key(Qt.Key.Key_F1)
    sheets = shown.window.findChildren(KeySheet)
    assert len(sheets) == 1 and sheets[0].isVisible()
    sheets[0].close()


def test_every_action_does_something(make_window: Callable) -> None:
    """No entry of a menu without an effect behind it."""
    shown = make_window()
    idle = [name for name, action in shown.window.actions_.by_id.items() if not action.receivers("2triggered(bool)")]
    assert not idle


def test_what_a_model_lacked_is_not_told_once_another_predicts_or_the_classes_are_others(
    shown: object, stack: NoticeStack, weights: Path, tmp_path: Path
) -> None:
    session, plain, whole = shown.session, shown.session.classes, tmp_path / "whole.safetensors"
    session.set_classes(plain.with_class(plain.new_class("Bladder")))
    save(whole, dataclasses.replace(load(weights), name="whole", classes=session.classes))

    def told() -> list[str]:
        return [str(notice.message) for notice in stack.notices if "never predicts them" in str(notice.message)]

    session.notice.emit(Notice("warning", Message("Something else.")))
    session.load_weights(weights)
    session.load_weights(weights)
    assert len(told()) == 1 and "does not know Bladder" in told()[0]
    session.load_weights(whole)
    assert not told() and len(stack.notices) == 1, "what else was told stays"
    session.load_weights(weights)
    assert told()
    session.set_classes(plain)
    shown.desk.wait(lambda: not told())


def test_that_a_model_could_not_answer_is_not_told_once_another_predicts(
    shown: object, stack: NoticeStack, weights: Path, tmp_path: Path
) -> None:
    session, own = shown.session, tmp_path / "own.safetensors"
    session.set_classes(ClassTable.from_json([{"name": "Nothing", "uid": "x"}, {"name": "Something", "uid": "y"}]))
    save(own, dataclasses.replace(load(weights), name="own", classes=session.classes))

    def told() -> bool:
        return any("knows none of the classes" in str(notice.message) for notice in stack.notices)

    session.load_weights(weights)
    session.predict()
    shown.desk.wait(told)
    session.load_weights(own)
    assert not told()
