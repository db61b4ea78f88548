"""The small parts that panels are made of, so that they look alike everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

UNBROKEN = 30
"""Letters of a word after which a line may end."""


def label(text: str = "", role: str = "") -> QLabel:
    """`role` is head, title, dim, note, good or bad; see the style sheet."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    set_role(made, role)
    return made


def set_role(widget: QWidget, role: str) -> None:
    _set_seen(widget, "role", role)


def set_primary(widget: QPushButton, primary: bool) -> None:
    """The one button that Enter and the eye go to first."""
    _set_seen(widget, "primary", primary)


def _set_seen(widget: QWidget, name: str, value: object) -> None:
    """Change what the style sheet sees in a widget."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def set_tip(widget: QWidget, text: str) -> None:
    """For more than a few words: Qt wraps only rich text, and sets any other into one line across the screen."""
    widget.setToolTip(f"<p>{escape(text)}</p>")
    widget.setAccessibleDescription(text)


def wrapped(text: str = "", role: str = "dim") -> QLabel:
    made = label(breakable(text), role)
    made.setWordWrap(True)
    return made


def breakable(text: str) -> str:
    """Qt wraps between words only, and the name of a file may be one word of 255 letters; Chinese it wraps anywhere."""
    return re.sub(rf"([^\s\u2e80-\uffff]{{{UNBROKEN}}})(?=\S)", "\\1\u200b", text)


def chip(text: str, checkable: bool = True) -> QPushButton:
    made = QPushButton(text)
    as_chip(made, checkable)
    return made


def as_chip(made: QPushButton, checkable: bool = True) -> None:
    made.setCheckable(checkable)
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    set_role(made, "chip")


def literal(text: str) -> str:
    """For buttons and menus, which take an & for the mark of a key: in a name of the user's it is a letter."""
    return text.replace("&", "&&")


def button(text: str, icon: QIcon | None = None, primary: bool = False) -> QPushButton:
    """The text is shown as it is."""
    made = QPushButton(literal(f" {text}" if icon else text))
    made.setAccessibleName(text)
    made.setProperty("primary", primary)
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    if icon is not None:
        made.setIcon(icon)
        made.setIconSize(QSize(16, 16))
    return made


def link(text: str) -> QPushButton:
    made = button(text)
    set_role(made, "link")
    made.setCursor(Qt.CursorShape.PointingHandCursor)
    return made


def icon_button(icon: QIcon, tip: str, side: int = 28, icon_side: int = 18, small: bool = False) -> QToolButton:
    made = QToolButton()
    made.setIcon(icon)
    made.setIconSize(QSize(icon_side, icon_side))
    made.setFixedSize(side, side)
    made.setToolTip(tip)
    made.setAccessibleName(tip)
    made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    if small:
        set_role(made, "small")
    return made


def tab_after(first: QWidget, parts: Iterable[QWidget]) -> None:
    """The Tab key goes to parts that were made later, with what is in each of them, right after `first`: else after all there
    was before."""
    for part in parts:
        inside = (one for one in part.findChildren(QWidget) if one.focusPolicy() & Qt.FocusPolicy.TabFocus)
        for one in (part, *inside):
            QWidget.setTabOrder(first, one)
            first = one


def column(parent: QWidget, margins: tuple[int, int, int, int] = (0, 0, 0, 0), spacing: int = 8) -> QVBoxLayout:
    return _bare(QVBoxLayout(parent), margins, spacing)


def row(
    parent: QWidget | None = None, margins: tuple[int, int, int, int] = (0, 0, 0, 0), spacing: int = 8
) -> QHBoxLayout:
    return _bare(QHBoxLayout(parent) if parent else QHBoxLayout(), margins, spacing)


def horizontal_line() -> QFrame:
    line = QFrame()
    line.setObjectName("stripLine")
    return line


def _bare(layout: QBoxLayout, margins: tuple[int, int, int, int], spacing: int) -> QBoxLayout:
    layout.setContentsMargins(*margins)
    layout.setSpacing(spacing)
    return layout
