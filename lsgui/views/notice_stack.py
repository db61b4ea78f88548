"""Notices over the canvas: they never take the keyboard, and what is good news leaves by itself."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer
from PySide6.QtWidgets import QApplication, QFrame, QLabel, QPlainTextEdit, QStackedWidget, QVBoxLayout, QWidget

from lsgui.notices import Notice
from lsgui.translation import sentence
from lsgui.views.appearance import Appearance
from lsgui.views.parts import button, column, icon_button, row, set_role, wrapped
from model.messages import Message

INFO_MS = 7000
WIDTH, MARGIN, MOST = 420, 16, 4
ABOVE = 28
"""Logical pixels that keep the zoom in the corner in sight."""
ICONS = {"info": ("info", "accent"), "warning": ("triangle-alert", "warn"), "error": ("circle-alert", "bad")}


class NoticeStack(QWidget):
    """Lies in the lower right corner of its parent, as large as its notices are."""

    def __init__(self, appearance: Appearance, parent: QStackedWidget) -> None:
        super().__init__(parent)
        self._appearance = appearance
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(8)
        self._shown: list[tuple[Notice, NoticeCard]] = []
        parent.installEventFilter(self)
        parent.currentChanged.connect(self.raise_)  # a stack shows its page above all else
        self.hide()

    def add(self, notice: Notice) -> None:
        """The same text is shown once, with the newest details; beyond `MOST`, or what there is room for, the oldest leaves."""
        for known, card in tuple(self._shown):
            if known == notice:
                return
            if sentence(known.message) == sentence(notice.message):
                self._drop(card)
        card = NoticeCard(notice, self._appearance)
        card.closed.clicked.connect(lambda: self._remove(card))
        card.resized = self.place
        self._shown.append((notice, card))
        self._layout.addWidget(card)
        if len(self._shown) > MOST:
            self._remove(self._shown[0][1])
        if notice.level == "info":
            QTimer.singleShot(INFO_MS, card, lambda: self._remove(card))
        self.show()
        self.raise_()
        self.place()
        # A card that has just been shown learns how high its text is only when its style has been applied.
        QTimer.singleShot(0, self, self.place)

    def withdraw(self, message: Message) -> None:
        """Take away what is not so any more."""
        for notice, card in tuple(self._shown):
            if notice.message == message:
                self._remove(card)

    def clear(self) -> None:
        for _, card in tuple(self._shown):
            self._remove(card)

    @property
    def notices(self) -> list[Notice]:
        """What can be read now, oldest first."""
        return [notice for notice, _ in self._shown]

    def place(self) -> None:
        width = min(WIDTH, self.parentWidget().width() - 2 * MARGIN)
        self.setFixedWidth(max(120, width))
        area = self.parentWidget().rect()
        height, room = self._height(), area.height() - 2 * MARGIN - ABOVE
        while height > room and len(self._shown) > 1:
            self._drop(self._shown[0][1])
            height = self._height()
        height = min(height, room)
        self.setGeometry(
            area.right() - self.width() - MARGIN, area.bottom() - height - MARGIN - ABOVE, self.width(), height
        )

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self._shown:
            self.place()
        return False

    def _height(self) -> int:
        """Of all cards at the stack's width."""
        self._layout.invalidate()
        self._layout.activate()
        wraps = self._layout.hasHeightForWidth()
        return self._layout.heightForWidth(self.width()) if wraps else self.sizeHint().height()

    def _remove(self, card: NoticeCard) -> None:
        if any(other is card for _, other in self._shown):
            self._drop(card)
            self.setVisible(bool(self._shown))
            self.place()

    def _drop(self, card: NoticeCard) -> None:
        self._shown = [(notice, other) for notice, other in self._shown if other is not card]
        self._layout.removeWidget(card)
        card.hide()
        card.deleteLater()


class NoticeCard(QFrame):
    """One sentence with an icon; details unfold below it and can be copied."""

    def __init__(self, notice: Notice, appearance: Appearance) -> None:
        super().__init__()
        self.setObjectName("notice")
        self.setProperty("level", notice.level)
        self.resized = self.updateGeometry
        self._details_text = notice.details.strip()
        self.text = wrapped(sentence(notice.message), "")
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.closed = icon_button(appearance.icon("x", "dim"), self.tr("Close"), 22, 14)
        self._details: QPlainTextEdit | None = None
        layout = column(self, (12, 10, 8, 10), 6)
        line = row(None, spacing=10)
        line.addWidget(self._icon(notice.level, appearance), 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self.text, 1)
        line.addWidget(self.closed, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(line)
        if self._details_text:
            self._add_details(layout)

    def _icon(self, level: str, appearance: Appearance) -> QLabel:
        name, role = ICONS[level]
        made = QLabel()
        made.setPixmap(appearance.icon(name, role).pixmap(QSize(18, 18), self.devicePixelRatioF()))
        return made

    def _add_details(self, layout: QVBoxLayout) -> None:
        self._fold = button(self.tr("Details"))
        set_role(self._fold, "link")
        self._fold.clicked.connect(self._toggle)
        copy = button(self.tr("Copy"))
        set_role(copy, "link")
        copy.clicked.connect(lambda: QApplication.clipboard().setText(self._details_text))
        line = row(None, (22, 0, 0, 0), 4)
        line.addWidget(self._fold)
        line.addWidget(copy)
        line.addStretch()
        self._details = QPlainTextEdit(self._details_text)
        self._details.setReadOnly(True)
        self._details.setFixedHeight(150)
        self._details.hide()
        layout.addLayout(line)
        layout.addWidget(self._details)

    def _toggle(self) -> None:
        folded = self._details.isHidden()
        self._details.setVisible(folded)
        self._fold.setText(self.tr("Hide details") if folded else self.tr("Details"))
        self.resized()
