"""The sentence of the status bar says what a stroke will do, whatever rules hold."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from lsgui.assets import Assets
from lsgui.mask import filled
from lsgui.painting import PaintSettings
from lsgui.rules import EMPTY
from lsgui.tools import ToolBox
from lsgui.translation import Translations
from lsgui.views.stroke_words import sentence
from model.classes import ClassTable, default_table
from model.images import Image

LIVER, SPLEEN, STOMACH, AORTA = 6, 1, 7, 8
SELECTION = filled((1, 1, 4, 4))


@pytest.fixture
def painting(qapp: QApplication) -> PaintSettings:
    made = PaintSettings()
    made.set_classes(default_table())
    made.class_value = LIVER
    return made


@pytest.fixture
def says(painting: PaintSettings) -> Callable[..., str]:
    image = Image("a", np.zeros((8, 8), np.int16), unit="HU")

    def say(erasing: bool = False, selection: object = None, **settings: object) -> str:
        for name, value in settings.items():
            if name == "locked":
                for item in value:
                    painting.toggle_locked(item)
            else:
                setattr(painting, name, value)
        rules = painting.rules(selection, erasing or painting.tool == "eraser")
        return sentence(painting, rules, default_table(), image, erasing)

    return say


def test_a_free_stroke_is_said_in_two_words(says: Callable[..., str]) -> None:
    assert says() == "Paints Liver"
    assert says(erasing=True) == "Erases to background" == says(tool="eraser")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"locked": (SPLEEN,)}, "Paints Liver over anything but Spleen"),
        ({"locked": (SPLEEN, AORTA)}, "Paints Liver over anything but Spleen and Aorta"),
        ({"locked": (SPLEEN, AORTA, STOMACH)}, "Paints Liver; 3 classes are protected"),
        ({"protect_others": True}, "Paints Liver; other classes are protected"),
        ({"over": EMPTY, "range": (40.0, 200.0)}, "Paints Liver only over empty pixels, 40 to 200 HU"),
        ({"over": SPLEEN, "selection": SELECTION}, "Paints Liver over Spleen only, in the selection"),
        ({"over": SPLEEN, "locked": (SPLEEN,)}, "Paints Liver over Spleen only; Spleen is protected"),
        ({"tool": "eraser", "locked": (SPLEEN,)}, "Erases to background; Spleen is protected"),
        ({"tool": "eraser", "over": EMPTY}, "Erases to background"),
        ({"locked": (LIVER,)}, "Liver is protected from itself: unlock it to paint"),
        ({"tool": "polygon", "shape_does": "erase"}, "Erases to background"),
        ({"tool": "lasso", "shape_does": "select", "over": EMPTY}, "Selects; changes nothing"),
        ({"tool": "accept", "locked": (LIVER,)}, "Accepts what the model set; the labels stay"),
        ({"tool": "guided"}, "Moves the edge of Liver to where the model puts it"),
        ({"tool": "threshold", "threshold": (40.0, 200.0)}, "Enter paints Liver from 40 to 200 HU"),
        (
            {"tool": "fill", "fill_by": "values", "tolerance": 12.0},
            "Fills touching pixels within ±12 HU with Liver",
        ),
        ({"tool": "fill", "fill_contiguous": False}, "Fills all pixels of one label with Liver"),
        ({"tool": "pan"}, "Moves the view; changes nothing"),
    ],
)
def test_every_rule_is_said(says: Callable[..., str], settings: dict[str, object], said: str) -> None:
    assert says(**settings) == said


def test_what_the_eraser_s_held_key_does_to_the_accept_brush_is_said(says: Callable[..., str]) -> None:
    assert says(erasing=True, tool="accept") == "Gives back to the model what was accepted; the labels stay"


def test_the_guided_brush_erases_only_where_the_model_says_so(says: Callable[..., str]) -> None:
    assert says(erasing=True, tool="guided") == "Takes from Liver what the model gives to others"
    assert says(erasing=True, tool="guided", locked=(LIVER,)).startswith("Liver is protected from itself")


def test_chinese_puts_the_parts_in_its_own_order(says: Callable[..., str], qapp: QApplication) -> None:
    translations = Translations(qapp, Assets.find().translations)
    translations.use("zh_CN")
    try:
        assert says(over=SPLEEN, selection=SELECTION) == "仅在选区内，仅在“脾脏”上绘制“肝脏”"
        assert says(over=EMPTY, range=(40.0, 200.0)) == "仅在空白像素上绘制“肝脏”，40 至 200 HU"
    finally:
        translations.use("en")


def test_every_tool_has_a_sentence(says: Callable[..., str], painting: PaintSettings) -> None:
    from lsgui.document import Document
    from lsgui.views.tool_strip import TOOLS

    assert set(ToolBox(Document(), painting).tools) | {"pan"} == set(TOOLS)
    said = {tool: says(tool=tool) for tool in TOOLS}
    assert all(said.values())


def test_nothing_is_said_without_an_image(painting: PaintSettings) -> None:
    assert sentence(painting, painting.rules(), default_table(), None) == ""


def test_erasing_names_a_class_0_that_is_something(painting: PaintSettings) -> None:
    painting.tool = "eraser"
    image, table = Image("a", np.zeros((8, 8), np.int16)), ClassTable.from_json(["Sky", "Road"])
    assert sentence(painting, painting.rules(None, True), table, image, True).startswith("Erases to Sky")


def test_who_paints_what_is_not_shown_is_told(shown: object) -> None:
    stroke, display = shown.window.status.stroke, shown.window.canvas._display
    shown.session.document.paint("Brush", filled((2, 2, 9, 9)), 6)
    assert "hidden" not in stroke.text()
    display.set_overlay_visible(False)
    shown.session.document.paint("Brush", filled((12, 2, 19, 9)), 6)
    assert "The overlay is hidden" in stroke.text()
    display.set_overlay_visible(True)
    display.set_hidden([shown.session.classes.by_value(6).uid])
    shown.session.document.paint("Brush", filled((22, 2, 29, 9)), 6)
    assert "its eye shows what you paint" in stroke.text()


def test_a_hidden_class_is_named_in_the_window_s_language(shown: object, qapp: QApplication) -> None:
    shown.window.canvas._display.set_hidden([shown.session.classes.by_value(6).uid])
    translations = Translations(qapp, Assets.find().translations)
    translations.use("zh_CN")
    try:
        shown.session.document.paint("Brush", filled((2, 2, 9, 9)), 6)
        said = shown.window.status.stroke.text()
    finally:
        translations.use("en")
    assert "肝脏" in said and "Liver" not in said


def test_a_long_name_under_the_pointer_leaves_room_for_the_sentence(shown: object) -> None:
    shown.window.resize(1024, 600)
    session, name = shown.session, "A lesion of the right posterior segment of the liver " * 4
    session.set_classes(session.classes.replaced(dataclasses.replace(session.classes.by_value(6), name=name.strip())))
    session.document.paint("Brush", filled((2, 2, 9, 9)), 6)
    status = shown.window.status
    status.show_point((5.0, 5.0))
    assert status._class.text().startswith("A lesion") and status._class.sizeHint().width() < 200
    shown.desk.wait(lambda: status.stroke.width() > 100)
