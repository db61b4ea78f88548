"""What edits of a large label map cost, without a screen. Run by hand; prints a table (the screen: brush_screen.py).

python tests/benchmarks/brush.py [--side 4096] [--radius 20]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QCoreApplication, Qt

from lsgui.document import Document
from lsgui.painting import PaintSettings
from lsgui.tools import ToolBox
from model.images import Image
from model.opencv import cv2

LEFT, PLAIN = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--side", type=int, default=4096)
    parser.add_argument("--radius", type=float, default=20)
    options = parser.parse_args()
    QCoreApplication(sys.argv)
    side, later = options.side, []
    document, painting = Document(background=later.append), PaintSettings()
    tools = ToolBox(document, painting)
    painting.brush_radius = options.radius
    image = Image(name="a", pixels=np.full((side, side), 7, np.uint8), spacing=None, unit="", window=None)
    document.load(image, np.full((side, side), 255, np.uint8), np.full((side, side), 0, np.uint8))

    print(f"{side}x{side}, brush radius {options.radius:g}")
    first, second = _prediction(side, 0), _prediction(side, 1)
    _row("apply a prediction to an untouched map", lambda: document.apply_prediction(first))
    _row("apply another one", lambda: document.apply_prediction(second))
    _row("compress both (in the background)", lambda: [work() for work in later])
    _row("undo it, compressed", document.undo)
    _row("redo it", document.redo)
    tools.press(side / 4, side / 4, LEFT, PLAIN)
    moves = [_seconds(lambda step=step: tools.move(side / 4 + 3 * step, side / 4 + 2 * step)) for step in range(300)]
    print(
        f"{'brush move, median and longest of 300':44s}{1e3 * statistics.median(moves):8.2f} {1e3 * max(moves):8.2f} ms"
    )
    _row("end of that stroke", lambda: tools.release(side / 4 + 900, side / 4 + 600, LEFT))
    tools.press(0, 0, LEFT, PLAIN)
    _row("one move from corner to corner", lambda: tools.move(side, side))
    tools.release(side, side, LEFT)
    _row("apply a prediction beneath the strokes", lambda: document.apply_prediction(first))
    painting.tool = "fill"
    _row("fill the background", lambda: tools.press(side - 2, 1, LEFT, PLAIN))
    _row("copy both planes, as autosave does", lambda: (document.label_map.copy(), document.provenance.copy()))
    _row("count the pixels of each class", document.counts)
    _row("clear", document.clear)


def _prediction(side: int, seed: int) -> np.ndarray:
    """13 disks, as organs would lie."""
    label_map, random = np.full((side, side), 0, np.uint8), np.random.default_rng(seed)
    for value in range(1, 14):
        x, y = (int(at) for at in random.integers(0, side, 2))
        cv2.circle(label_map, (x, y), side // 8, value, -1)
    return label_map


def _row(name: str, work: Callable[[], object]) -> None:
    print(f"{name:44s}{1e3 * _seconds(work):8.2f} ms")


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
