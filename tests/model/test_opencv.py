"""OpenCV's wheel may not leave its Qt settings behind for the window or for a child process."""

from __future__ import annotations

import os
import subprocess
import sys

NAMES = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR", "LD_LIBRARY_PATH")
PROGRAM = "import os; from model.opencv import cv2; print([os.environ.get(name) for name in %r])" % (NAMES,)


def environment_after_import(**given: str) -> str:
    inherited = {name: value for name, value in os.environ.items() if name not in NAMES}
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=inherited | given, capture_output=True, text=True, check=True
    )
    return result.stdout.strip()


def test_what_was_not_set_stays_unset() -> None:
    assert environment_after_import() == "[None, None, None]"


def test_what_the_user_set_stays_as_it_was() -> None:
    assert environment_after_import(QT_QPA_FONTDIR="/fonts", LD_LIBRARY_PATH="/lib") == "[None, '/fonts', '/lib']"
