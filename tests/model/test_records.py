"""Records: small JSON files that may hold anything by the time they are read."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from model.classes import default_table
from model.errors import LabelError
from model.records import in_table, read_json, uids_of, write_json


@pytest.mark.parametrize("text", ["", "garbage", "[1]", "5", "[" * 100_000, '"\\ud800"'])
def test_what_is_no_object_says_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    assert read_json(path) == {}


def test_a_record_that_an_editor_has_marked_as_utf8_is_not_damaged(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"split": "train"})
    (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf" + (tmp_path / "a.json").read_bytes())
    assert read_json(tmp_path / "a.json") == {"split": "train"}


def test_values_that_no_label_can_hold_are_left_out() -> None:
    items = [5, {"value": 300, "uid": "liver"}, {"value": -1, "uid": "a"}, {"value": 6.0, "uid": "b"}, {"value": 6}]
    assert uids_of({"classes": [*items, {"value": 6, "uid": "liver"}]}) == {6: "liver"}
    plane = np.full((2, 2), 6, np.uint8)
    assert (in_table(plane, {"classes": items}, default_table(), "a.png") == 6).all()


def test_a_lost_class_is_named_among_damaged_ones() -> None:
    record = {"classes": [5, {"value": 6, "uid": "gone", "name": "Thymus"}, {"value": 7, "uid": "lost"}]}
    with pytest.raises(LabelError, match="Thymus, lost"):
        in_table(np.zeros((2, 2), np.uint8), record, default_table(), "a.png")


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
def test_a_name_that_is_no_utf8_comes_back(tmp_path: Path) -> None:
    name = os.fsdecode(b"a\xe9.png")
    write_json(tmp_path / "a.json", {"image": name, "名": "肝"})
    assert read_json(tmp_path / "a.json") == {"image": name, "名": "肝"}
    assert "肝" in (tmp_path / "a.json").read_text(encoding="utf-8")
