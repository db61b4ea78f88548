"""Held-out Dice per class: the new model as a bar, the active one as a mark on it, and the difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from lsgui.translation import class_name
from lsgui.views.appearance import Appearance
from model.classes import ClassTable

LINE = 26
BAR, MARK = 8, 14


@dataclass(frozen=True)
class DiceBar:
    """Dice in 0..1; `before` is None where there is nothing to compare with."""

    name: str
    color: tuple[int, int, int]
    now: float
    before: float | None


def dice_bars(now: Mapping[str, float], before: Mapping[str, float], classes: ClassTable) -> list[DiceBar]:
    """One bar per class that was scored, in the table's order."""
    scored = [item for item in classes.scored if item.uid in now]
    return [DiceBar(class_name(item), item.color, now[item.uid], before.get(item.uid)) for item in scored]


class DiceBars(QWidget):
    """Paints all bars; its height follows from their number, a scroll area does the rest."""

    def __init__(self, appearance: Appearance) -> None:
        super().__init__()
        self._appearance = appearance
        self._bars: list[DiceBar] = []
        appearance.changed.connect(self.update)

    def show_bars(self, bars: list[DiceBar]) -> None:
        if bars != self._bars:
            self._bars = bars
            self.setMinimumHeight(len(bars) * LINE)
            self.setAccessibleDescription("; ".join(f"{bar.name} {100 * bar.now:.0f}" for bar in bars))
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(300, max(1, len(self._bars)) * LINE)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = self.font()
        font.setPixelSize(12)
        painter.setFont(font)
        names = max((QFontMetrics(font).horizontalAdvance(bar.name) for bar in self._bars), default=0)
        names = min(names + 12, round(self.width() * 0.45))
        for line, bar in enumerate(self._bars):
            self._paint_line(painter, bar, QRectF(0, line * LINE, self.width(), LINE), names)

    def _paint_line(self, painter: QPainter, bar: DiceBar, line: QRectF, names: float) -> None:
        aligned = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(self._appearance.color("dim"))
        name = painter.fontMetrics().elidedText(bar.name, Qt.TextElideMode.ElideRight, int(names) - 8)
        painter.drawText(QRectF(0, line.y(), names, LINE), aligned, name)
        ground = QRectF(names, line.center().y() - BAR / 2, max(20.0, line.width() - names - 84), BAR)
        self._paint_bar(painter, bar, ground)
        painter.setPen(self._appearance.color("text"))
        painter.drawText(QRectF(ground.right() + 8, line.y(), 28, LINE), aligned, f"{100 * bar.now:.0f}")
        if bar.before is not None:
            change = round(100 * (bar.now - bar.before), 1)
            painter.setPen(self._appearance.color("good" if change > 0 else "bad" if change < 0 else "dim"))
            text = f"+{change:.1f}" if change > 0 else f"−{-change:.1f}" if change < 0 else "±0"
            painter.drawText(QRectF(ground.right() + 40, line.y(), 40, LINE), aligned, text)

    def _paint_bar(self, painter: QPainter, bar: DiceBar, ground: QRectF) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._appearance.color("line"))
        painter.drawRoundedRect(ground, BAR / 2, BAR / 2)
        painter.setBrush(QColor(*bar.color))
        filled = QRectF(ground.x(), ground.y(), max(BAR, ground.width() * bar.now), BAR)
        painter.drawRoundedRect(filled, BAR / 2, BAR / 2)
        if bar.before is not None:
            x = ground.x() + ground.width() * bar.before
            painter.setPen(QPen(self._appearance.color("text"), 2))
            painter.drawLine(
                QRectF(x, ground.center().y() - MARK / 2, 0, MARK).topLeft(),
                QRectF(x, ground.center().y() + MARK / 2, 0, 0).topLeft(),
            )
