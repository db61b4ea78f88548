"""One row of the folder list: thumbnail, name, and its state as a dot with words."""

from __future__ import annotations

import re

from PySide6.QtCore import QCoreApplication, QModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPainterPath
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from lsgui.folder import EntryRole, Problem, ProblemRole, ThumbnailRole
from lsgui.translation import class_name
from lsgui.views.appearance import Appearance
from model.classes import ClassTable
from model.workspace import Entry, Split, Status

ROW, PICTURE, PADDING = 60, 48, 14
ICON = 14
PROBLEMS = {"image": ("circle-alert", "bad"), "label": ("triangle-alert", "warn")}
"""In the place of the dot; the tip of the row says more."""
_BREAKS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
"""File names may hold these; a row has one line."""
SURE_ENOUGH = 0.8
"""Below this confidence the row names the class to look at."""


class FolderDelegate(QStyledItemDelegate):
    """Draws rows; knows the class table only to name the class that is least sure."""

    def __init__(self, appearance: Appearance) -> None:
        super().__init__()
        self._appearance = appearance
        self.classes: ClassTable | None = None

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        return QSize(160, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        entry: Entry = index.data(EntryRole)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        self._paint_ground(painter, option)
        row = option.rect
        picture = QRect(row.x() + PADDING, row.y() + (ROW - PICTURE) // 2, PICTURE, PICTURE)
        self._paint_picture(painter, picture, index)
        text = QRect(picture.right() + 12, row.y() + 11, row.right() - picture.right() - 20, 18)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        self._paint_name(painter, text, option.font, entry.name, selected)
        problem: Problem | None = index.data(ProblemRole)
        self._paint_state(painter, text.translated(0, 20), option.font, entry, problem, selected)
        painter.restore()

    def _paint_ground(self, painter: QPainter, option: QStyleOptionViewItem) -> None:
        ground = QRectF(option.rect.adjusted(6, 2, -4, -2))
        painter.setPen(Qt.PenStyle.NoPen)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setBrush(QColor(self._appearance.theme.selection))
            painter.drawRoundedRect(ground, 6, 6)
            painter.setBrush(self._appearance.color("accent"))
            painter.drawRoundedRect(QRectF(ground.x(), ground.y() + 8, 3, ground.height() - 16), 1.5, 1.5)
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(self._appearance.color("raised"))
            painter.drawRoundedRect(ground, 6, 6)

    def _paint_picture(self, painter: QPainter, place: QRect, index: QModelIndex) -> None:
        clip = QPainterPath()
        clip.addRoundedRect(QRectF(place), 5, 5)
        painter.save()
        painter.setClipPath(clip)
        painter.fillRect(place, self._appearance.color("canvas"))
        picture = index.data(ThumbnailRole)
        if picture is not None and not picture.isNull():
            size = picture.size().scaled(place.size(), Qt.AspectRatioMode.KeepAspectRatio)
            fitted = QRect(0, 0, size.width(), size.height())
            fitted.moveCenter(place.center())
            painter.drawImage(fitted, picture)
        painter.restore()

    def _paint_name(self, painter: QPainter, place: QRect, font: QFont, name: str, selected: bool) -> None:
        font = QFont(font)
        font.setPixelSize(13)
        font.setWeight(QFont.Weight.DemiBold if selected else QFont.Weight.Normal)
        painter.setFont(font)
        painter.setPen(self._appearance.color("text"))
        shown = painter.fontMetrics().elidedText(_BREAKS.sub(" ", name), Qt.TextElideMode.ElideMiddle, place.width())
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, shown)

    def _paint_state(
        self, painter: QPainter, place: QRect, font: QFont, entry: Entry, problem: Problem | None, selected: bool
    ) -> None:
        theme = self._appearance.theme
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(getattr(theme, f"status_{entry.status.value}")))
        if problem is None:
            painter.drawEllipse(QRectF(place.x() + 1, place.center().y() - 3, 7, 7))
        else:
            icon, side = PROBLEMS[problem.kind], ICON
            place_of_icon = QRect(place.x() - 2, place.center().y() - side // 2, side, side)
            self._appearance.icon(*icon).paint(painter, place_of_icon)
        font = QFont(font)
        font.setPixelSize(12)
        painter.setFont(font)
        painter.setPen(QColor(theme.dim_on_selection if selected else theme.dim))
        words = place.adjusted(15, 0, 0, 0)
        text = painter.fontMetrics().elidedText(self._state(entry, problem), Qt.TextElideMode.ElideRight, words.width())
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, text)

    def _state(self, entry: Entry, problem: Problem | None) -> str:
        translate = QCoreApplication.translate
        if problem is not None:
            unusable = translate("folder", "label cannot be used")
            return translate("folder", "cannot be read") if problem.kind == "image" else unusable
        if entry.status == Status.LABELLED:
            held_out = entry.split == Split.HELD_OUT
            return translate("folder", "labelled, held out") if held_out else translate("folder", "labelled")
        if entry.status == Status.CORRECTED:
            return translate("folder", "corrected")
        if entry.status == Status.PREDICTED:
            return self._sureness(entry)
        return translate("folder", "not predicted")

    def _sureness(self, entry: Entry) -> str:
        translate = QCoreApplication.translate
        doubtful = self.classes.by_uid(entry.least_sure[0]) if entry.least_sure and self.classes else None
        if doubtful is not None and entry.least_sure[1] < SURE_ENOUGH:
            text = translate("folder", "look: {name} {percent} %")
            return text.format(name=class_name(doubtful), percent=round(entry.least_sure[1] * 100))
        if entry.confidence is None:
            return translate("folder", "predicted")
        return translate("folder", "sure {percent} %").format(percent=int(entry.confidence * 100))
