"""A question of the session as a dialog: Enter gives the answer that has the focus, at first the safe one; Esc the one
that changes nothing.
"""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QWidget

from lsgui.notices import Answer, Question
from lsgui.translation import sentence
from lsgui.views.appearance import Appearance
from lsgui.views.parts import button, column, row, wrapped


class QuestionDialog(QDialog):
    """`answer` is the key of what was chosen; until then that of the question's `cancel`."""

    def __init__(self, question: Question, appearance: Appearance, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.answer = question.cancel
        self.buttons: dict[str, QPushButton] = {}
        self.setWindowTitle(self.tr("Question"))
        layout = column(self, (20, 20, 20, 16), 16)
        head = row(None, spacing=14)
        icon = QLabel()
        icon.setPixmap(appearance.icon("circle-alert", "warn").pixmap(QSize(24, 24), self.devicePixelRatioF()))
        head.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
        words = column_of(head)
        words.addWidget(_text(sentence(question.message), ""))
        if question.detail is not None:
            words.addWidget(_text(sentence(question.detail), "dim"))
        layout.addLayout(head)
        layout.addLayout(self._answers(question))

    def closeEvent(self, event: QCloseEvent) -> None:
        event.accept()

    def _answers(self, question: Question) -> QHBoxLayout:
        """The default is the primary button, at the right; destructive answers keep away from it, at the left."""
        line = row(None)
        others = [answer for answer in question.answers if answer.key != question.default]
        for answer in sorted(others, key=lambda answer: not answer.destructive):
            line.addWidget(self._button(answer, primary=False))
            if answer.destructive:
                line.addStretch()
        if not any(answer.destructive for answer in others):
            line.insertStretch(0)
        default = next(answer for answer in question.answers if answer.key == question.default)
        line.addWidget(self._button(default, primary=not default.destructive))
        return line

    def _button(self, answer: Answer, primary: bool) -> QPushButton:
        made = button(sentence(answer.text), primary=primary)
        made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        made.setDefault(primary)
        made.clicked.connect(lambda: self._choose(answer.key))
        self.buttons[answer.key] = made
        if primary:
            made.setFocus()
        return made

    def _choose(self, key: str) -> None:
        self.answer = key
        self.accept()


def column_of(line: QHBoxLayout) -> object:
    holder = QWidget()
    line.addWidget(holder, 1)
    return column(holder, spacing=6)


def _text(text: str, role: str) -> QLabel:
    made = wrapped(text, role)
    made.setMinimumWidth(380)
    return made
