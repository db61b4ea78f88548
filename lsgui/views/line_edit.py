"""A field to type in that keeps the window's one-key shortcuts away while it has the keyboard."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractSpinBox, QLineEdit, QPlainTextEdit, QTextEdit, QWidget


def is_typing(widget: QWidget | None) -> bool:
    return isinstance(widget, QLineEdit | QAbstractSpinBox | QPlainTextEdit | QTextEdit)


class LineEdit(QLineEdit):
    """Enter, Esc, digits and letters belong to the field; keys with Ctrl or Alt still reach the window."""

    cancelled = Signal()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and not _commands(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.cancelled.emit()
        else:
            super().keyPressEvent(event)


def _commands(event: QKeyEvent) -> bool:
    commanding = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
    function_key = Qt.Key.Key_F1 <= event.key() <= Qt.Key.Key_F35
    return function_key or bool(event.modifiers() & commanding)
