"""The window as a whole: dropping, closing, theme, and where it was."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, QRect, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication

from lsgui import opening
from lsgui.settings import Settings
from lsgui.theme import DARK, LIGHT
from lsgui.views.layout_memory import on_a_screen


def drop(shown: object, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(50, 50), copy, data, left, none)
    QApplication.sendEvent(shown.window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(shown.window, QDropEvent(QPointF(50, 50), copy, data, left, none))


def test_a_dropped_folder_opens_and_a_dropped_image_opens_in_its_folder(
    make_window: Callable, image_folder: Callable[..., Path]
) -> None:
    shown = make_window()
    drop(shown, image_folder("a", "b"))
    shown.desk.wait(lambda: shown.session.document.name == "a.png")
    drop(shown, image_folder("x", "y", folder="other") / "y.png")
    shown.desk.wait(lambda: shown.session.document.name == "y.png")


def test_the_first_image_of_a_folder_is_announced_while_it_is_read(
    make_window: Callable, image_folder: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    read, go_on = opening.read_image, threading.Event()
    monkeypatch.setattr("lsgui.opening.read_image", lambda *given: go_on.wait(20) and read(*given))
    shown, folder = make_window(), image_folder("a")
    (folder / "a.png").write_bytes(b"damaged")
    shown.session.open_folder(folder)
    page = shown.window.area.currentWidget
    shown.desk.wait(lambda: page().title.text() == "An image is being opened")
    go_on.set()
    shown.desk.wait(lambda: page().title.text() == "No image is open")


def test_no_image_is_announced_where_a_file_was_opened_that_is_none(
    make_window: Callable, image_folder: Callable[..., Path]
) -> None:
    shown, folder = make_window(), image_folder("a")
    (folder / "notes.txt").write_text("no image")
    drop(shown, folder / "notes.txt")
    shown.desk.wait(lambda: shown.desk.said("notes.txt is not an image of the open folder"))
    assert shown.window.area.currentWidget().title.text() == "No image is open"


def test_opened_folders_are_remembered_newest_first(make_window: Callable, image_folder: Callable[..., Path]) -> None:
    shown = make_window()
    folders = [image_folder("a", folder=name) for name in ("one", "two", "one")]
    for folder in folders:
        shown.session.open_folder(folder)
        shown.desk.wait(lambda: shown.session.workspace is not None)
        shown.desk.wait(lambda folder=folder: shown.session.workspace.folder == folder)
        shown.desk.settle()
    assert [Path(name).name for name in shown.preferences.settings.recent] == ["one", "two"]


def test_the_theme_changes_what_is_seen_at_once(shown: object) -> None:
    corner = (3, shown.window.height() - 60)
    assert shown.window.grab().toImage().pixelColor(*corner).name() == DARK.panel
    shown.trigger("theme-light")
    QApplication.processEvents()
    assert shown.window.grab().toImage().pixelColor(*corner).name() == LIGHT.panel
    assert shown.preferences.settings.theme == "light"


def test_panels_can_be_hidden_and_stay_hidden(make_window: Callable) -> None:
    shown = make_window()
    shown.trigger("panel-images")
    assert shown.window.folder.isHidden()
    again = make_window(settings=shown.preferences.settings)
    assert again.window.folder.isHidden() and not again.window.right.isHidden()


def test_the_layout_comes_back_unless_its_screen_is_gone(make_window: Callable) -> None:
    shown = make_window()
    shown.window.setGeometry(60, 70, 1300, 800)
    QApplication.processEvents()
    shown.window.close()
    remembered = shown.preferences.settings
    assert remembered.splitters["across"]
    again = make_window(settings=remembered)
    assert again.window.size() == shown.window.size()
    assert not on_a_screen(QRect(9000, 100, 800, 600)) and on_a_screen(QRect(100, 100, 800, 600))
    lost = make_window(settings=Settings(geometry=b"damaged"))
    assert on_a_screen(lost.window.geometry())


def test_a_maximized_window_is_that_again_after_full_screen(make_window: Callable) -> None:
    window = make_window().window
    full = window.actions_.by_id["full-screen"]
    window.showMaximized()
    full.trigger()
    assert window.isFullScreen() and full.isChecked()
    full.trigger()
    assert window.isMaximized() and not window.isFullScreen() and not full.isChecked()


def test_full_screen_is_ticked_however_it_came(make_window: Callable) -> None:
    shown = make_window()
    shown.window.showFullScreen()  # as a Mac's green button does
    assert shown.window.actions_.by_id["full-screen"].isChecked()
    shown.window.close()
    again = make_window(settings=shown.preferences.settings).window
    assert again.isFullScreen() and again.actions_.by_id["full-screen"].isChecked()
    again.actions_.by_id["full-screen"].trigger()
    assert not again.isFullScreen()


def test_closing_saves_what_is_unsaved(shown: object) -> None:
    folder = shown.session.workspace.folder
    shown.desk.paint(20, 20, 6)
    assert shown.window.close()
    assert (folder / "segmentation" / "work" / "a.png.png").is_file()


def test_closing_can_be_declined_when_saving_fails(shown: object) -> None:
    places = [shown.session.workspace.root / name for name in ("work", "journal")]
    for place in places:
        place.rmdir()
        place.write_text("in the way")
    shown.desk.answers["cannot_save"] = "stay"
    shown.desk.paint(20, 20, 6)
    assert not shown.window.close() and shown.window.isVisible()
    assert shown.desk.questions[-1].key == "cannot_save"
    for place in places:
        place.unlink()
        place.mkdir()
