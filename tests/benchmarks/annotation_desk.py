"""The real window on one large image, worked with by mouse events and commands, each timed until it is repainted."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import tifffile
from PySide6.QtCore import QEvent, QEventLoop, QObject, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from lsgui.app import Options, Program
from model.opencv import cv2

WINDOW = (1920, 1080)
LEFT, NO_BUTTON = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
PLAIN = Qt.KeyboardModifier.NoModifier
_LONGEST_WAIT = 60.0


class Span(float):
    """ms on the clock; `cpu` is how much of it the window's thread worked, which others on the machine cannot raise."""

    cpu: float = 0.0

    @classmethod
    def since(cls, start: float, worked: float) -> Span:
        made = cls(1e3 * (time.perf_counter() - start))
        made.cpu = 1e3 * (time.thread_time() - worked)
        return made


class Painted(QObject):
    """Notes that the canvas was painted."""

    def __init__(self, canvas: QObject) -> None:
        super().__init__()
        self.seen = False
        canvas.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.seen = self.seen or event.type() == QEvent.Type.Paint
        return False


class Heartbeat(QTimer):
    """Ticks while the window lives; `longest` is the longest wait for a tick, in ms."""

    def __init__(self) -> None:
        super().__init__()
        self.longest, self._last = 0.0, time.perf_counter()
        self.setTimerType(Qt.TimerType.PreciseTimer)
        self.timeout.connect(self._tick)
        self.start(2)

    def _tick(self) -> None:
        now = time.perf_counter()
        self.longest, self._last = max(self.longest, 1e3 * (now - self._last)), now


class Desk:
    """A program whose only image is `side` x `side`, with a label map of 14 classes in squares of 64."""

    def __init__(self, application: QApplication, folder: Path, side: int, rest: float = 1.0) -> None:
        """`rest` is how many seconds have to pass before it counts as at rest."""
        images = folder / "images"
        images.mkdir(exist_ok=True)
        if not (images / "large.tif").exists():
            tifffile.imwrite(images / "large.tif", picture(side), compression="zlib")
        self.side, self._rest = side, rest
        self.application = application
        self.program = Program(application, Options(images), None, folder / "data")
        self.window = self.program.window
        self.window.resize(*WINDOW)
        self.program.start()
        self.session, self.canvas = self.program.session, self.window.canvas
        self.document, self.tools = self.session.document, self.session.tools
        self.painting = self.session.painting
        self.wait(lambda: self.document.shape == (side, side))
        self.settle()
        self.document.revert_to(squares(side))
        self.settle()
        self._painted = Painted(self.canvas)

    def wait(self, done: Callable[[], bool]) -> None:
        heartbeat, end = QTimer(), time.monotonic() + _LONGEST_WAIT
        heartbeat.start(5)
        while not done():
            if time.monotonic() > end:
                raise TimeoutError("the program does not get there")
            self.application.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)

    def settle(self) -> None:
        """Until some time has passed and no lane works."""
        lanes = ("files", "display", "housekeeping", "journal", "tools", "thumbnails")
        quiet = time.monotonic() + self._rest
        self.wait(lambda: time.monotonic() > quiet and not any(self.session.jobs.busy(lane) for lane in lanes))

    def timed(self, act: Callable[[], object], paints: bool = True) -> Span:
        """ms from before `act` until the canvas has been painted; what `paints` nothing, until it is done."""
        self.application.processEvents()
        self._painted.seen = False
        start, worked = time.perf_counter(), time.thread_time()
        act()
        self.application.processEvents()
        while paints and not self._painted.seen:
            self.application.processEvents()
            if time.perf_counter() - start > _LONGEST_WAIT:
                raise TimeoutError("nothing was painted")
        return Span.since(start, worked)

    def trigger(self, action: str) -> None:
        self.window.actions_.by_id[action].trigger()

    def place(self, zoom: float) -> None:
        """The middle of the image at so many screen pixels per image pixel; 0 shows all of it."""
        self.canvas.fit()
        if zoom:
            self.canvas.actual_size()
            self.canvas.zoom(zoom)
        self.application.processEvents()

    @property
    def middle(self) -> QPointF:
        return QPointF(self.canvas.width() / 2, self.canvas.height() / 2)

    def circle(self, moves: int) -> list[QPointF]:
        """Once around the middle of the canvas."""
        radius = self.canvas.height() / 3
        angles = np.linspace(0, 2 * np.pi, moves)
        return [self.middle + QPointF(radius * np.cos(angle), radius * np.sin(angle)) for angle in angles]

    def stroke(self, points: Sequence[QPointF]) -> tuple[list[Span], Span]:
        """ms of each move, and of the release."""
        self.mouse(QEvent.Type.MouseButtonPress, points[0])
        moves = [self.timed(lambda at=at: self.mouse(QEvent.Type.MouseMove, at)) for at in points[1:]]
        return moves, self.timed(lambda: self.mouse(QEvent.Type.MouseButtonRelease, points[-1]), paints=False)

    def mouse(self, kind: QEvent.Type, at: QPointF, button: Qt.MouseButton = LEFT) -> None:
        pressed = kind != QEvent.Type.MouseButtonRelease
        own = NO_BUTTON if kind == QEvent.Type.MouseMove else button
        event = QMouseEvent(kind, at, self.canvas.mapToGlobal(at), own, button if pressed else NO_BUTTON, PLAIN)
        QApplication.sendEvent(self.canvas, event)

    def wheel(self, at: QPointF, angle: int) -> None:
        event = QWheelEvent(
            at, self.canvas.mapToGlobal(at), QPoint(), QPoint(0, angle), NO_BUTTON, PLAIN,
            Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(self.canvas, event)

    def close(self) -> None:
        self.window.close()
        self.program.finish()


def picture(side: int) -> np.ndarray:
    """uint8 (side, side, 3): smooth noise, as no image of one colour would cost what a real one does."""
    coarse = np.random.default_rng(0).integers(0, 255, (max(1, side // 16), max(1, side // 16), 3), dtype=np.uint8)
    return cv2.resize(coarse, (side, side), interpolation=cv2.INTER_LINEAR)


def squares(side: int) -> np.ndarray:
    """uint8 (side, side): squares of 64 of the classes 0 to 13."""
    count = -(-side // 64)
    coarse = (np.arange(count * count) % 14).astype(np.uint8).reshape(count, count)
    return np.repeat(np.repeat(coarse, 64, 0), 64, 1)[:side, :side].copy()
