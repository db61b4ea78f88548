"""Class tables: numbers and uids that hold, lists from elsewhere, and colours that every eye can tell apart."""

from __future__ import annotations

import dataclasses
import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from model.classes import Class, ClassTable, default_table
from model.colors import SIGHTS, ciede2000, lab
from model.errors import ClassTableError

FLOOR = 14.8
"""Smallest CIEDE2000 difference between two of the 14 colours, for every kind of sight."""

# Pairs 1, 4, 7, 9, 13, 16, 17, 20, 25 and 34 of the test data of Sharma, Wu, Dalal (2005).
SHARMA = [
    ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
    ((50.0, -1.3802, -84.2814), (50.0, 0.0, -82.7485), 1.0000),
    ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
    ((50.0, 2.4900, -0.0010), (50.0, -2.4900, 0.0009), 7.1792),
    ((50.0, -0.0010, 2.4900), (50.0, 0.0009, -2.4900), 4.8045),
    ((50.0, 2.5, 0.0), (50.0, 0.0, -2.5), 4.3065),
    ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
    ((50.0, 2.5, 0.0), (58.0, 24.0, 15.0), 19.4535),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
]


@pytest.mark.parametrize(("first", "second", "difference"), SHARMA)
def test_colour_difference_agrees_with_the_published_pairs(first: tuple, second: tuple, difference: float) -> None:
    assert ciede2000(np.array(first), np.array(second)) == pytest.approx(difference, abs=1e-4)


def test_any_two_default_colours_differ_for_every_eye(capsys: pytest.CaptureFixture[str]) -> None:
    classes = default_table().classes
    smallest = {}
    for sight in SIGHTS:
        seen = lab(np.array([item.color for item in classes]), sight)
        pairs = itertools.combinations(range(len(classes)), 2)
        smallest[sight] = min((float(ciede2000(seen[a], seen[b])), classes[a].uid, classes[b].uid) for a, b in pairs)
    with capsys.disabled():
        print()
        for sight, (difference, first, second) in smallest.items():
            print(f"  smallest CIEDE2000, {sight:12}: {difference:5.2f}  {first} and {second}")
    assert min(difference for difference, _, _ in smallest.values()) >= FLOOR


def test_grey_stays_grey_for_every_eye() -> None:
    for sight in SIGHTS:
        _, a, b = lab(np.array((128, 128, 128)), sight)
        assert abs(a) < 1 and abs(b) < 1


def test_default_table_is_background_and_13_organs() -> None:
    table = default_table()
    assert table.values == tuple(range(14))
    assert table.background.uid == "background"
    assert table.by_uid("liver").value == 6
    assert not table.mirror


def test_a_table_comes_back_from_its_file(tmp_path: Path) -> None:
    table = default_table()
    table = dataclasses.replace(table.with_class(table.new_class("肿瘤")), mirror=True)
    path = tmp_path / "classes.json"
    table.write(path)
    assert ClassTable.read(path) == table


def test_a_new_class_takes_the_lowest_free_value_and_an_unlike_colour() -> None:
    table = default_table().without("liver")
    added = table.new_class("Lesion")
    assert added.value == 6
    assert added.uid not in {item.uid for item in table.classes}
    others = lab(np.array([item.color for item in table.classes]))
    assert ciede2000(lab(np.array(added.color)), others).min() > 10
    assert table.with_class(added).by_uid(added.uid) == added


def test_renaming_and_recolouring_keep_uid_and_value() -> None:
    table = default_table()
    liver = dataclasses.replace(table.by_uid("liver"), name="Leber", color=(1, 2, 3))
    changed = table.replaced(liver)
    assert changed.by_value(6) == liver
    assert len(changed.classes) == 14


def test_a_plain_list_of_names_keeps_its_order_as_values() -> None:
    table = ClassTable.from_json(["Sky", "Building", "Pole"])
    assert [(item.name, item.value) for item in table.classes] == [("Sky", 0), ("Building", 1), ("Pole", 2)]
    assert len({item.color for item in table.classes}) == 3
    assert ClassTable.from_json(["Sky", "Building", "Pole"]) == table


def test_a_name_we_know_gets_the_uid_that_models_know() -> None:
    table = ClassTable.from_json(["Background", "left kidney", {"name": "Liver", "color": [9, 8, 7]}])
    assert [item.uid for item in table.classes] == ["background", "left_kidney", "liver"]
    assert table.by_uid("liver").color == (9, 8, 7)


def test_a_list_without_zero_gets_a_background() -> None:
    table = ClassTable.from_json([{"name": "Nucleus", "value": 1, "color": "#ff8000"}])
    assert table.values == (0, 1)
    assert table.by_value(1).color == (255, 128, 0)


def test_an_imported_table_leaves_known_classes_their_values() -> None:
    imported = ClassTable.from_json(["background", "liver", "tumour"])
    kept = imported.keeping_values_of(default_table())
    assert kept.by_uid("liver").value == 6
    assert [item.name for item in kept.classes] == ["background", "liver", "tumour"]
    assert kept.classes[2].value == 2


def test_a_list_that_takes_the_place_of_a_table_recolours_none_of_its_classes() -> None:
    table = ClassTable.from_json(["Sky", "Building", "liver", "Pole"])
    sky, building, liver, pole = (dataclasses.replace(item, color=(9, 9, i)) for i, item in enumerate(table.classes))
    table = ClassTable((sky, building, liver, dataclasses.replace(pole, uid="own")))
    again = ClassTable.from_json(["pole", "Tree", "Liver", "Building", "Sky"], table).keeping_values_of(table)
    assert {item.uid: (item.value, item.color) for item in table.classes}.items() <= {
        item.uid: (item.value, item.color) for item in again.classes
    }.items()
    assert [item.name for item in again.classes] == ["pole", "Tree", "Liver", "Building", "Sky"]
    assert len({item.color for item in again.classes}) == len({item.value for item in again.classes}) == 5


def nearest_two(table: ClassTable, sight: str = "normal") -> float:
    seen = lab(np.array([item.color for item in table.classes]), sight)
    return min(float(ciede2000(one, other)) for one, other in itertools.combinations(seen, 2))


def test_colours_of_a_list_of_names_are_unlike_each_other_for_every_eye() -> None:
    """Also where the list takes the place of a table whose colours go with it."""
    names = [f"class {number}" for number in range(20)]
    for old in (None, default_table()):
        table = ClassTable.from_json(names, old)
        assert nearest_two(table) > 13 and min(nearest_two(table, sight) for sight in SIGHTS) > 4


def test_a_suggested_colour_is_unlike_one_that_the_list_gives_further_down() -> None:
    first = ClassTable.from_json(["Sky", "Road", "Car"]).by_value(0).color
    table = ClassTable.from_json(["Sky", "Road", {"name": "Car", "color": first}])
    assert table.by_value(2).color == first and nearest_two(table) > 20


def test_a_colour_that_a_list_gives_is_taken_and_an_added_background_keeps_its_own() -> None:
    table = default_table()
    table = table.replaced(dataclasses.replace(table.background, color=(5, 5, 5)))
    again = ClassTable.from_json(
        [{"name": "liver", "value": 6, "color": [1, 2, 3]}, {"name": "Tree", "value": 7}], table
    )
    assert again.by_uid("liver").color == (1, 2, 3) and again.background.color == (5, 5, 5)


@pytest.mark.parametrize(
    "data",
    [
        {},
        [],
        7,
        {"classes": "liver"},
        [{"color": "#ffffff"}],
        [{"name": "a", "value": 255}],
        [{"name": "a", "value": "one"}],
        [{"name": "a", "color": "#zzz"}],
        [{"name": "a", "color": [1, 2, 300]}],
        [{"name": "a", "color": 7}],
        ["a", "a"],
        ["a", " "],
        [{"name": "a", "value": 0}, {"name": "b", "value": 0}],
        {"version": 2, "classes": ["a"]},
    ],
)
def test_what_is_no_class_table_is_refused_in_a_sentence(data: object) -> None:
    with pytest.raises(ClassTableError) as raised:
        ClassTable.from_json(data)
    assert str(raised.value).endswith((".", ")."))


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", json.dumps({"classes": []}).encode()])
def test_a_damaged_file_is_refused_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "classes.json").write_bytes(content)
    with pytest.raises(ClassTableError) as raised:
        ClassTable.read(tmp_path / "classes.json")
    words = str(raised.value)
    assert words.endswith(".") and not any(word in words for word in ("codec", "Expecting", "char", "Errno")), words


def test_a_table_says_where_its_json_is_wrong_and_one_that_is_gone_why(tmp_path: Path) -> None:
    (tmp_path / "classes.json").write_text('["liver",\n "spleen"')
    with pytest.raises(ClassTableError, match="classes.json is no class table: .* at line 2, column 10"):
        ClassTable.read(tmp_path / "classes.json")
    with pytest.raises(ClassTableError, match="^gone.json cannot be read: No such file or directory.$"):
        ClassTable.read(tmp_path / "gone.json")


def test_a_full_table_says_so() -> None:
    table = ClassTable(tuple(Class(str(value), value, str(value), (0, 0, 0)) for value in range(255)))
    with pytest.raises(ClassTableError, match="full"):
        table.new_class("one more")


def test_a_name_that_is_there_twice_is_called_so() -> None:
    with pytest.raises(ClassTableError, match="same name, A"):
        ClassTable.from_json(["A", "B", "A"])


def test_retired_values_are_given_to_no_new_class_and_are_kept() -> None:
    table = default_table().without("liver").retiring([6])
    assert table.new_class("x").value == 14 and default_table().without("liver").new_class("x").value == 6
    assert ClassTable.from_json(json.loads(json.dumps(table.to_json()))).retired == (6,)
    assert ClassTable.from_json(["a", "b"]).keeping_values_of(table).retired == (6,)
    assert ClassTable.from_json(list("abcdefghi")).keeping_values_of(table).retired == (6,)
    moved = ClassTable.from_json(["a", "n", "spleen"]).keeping_values_of(default_table().retiring([3, 4]))
    assert {item.name: item.value for item in moved.classes} == {"a": 0, "n": 5, "spleen": 1}
    full = ClassTable(tuple(Class(str(value), value, str(value), (0, 0, 0)) for value in range(254)), retired=(254,))
    assert full.new_class("x").value == 254


@pytest.mark.parametrize("retired", ["6", [True, "x", 6.5], None, {}])
def test_damaged_retired_values_are_none(retired: object) -> None:
    assert ClassTable.from_json(default_table().to_json() | {"retired": retired}).retired == ()


def test_class_0_is_nothing_by_its_name() -> None:
    table = default_table()
    assert table.knows_nothing and ClassTable.from_json(["BG ", "x"]).knows_nothing
    street = table.replaced(dataclasses.replace(table.background, name="Sky"))
    assert not street.knows_nothing
    assert street.scored == street.classes and table.background not in table.scored == table.classes[1:]
