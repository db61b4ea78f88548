"""A child of annotation.py: what memory a window takes with a large image open, in MB, as JSON.

python tests/benchmarks/annotation_memory.py FOLDER     (with FOLDER/images/large.tif)
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtWidgets import QApplication

from lsgui.app import Options, Program

_AT_REST = 8.0
"""Seconds after which maps are on the disk."""
_LANES = ("files", "display", "housekeeping", "journal", "tools", "thumbnails")


def main() -> None:
    application = QApplication([])
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as data:
        images = Path(data) / "images"
        images.mkdir()
        shutil.copy(Path(sys.argv[1]) / "images/large.tif", images)
        program = Program(application, Options(), None, Path(data))
        program.window.resize(1920, 1080)
        program.start()
        _pass(application, 2)
        found: dict[str, float | bool] = {"empty": _held("VmRSS")}
        session = program.session
        session.open_folder(images)
        _pass(application, 60, lambda: session.document.image is not None)
        _rest(program, application)
        found["opened"], found["peak"] = _held("VmRSS"), _held("VmHWM")
        _paint(program, application)
        found["after 20 strokes"] = _held("VmRSS")
        _rest(program, application)
        found["after a save"] = _held("VmRSS")
        found["torch"] = "torch" in sys.modules
        program.window.close()
        program.finish()
    print(json.dumps(found))


def _paint(program: Program, application: QApplication) -> None:
    tools, side = program.session.tools, program.session.document.shape[0]
    program.session.painting.brush_radius = 40
    for turn in range(20):
        y = side / 2 + turn * side / 160
        tools.press(side / 2, y, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
        tools.move(side * 0.56, y)
        tools.release(side * 0.56, y, Qt.MouseButton.LeftButton)
        application.processEvents()


def _pass(application: QApplication, seconds: float, done: Callable[[], bool] = lambda: False) -> None:
    timer, end = QTimer(), time.monotonic() + seconds
    timer.start(20)
    while time.monotonic() < end and not done():
        application.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)


def _rest(program: Program, application: QApplication) -> None:
    """Until nothing works any more."""
    jobs = program.session.jobs
    _pass(application, _AT_REST)
    _pass(application, 120, lambda: not any(jobs.busy(lane) for lane in _LANES))
    _pass(application, 2)


def _held(what: str) -> float:
    """Of the system's account of this process, in MB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split(f"{what}:")[1].split()[0]) / 1024


if __name__ == "__main__":
    main()
