"""One class in the list: colour, name, share of the image, digit, eye and lock."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame

from lsgui.translation import class_name
from lsgui.views.appearance import Appearance
from lsgui.views.elided_label import ElidedLabel
from lsgui.views.parts import icon_button, label, row
from lsgui.views.swatch import Swatch
from model.classes import Class


class ClassRow(QFrame):
    """Shows and tells; what a click means is decided by `ClassPanel`."""

    chosen = Signal()
    edited = Signal()
    menu_wanted = Signal(QPoint)
    """Where on the screen."""
    eye_clicked = Signal()
    lock_clicked = Signal()

    def __init__(self, item: Class, digit: int | None, appearance: Appearance) -> None:
        super().__init__()
        self.item = item
        self._appearance = appearance
        self.setObjectName("classRow")
        self.setFixedHeight(28)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(class_name(item))
        self.swatch = Swatch(item.color, appearance)
        self.swatch.setToolTip(self.tr("Rename or recolour {name}").format(name=class_name(item)))
        self.swatch.setAccessibleName(self.swatch.toolTip())
        self.name = ElidedLabel(class_name(item))
        self.share = label("", "dim")
        self.digit = label("" if digit is None else str(digit), "dim")
        self.eye = icon_button(appearance.icon("eye", "dim"), "", 22, 15, small=True)
        self.lock = icon_button(appearance.icon("lock-open", "faint"), "", 22, 15, small=True)
        self._visible = self._locked = None
        self._build()
        self.set_visible(True)
        self.set_locked(False)

    def set_share(self, fraction: float | None) -> None:
        """None when no pixel has the class."""
        self.share.setText("" if fraction is None else _percent(fraction))

    def set_counted(self, counted: bool) -> None:
        """What is shown is old until it is."""
        self.share.setEnabled(counted)

    def set_visible(self, visible: bool) -> None:
        if visible == self._visible:
            return
        self._visible = visible
        self.eye.setIcon(self._appearance.icon("eye" if visible else "eye-off", "dim" if visible else "text"))
        self._name_button(self.eye, self.tr("Hide {name}") if visible else self.tr("Show {name}"))

    def set_locked(self, locked: bool) -> None:
        if locked == self._locked:
            return
        self._locked = locked
        self.lock.setIcon(self._appearance.icon("lock" if locked else "lock-open", "text" if locked else "faint"))
        self._name_button(self.lock, self.tr("Let {name} be painted over") if locked else self.tr("Protect {name}"))

    def set_current(self, current: bool) -> None:
        if self.property("current") != current:
            self.setProperty("current", current)
            for part in (self, self.share, self.digit):
                part.style().unpolish(part)
                part.style().polish(part)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.edited.emit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu_wanted.emit(event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            self.chosen.emit()
        else:
            super().keyPressEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(260, 28)

    def _build(self) -> None:
        layout = row(self, (6, 0, 2, 0), 4)
        for part, width in ((self.share, 46), (self.digit, 12)):
            part.setFixedWidth(width)
            part.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        layout.addWidget(self.swatch)
        layout.addWidget(self.name, 1)
        layout.addWidget(self.share)
        layout.addWidget(self.digit)
        layout.addWidget(self.eye)
        layout.addWidget(self.lock)
        self.swatch.clicked.connect(self.edited)
        self.eye.clicked.connect(self.eye_clicked)
        self.lock.clicked.connect(self.lock_clicked)

    def _name_button(self, button: object, text: str) -> None:
        text = text.format(name=class_name(self.item))
        button.setToolTip(text)
        button.setAccessibleName(text)


def _percent(fraction: float) -> str:
    """The column has no room for "100.0 %"; a part is never said to be all."""
    return "100 %" if fraction == 1 else f"{min(100 * fraction, 99.9):.1f} %"
