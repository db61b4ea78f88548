"""Files that others change while their image is open: nothing is lost, and it is asked."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as pillow

from lsgui.watching import patch_to
from model.classes import default_table
from model.labels import UNTOUCHED, read_label, write_label
from model.provenance import HUMAN, UNSET
from model.workspace import Status, Workspace, WorkspaceLocked

if TYPE_CHECKING:
    from lsgui.notices import Question
    from tests.lsgui.conftest import Desk


def look(desk: Desk) -> None:
    desk.session._parts.watching.look()
    desk.settle()


@pytest.fixture
def saved(desk: Desk, image_folder: Callable) -> tuple[Desk, Path]:
    """a.png painted and saved, and the folder."""
    folder = image_folder("a", "b")
    desk.open(folder)
    desk.paint(20, 20, 6)
    desk.save()
    return desk, folder


def change_map(folder: Path) -> np.ndarray:
    """As another program does: the label map in grey, without our chunks."""
    theirs = np.full((64, 64), 3, np.uint8)
    write_label(folder / "segmentation" / "work" / "a.png.png", theirs, default_table())
    return theirs


def kept(folder: Path) -> list[Path]:
    return sorted((folder / "segmentation/kept").glob("*.png"))


def test_our_own_maps_are_no_news(saved: tuple[Desk, Path]) -> None:
    desk, _ = saved
    look(desk)
    desk.paint(30, 30, 5)
    desk.save()
    look(desk)
    desk.answers["rest_is_background"] = "keep"
    desk.session.save_label()
    desk.settle()
    look(desk)
    assert [question.key for question in desk.questions] == ["rest_is_background"]


def test_mine_is_kept_and_theirs_is_put_aside(saved: tuple[Desk, Path]) -> None:
    desk, folder = saved
    theirs = change_map(folder)
    desk.answers["map_changed"] = "mine"
    look(desk)
    desk.settle()
    assert [question.key for question in desk.questions] == ["map_changed"]
    assert np.array_equal(read_label(kept(folder)[0], (64, 64), None), theirs)
    work = read_label(folder / "segmentation" / "work" / "a.png.png", (64, 64), None)
    assert work[20, 20] == 6 and desk.session.document.label_map[20, 20] == 6
    look(desk)
    assert len(desk.questions) == 1


def label_file(folder: Path) -> Path:
    return folder / "segmentation" / "labels" / "a.png.png"


def label(desk: Desk) -> None:
    desk.answers["rest_is_background"] = "keep"
    desk.session.save_label()
    desk.settle()


@pytest.mark.parametrize("closed", [False, True])
def test_mine_is_a_label_again_when_it_was_one(saved: tuple[Desk, Path], closed: bool) -> None:
    desk, folder = saved
    label(desk)
    if closed:
        desk.session.next_image()
        desk.wait(lambda: desk.session.document.name == "b.png")
        desk.settle()
    theirs = np.full((64, 64), 3, np.uint8)
    write_label(label_file(folder), theirs, default_table())
    desk.answers["map_changed"] = "mine"
    if closed:
        desk.session.previous_image()
        desk.wait(lambda: desk.session.document.name == "a.png")
    look(desk)
    desk.settle()
    assert read_label(label_file(folder), (64, 64), None)[20, 20] == 6
    assert not (folder / "segmentation" / "work" / "a.png.png").exists()
    assert desk.session.folder.entry("a.png").status == Status.LABELLED
    assert np.array_equal(read_label(kept(folder)[0], (64, 64), None), theirs) and len(kept(folder)) == 1
    look(desk)
    assert [question.key for question in desk.questions] == ["rest_is_background", "map_changed"]


def test_mine_is_no_label_when_it_was_painted_since(saved: tuple[Desk, Path]) -> None:
    desk, folder = saved
    label(desk)
    desk.paint(40, 40, 5)
    desk.wait(lambda: desk.session.saved.kind == "clean")
    write_label(label_file(folder), np.full((64, 64), 3, np.uint8), default_table())
    desk.answers["map_changed"] = "mine"
    look(desk)
    desk.settle()
    assert read_label(folder / "segmentation" / "work" / "a.png.png", (64, 64), None)[40, 40] == 5
    assert desk.session.folder.entry("a.png").status == Status.CORRECTED


@pytest.mark.parametrize("answer", ["theirs", "look"])
def test_theirs_arrives_as_an_edit_that_can_be_undone(saved: tuple[Desk, Path], answer: str) -> None:
    desk, folder = saved
    change_map(folder)
    desk.answers["map_changed"] = answer
    look(desk)
    document = desk.session.document
    desk.wait(lambda: document.counts() == {3: 64 * 64})
    assert document.provenance[0, 0] == HUMAN and len(kept(folder)) == 1
    assert desk.said("Undo shows your map") == (answer == "look")
    document.undo()
    assert document.label_map[20, 20] == 6 and document.provenance[0, 0] == UNSET


def test_a_map_changed_while_its_image_was_closed_is_asked_about_when_it_opens(saved: tuple[Desk, Path]) -> None:
    desk, folder = saved
    desk.session.next_image()
    desk.wait(lambda: desk.session.document.name == "b.png")
    desk.settle()
    change_map(folder)
    desk.answers["map_changed"] = "theirs"
    desk.session.previous_image()
    desk.wait(lambda: desk.session.document.counts() == {3: 64 * 64})


@pytest.mark.parametrize("answer", ["mine", "theirs"])
def test_an_answer_that_comes_when_another_image_is_open_is_asked_for_again(
    saved: tuple[Desk, Path], monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    desk, folder = saved
    change_map(folder)
    asked = []

    def ask(question: Question) -> str:
        asked.append(question.key)
        if len(asked) == 1:
            desk.session.open_image("b.png")  # had been asked for before, and arrives now
            desk.wait(lambda: desk.session.document.name == "b.png")
        return answer

    monkeypatch.setattr(desk, "ask", ask)
    desk.session._parts.watching.look()
    desk.wait(lambda: desk.session.document.name == "b.png")
    desk.settle()
    assert not (folder / "segmentation" / "work" / "b.png.png").exists() and not kept(folder)
    desk.session.open_image("a.png")
    desk.wait(lambda: asked == ["map_changed", "map_changed"])
    desk.settle()
    assert desk.session.document.label_map[20, 20] == (6 if answer == "mine" else 3) and len(kept(folder)) == 1


def test_theirs_that_shows_the_same_is_written_over_and_not_asked_about_again(saved: tuple[Desk, Path]) -> None:
    """Another program has only saved it anew, without our chunks."""
    desk, folder = saved
    label(desk)
    with pillow.open(label_file(folder)) as picture:
        pixels, palette = np.array(picture), picture.getpalette()
    theirs = pillow.fromarray(pixels, "P")
    theirs.putpalette(palette)
    theirs.save(label_file(folder))
    desk.answers["map_changed"] = "theirs"
    look(desk)
    desk.settle()
    for name in ("b.png", "a.png"):
        desk.session.open_image(name)
        desk.wait(lambda name=name: desk.session.document.name == name)
        desk.settle()
    assert [question.key for question in desk.questions].count("map_changed") == 1
    assert np.array_equal(read_label(label_file(folder), (64, 64), None), pixels)
    assert desk.session.folder.entry("a.png").status == Status.LABELLED


def test_a_map_of_another_size_is_refused_and_kept(saved: tuple[Desk, Path]) -> None:
    desk, folder = saved
    write_label(folder / "segmentation" / "work" / "a.png.png", np.zeros((10, 12), np.uint8), default_table())
    desk.answers["map_changed"] = "theirs"
    look(desk)
    desk.settle()
    assert desk.said("12 x 10") and len(kept(folder)) == 1
    assert desk.session.document.label_map[20, 20] == 6


def test_what_was_changed_a_moment_before_saving_is_copied(saved: tuple[Desk, Path]) -> None:
    desk, folder = saved
    theirs = change_map(folder)
    desk.paint(30, 30, 5)
    desk.save()
    assert np.array_equal(read_label(kept(folder)[0], (64, 64), None), theirs) and desk.questions == []


def test_an_image_that_changes_is_read_again_with_its_maps(saved: tuple[Desk, Path]) -> None:
    desk, folder = saved
    pillow.fromarray(np.full((64, 64), 200, np.uint8)).save(folder / "a.png", compress_level=0)
    desk.answers["image_changed"] = "again"
    look(desk)
    desk.wait(lambda: int(desk.session.document.image.pixels[0, 0]) == 200)
    assert desk.session.document.label_map[20, 20] == 6
    look(desk)
    assert len(desk.questions) == 1


def test_an_image_that_changes_its_size_keeps_its_journal_aside(saved: tuple[Desk, Path]) -> None:
    desk, folder = saved
    pillow.fromarray(np.zeros((48, 48), np.uint8)).save(folder / "a.png")
    desk.answers["image_changed"] = "again"
    look(desk)
    desk.wait(lambda: desk.session.document.shape == (48, 48))
    assert desk.said("was 64 x 64 when it was painted and is 48 x 48 now")
    assert desk.session.document.counts() == {UNTOUCHED: 48 * 48}


def test_an_image_that_vanishes_can_still_be_painted_and_saved(saved: tuple[Desk, Path]) -> None:
    desk, folder = saved
    (folder / "a.png").unlink()
    look(desk)
    look(desk)
    assert [notice.level for notice in desk.notices] == ["warning"] and desk.said("is no longer in its folder")
    desk.paint(30, 30, 5)
    desk.session.document.fill_rest_with_background()
    desk.session.save_label()
    desk.settle()
    assert read_label(folder / "segmentation/labels/a.png.png", (64, 64), default_table())[30, 30] == 5
    assert desk.session.folder.entry("a.png").status == Status.LABELLED and len(desk.notices) == 1


def test_an_image_that_was_back_and_vanishes_again_is_told_of_again(saved: tuple[Desk, Path]) -> None:
    """As on a network drive that comes and goes."""
    desk, folder = saved
    for place, other in (("a.png", "a.away"), ("a.away", "a.png"), ("a.png", "a.away")):
        (folder / place).rename(folder / other)
        look(desk)
    assert len(desk.notices) == 2 and desk.questions == []
    (folder / "a.away").rename(folder / "a.png")


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(1, 1), (3, 600), (300, 2)]))
def test_the_edit_towards_another_map(seed: int, shape: tuple[int, int]) -> None:
    random = np.random.default_rng(seed)
    mine, theirs = random.choice([0, 6, UNTOUCHED], (2, *shape)).astype(np.uint8)
    origin = random.integers(0, 4, shape).astype(np.uint8)
    expected = np.where(mine == theirs, origin, np.where(theirs == UNTOUCHED, UNSET, HUMAN))
    patch, planes = patch_to(mine, origin, theirs), (mine.copy(), origin.copy())
    if patch is not None:
        patch.apply(*planes)
    assert np.array_equal(planes[0], theirs) and np.array_equal(planes[1], expected)


def test_a_workspace_that_is_removed_is_made_anew_and_nothing_of_the_open_image_is_lost(
    saved: tuple[Desk, Path], make_desk: Callable
) -> None:
    desk, folder = saved
    desk.paint(40, 40, 3)
    desk.save()
    shutil.rmtree(folder / "segmentation")
    desk.paint(50, 20, 5)
    desk.save()
    assert desk.session.saved.kind == "clean" and desk.questions == []
    look(desk)
    assert desk.said("was removed while it was open") and len(desk.notices) == 1
    desk.answers["rest_is_background"] = "keep"
    desk.session.save_label()
    desk.settle()
    assert desk.session.folder.entry("a.png").status == Status.LABELLED
    for name in ("labels/a.png.png", "labels/a.png.json", "journal/a.png.journal", "classes.json", "index.sqlite"):
        assert (folder / "segmentation" / name).is_file(), name
    expected = desk.session.document.label_map.copy()
    desk.session.close()
    again = make_desk()
    again.open(folder)
    document = again.session.document
    assert np.array_equal(document.label_map, expected) and len(document.history.steps) == 3
    for _ in range(3):
        document.undo()
    assert document.counts() == {UNTOUCHED: 64 * 64}


def test_it_is_made_anew_without_another_stroke_and_steps_come_from_the_journal(saved: tuple[Desk, Path]) -> None:
    desk, folder = saved
    desk.session.next_image()
    desk.wait(lambda: desk.session.document.name == "b.png")
    desk.settle()
    desk.session.previous_image()
    desk.wait(lambda: desk.session.document.name == "a.png")
    desk.settle()
    shutil.rmtree(folder / "segmentation")
    look(desk)
    desk.settle()
    work = read_label(folder / "segmentation" / "work" / "a.png.png", (64, 64), None)
    assert work[20, 20] == 6 and (folder / "segmentation" / "journal" / "a.png.journal").is_file()
    desk.session.document.undo()
    assert desk.session.document.counts() == {UNTOUCHED: 64 * 64}


def test_steps_come_from_a_removed_journal_where_nothing_can_be_put_back(saved: tuple[Desk, Path]) -> None:
    desk, folder = saved
    for name in ("b.png", "a.png"):
        desk.session.open_image(name)
        desk.wait(lambda name=name: desk.session.document.name == name)
        desk.settle()
    shutil.rmtree(folder / "segmentation")
    (folder / "segmentation").touch()
    desk.session.undo()
    assert desk.session.document.counts() == {UNTOUCHED: 64 * 64} and desk.notices == []
    (folder / "segmentation").unlink()


def test_a_removed_workspace_is_locked_again(saved: tuple[Desk, Path]) -> None:
    desk, folder = saved
    shutil.rmtree(folder / "segmentation")
    look(desk)
    with pytest.raises(WorkspaceLocked):
        Workspace.open(folder)


def test_where_the_images_are_gone_too_no_folder_is_made(saved: tuple[Desk, Path]) -> None:
    desk, folder = saved
    shutil.move(folder, folder.with_name("moved"))
    desk.paint(40, 40, 3)
    desk.wait(lambda: desk.session.saved.kind == "failed")
    assert not folder.exists()
    shutil.move(folder.with_name("moved"), folder)
    desk.save()
    assert read_label(folder / "segmentation" / "work" / "a.png.png", (64, 64), None)[40, 40] == 3
