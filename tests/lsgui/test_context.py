"""What waits for the end of a gesture."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
from pytestqt.qtbot import QtBot

from lsgui.context import Context
from model.images import Image
from model.labels import UNTOUCHED
from model.workspace import Workspace


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


def test_the_row_of_an_image_that_has_just_gone_can_be_asked_for(
    qtbot: QtBot, tmp_path: Path, image_folder: Callable[..., Path]
) -> None:
    """The folder was read again in its lane, and what it found is not in the list yet: a prediction may come then."""
    context = Context(lambda question: question.default, tmp_path, 1 << 20)
    folder = image_folder("a", "b")
    with closing(Workspace.open(folder)) as context.workspace:
        context.folder.set_entries(context.workspace.entries())
        (folder / "b.png").unlink()
        context.workspace.refresh()
        context.update_entry("b.png")
        context.update_entry("a.png")
