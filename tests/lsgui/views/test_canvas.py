"""The canvas shows what the document holds, and repaints no more than what changed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QRect
from PySide6.QtWidgets import QApplication

import lsgui.live_planes
from lsgui.mask import filled
from model.classes import ClassTable, default_table
from model.images import Image

LIVER = default_table().by_uid("liver")


class Repaints(QObject):
    """Notes the rectangles that are painted."""

    def __init__(self, widget: QObject) -> None:
        super().__init__()
        self.rects: list[QRect] = []
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            self.rects.append(event.region().boundingRect())
        return False


def test_the_image_is_shown_as_its_pixels_are(shown: object) -> None:
    shown.display.set_overlay_visible(False)
    pixels = shown.session.document.image.pixels
    for x, y in ((0, 0), (63, 63), (20, 41)):
        assert shown.color_at(x, y).red() == pixels[y, x]


def test_a_painted_class_tints_the_image_by_forty_percent(shown: object) -> None:
    shown.desk.paint(30, 30, LIVER.value, radius=8)
    grey = int(shown.session.document.image.pixels[30, 30])
    wanted = [0.6 * grey + 0.4 * channel for channel in LIVER.color]
    assert shown.color_at(30, 30).getRgb()[:3] == pytest.approx(wanted, abs=3)


@pytest.mark.parametrize(("name", "seen"), [("Sky", True), ("Background", False), ("bg", False), ("背景", False)])
def test_class_0_is_seen_where_it_is_something(shown: object, name: str, seen: bool) -> None:
    shown.session.set_classes(ClassTable.from_json([{"name": name, "color": "#ff0000"}, "Road", *"cdefghijklmn"]))
    shown.desk.wait(lambda: shown.session.classes.background.name == name)
    shown.desk.settle()
    shown.desk.paint(30, 30, 0, radius=8)
    grey = int(shown.session.document.image.pixels[30, 30])
    assert (shown.color_at(30, 30).green() < grey - 20) == seen


def test_the_outline_is_the_full_colour(shown: object) -> None:
    shown.desk.paint(30, 30, LIVER.value, radius=8)
    picture = shown.canvas.grab().toImage()
    found = {picture.pixelColor(x, y).getRgb()[:3] for x in range(picture.width()) for y in (shown.at(30, 30).y(),)}
    assert LIVER.color in found


def test_hidden_overlay_shows_the_bare_image(shown: object) -> None:
    shown.desk.paint(30, 30, LIVER.value, radius=8)
    shown.trigger("overlay")
    assert shown.color_at(30, 30).red() == shown.session.document.image.pixels[30, 30]


def test_an_edit_repaints_only_its_neighbourhood(shown: object) -> None:
    QApplication.processEvents()
    repaints = Repaints(shown.canvas)
    shown.desk.paint(20, 20, LIVER.value, radius=3)
    QApplication.processEvents()
    scale = shown.canvas.viewport.view.scale / shown.canvas.devicePixelRatioF()
    assert repaints.rects
    for rect in repaints.rects:
        assert rect.width() <= 7 * scale + 20 and rect.height() <= 7 * scale + 20
        assert rect.contains(shown.at(20, 20))


def test_a_large_image_is_shown_at_once_and_then_finely(shown: object, tmp_path: Path) -> None:
    from PIL import Image as Pillow

    folder = tmp_path / "large"
    folder.mkdir()
    checkers = (np.indices((2048, 2048)).sum(0) % 2 * 200).astype(np.uint8)
    Pillow.fromarray(checkers).save(folder / "a.png")
    shown.desk.open(folder)
    shown.desk.wait(lambda: abs(shown.color_at(1000, 1000).red() - 100) <= 2)


_SCALED = """
import sys
from pathlib import Path
import numpy as np
from PIL import Image
from PySide6.QtWidgets import QApplication
from lsgui.app import Options, Program
folder = Path(sys.argv[1])
checkers = (np.indices((40, 40)).sum(0) % 2 * 255).astype(np.uint8)
Image.fromarray(checkers).save(folder / "a.png")
application = QApplication([])
program = Program(application, Options(folder), None, folder / "data")
program.start()
program.session.image_opened.connect(lambda: application.exit(0))
application.exec()
program.session.painting.tool = "pan"  # draws no outline under the pointer
canvas = program.window.canvas
canvas.actual_size()
application.processEvents()
picture = canvas.grab().toImage()
left, top = (round(value) for value in canvas.viewport.to_canvas(0, 0))
seen = [[picture.pixelColor(left + x, top + y).red() for x in range(40)] for y in range(40)]
program.window.close()
print(canvas.devicePixelRatioF(), int((np.array(seen) == checkers).sum()))
"""


@pytest.mark.parametrize("factor", ["1", "1.5", "2"])
def test_at_100_percent_a_pixel_of_the_image_is_one_of_the_screen(factor: str, tmp_path: Path, checkout: Path) -> None:
    environment = {**os.environ, "QT_SCALE_FACTOR": factor, "PYTHONPATH": str(checkout)}
    done = subprocess.run(
        [sys.executable, "-c", _SCALED, str(tmp_path)], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    ratio, equal = done.stdout.split()
    assert float(ratio) == float(factor) and int(equal) == 1600


def test_a_large_undo_seen_from_far_shows_what_is_there(shown: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then only the rows on the screen have changed, until somebody looks at the others."""
    monkeypatch.setattr(lsgui.live_planes, "_LARGE", 0)
    document, canvas = shown.session.document, shown.canvas
    image = Image("a.png", np.zeros((3000, 4000), np.uint8))
    document.load(image, np.full((3000, 4000), 255, np.uint8), np.zeros((3000, 4000), np.uint8))
    document.paint("Brush", filled((500, 500, 3000, 2000)), 6)
    document.paint("Brush", filled((0, 1000, 4000, 900)), 3)
    for act in (document.undo, document.redo, document.undo):
        act()
        assert document._planes._late
        seen = canvas.grab().toImage()
        assert document._planes._late, "to paint it nothing has to be paid"
        canvas._overlay_changed()
        assert document.label_map[1500, 100] in (3, 255) and not document._planes._late
        canvas._overlay_changed()
        assert canvas.grab().toImage() == seen
    document.redo()
    canvas.zoom(1.7)
    seen = canvas.grab().toImage()
    canvas._overlay_changed()
    assert document.label_map[1500, 100] == 3 and canvas.grab().toImage() == seen
