"""What the annotation tools cost on a huge image, from the event to the repainted window. Prints a table.

python tests/benchmarks/annotation.py [--side 8192] [--moves 200] [--rows brush,polygon,fill,strokes,view,memory]
    [--napari PYTHON]    also the same strokes in napari's labels layer, by the interpreter that has it
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtWidgets import QApplication

from lsgui.history import Step
from tests.benchmarks.annotation_desk import WINDOW, Desk, Heartbeat, Span, picture, squares

ROWS = ("brush", "polygon", "fill", "strokes", "view", "memory")
ZOOMS = {"fitted": 0.0, "100 %": 1.0, "400 %": 4.0}
SMALL, LARGE = 40, 1000
STROKES = 500
FASTER = 5.0
"""How much faster than napari's labels layer."""
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Measured:
    """`values` in `unit`; `most` bounds their median and `rarely` their 99th percentile. None bounds nothing."""

    work: str
    values: tuple[float, ...]
    most: float | None = None
    rarely: float | None = None
    unit: str = "ms"

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def p99(self) -> float:
        return sorted(self.values)[int(0.99 * len(self.values))] if len(self.values) > 1 else self.values[0]

    @property
    def reached(self) -> bool:
        return (self.most is None or self.median <= self.most) and (self.rarely is None or self.p99 <= self.rarely)

    @property
    def worked(self) -> float | None:
        """The median of how long the window's thread worked."""
        return self._worked(0.5)

    def _worked(self, share: float) -> float | None:
        spans = sorted(value.cpu for value in self.values if isinstance(value, Span))
        return spans[int(share * len(spans))] if spans else None

    def line(self) -> str:
        goal = "" if self.most is None else f"{self.most:g}" + ("" if self.rarely is None else f", {self.rarely:g}")
        verdict = "" if self.most is None else "reached" if self.reached else "MISSED"
        several = f"{self.p99:9.2f}{max(self.values):9.2f}" if len(self.values) > 1 else " " * 18
        share = "" if self.worked is None else f"{self.worked:9.2f}{self._worked(0.99):9.2f}"
        return f"{self.work:44}{self.median:9.2f}{several} {self.unit:4}{goal:>10}  {verdict:8}{share}".rstrip()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--side", type=int, default=8192)
    parser.add_argument("--moves", type=int, default=200)
    parser.add_argument("--rows", default=",".join(ROWS))
    parser.add_argument("--napari", type=Path, default=None)
    parser.add_argument("--rest", type=float, default=1.0, help="seconds between two rows")
    parser.add_argument("--json", type=Path, default=None, help="write the figures here too")
    options = parser.parse_args()
    chosen = options.rows.split(",")
    application = QApplication([])
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        bench = Bench(Desk(application, Path(folder), options.side, options.rest), options.moves, options.side / 8192)
        canvas = bench.desk.canvas
        print(f"{options.side} x {options.side} RGB, window {WINDOW[0]} x {WINDOW[1]}, ", end="")
        print(f"canvas {canvas.width()} x {canvas.height()}, load {os.getloadavg()[0]:.1f}", flush=True)
        print(
            f"{'':44}{'median':>9}{'p99':>9}{'longest':>9}     {'goal':>10}  {'':8}   of it worked (median, p99)",
            flush=True,
        )
        for row in [row for row in ROWS if row in chosen and row != "memory"]:
            getattr(bench, row)()
        bench.desk.close()
        if "memory" in chosen:
            bench.memory(Path(folder))
        if options.napari is not None:
            bench.compare(options.napari, Path(folder))
    if options.json is not None:
        rows = [vars(row) | {"reached": row.reached, "worked": row.worked} for row in bench.done]
        options.json.write_text(json.dumps(rows))


class Bench:
    """Each row leaves the image as it found it. `scale` shortens what is drawn on a smaller image."""

    def __init__(self, desk: Desk, moves: int, scale: float) -> None:
        self.desk = desk
        self.done: list[Measured] = []
        self._moves = moves
        self._scale = scale
        self._strokes: list[dict[str, object]] = []

    def brush(self) -> None:
        desk = self.desk
        desk.painting.tool, desk.painting.class_value = "brush", 5
        for radius, goals in ((SMALL, (8, 16)), (LARGE, (25, 50))):
            desk.painting.brush_radius = radius * self._scale if radius == LARGE else radius
            for name, zoom in ZOOMS.items():
                desk.place(zoom)
                points = desk.circle(self._moves)
                moves, release = desk.stroke(points)
                self._show(f"brush move, radius {radius}, {name}", moves, *goals)
                self._show("  its end", [release])
                desk.settle()
                self._show("  its undo", [desk.timed(lambda: desk.trigger("undo"))], 16)
                self._remember(name, points, moves)
                desk.settle()

    def polygon(self) -> None:
        desk = self.desk
        desk.painting.tool = "polygon"
        desk.place(0)
        times, undone = [], []
        for turn in range(5):
            desk.tools.tools["polygon"].corners.replace(star(desk.side, turn), closed=True)
            desk.tools.outline_changed.emit()
            desk.settle()
            times.append(desk.timed(lambda: desk.tools.key(Qt.Key.Key_Return)))
            desk.settle()
            undone.append(desk.timed(lambda: desk.trigger("undo")))
        self._show("polygon of 2,000 vertices filled", times, 100)
        self._show("  its undo", undone, 16)

    def fill(self) -> None:
        """Everything is untouched, and one press fills it all."""
        desk = self.desk
        desk.document.clear()
        desk.painting.tool, desk.painting.fill_by, desk.painting.fill_contiguous = "fill", "label", True
        desk.place(0)
        desk.settle()
        times, undone, stalls = [], [], []
        for _ in range(3):
            heartbeat = Heartbeat()
            times.append(desk.timed(lambda: self._press_and_wait()))
            stalls.append(heartbeat.longest)
            undone.append(desk.timed(lambda: desk.trigger("undo")))
            desk.settle()
        self._show("flood fill of the whole image", times, 400)
        self._show("  the window's longest silence meanwhile", stalls)
        self._show("  its undo", undone, 200)
        desk.trigger("undo")
        desk.settle()

    def strokes(self) -> None:
        """500 strokes of radius 40 and 30 moves each; then all of them are undone."""
        desk, rng = self.desk, np.random.default_rng(0)
        desk.painting.tool, desk.painting.brush_radius = "brush", SMALL
        desk.place(0)
        before = len(desk.document.history.steps)
        for _ in range(STROKES):
            way = np.cumsum(rng.normal(0, 25, (30, 2)), axis=0) + rng.uniform(0.05, 0.95, 2) * desk.side
            desk.tools.press(*way[0], Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
            for x, y in way[1:]:
                desk.tools.move(x, y)
            desk.tools.release(*way[-1], Qt.MouseButton.LeftButton)
            desk.application.processEvents()
        desk.settle()
        drawn: tuple[Step, ...] = desk.document.history.steps[before:]
        held = sum(step.nbytes for step in drawn) / 2**20
        self._show(f"memory of {len(drawn)} strokes of undo", [held], 64, unit="MB")
        self._show("  undo of each", [desk.timed(lambda: desk.trigger("undo")) for _ in drawn], 16)

    def view(self) -> None:
        desk = self.desk
        desk.painting.tool = "brush"
        for name, zoom in (("fitted", 0.0), ("30 %", 0.3), ("60 %", 0.6), ("100 %", 1.0), ("400 %", 4.0)):
            desk.place(zoom)
            self._show(f"pan, {name}", self._pan(), 16, 33)
        for name, angle in (("in", 30), ("out", -30)):
            if angle > 0:
                desk.place(0)
            times = [desk.timed(lambda angle=angle: desk.wheel(desk.middle, angle)) for _ in range(70)]
            self._show(f"zoom {name}, fitted to about 5,000 %", times, 16, 33)
            desk.settle()

    def memory(self, folder: Path) -> None:
        done = subprocess.run(
            [sys.executable, str(HERE / "annotation_memory.py"), str(folder)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(done.stderr)
        found = json.loads(done.stdout)
        planes = (3 + 2) * self.desk.side**2 / 2**20
        for name in ("opened", "after 20 strokes", "after a save"):
            beyond = found[name] - found["empty"] - planes
            self._show(f"memory beyond window and planes, {name}", [beyond], 250, unit="MB")
        self._show("  the most while opening the TIFF", [found["peak"] - found["empty"] - planes], unit="MB")
        if found["torch"]:
            raise SystemExit("torch was loaded")

    def compare(self, napari: Path, folder: Path) -> None:
        """The same strokes, one after the other, in a window of the same size."""
        np.save(folder / "picture.npy", picture(self.desk.side))
        np.save(folder / "labels.npy", squares(self.desk.side))
        (folder / "strokes.json").write_text(json.dumps({"window": WINDOW, "strokes": self._strokes}))
        done = subprocess.run(
            [str(napari), str(HERE / "annotation_napari.py"), str(folder)],
            capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": ""},
        )  # fmt: skip
        if done.returncode:
            print(f"napari: {done.stderr.strip().splitlines()[-1]}")
            return
        for stroke, times in zip(self._strokes, json.loads(done.stdout.splitlines()[-1]), strict=True):
            self._show(f"napari: {stroke['name']}", times)
            times_faster = statistics.median(times) / stroke["median"]
            print(f"{'  so many times ours':44}{times_faster:9.1f}{'':18} x   {'>= 5':>11}  ", end="")
            print("reached" if times_faster >= FASTER else "MISSED", flush=True)

    def _pan(self) -> list[float]:
        """A drag with the middle button, back and forth."""
        desk, times = self.desk, []
        desk.mouse(QEvent.Type.MouseButtonPress, desk.middle, Qt.MouseButton.MiddleButton)
        at = desk.middle
        for step in range(self._moves):
            at += QPointF(7, 5) if step % 60 < 30 else QPointF(-7, -5)
            times.append(desk.timed(lambda at=at: desk.mouse(QEvent.Type.MouseMove, at, Qt.MouseButton.MiddleButton)))
        desk.mouse(QEvent.Type.MouseButtonRelease, at, Qt.MouseButton.MiddleButton)
        return times

    def _press_and_wait(self) -> None:
        """A press of the fill tool in the middle, until what it does is one more step."""
        desk = self.desk
        steps = desk.document.history.cursor
        desk.mouse(QEvent.Type.MouseButtonPress, desk.middle)
        desk.mouse(QEvent.Type.MouseButtonRelease, desk.middle)
        desk.wait(lambda: desk.document.history.cursor > steps)

    def _remember(self, name: str, points: list[QPointF], moves: list[float]) -> None:
        """A stroke in image pixels, for napari."""
        desk, ratio = self.desk, self.desk.canvas.devicePixelRatioF()
        viewport = desk.canvas.viewport
        self._strokes.append(
            {
                "name": f"radius {desk.painting.brush_radius:g}, {name}",
                "radius": desk.painting.brush_radius,
                "zoom": viewport.view.scale / ratio,
                "middle": viewport.to_image(desk.middle.x() * ratio, desk.middle.y() * ratio),
                "points": [viewport.to_image(at.x() * ratio, at.y() * ratio) for at in points],
                "median": statistics.median(moves),
            }
        )

    def _show(self, *arguments: object, **named: object) -> None:
        work, values, *goals = arguments
        row = Measured(work, tuple(values), *goals, **named)
        self.done.append(row)
        print(row.line(), flush=True)


def star(side: int, turn: float = 0.0) -> list[tuple[float, float]]:
    """2,000 corners around the middle, over nearly the whole image."""
    angles = np.linspace(0, 2 * np.pi, 2000, endpoint=False) + turn * 1e-3
    radii = 0.43 * side * (1 + 0.1 * np.sin(37 * angles))
    return [
        (side / 2 + r * np.cos(angle), side / 2 + r * np.sin(angle)) for r, angle in zip(radii, angles, strict=True)
    ]


if __name__ == "__main__":
    main()
