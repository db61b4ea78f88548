"""Whatever the hand does, in any order: no tool is caught out, nothing stays half done, and all of it can be undone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt

from model.labels import UNTOUCHED

TOOLS = (
    "brush", "eraser", "polygon", "lasso", "rectangle", "ellipse", "fill", "wand", "threshold", "select", "picker",
    "accept", "superpixel", "pan",
)  # fmt: skip
BUTTONS = (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton)
MODIFIERS = tuple(Qt.KeyboardModifier(value) for value in (0, 0x02000000, 0x04000000, 0x08000000))
KEYS = ("Return", "Escape", "Backspace", "A")
SETTINGS = {
    "shape_does": ("paint", "erase", "select"), "fill_by": ("label", "values"), "fill_contiguous": (True, False),
    "brush_shape": ("round", "square"), "brush_radius": (0.5, 4, 90), "over": (None, -1, 6), "class_value": (0, 3, 6),
    "range": (None, (50, 180)), "protect_others": (True, False), "threshold": (None, (20, 90)),
}  # fmt: skip

place = st.sampled_from([(-9.0, 3.0), (0.0, 0.0), (10.5, 10.5), (40.2, 12.0), (41.0, 50.7), (12.0, 52.0), (90.0, 70.0)])
button, modifiers = st.sampled_from(BUTTONS), st.sampled_from(MODIFIERS)
event = st.one_of(
    st.tuples(st.just("press"), place, button, modifiers, st.sampled_from([0.0, 1.0])),
    st.tuples(st.just("press"), place, st.just(BUTTONS[0]), st.just(MODIFIERS[0]), st.just(1.0)),
    st.tuples(st.just("move"), place, modifiers, st.sampled_from([0.0, 1.0])),
    st.tuples(st.just("release"), place, st.sampled_from(BUTTONS[:2])),
    st.tuples(st.just("release"), place, st.just(BUTTONS[0])),
    st.tuples(st.just("double_click"), place),
    st.tuples(st.just("key"), st.sampled_from(KEYS)),
    st.tuples(st.just("tool"), st.sampled_from(TOOLS)),
    st.sampled_from(sorted(SETTINGS)).flatmap(
        lambda name: st.tuples(st.just("set"), st.just(name), st.sampled_from(SETTINGS[name]))
    ),
    st.tuples(st.sampled_from(["undo", "redo", "tool undo", "lock", "size", "size done", "outline"])),
)


def happen(hand: object, name: str, *arguments: object) -> None:
    tools, painting, document = hand.tools, hand.painting, hand.document
    if name in ("press", "move", "release", "double_click"):
        (x, y), *rest = arguments
        getattr(tools, name)(x, y, *rest)
    elif name == "set":
        setattr(painting, *arguments)
    else:
        {
            "key": lambda key="": hand.key(key),
            "tool": lambda tool="": setattr(painting, "tool", tool),
            "undo": lambda: document.undo(),
            "redo": lambda: document.redo(),
            "tool undo": lambda: tools.undo(),
            "lock": lambda: painting.toggle_locked(6),
            "size": lambda: tools.start_sizing(20, 20),
            "size done": lambda: tools.stop_sizing(),
            "outline": lambda: tools.outline(),
        }[name](*arguments)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sampled_from(TOOLS), st.lists(event, max_size=40))
def test_any_hand_leaves_what_can_be_undone(make_hand: Callable, tool: str, events: list[tuple]) -> None:
    hand = make_hand()
    document = hand.document
    document.load(document.image, np.full((60, 80), UNTOUCHED, np.uint8), np.zeros((60, 80), np.uint8))
    hand.painting.tool = tool
    for number, (name, *arguments) in enumerate(events):
        happen(hand, name, *arguments)
        if number % 7 == 0:
            hand.tools.outline()
    hand.tools.cancel()
    assert not document.gesture_active and not hand.tools.computing
    hand.painting.tool = "pan"
    after = hand.label.copy(), document.provenance.copy()
    assert set(np.unique(after[0])) <= {0, 3, 6, UNTOUCHED}
    assert (after[1][after[0] != UNTOUCHED] != 0).all(), "what was painted has somebody who painted it"
    steps = document.history.cursor
    document.jump(0)
    assert (hand.label == UNTOUCHED).all() and not document.provenance.any()
    document.jump(steps)
    assert (hand.label == after[0]).all() and (document.provenance == after[1]).all()
    hand.tools.deleteLater()
