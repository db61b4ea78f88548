"""A brush move on a large image: label map changed and screen repainted. Run by hand; prints a table.

python tests/benchmarks/brush_screen.py [--side 4096] [--radius 20] [--moves 200]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication

from lsgui.assets import Assets
from lsgui.document import Document
from lsgui.jobs import JobRunner
from lsgui.painting import PaintSettings
from lsgui.tools import ToolBox
from lsgui.views.appearance import Appearance
from lsgui.views.canvas import Canvas
from lsgui.views.canvas_input import CanvasInput
from lsgui.views.display import Display
from lsgui.views.tool_outline import ToolOutline
from model.classes import default_table
from model.images import Image, Window


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--side", type=int, default=4096)
    parser.add_argument("--radius", type=float, default=20)
    parser.add_argument("--moves", type=int, default=200)
    options = parser.parse_args()
    application = QApplication([])
    canvas, document, tools = window(application, options.side)
    tools.painting.brush_radius = options.radius
    print(f"{options.side}x{options.side}, brush radius {options.radius:g}, canvas {canvas.width()}x{canvas.height()}")
    print(f"{'':32}{'median':>10}{'p95':>10}{'worst':>10}  ms")
    for name, zoom in (("fitted", 0.0), ("100 %", 1.0), ("400 %", 4.0)):
        place(canvas, zoom)
        report(f"brush move, {name}", [timed(lambda at=at: drag(canvas, at)) for at in path(canvas, options.moves)])
        release(canvas)
    for name, zoom in (("fitted", 0.0), ("100 %", 1.0), ("400 %", 4.0)):
        place(canvas, zoom)
        report(f"frame of a pan, {name}", [timed(lambda: pan(canvas)) for _ in range(60)])
    canvas.close()


def window(application: QApplication, side: int) -> tuple[Canvas, Document, ToolBox]:
    noise = np.random.default_rng(0).integers(0, 3000, (side, side), dtype=np.int16) - 1000
    document, painting, display = Document(), PaintSettings(), Display()
    tools = ToolBox(document, painting)
    outline = ToolOutline(tools)
    appearance = Appearance(application, Assets.find())
    canvas = Canvas(document, display, appearance, outline, JobRunner(document))
    canvas.input = CanvasInput(canvas, tools, display, outline)
    canvas.set_classes(default_table())
    painting.set_classes(default_table())
    document.loaded.connect(lambda: display.show_image(document.image))
    canvas.resize(1400, 900)
    canvas.show()
    labels = np.repeat(
        np.repeat(np.arange(side * side // 4096, dtype=np.uint8).reshape(side // 64, -1) % 14, 64, 0), 64, 1
    )
    document.load(Image("noise", noise, unit="HU", window=Window(40, 400)), labels, np.zeros_like(labels))
    display.set_window(40, 400)
    settle(application)
    return canvas, document, tools


def settle(application: QApplication) -> None:
    end = time.monotonic() + 2
    while time.monotonic() < end:
        application.processEvents()


def place(canvas: Canvas, zoom: float) -> None:
    canvas.fit()
    if zoom:
        canvas.actual_size()
        canvas.zoom(zoom)
    canvas.repaint()


def path(canvas: Canvas, moves: int) -> list[QPointF]:
    """Along a circle, so that every step paints something new."""
    angles = np.linspace(0, 4 * np.pi, moves)
    middle, radius = QPointF(canvas.width() / 2, canvas.height() / 2), canvas.height() / 3
    points = [middle + QPointF(radius * np.cos(angle), radius * np.sin(angle)) for angle in angles]
    send(canvas, QEvent.Type.MouseButtonPress, points[0], Qt.MouseButton.LeftButton)
    return points


def drag(canvas: Canvas, at: QPointF) -> None:
    """One mouse move, until the window system has the pixels."""
    send(canvas, QEvent.Type.MouseMove, at, Qt.MouseButton.NoButton)
    QApplication.sendPostedEvents(canvas, 0)
    QApplication.processEvents()


def release(canvas: Canvas) -> None:
    send(canvas, QEvent.Type.MouseButtonRelease, QPointF(5, 5), Qt.MouseButton.LeftButton)


def pan(canvas: Canvas) -> None:
    canvas.set_viewport(canvas.viewport.panned(3, 2))
    QApplication.processEvents()


def send(canvas: Canvas, kind: QEvent.Type, at: QPointF, button: Qt.MouseButton) -> None:
    held = Qt.MouseButton.LeftButton if kind != QEvent.Type.MouseButtonRelease else Qt.MouseButton.NoButton
    event = QMouseEvent(kind, at, canvas.mapToGlobal(at), button, held, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(canvas, event)


def timed(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start)


def report(name: str, times: list[float]) -> None:
    ordered = sorted(times)
    print(f"{name:32}{statistics.median(ordered):10.2f}{ordered[int(0.95 * len(ordered))]:10.2f}{ordered[-1]:10.2f}")


if __name__ == "__main__":
    main()
