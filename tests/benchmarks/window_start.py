"""From the command to the window on the screen, before torch is loaded. Run by hand; prints a table.

python tests/benchmarks/window_start.py [--folder FOLDER] [--runs 5]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_CHILD = """
import sys, time
from pathlib import Path
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication
from lsgui.app import Options, Program

class FirstPaint(QObject):
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint:
            application.exit(0)
        return False

application = QApplication([])
folder = Path(sys.argv[2]) if sys.argv[2] else None
program = Program(application, Options(folder), None, Path(sys.argv[1]))
first = FirstPaint()
program.window.centralWidget().installEventFilter(first)
program.start()
application.exec()
print(time.time(), "torch" in sys.modules)
program.window.close()
"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    start(options.folder)
    runs = [start(options.folder) for _ in range(options.runs)]
    print(f"{'':24}{'median':>10}{'worst':>10}  s")
    print(f"{'window on the screen':24}{statistics.median(runs):10.2f}{max(runs):10.2f}")


def start(folder: Path | None) -> float:
    """Seconds from the start of the process to the window's first paint."""
    with tempfile.TemporaryDirectory() as data:
        begun = time.time()
        command = [sys.executable, "-c", _CHILD, data, str(folder or "")]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    painted, torch_loaded = done.stdout.split()
    if torch_loaded == "True":
        raise SystemExit("torch was loaded before the window was shown")
    return float(painted) - begun


if __name__ == "__main__":
    main()
