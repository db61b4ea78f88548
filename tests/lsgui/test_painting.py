"""The paint settings keep what they are given, refuse what is none, and say what may be painted."""

from __future__ import annotations

import numpy as np
import pytest

from lsgui.mask import Region, Spans
from lsgui.painting import Cleaning, PaintSettings
from lsgui.rules import ANYTHING, EMPTY
from lsgui.selection import Selection
from model.classes import ClassTable, default_table
from model.images import Image


@pytest.fixture
def painting() -> PaintSettings:
    painting = PaintSettings()
    painting.set_classes(default_table())
    return painting


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tool", "lasso"), ("brush_radius", 33.5), ("brush_shape", "square"), ("pressure", False), ("snap", 40.0),
        ("both_ways", False), ("shape_does", "erase"), ("fill_contiguous", False), ("fill_by", "values"),
        ("tolerance", 3.5), ("wand_tolerance", 4.0), ("threshold", (3.0, 9.0)), ("superpixel_size", 32.0),
        ("outline_by", "grabcut"), ("range", (-100.0, 40.0)), ("protect_others", True), ("over", EMPTY), ("over", 6),
        ("clean", Cleaning("all", 9, 2.0)),
    ],
)  # fmt: skip
def test_every_setting_is_kept_and_told_once(painting: PaintSettings, name: str, value: object) -> None:
    told = []
    painting.changed.connect(lambda: told.append(name))
    setattr(painting, name, value)
    assert getattr(painting, name) == value and told == [name]
    setattr(painting, name, value)
    assert told == [name], "nothing changed"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("brush_shape", "star"), ("shape_does", ""), ("fill_by", "name"), ("outline_by", "magic"), ("over", 99),
        ("snap", float("nan")), ("threshold", (float("nan"), 3)), ("clean", ("some",)), ("range", 4),
    ],
)  # fmt: skip
def test_what_is_no_setting_is_refused(painting: PaintSettings, name: str, value: object) -> None:
    before = getattr(painting, name)
    with pytest.raises((ValueError, TypeError)):
        setattr(painting, name, value)
    assert getattr(painting, name) == before


def test_numbers_stay_within_their_ends_and_ranges_are_put_in_order(painting: PaintSettings) -> None:
    painting.brush_radius, painting.snap, painting.superpixel_size, painting.wand_tolerance = 1e6, -4, 1, 99
    assert painting.brush_radius == 2000 and painting.snap == 0
    assert painting.superpixel_size == 8 and painting.wand_tolerance == 8
    painting.range = (40, -40)
    assert painting.range == (-40, 40)


def test_two_settings_are_two(painting: PaintSettings) -> None:
    painting.brush_shape = "square"
    assert PaintSettings().brush_shape == "round"


def test_rules_say_what_the_settings_say(painting: PaintSettings) -> None:
    assert painting.rules().allowed(np.zeros((2, 2), np.uint8), np.zeros((2, 2), np.uint8), (0, 0, 2, 2)) is None
    painting.range, painting.over = (3, 9), EMPTY
    painting.toggle_locked(4)
    selection = Region((0, 0, 2, 2), np.ones((2, 2), bool))
    rules = painting.rules(selection)
    assert (rules.low, rules.high, rules.over, rules.protected) == (3, 9, EMPTY, frozenset({4}))
    assert rules.selection is selection
    assert painting.rules(erasing=True).over is ANYTHING, "empty pixels have nothing to erase"
    painting.over = 3
    assert painting.rules(erasing=True).over == 3


def test_no_folder_begins_with_background(painting: PaintSettings) -> None:
    painting.class_value = 0
    painting.set_classes(default_table())
    assert painting.class_value == 0
    painting.set_classes(default_table(), anew=True)
    assert painting.class_value == 1
    painting.class_value = 6
    painting.set_classes(default_table(), anew=True)
    assert painting.class_value == 6


def test_a_class_that_leaves_the_table_is_painted_over_no_more(painting: PaintSettings) -> None:
    painting.over = 6
    painting.set_classes(default_table().without("liver"))
    assert painting.over is ANYTHING


@pytest.mark.parametrize("anew", [False, True])
def test_what_is_said_of_a_class_does_not_hold_for_another_of_its_number(painting: PaintSettings, anew: bool) -> None:
    """As a list from elsewhere has, or another folder."""
    lost = []
    painting.class_lost.connect(lambda: lost.append(painting.class_value))
    painting.class_value, painting.over = 6, 3
    painting.toggle_locked(4)
    painting.toggle_locked(5)
    streets = ClassTable.from_json(["Background", "road", "tree", "car", "Gallbladder", "sky", "person", "sign"])
    painting.set_classes(streets, anew)
    assert (painting.class_value, painting.previous, painting.over) == (1, 0, ANYTHING) and lost == [1]
    assert painting.locked == {4}, "that is the class it was"


@pytest.mark.parametrize("how", ["another size", "another folder"])
def test_the_selection_stays_from_slice_to_slice_and_goes_with_the_size_or_the_folder(
    document: object, how: str
) -> None:
    selection, told = Selection(document), []
    selection.changed.connect(lambda: told.append(selection.region))
    rows = np.array([3])
    region = Spans((2, 3, 5, 1), rows, np.array([2]), np.array([7]))
    selection.select(region, (((2, 3), (7, 3), (7, 4)),))
    image = document.image

    def load(image: Image) -> None:
        shape = image.pixels.shape
        document.load(image, np.full(shape, 255, np.uint8), np.zeros(shape, np.uint8))

    load(image)
    assert selection.region is region and len(selection.rings) == 1
    if how == "another folder":
        document.close()  # and another person's slice is of the same size
        load(image)
    else:
        load(Image("b", np.zeros((60, 81), np.uint8)))
    assert selection.region is None and selection.rings == () and told == [region, None]
