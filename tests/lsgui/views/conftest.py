"""What the tests of the window share: one over a real session, on a real screen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from lsgui.assets import Assets
from lsgui.settings import Settings
from lsgui.views.appearance import Appearance
from lsgui.views.display import Display
from lsgui.views.main_window import MainWindow
from lsgui.views.preferences import Preferences


@dataclass
class Shown:
    """A window with its session; `at` says where an image pixel lies on the canvas."""

    desk: object
    window: MainWindow
    display: Display
    preferences: Preferences
    appearance: Appearance

    @property
    def session(self) -> object:
        return self.desk.session

    @property
    def canvas(self) -> object:
        return self.window.canvas

    def at(self, x: float, y: float) -> QPoint:
        ratio = self.canvas.devicePixelRatioF()
        left, top = self.canvas.viewport.to_canvas(x + 0.5, y + 0.5)
        return QPointF(left / ratio, top / ratio).toPoint()

    def color_at(self, x: float, y: float) -> QColor:
        """What the screen shows for an image pixel."""
        ratio = self.canvas.devicePixelRatioF()
        picture = self.canvas.grab().toImage()
        place = self.at(x, y)
        return picture.pixelColor(round(place.x() * ratio), round(place.y() * ratio))

    def drag(self, *points: tuple[float, float], button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
        none = Qt.KeyboardModifier.NoModifier
        QTest.mousePress(self.canvas, button, none, self.at(*points[0]))
        for point in points[1:]:
            QTest.mouseMove(self.canvas, self.at(*point))
        QTest.mouseRelease(self.canvas, button, none, self.at(*points[-1]))

    def key(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """A key as pressed with the keyboard on the canvas."""
        QTest.keyClick(QApplication.focusWidget() or self.window, key, modifier)

    def trigger(self, action: str) -> None:
        self.window.actions_.by_id[action].trigger()


@pytest.fixture
def make_window(make_desk: Callable, qapp: QApplication, tmp_path: Path) -> Iterator[Callable[..., Shown]]:
    made: list[Shown] = []

    def make(settings: Settings | None = None, **arguments: object) -> Shown:
        desk = make_desk(**arguments)
        display, preferences = Display(), Preferences(settings or Settings())
        appearance = Appearance(qapp, Assets.find(), preferences.settings.theme)
        desk.session.document.loaded.connect(lambda: display.show_image(desk.session.document.image))
        window = MainWindow(desk.session, display, appearance, preferences, Assets.find(), tmp_path / "lsgui.log")
        window.show()
        window.activateWindow()
        desk.wait(window.isActiveWindow)  # until the screen has said so no part has the focus, and no shortcut works
        made.append(Shown(desk, window, display, preferences, appearance))
        return made[-1]

    yield make
    for shown in made:
        shown.desk.answers |= {"cannot_save": "leave", "training_ends": "quit"}
        shown.window.close()
        shown.window.deleteLater()


@pytest.fixture
def shown(make_window: Callable[..., Shown], image_folder: Callable[..., Path]) -> Shown:
    """A window on a folder of three small images, the first of them open."""
    made = make_window()
    made.desk.open(image_folder("a", "b", "c"))
    QApplication.processEvents()
    return made
