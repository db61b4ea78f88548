"""Who set the pixels of the open image: a person, the model and a person after it, or the model alone."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QAction, QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton

from lsgui.overlay import PROVENANCE
from lsgui.views.appearance import Appearance
from model.provenance import ACCEPTED, HUMAN, MODEL

DOT, GAP, APART = 7, 5, 14


class ProvenanceLine(QAbstractButton):
    """Three shares with the colours that the overlay has for them; a click shows them on the image."""

    def __init__(self, action: QAction, appearance: Appearance) -> None:
        super().__init__()
        self._appearance = appearance
        self._shares: dict[int, float] = {}
        self._counted = True
        self.setCheckable(True)
        self.setChecked(action.isChecked())
        self.setToolTip(f"{action.text()}  ({action.shortcut().toString()})")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.clicked.connect(action.trigger)
        action.toggled.connect(self.setChecked)
        appearance.changed.connect(self.update)
        self.keep_place(True)
        self.hide()

    def keep_place(self, kept: bool) -> None:
        """Whether what is below stands still when the line comes or goes."""
        policy = self.sizePolicy()
        policy.setRetainSizeWhenHidden(kept)
        self.setSizePolicy(policy)

    def set_counts(self, counts: dict[int, int]) -> None:
        """Pixels per provenance; shown once somebody has set one."""
        total = sum(counts.values())
        self._shares = {kind: counts.get(kind, 0) / total for kind in PROVENANCE} if total else {}
        self.setVisible(any(self._shares.values()))
        self.setAccessibleName(", ".join(text for _, text in self._parts()))
        self.update()

    def set_counted(self, counted: bool) -> None:
        """What is shown is old until it is."""
        if counted != self._counted:
            self._counted = counted
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, 20)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = self.font()
        font.setPixelSize(12)
        painter.setFont(font)
        if self.isChecked() or self.underMouse() or self.hasFocus():
            painter.setPen(self._appearance.color("accent") if self.hasFocus() else Qt.PenStyle.NoPen)
            painter.setBrush(self._appearance.color("selection" if self.isChecked() else "raised"))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)
        x, middle = 6.0, self.height() / 2
        for kind, text in self._parts():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(*PROVENANCE[kind]))
            painter.drawEllipse(QRectF(x, middle - DOT / 2, DOT, DOT))
            x += DOT + GAP
            role = "faint" if not self._counted else "text" if self.isChecked() else "dim"
            painter.setPen(self._appearance.color(role))
            width = painter.fontMetrics().horizontalAdvance(text)
            painter.drawText(QRectF(x, 0, width + 2, self.height()), Qt.AlignmentFlag.AlignVCenter, text)
            x += width + APART

    def _parts(self) -> list[tuple[int, str]]:
        texts = {
            HUMAN: self.tr("you {share}"),
            ACCEPTED: self.tr("accepted {share}"),
            MODEL: self.tr("model {share}"),
        }
        return [(kind, text.format(share=percent(self._shares.get(kind, 0)))) for kind, text in texts.items()]


def percent(share: float) -> str:
    """Whole, but never 0 for something or 100 for less than all."""
    if 0 < share < 0.01:
        return "<1 %"
    return f"{min(round(100 * share), 99) if share < 1 else 100} %"
