"""A setting as a slider with a number beside it, and the number alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDoubleSpinBox, QSlider, QWidget

from lsgui.painting import PaintSettings
from lsgui.views.parts import label, row, set_role

STEPS = 200
TITLE_WIDTH, FIELD_WIDTH = 70, 68
NUMBER_KEYS = frozenset({Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape, Qt.Key.Key_Backspace,
                         Qt.Key.Key_Delete, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down,
                         Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_Period, Qt.Key.Key_Comma,
                         Qt.Key.Key_Minus})  # fmt: skip


class NumberField(QDoubleSpinBox):
    """Takes the keys that make a number, and leaves letters to the window. Enter and Esc give the keyboard back."""

    chosen = Signal(float)
    """By the hand, not by `show_value`."""

    def __init__(self, name: str, low: float, high: float, decimals: int = 0, suffix: str = "") -> None:
        super().__init__()
        self.setRange(low, high)
        self.setDecimals(decimals)
        self.setSuffix(suffix)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setKeyboardTracking(False)
        self.setGroupSeparatorShown(False)
        self.setFixedWidth(FIELD_WIDTH)
        self.setAccessibleName(name)
        self.setToolTip(name)
        set_role(self, "small")
        self.valueChanged.connect(self.chosen)

    def show_value(self, value: float) -> None:
        self.blockSignals(True)
        self.setValue(value)
        self.blockSignals(False)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and not _commands(event):
            event.setAccepted(_makes_a_number(event))
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape):
            if event.key() == Qt.Key.Key_Escape:
                self.lineEdit().setText(self.textFromValue(self.value()) + self.suffix())
            self.interpretText()
            self.clearFocus()
        else:
            super().keyPressEvent(event)


@dataclass(frozen=True)
class Scale:
    """What a slider spans: `factor` times the setting is what is shown. Equal steps are equal ratios, or `even`."""

    low: float
    high: float
    factor: float = 1.0
    decimals: int = 0
    suffix: str = ""
    even: bool = False

    def value(self, step: int) -> float:
        part = step / STEPS
        if self.even:
            return self.low + part * (self.high - self.low)
        return self.low * (self.high / self.low) ** part

    def step(self, value: float) -> int:
        value = min(max(value, self.low), self.high)
        if self.even:
            return round(STEPS * (value - self.low) / (self.high - self.low))
        return round(STEPS * math.log(value / self.low) / math.log(self.high / self.low))


class NumberLine(QWidget):
    """One field of PaintSettings: its name, a slider, and the number."""

    def __init__(self, painting: PaintSettings, field: str, title: str, scale: Scale) -> None:
        super().__init__()
        self._painting, self._field, self._scale = painting, field, scale
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, STEPS)
        self.slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.slider.setAccessibleName(title)
        self.number = NumberField(title, scale.low, scale.high, scale.decimals, scale.suffix)
        line = row(self, spacing=8)
        name = label(title, "dim")
        name.setMinimumWidth(TITLE_WIDTH)
        line.addWidget(name)
        line.addWidget(self.slider, 1)
        line.addWidget(self.number)
        self.slider.valueChanged.connect(lambda step: self._set(self._rounded(scale.value(step))))
        self.number.chosen.connect(self._set)
        painting.changed.connect(self.refresh)
        self.refresh()

    def set_scale(self, scale: Scale) -> None:
        """For another image: other values."""
        if scale != self._scale:
            self._scale = scale
            self.number.blockSignals(True)
            self.number.setDecimals(scale.decimals)
            self.number.setRange(scale.low, scale.high)
            self.number.setSuffix(scale.suffix)
            self.number.blockSignals(False)
            self.refresh()

    def refresh(self) -> None:
        shown = getattr(self._painting, self._field) * self._scale.factor
        self.number.show_value(shown)
        self.slider.blockSignals(True)
        self.slider.setValue(self._scale.step(shown))
        self.slider.blockSignals(False)

    def _rounded(self, shown: float) -> float:
        return round(shown, self._scale.decimals)

    def _set(self, shown: float) -> None:
        setattr(self._painting, self._field, shown / self._scale.factor)


def _commands(event: QKeyEvent) -> bool:
    return bool(event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier))


def _makes_a_number(event: QKeyEvent) -> bool:
    return event.text().isdigit() or event.key() in NUMBER_KEYS
