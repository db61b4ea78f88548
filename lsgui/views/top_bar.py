"""The bar above: the four steps of the work, and how strongly the overlay shows."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QPushButton, QSlider

from lsgui.views.action_set import key_text
from lsgui.views.appearance import Appearance
from lsgui.views.display import FAINTEST, STRONGEST, Display
from lsgui.views.parts import button, icon_button, label, row

PRIMARY = "fine-tune"
STEPS = (("open-folder", "folder-open"), ("predict", "sparkles"), ("accept", "check"), (PRIMARY, "brain-circuit"))


class TopBar(QFrame):
    """Buttons mirror their actions: text, key and whether they can be used now."""

    def __init__(self, actions: dict[str, QAction], display: Display, appearance: Appearance) -> None:
        super().__init__()
        self.setObjectName("topBar")
        self.setFixedHeight(48)
        self._display = display
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._percent = label("", "dim")
        layout = row(self, (12, 0, 12, 0), 8)
        for name, icon in STEPS:
            layout.addWidget(_step(actions[name], appearance, icon, primary=name == PRIMARY))
        layout.addStretch()
        layout.addWidget(label(self.tr("Overlay"), "dim"))
        layout.addWidget(self._prepared_slider())
        layout.addWidget(self._percent)
        for name in ("overlay", "toggle-theme", "key-sheet"):
            layout.addWidget(_icon(actions[name], appearance))
        display.overlay_changed.connect(self._show_opacity)
        self._show_opacity()

    def _prepared_slider(self) -> QSlider:
        self._slider.setRange(FAINTEST, STRONGEST)
        self._slider.setFixedWidth(120)
        self._slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._slider.setAccessibleName(self.tr("Opacity of the overlay"))
        self._slider.valueChanged.connect(self._display.set_opacity)
        self._percent.setFixedWidth(38)
        return self._slider

    def _show_opacity(self) -> None:
        self._slider.blockSignals(True)
        self._slider.setValue(self._display.opacity)
        self._slider.blockSignals(False)
        self._percent.setText(f"{self._display.opacity} %")


def _step(action: QAction, appearance: Appearance, icon: str, primary: bool) -> QPushButton:
    made = button("", appearance.icon(icon, "on_fill" if primary else "text"), primary)
    made.setIconSize(QSize(16, 16))

    def show() -> None:
        made.setText(" " + action.text() + ("   " + key_text(action.shortcut()) if action.shortcut() else ""))
        made.setEnabled(action.isEnabled())

    show()
    made.setAccessibleName(action.text())
    made.setToolTip(action.text())
    action.changed.connect(show)
    made.clicked.connect(action.trigger)
    return made


def _icon(action: QAction, appearance: Appearance) -> object:
    tip = f"{action.text()}  ({key_text(action.shortcut())})" if action.shortcut() else action.text()
    made = icon_button(action.icon(), tip, 32, 18)
    made.clicked.connect(action.trigger)
    if action.isCheckable():
        action.toggled.connect(lambda on: made.setIcon(appearance.icon("eye" if on else "eye-off")))
    return made
