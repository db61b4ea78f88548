"""What waits for the end of a gesture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pytestqt.qtbot import QtBot

from lsgui.context import Context
from model.images import Image
from model.labels import UNTOUCHED


def test_what_waits_for_a_gesture_waits_for_one_that_begins_at_its_end_too(qtbot: QtBot, tmp_path: Path) -> None:
    context = Context(lambda question: question.default, tmp_path, 1 << 20)
    document, shape = context.document, (6, 8)
    document.load(
        Image("a.png", np.zeros(shape, np.uint8)), np.full(shape, UNTOUCHED, np.uint8), np.zeros(shape, np.uint8)
    )
    done = []
    document.begin("Brush")
    context.when_idle(lambda: document.hold("Interpolate"))
    context.when_idle(lambda: done.append(document.clear()))
    context.when_idle(lambda: done.append("last"))
    document.restore()
    assert document.gesture_active and done == []
    document.restore()
    assert done == [False, "last"]
