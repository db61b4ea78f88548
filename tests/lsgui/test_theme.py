"""Both themes can be read."""

from __future__ import annotations

import re

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QCompleter, QFrame, QLineEdit, QPushButton, QVBoxLayout
from pytestqt.qtbot import QtBot

from lsgui.assets import Assets
from lsgui.theme import DARK, LIGHT, Theme, contrast, style_sheet
from lsgui.views.appearance import Appearance


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
def test_every_text_has_a_contrast_of_4_5_to_its_ground(theme: Theme) -> None:
    weak = {pair: round(contrast(*pair), 2) for pair in theme.text_pairs if contrast(*pair) < 4.5}
    assert not weak


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
def test_every_mark_has_a_contrast_of_3_to_its_ground(theme: Theme) -> None:
    weak = {pair: round(contrast(*pair), 2) for pair in theme.mark_pairs if contrast(*pair) < 3}
    assert not weak


@pytest.mark.parametrize("checked", [False, True])
@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
def test_a_check_box_can_be_seen_on_a_panel(qapp: QApplication, qtbot: QtBot, theme: Theme, checked: bool) -> None:
    Appearance(qapp, Assets.find(), theme.name)
    panel, box = QFrame(), QCheckBox("words")
    panel.setObjectName("panel")
    QVBoxLayout(panel).addWidget(box)
    box.setChecked(checked)
    qtbot.addWidget(panel)
    panel.show()
    QTest.qWait(50)
    picture = box.grab().toImage()
    line = [picture.pixelColor(x, picture.height() // 2).name() for x in range(16)]
    assert max(contrast(color, theme.panel) for color in line) >= 3
    if checked:
        pixels = [picture.pixelColor(x, y).name() for x in range(16) for y in range(picture.height())]
        assert max(contrast(color, theme.fill) for color in pixels) >= 3, "its tick"


@pytest.mark.parametrize("kind", [QPushButton, QCheckBox])
def test_one_frame_says_where_the_keyboard_is(qapp: QApplication, qtbot: QtBot, kind: type) -> None:
    Appearance(qapp, Assets.find(), "dark")
    panel, other, part = QFrame(), QLineEdit(), kind("words")
    layout = QVBoxLayout(panel)
    layout.addWidget(other)
    layout.addWidget(part)
    qtbot.addWidget(panel)
    panel.show()
    panel.activateWindow()
    other.setFocus()
    qtbot.waitUntil(other.hasFocus)
    words = part.rect().adjusted(18, 3, -3, -3)
    before = part.grab(words).toImage()
    QTest.keyClick(other, Qt.Key.Key_Tab)
    assert part.hasFocus() and part.grab(words).toImage() == before, "the words have no frame of their own"


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
def test_what_a_field_offers_lies_on_a_panel(qapp: QApplication, qtbot: QtBot, theme: Theme) -> None:
    Appearance(qapp, Assets.find(), theme.name)
    field = QLineEdit()
    field.setCompleter(QCompleter(["words"], field))
    qtbot.addWidget(field)
    field.show()
    field.completer().complete()
    popup = field.completer().popup()
    qtbot.waitExposed(popup)
    assert popup.grab().toImage().pixelColor(popup.width() - 4, popup.height() // 2).name() == theme.panel
    popup.hide()


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
def test_status_dots_can_be_told_from_the_panel(theme: Theme) -> None:
    for name in ("predicted", "corrected", "labelled"):
        assert contrast(getattr(theme, f"status_{name}"), theme.panel) > 2


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
def test_the_style_sheet_uses_only_colours_of_the_theme(theme: Theme) -> None:
    sheet = style_sheet(Assets.find().style_sheet, theme)
    assert "$" not in sheet.replace("$names", "")
    assert not re.search(r"#[0-9a-f]{6}", Assets.find().style_sheet)


def test_pictures_of_the_style_sheet_are_there_and_seen_in_both_themes() -> None:
    assets = Assets.find()
    named = set(re.findall(r"url\(style:([^)]+)\)", assets.style_sheet))
    assert named == {path.name for path in assets.style.glob("*.svg")}
    for name in named - {"tick.svg"}:
        (color,) = re.findall(r"#[0-9a-f]{6}", (assets.style / name).read_text(encoding="utf-8"))
        assert all(contrast(color, ground) >= 3 for theme in (DARK, LIGHT) for ground in (theme.window, theme.raised))
