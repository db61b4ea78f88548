"""The table of actions: one key per action, every action does something, and scripts can read it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter

import pytest
from PySide6.QtGui import QKeySequence

from lsgui.__main__ import main
from lsgui.actions import MENUS, action_table
from lsgui.assets import Assets

EXPECTED = {
    "previous-image": ["A", "PgUp"],
    "next-image": ["D", "PgDown"],
    "open-folder": ["Ctrl+U"],
    "open-file": ["Ctrl+O"],
    "save-label": ["Ctrl+S"],
    "undo": ["Ctrl+Z"],
    "redo": ["Ctrl+Y", "Ctrl+Shift+Z"],
    "tool-brush": ["B"],
    "tool-eraser": ["E"],
    "tool-polygon": ["P"],
    "tool-fill": ["G"],
    "tool-picker": ["I"],
    "tool-guided": ["N"],
    "tool-lasso": ["L"],
    "tool-rectangle": ["M"],
    "tool-ellipse": ["O"],
    "tool-wand": ["W"],
    "tool-threshold": ["T"],
    "tool-outline": ["K"],
    "tool-superpixel": ["U"],
    "tool-accept": ["Y"],
    "tool-select": ["Q"],
    "undo-anywhere": ["Ctrl+Alt+Z"],
    "history": ["Ctrl+Shift+H"],
    "panel-history": ["Ctrl+4"],
    "deselect": ["Ctrl+Shift+A"],
    "show-provenance": ["Shift+V"],
    "accept-region": ["Ctrl+Shift+Y"],
    "copy-previous": ["Shift+A"],
    "copy-next": ["Shift+D"],
    "interpolate": ["Ctrl+I"],
    "smooth": ["Ctrl+M"],
    "fill-holes": ["Ctrl+H"],
    "remove-islands": ["Ctrl+J"],
    "keep-largest": ["Ctrl+L"],
    "grow": ["Ctrl+]"],
    "shrink": ["Ctrl+["],
    "brush-smaller": ["["],
    "brush-larger": ["]"],
    "previous-class": ["-"],
    "next-class": ["="],
    "swap-class": ["X"],
    "protect-others": ["Shift+B"],
    "overlay": ["V"],
    "overlay-less": [","],
    "overlay-more": ["."],
    "zoom-fit": ["F"],
    "zoom-actual": ["Ctrl+0"],
    "predict": ["R"],
    "predict-folder": ["Ctrl+R"],
    "fine-tune": ["Ctrl+T"],
    "accept": ["Enter", "Return"],
    "key-sheet": ["F1", "?"],
    "cancel": ["Esc"],
    "remove-vertex": ["Backspace"],
    "class-0": ["0"],
    "class-9": ["9"],
    "window-abdomen": ["Shift+1"],
    "window-auto": ["Shift+6"],
}


def test_keys_are_those_analysts_expect() -> None:
    keys = {action.id: list(action.keys) for action in action_table()}
    assert {name: keys.get(name) for name in EXPECTED} == EXPECTED


def test_no_two_actions_share_a_key_or_an_id() -> None:
    table = action_table()
    keys = Counter(QKeySequence(key).toString() for action in table for key in action.keys)
    assert "" not in keys and max(keys.values()) == 1
    assert max(Counter(action.id for action in table).values()) == 1


def test_icons_and_menus_of_the_table_exist() -> None:
    for action in action_table():
        assert not action.icon or Assets.find().icon(action.icon).is_file(), action.id
        assert not action.menu or action.menu in MENUS


@pytest.mark.skipif(os.name == "nt", reason="a pipe breaks in another way")
def test_a_reader_of_the_listing_may_go_away() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "lsgui", "--list-actions"]
    listed = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert listed.returncode == 0 and not listed.stderr


@pytest.mark.parametrize(("language", "text"), [("en", "Predict"), ("zh_CN", "预测")])
def test_list_actions_prints_json(language: str, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In this process there is an application already, which Qt allows only once: so only the listing is asked for."""
    from PySide6.QtWidgets import QApplication

    from lsgui.actions import listing
    from lsgui.translation import Translations

    application = QApplication.instance() or QApplication([])
    translations = Translations(application, Assets.find().translations)
    translations.use(language)
    rows = {row["name"]: row for row in json.loads(json.dumps(listing()))}
    translations.use("en")
    assert rows["predict"] == {"name": "predict", "text": text, "keys": ["R"]}
    assert rows["class-3"]["text"].endswith("3")
    assert len(rows) == len(action_table())


def test_version_and_wrong_arguments_end_with_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0 and capsys.readouterr().out.startswith("lsgui ")
    assert main(["/no/such/folder"]) == 2
    assert "does not exist" in capsys.readouterr().err
