"""What stands where there is nothing yet: it says what to do next, and offers it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from lsgui.views.appearance import Appearance
from lsgui.views.parts import button, label, wrapped

ICON = QSize(40, 40)


class EmptyState(QWidget):
    """An icon, a title, one sentence and buttons, centred. An action's data is the name of its icon."""

    def __init__(
        self, appearance: Appearance, icon: str, title: str, text: str, actions: tuple[QAction, ...] = ()
    ) -> None:
        super().__init__()
        self._appearance = appearance
        self._icon_name = icon
        self._icon = QLabel()
        self.title = label(title, "title")
        self.text = wrapped(text)
        self.body = QVBoxLayout()
        self._build(actions)
        self._draw_icon()
        appearance.changed.connect(self._draw_icon)

    def say(self, title: str, text: str) -> None:
        self.title.setText(title)
        self.text.setText(text)

    def _build(self, actions: tuple[QAction, ...]) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(24, 24, 24, 24)
        outer.addStretch(2)
        self.body.setSpacing(10)
        for part in (self._icon, self.title, self.text):
            part.setAlignment(Qt.AlignmentFlag.AlignCenter)
            self.body.addWidget(part)
        self.text.setMinimumWidth(200)
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addStretch()
        for position, action in enumerate(actions):
            icon = self._appearance.icon(action.data(), "on_fill" if position == 0 else "text")
            made = button(action.text(), icon, primary=position == 0)
            made.clicked.connect(action.trigger)
            line.addWidget(made)
        line.addStretch()
        self.body.addSpacing(6)
        self.body.addLayout(line)
        outer.addLayout(self.body)
        outer.addStretch(3)

    def _draw_icon(self) -> None:
        pixmap = self._appearance.icon(self._icon_name, "dim").pixmap(ICON, self.devicePixelRatioF())
        self._icon.setPixmap(pixmap)
