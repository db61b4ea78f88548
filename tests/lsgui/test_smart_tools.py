"""The tools that follow the image or the model, on every kind of image and beyond its border."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt

from lsgui.clean_up import TITLES, CleanUp
from lsgui.computed_tool import _Request
from lsgui.document import Document
from lsgui.painting import Cleaning, PaintSettings
from lsgui.tools import ToolBox
from model.classes import default_table
from model.images import Image, Window
from model.labels import UNTOUCHED
from model.prediction import Prediction

LEFT, PLAIN = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
KINDS = {"uint8": (80, 170, None), "uint16": (1000, 9000, Window(5000, 9000)), "int16": (-100, 60, Window(0, 400)),
         "float32": (-0.5, 0.25, Window(0, 2))}  # fmt: skip


def opened(document: Document, kind: str, colour: bool, shape: tuple[int, int] = (60, 70)) -> ToolBox:
    """A bright square, 20 to 40 in both directions, in an image of a kind."""
    dark, bright, window = KINDS[kind]
    pixels = np.full(shape, dark, kind)
    pixels[20:40, 20:40] = bright
    pixels = np.repeat(pixels[..., None], 3, axis=2) if colour else pixels
    pixels.flags.writeable = False
    document.load(Image("a", pixels, window=window), np.full(shape, UNTOUCHED, np.uint8), np.zeros(shape, np.uint8))
    painting = PaintSettings()
    painting.set_classes(default_table())
    painting.class_value, painting.superpixel_size = 6, 10
    half = -(-shape[1] // 8)
    scores = np.zeros((2, -(-shape[0] // 4), -(-shape[1] // 4)), np.uint8)
    scores[0, :, :half], scores[1, :, half:] = 255, 255
    prediction = Prediction(document.label_map, document.provenance, scores, (6, 0), "demo")
    return ToolBox(document, painting, predictions=lambda: prediction)


def drag(tools: ToolBox, *path: tuple[float, float]) -> None:
    tools.press(*path[0], LEFT, PLAIN)
    for point in path[1:]:
        tools.move(*point)
    tools.release(*path[-1], LEFT)
    tools.outline()


def test_a_box_that_is_dragged_ends_with_its_image(document: Document) -> None:
    tools = opened(document, "uint8", False)
    tools.painting.tool = "outline"
    tools.press(14, 14, LEFT, PLAIN)
    tools.move(40, 40)
    document.load(document.image, document.label_map.copy(), document.provenance.copy(), "b")
    tools.release(47, 46, LEFT)
    assert not tools.active and tools.outline() is None and not document.gesture_active


def test_a_box_of_nothing_says_so_and_waits_for_marks(document: Document) -> None:
    tools, said = opened(document, "int16", False), []
    tools.said.connect(lambda message: said.append(str(message)))
    tools.painting.tool = "outline"
    drag(tools, (42, 2), (68, 38))
    assert len(said) == 1 and said[0].startswith("Found nothing") and (document.label_map == UNTOUCHED).all()
    drag(tools, (50, 20), (55, 20))
    assert len(said) == 1 and (document.label_map == 6).any(), "a mark is obeyed"


@pytest.mark.parametrize(("kind", "colour"), [*((kind, False) for kind in KINDS), ("uint8", True), ("uint16", True)])
def test_outline_and_superpixels_see_what_the_window_shows(document: Document, kind: str, colour: bool) -> None:
    tools = opened(document, kind, colour)
    tools.painting.tool = "outline"
    drag(tools, (14, 14), (47, 46))
    assert tools.key(Qt.Key.Key_Return)
    assert (document.label_map[22:38, 22:38] == 6).all() and 340 <= document.counts()[6] <= 460
    document.undo()
    tools.painting.tool = "superpixel"
    drag(tools, (24, 24), (36, 24), (36, 36), (24, 36), (24, 24))
    inside = document.label_map[20:40, 20:40] == 6
    assert inside.mean() > 0.6 and document.counts()[6] <= 1.15 * inside.sum()


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (37, 1), (61, 43)])
@pytest.mark.parametrize("tool", ["guided", "superpixel", "outline", "accept"])
def test_images_of_any_shape_are_painted_from_beyond_their_border(
    document: Document, shape: tuple[int, int], tool: str
) -> None:
    tools = opened(document, "uint8", False, shape)
    tools.painting.tool = tool
    for radius in (0.5, 6.0):
        tools.painting.brush_radius = radius
        tools.move(-5, -5)
        tools.outline()
        drag(tools, (-20, -3), (0.5, 0.5), (shape[1] + 30, shape[0] + 3))
        tools.key(Qt.Key.Key_Return)
        assert not document.gesture_active
    if tool == "guided":
        assert set(np.unique(document.label_map)) <= {6, UNTOUCHED} and document.label_map[0, 0] == 6


@pytest.mark.parametrize("what", TITLES)
@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (60, 70)])
def test_every_way_to_tidy_is_one_step_or_none(document: Document, what: str, shape: tuple[int, int]) -> None:
    tools = opened(document, "uint8", False, shape)
    label = np.random.default_rng(0).choice([0, 6, 255], shape).astype(np.uint8)
    document.apply_prediction(label)
    tidy = CleanUp(tools)
    tools.painting.clean = Cleaning("all", 4, 2.0)
    tidy.start(what)
    tools.key(Qt.Key.Key_Return)
    assert not document.gesture_active and not tools.active
    assert [step.text for step in document.history.steps[1:]] in ([], [TITLES[what].template])
    if len(document.history.steps) == 2:
        document.undo()
    assert (document.label_map == label).all()


def test_tidying_waits_for_what_another_tool_still_computes(document: Document) -> None:
    tools = opened(document, "uint8", False)
    said: list[str] = []
    tools.said.connect(lambda message: said.append(str(message)))
    fill = tools.tools["fill"]
    fill._running = _Request("Fill", 6, lambda snapshot, report: None, True)
    CleanUp(tools).start("smooth")
    assert "Still computing" in said[-1] and not document.gesture_active
    fill._running = None
    drag(tools, (10, 10), (30, 10))
    CleanUp(tools).start("smooth")
    assert document.gesture_active
