"""The steps of the history as a list: what was done and when, which are in force, and a click to go there."""

from __future__ import annotations

import time

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QFont, QKeyEvent, QPainter, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from lsgui.document import Document
from lsgui.history import Step
from lsgui.translation import edit_title
from lsgui.views.appearance import Appearance
from lsgui.views.step_classes import StepClasses

ROW, EDGE = 24, 16
REFRESH_MS = 30
Index = QModelIndex | QPersistentModelIndex


class HistoryModel(QAbstractListModel):
    """Row 0 is how the image was before all steps; row n is the state in which n steps are in force."""

    def __init__(self, document: Document, classes: StepClasses, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._history = document.history
        self._classes = classes
        self.steps: tuple[Step, ...] = ()
        self.refresh()

    @property
    def cursor(self) -> int:
        return self._history.cursor

    def refresh(self) -> None:
        """Most often one step was added or the cursor has moved: then the list keeps its place."""
        steps = self._history.steps
        if steps == self.steps:
            self.dataChanged.emit(self.index(0), self.index(len(steps)))
        elif len(steps) == len(self.steps) + 1 and steps[:-1] == self.steps:
            self.beginInsertRows(QModelIndex(), len(steps), len(steps))
            self.steps = steps
            self.endInsertRows()
        else:
            self.beginResetModel()
            self.steps = steps
            self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.steps) + 1

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self.title(index.row())
        return None

    def title(self, row: int) -> str:
        if row == 0:
            return self.tr("older steps were dropped") if self._history.dropped else self.tr("at the beginning")
        step = self.steps[row - 1]
        title, name = edit_title(step.text), self._classes.name(step)
        return self.tr("{edit}, {name}").format(edit=title, name=name) if name else title

    def clock(self, row: int) -> str:
        """The time of a step, with the day when that is another one."""
        if row == 0:
            return str(self._history.dropped or "")
        then = time.localtime(self.steps[row - 1].time)
        today = then[:3] == time.localtime()[:3]
        return time.strftime("%H:%M" if today else "%Y-%m-%d %H:%M", then)


class HistoryList(QListView):
    """A click or the arrow keys jump. What would be redone is dim, where the cursor stands is bold."""

    refreshed = Signal()

    def __init__(self, document: Document, classes: StepClasses, appearance: Appearance) -> None:
        super().__init__()
        self._document = document
        self._model = HistoryModel(document, classes, self)
        self.setModel(self._model)
        self.setItemDelegate(HistoryDelegate(self._model, appearance, self))
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setAccessibleName(self.tr("History"))
        self.clicked.connect(lambda index: self._jump(index.row()))
        self._timer = QTimer(self, singleShot=True, interval=REFRESH_MS)
        self._timer.timeout.connect(self.refresh)
        document.history.changed.connect(self._soon)
        document.loaded.connect(self._soon)
        appearance.changed.connect(self.viewport().update)

    def refresh(self) -> None:
        self._model.refresh()
        self.show_cursor()
        self.refreshed.emit()

    def show_cursor(self) -> None:
        self.scrollTo(self._model.index(self._model.cursor))
        self.viewport().update()

    def showEvent(self, event: QShowEvent) -> None:
        """What has happened meanwhile; and only now it is known how many rows fit."""
        super().showEvent(event)
        self.refresh()
        QTimer.singleShot(0, self, self.show_cursor)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        last = self._model.rowCount() - 1
        page = max(1, self.viewport().height() // ROW - 1)
        ways = {
            Qt.Key.Key_Up: self._model.cursor - 1,
            Qt.Key.Key_Down: self._model.cursor + 1,
            Qt.Key.Key_PageUp: self._model.cursor - page,
            Qt.Key.Key_PageDown: self._model.cursor + page,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        if event.key() in ways:
            self._jump(min(max(ways[event.key()], 0), last))
        else:
            super().keyPressEvent(event)

    def _soon(self) -> None:
        """A stroke or an undo never waits for the list."""
        if self.isVisible() and not self._timer.isActive():
            self._timer.start()

    def _jump(self, cursor: int) -> None:
        if self._document.image is not None:
            self._document.jump(min(cursor, len(self._document.history.steps)))
            self.refresh()


class HistoryDelegate(QStyledItemDelegate):
    """One line: the title on the left, the time on the right."""

    def __init__(self, model: HistoryModel, appearance: Appearance, parent: QListView) -> None:
        super().__init__(parent)
        self._model = model
        self._appearance = appearance

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(120, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row, cursor = index.row(), self._model.cursor
        painter.save()
        if option.state & QStyle.StateFlag.State_MouseOver or row == cursor:
            painter.fillRect(option.rect, self._appearance.color("selection" if row == cursor else "raised"))
        font = QFont(option.font)
        font.setBold(row == cursor)
        painter.setFont(font)
        inside = QRect(option.rect).adjusted(EDGE, 0, -EDGE, 0)
        clock = self._model.clock(row)
        ink = "text" if row == cursor else "dim" if row > cursor or row == 0 else "text"
        clock_width = painter.fontMetrics().horizontalAdvance(clock)
        title = painter.fontMetrics().elidedText(
            self._model.title(row), Qt.TextElideMode.ElideRight, inside.width() - clock_width - 12
        )
        painter.setPen(self._appearance.color(ink))
        painter.drawText(inside, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, title)
        painter.setPen(self._appearance.color("text" if row == cursor else "dim"))
        painter.drawText(inside, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, clock)
        painter.restore()
