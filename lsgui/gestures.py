"""What the mouse and held keys do, for the key sheet."""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP

from lsgui.action import Gesture


def gestures() -> tuple[Gesture, ...]:
    """In the order of the sheet."""
    rows = (
        ("view", QT_TRANSLATE_NOOP("actions", "Wheel"), QT_TRANSLATE_NOOP("actions", "Zoom at the cursor")),
        (
            "view",
            QT_TRANSLATE_NOOP("actions", "Middle-drag, Space+drag"),
            QT_TRANSLATE_NOOP("actions", "Move the view"),
        ),
        ("view", QT_TRANSLATE_NOOP("actions", "V held"), QT_TRANSLATE_NOOP("actions", "Hide the overlay meanwhile")),
        (
            "view",
            QT_TRANSLATE_NOOP("actions", "Right-drag"),
            QT_TRANSLATE_NOOP("actions", "Window and level; erases while the brush is on"),
        ),
        *_of_brushes(),
        *_of_shapes(),
        ("label", "0 … 9", QT_TRANSLATE_NOOP("actions", "Class by its digit, 0 is background")),
    )
    return tuple(Gesture(keys, text, menu) for menu, keys, text in rows)


def _of_brushes() -> tuple[tuple[str, str, str], ...]:
    rows = (
        (QT_TRANSLATE_NOOP("actions", "Shift+wheel"), QT_TRANSLATE_NOOP("actions", "Size of the brush")),
        (
            QT_TRANSLATE_NOOP("actions", "Alt+right-drag, S held"),
            QT_TRANSLATE_NOOP("actions", "Size of the brush by moving"),
        ),
        (QT_TRANSLATE_NOOP("actions", "Ctrl held"), QT_TRANSLATE_NOOP("actions", "Erase with the brush")),
        (QT_TRANSLATE_NOOP("actions", "Shift held"), QT_TRANSLATE_NOOP("actions", "Straight line with the brush")),
        (QT_TRANSLATE_NOOP("actions", "Alt+click"), QT_TRANSLATE_NOOP("actions", "Pick the class under the cursor")),
        (
            QT_TRANSLATE_NOOP("actions", "Drag right or left"),
            QT_TRANSLATE_NOOP("actions", "The wand takes more or less"),
        ),
    )
    return tuple(("tools", *row) for row in rows)


def _of_shapes() -> tuple[tuple[str, str, str], ...]:
    rows = (
        (QT_TRANSLATE_NOOP("actions", "Enter, double-click"), QT_TRANSLATE_NOOP("actions", "Finish the shape")),
        (QT_TRANSLATE_NOOP("actions", "Drag a corner"), QT_TRANSLATE_NOOP("actions", "Move it; an edge: add one")),
        (QT_TRANSLATE_NOOP("actions", "Right-click a corner"), QT_TRANSLATE_NOOP("actions", "Remove it")),
        (
            QT_TRANSLATE_NOOP("actions", "Shift, Ctrl"),
            QT_TRANSLATE_NOOP("actions", "A square or circle; from the middle"),
        ),
        (
            QT_TRANSLATE_NOOP("actions", "Shift+drag"),
            QT_TRANSLATE_NOOP("actions", "Select by hand, with the selection"),
        ),
    )
    return tuple(("tools", *row) for row in rows)
