"""The key sheet: every action with keys, and what the mouse does, made from the action table."""

from __future__ import annotations

import re

from PySide6.QtCore import QCoreApplication, QSize, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from lsgui.actions import action_table, menu_title
from lsgui.gestures import gestures
from lsgui.views.action_set import key_text
from lsgui.views.parts import column, label

COLUMNS = (
    (("file", "edit", "model"), ("view", "window", "help"), ("tools",), ("label",)),
    (("file", "edit", "model", "window"), ("view", "label"), ("tools", "help")),
    (("file", "edit", "model", "tools"), ("view", "window", "help", "label")),
    (("file", "edit", "view", "tools", "label", "model", "window", "help"),),
)
"""Menus by column, for screens from wide to narrow. What is too high scrolls; nothing is ever too wide."""
PART = 0.95
"""Of the screen."""
BAR, FRAME = 14, 8
"""Logical pixels beside the columns: the scroll bar, and the margins around it."""


class KeySheet(QDialog):
    """Read-only; Esc closes it."""

    def __init__(self, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Keys"))
        outer = column(self, (4, 4, 4, 4))
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        outer.addWidget(scroll)
        room = self.screen().availableSize() * PART
        for menus in COLUMNS:
            scroll.setWidget(self._sheet(menus))
            wanted = scroll.widget().sizeHint() + QSize(BAR + FRAME, FRAME)
            if wanted.width() <= room.width():
                break
        self.resize(wanted.boundedTo(room))

    def _sheet(self, menus_of_columns: tuple[tuple[str, ...], ...]) -> QWidget:
        sheet = QWidget(self)
        columns = QHBoxLayout(sheet)
        columns.setContentsMargins(24, 20, 24, 20)
        columns.setSpacing(32)
        for menus in menus_of_columns:
            columns.addLayout(self._column(menus))
        for part in sheet.findChildren(QWidget):
            part.ensurePolished()  # else its size is that of another font
        return sheet

    def _column(self, menus: tuple[str, ...]) -> QVBoxLayout:
        made = QVBoxLayout()
        made.setSpacing(16)
        for menu in menus:
            rows = _rows(menu)
            if rows:
                made.addLayout(self._section(menu, rows))
        made.addStretch()
        return made

    def _section(self, menu: str, rows: list[tuple[str, tuple[str, ...]]]) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(20)
        grid.setVerticalSpacing(5)
        grid.addWidget(label(heading(menu_title(menu)), "head"), 0, 0)
        for line, (text, keys) in enumerate(rows, start=1):
            grid.addWidget(label(text), line, 0)
            caps = QHBoxLayout()
            caps.setSpacing(4)
            caps.addStretch()
            for key in keys:
                caps.addWidget(_cap(key))
            grid.addLayout(caps, line, 1)
        return grid


def heading(title: str) -> str:
    """A menu's title without its letter for Alt, which Chinese puts behind it: "&File", "文件(&F)"."""
    return re.sub(r"\(&\w\)", "", title).replace("&", "")


def _rows(menu: str) -> list[tuple[str, tuple[str, ...]]]:
    """(what it does, its keys) for a menu; the digits are one gesture instead of ten rows."""
    found = [
        (action.title, tuple(dict.fromkeys(key_text(QKeySequence(key)) for key in action.keys)))
        for action in action_table()
        if action.menu == menu and action.keys
    ]
    translate = QCoreApplication.translate
    done = [
        (translate("actions", item.text), (translate("actions", item.keys),))
        for item in gestures()
        if item.menu == menu
    ]
    return found + done


def _cap(text: str) -> QLabel:
    cap = QLabel(text)
    cap.setObjectName("keyCap")
    cap.setAlignment(Qt.AlignmentFlag.AlignCenter)
    return cap
