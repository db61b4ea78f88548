"""A training knows what the model that it starts from has learned already, here and in other folders."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import pytest

from model.checkpoint import Checkpoint, save
from model.classes import Class, ClassTable, default_table
from model.lineage import ELSEWHERE, NOTHING_LEARNED, Lineage, lineage_of
from model.presets import PRESETS
from model.run_log import LATE
from model.runs import new_run
from model.start import ANY_VALUES

TABLE = default_table()


def published(root: Path, parent: str | None, **metrics: object) -> Path:
    """A run of the workspace with weights that say these metrics."""
    network = dataclasses.asdict(PRESETS["tiny"](len(TABLE.classes)))
    path = new_run(root, parent).weights_path
    save(path, Checkpoint(network=network, classes=TABLE, input=ANY_VALUES, parent=parent, metrics=metrics, tensors={}))
    return path


def test_a_training_from_scratch_builds_on_nothing(tmp_path: Path) -> None:
    assert lineage_of(tmp_path, None, (), TABLE) == NOTHING_LEARNED


def test_weights_from_anywhere_else_have_learned_elsewhere(tmp_path: Path) -> None:
    other = published(tmp_path / "other", None, elsewhere=False)
    for weights in (other, tmp_path / "demo.safetensors"):
        assert lineage_of(tmp_path / "here", weights, [entry("a.png")], TABLE) == Lineage(elsewhere=True)


def test_weights_that_know_none_of_the_classes_have_learned_nothing_of_them_elsewhere(tmp_path: Path) -> None:
    """Background is no class that can be forgotten."""
    weights = published(tmp_path / "other", None, elsewhere=False)
    road, sky, nothing = Class("road", 1, "Road", (9, 9, 9)), Class("sky", 0, "Sky", (0, 0, 255)), TABLE.by_value(0)
    for table in (ClassTable((sky, road)), ClassTable((nothing, road))):
        assert lineage_of(tmp_path / "here", weights, [entry("a.png")], table) == NOTHING_LEARNED
    some = ClassTable((nothing, road, dataclasses.replace(TABLE.by_value(6), value=2)))
    assert lineage_of(tmp_path / "here", weights, (), some) == Lineage(elsewhere=True)


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_run_of_the_folder_says_where_its_line_began_wherever_the_folder_lies_now(
    tmp_path: Path, elsewhere: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = published(tmp_path / "before", "run 1", **{ELSEWHERE: elsewhere})
    (tmp_path / "before").rename(tmp_path / "now")
    moved = tmp_path / "now" / weights.relative_to(tmp_path / "before")
    assert lineage_of(tmp_path / "now", moved, (), TABLE).elsewhere == elsewhere
    monkeypatch.chdir(tmp_path)
    assert lineage_of(tmp_path / "now", Path(os.path.relpath(moved)), (), TABLE).elsewhere == elsewhere


def test_a_copy_of_what_a_run_published_is_that_run(tmp_path: Path) -> None:
    weights = published(tmp_path / "here", None, steps=20, elsewhere=False)
    other = published(tmp_path / "here", None, steps=30, elsewhere=False)
    (weights.parent / "labels.json").write_text(json.dumps({"labels": [entry("a.png")]}))
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(weights.read_bytes())
    now = [entry("a.png"), entry("b.png")]
    assert lineage_of(tmp_path / "here", copy, now, TABLE) == Lineage(False, ("b.png",))
    assert lineage_of(tmp_path / "here", other, now, TABLE) == Lineage(False, ("a.png", "b.png"))
    assert lineage_of(tmp_path / "there", copy, now, TABLE) == Lineage(elsewhere=True)


def test_a_loop_of_links_is_no_run_that_made_anything(tmp_path: Path) -> None:
    weights, loop = published(tmp_path, None, elsewhere=False), new_run(tmp_path).weights_path
    try:
        loop.symlink_to(loop)
    except OSError:
        loop.write_bytes(b"no link on this system")
    assert not lineage_of(tmp_path, weights, (), TABLE).elsewhere


@pytest.mark.parametrize("said", [{}, {ELSEWHERE: "no"}])
def test_a_run_of_before_began_here_only_when_it_had_no_parent(tmp_path: Path, said: dict) -> None:
    assert not lineage_of(tmp_path, published(tmp_path, None, **said), (), TABLE).elsewhere
    assert lineage_of(tmp_path, published(tmp_path, "demo", **said), (), TABLE).elsewhere


def test_a_run_whose_weights_cannot_be_read_may_know_anything(tmp_path: Path) -> None:
    weights = new_run(tmp_path).weights_path
    assert lineage_of(tmp_path, weights, (), TABLE).elsewhere
    weights.write_bytes(b"damaged")
    assert lineage_of(tmp_path, weights, (), TABLE).elsewhere


def entry(name: str, sha256: str = "1", split: str = "train") -> dict[str, str]:
    return {"image": name, "split": split, "sha256": sha256}


def test_labels_that_were_made_or_changed_since_the_last_model_are_new_to_it(tmp_path: Path) -> None:
    weights = published(tmp_path, None)
    known = [entry("a.png"), entry("b.png"), entry("h.png", "1", "held_out"), 5, {}, entry("d.png") | {LATE: True}]
    (weights.parent / "labels.json").write_text(json.dumps({"labels": known}))
    now = [entry("a.png"), entry("b.png", "2"), entry("c.png"), entry("h.png", "2", "held_out"), entry("d.png")]
    assert lineage_of(tmp_path, weights, now, TABLE).newer == ("b.png", "c.png", "d.png")


@pytest.mark.parametrize(
    "listed", ["", "[]", "{}", '{"labels": 5}', '{"labels": ["a.png"]}', '{"labels": [{"image": []}]}']
)
def test_a_run_that_does_not_say_what_it_learned_from_has_learned_nothing(tmp_path: Path, listed: str) -> None:
    weights = published(tmp_path, None)
    (weights.parent / "labels.json").write_text(listed)
    assert lineage_of(tmp_path, weights, [entry("a.png")], TABLE).newer == ("a.png",)
