"""Run by the interpreter that has napari: strokes of annotation.py on its labels layer; ms of each move, as JSON.

python tests/benchmarks/annotation_napari.py FOLDER     (with picture.npy, labels.npy and strokes.json)
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import napari
import numpy as np
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QApplication


def main() -> None:
    folder = Path(sys.argv[1])
    job = json.loads((folder / "strokes.json").read_text())
    viewer = napari.Viewer()
    viewer.window.resize(*job["window"])
    viewer.add_image(np.load(folder / "picture.npy"), rgb=True)
    layer = viewer.add_labels(np.load(folder / "labels.npy"), opacity=0.4)
    layer.mode, layer.selected_label = "paint", 5
    _pass(2)
    print(json.dumps([_stroke(viewer, layer, stroke) for stroke in job["strokes"]]))
    viewer.close()


def _stroke(viewer: napari.Viewer, layer: napari.layers.Labels, stroke: dict) -> list[float]:
    canvas = viewer.window._qt_viewer.canvas
    drawn = [0]
    canvas._scene_canvas.events.draw.connect(lambda event: drawn.__setitem__(0, drawn[0] + 1), position="last")
    layer.brush_size = round(2 * stroke["radius"])
    viewer.camera.zoom = stroke["zoom"]
    viewer.camera.center = (stroke["middle"][1], stroke["middle"][0])
    _pass(1)
    size = canvas.native.size()
    points = [
        QPointF(*((at[i] - stroke["middle"][i]) * stroke["zoom"] + side / 2
                  for i, side in enumerate((size.width(), size.height()))))
        for at in stroke["points"]
    ]  # fmt: skip
    before = layer.data.copy()
    _send(canvas.native, QEvent.Type.MouseButtonPress, points[0])
    times = []
    for at in points[1:]:
        _pass(0)
        seen, start = drawn[0], time.perf_counter()
        _send(canvas.native, QEvent.Type.MouseMove, at)
        while drawn[0] == seen and time.perf_counter() - start < 20:
            QApplication.processEvents()
        times.append(1e3 * (time.perf_counter() - start))
    _send(canvas.native, QEvent.Type.MouseButtonRelease, points[-1])
    if (layer.data == before).all():
        raise SystemExit("napari painted nothing")
    layer.undo()
    _pass(1)
    return times


def _send(widget: object, kind: QEvent.Type, at: QPointF) -> None:
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    own = none if kind == QEvent.Type.MouseMove else left
    held = none if kind == QEvent.Type.MouseButtonRelease else left
    place = QPointF(widget.mapToGlobal(at.toPoint()))
    QApplication.sendEvent(widget, QMouseEvent(kind, at, place, own, held, Qt.KeyboardModifier.NoModifier))


def _pass(seconds: float) -> None:
    end = time.monotonic() + seconds
    QApplication.processEvents()
    while time.monotonic() < end:
        QApplication.processEvents()


if __name__ == "__main__":
    main()
