"""Removing a class: what a person has made keeps it, and no pixel gets a meaning that nobody has given it."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image as Pillow
from PySide6.QtCore import Qt

from lsgui.class_removal import ClassRemoval
from model import disk, map_store
from model.classes import ClassTable
from model.labels import UNTOUCHED
from model.layout import Layout
from model.records import free_name
from model.workspace import Status

if TYPE_CHECKING:
    from lsgui.notices import Question
    from tests.lsgui.conftest import Desk

REFUSED = "The classes stay as they are"
ANSWERS = {"class_goes": "remove", "histories_go": "remove"}


@pytest.fixture
def willing(desk: Desk) -> Desk:
    """Removes what is asked about."""
    desk.answers |= ANSWERS
    return desk


def rest(desk: Desk) -> None:
    """Until jobs that others begin are done, too."""
    for _ in range(3):
        desk.settle()
        desk.qtbot.wait(60)


def added(desk: Desk, name: str = "Tumour") -> int:
    """The value of a class that is added now."""
    fresh = desk.session.classes.new_class(name)
    desk.session.set_classes(desk.session.classes.with_class(fresh))
    rest(desk)
    return fresh.value


def predicted(desk: Desk) -> tuple[int, str]:
    """Predict the open image: a class that it shows, by value and uid."""
    desk.session.predict()
    desk.wait(lambda: desk.session.prediction is not None)
    desk.save()
    value = next(value for value in desk.session.document.counts() if value not in (0, UNTOUCHED))
    return value, desk.session.classes.by_value(value).uid


def test_a_class_in_use_cannot_be_removed(desk: Desk, image_folder: Callable) -> None:
    desk.open(image_folder("a", "b"))
    desk.paint(value=6)
    desk.session.set_classes(desk.session.classes.without("liver"))
    desk.wait(lambda: desk.said(REFUSED))
    assert desk.session.classes.by_uid("liver") is not None
    desk.session.set_classes(desk.session.classes.without("spleen"))
    desk.wait(lambda: desk.session.classes.by_uid("spleen") is None)


@pytest.mark.parametrize("answer", ["remove", "keep"])
def test_removing_a_class_is_asked_about(desk: Desk, image_folder: Callable, answer: str) -> None:
    desk.open(image_folder("a"))
    desk.answers["class_goes"] = answer
    desk.session.remove_class("spleen")
    desk.session.remove_class("background")
    desk.session.remove_class("no such class")
    desk.settle()
    assert [question.key for question in desk.questions] == ["class_goes"]
    assert (desk.session.classes.by_uid("spleen") is None) == (answer == "remove")
    assert desk.session.classes.background is not None


def test_a_prediction_without_the_removed_class_stays(desk: Desk, image_folder: Callable) -> None:
    folder = image_folder("a", "b")
    desk.open(folder)
    desk.session.predict()
    desk.wait(lambda: desk.session.prediction is not None)
    desk.save()
    found, table = desk.session.document.counts(), desk.session.classes
    there = next(item for item in table.classes if item.value in found and item.value != 0)
    absent = next(item for item in table.classes if item.value not in found and item.value != 0)
    desk.answers["class_goes"] = "remove"
    desk.session.remove_class(absent.uid)
    desk.wait(lambda: desk.session.classes.by_uid(absent.uid) is None)
    desk.settle()
    assert desk.session.document.counts() == found
    assert list((folder / "segmentation/predictions").glob("*.png"))
    desk.session.remove_class(there.uid)
    desk.wait(lambda: desk.session.classes.by_uid(there.uid) is None)
    desk.settle()
    assert set(desk.session.document.counts()) == {UNTOUCHED}
    assert not list((folder / "segmentation/predictions").glob("*.png"))


def test_a_removed_class_cannot_come_back_by_undo(desk: Desk, image_folder: Callable) -> None:
    desk.open(image_folder("a", "b"))
    desk.paint(value=6)
    desk.paint(40, 40, 3)
    desk.paint(value=5)
    desk.answers["histories_go"] = "remove"
    desk.session.set_classes(desk.session.classes.without("liver"))
    desk.wait(lambda: desk.session.classes.by_uid("liver") is None)
    desk.settle()
    document = desk.session.document
    assert document.label_map[20, 20] == 5 and document.label_map[40, 40] == 3
    assert not document.history.can_undo
    desk.paint(30, 30, 2)
    desk.session.document.undo()
    assert document.label_map[30, 30] == UNTOUCHED and not desk.notices


def test_undo_steps_that_go_with_a_class_are_asked_about(desk: Desk, image_folder: Callable) -> None:
    """And only where there are some: another class goes without a question and without a step."""
    desk.open(image_folder("a", "b"))
    desk.paint(value=6)
    desk.paint(value=5)
    desk.answers["histories_go"] = "keep"
    desk.session.set_classes(desk.session.classes.without("liver"))
    desk.wait(lambda: bool(desk.questions))
    desk.settle()
    assert desk.session.classes.by_uid("liver") is not None and desk.session.document.history.can_undo
    assert desk.questions[0].detail.values == {"count": 1}
    desk.session.set_classes(desk.session.classes.without("spleen"))
    desk.wait(lambda: desk.session.classes.by_uid("spleen") is None)
    desk.settle()
    desk.session.document.undo()
    assert desk.session.document.label_map[20, 20] == 6 and len(desk.questions) == 1


def test_a_prediction_does_not_hold_a_class_in_the_table(desk: Desk, image_folder: Callable) -> None:
    """Import one's own classes after a first look at what the model says: nobody has painted anything yet."""
    folder = image_folder("a")
    desk.open(folder)
    desk.session.predict()
    desk.wait(lambda: desk.session.prediction is not None)
    desk.save()
    desk.session.set_classes(ClassTable.from_json(["Background", "Nucleus"]))
    desk.wait(lambda: len(desk.session.classes.classes) == 2)
    desk.settle()
    assert set(desk.session.document.counts()) == {UNTOUCHED}
    assert desk.session.folder.entry("a.png").status == Status.NONE
    assert not list((folder / "segmentation/predictions").glob("*.png"))


def test_a_prediction_made_with_the_old_classes_is_not_shown(desk: Desk, image_folder: Callable) -> None:
    desk.open(image_folder("a"))
    desk.session.predict()
    table = desk.session.classes.without("liver").without("spleen")
    desk.session.set_classes(table)
    desk.wait(lambda: desk.session.prediction is not None and not desk.session.jobs.jobs)
    desk.settle()
    assert set(desk.session.document.counts()) <= {*table.values, UNTOUCHED}
    assert set(desk.session.prediction.values) <= set(table.values)


@pytest.mark.parametrize("painted", [(6,), (6, 5)])
def test_an_image_that_is_away_keeps_its_classes(
    willing: Desk, image_folder: Callable, painted: tuple[int, ...]
) -> None:
    """Also those that only its undo steps hold."""
    folder, desk = image_folder("a", "b"), willing
    desk.open(folder)
    for value in painted:
        desk.paint(value=value)
    desk.save()
    (folder / "a.png").rename(folder.parent / "a.png")
    desk.session.reload_folder()
    rest(desk)
    desk.session.remove_class("liver")
    desk.wait(lambda: desk.said(REFUSED))
    assert desk.session.classes.by_uid("liver") is not None


def test_a_stroke_made_while_the_class_is_looked_for_is_looked_at(willing: Desk, image_folder: Callable) -> None:
    folder, desk, count = image_folder("a", *(f"l{number}" for number in range(6))), willing, 6
    (folder / "segmentation/labels").mkdir(parents=True)
    noise = np.random.default_rng(0).integers(0, 6, (3000, 3000)).astype(np.uint8)
    Pillow.fromarray(noise).save(folder / "segmentation/labels/l0.png.png")
    for number in range(1, count):
        shutil.copy(folder / "segmentation/labels/l0.png.png", folder / f"segmentation/labels/l{number}.png.png")
    desk.open(folder, "a.png")
    desk.session.remove_class("liver")
    desk.wait(lambda: any("Looking for the class" in str(job.title) for job in desk.session.jobs.jobs))
    desk.paint(value=6)
    desk.wait(lambda: desk.said(REFUSED), 60)
    assert desk.session.document.counts()[6] and desk.session.classes.by_uid("liver") is not None


def test_a_prediction_that_comes_while_it_is_asked_is_looked_at(willing: Desk, image_folder: Callable) -> None:
    folder, desk = image_folder("a", "b"), willing
    desk.open(folder)
    value, uid = predicted(desk)
    desk.session.clear_map()
    desk.paint(value=value, radius=3)
    desk.paint(value=9, radius=3)
    desk.save()

    def ask(question: Question) -> str:
        if question.key == "histories_go":
            desk.wait(lambda: value in desk.session.document.counts())
        return "remove"

    desk.ask = ask
    desk.session.remove_class(uid)
    desk.session.predict()
    desk.wait(lambda: desk.session.classes.by_uid(uid) is None or desk.said(REFUSED))
    rest(desk)
    tumour = added(desk)
    desk.open(folder, "b.png")
    desk.open(folder, "a.png")
    assert tumour not in desk.session.document.counts()


def test_a_value_that_may_linger_is_given_to_no_other_class(willing: Desk, image_folder: Callable) -> None:
    """One that is nowhere is."""
    folder, desk = image_folder("a"), willing
    desk.open(folder)
    desk.session.remove_class("gallbladder")
    desk.wait(lambda: desk.session.classes.by_uid("gallbladder") is None)
    assert added(desk) == 4
    value, uid = predicted(desk)
    desk.session.remove_class(uid)
    desk.wait(lambda: desk.session.classes.by_uid(uid) is None)
    rest(desk)
    assert added(desk, "Cyst") == 14 and desk.session.classes.retired == (value,)
    assert ClassTable.read(folder / "segmentation/classes.json").retired == (value,)


@pytest.fixture
def stuck(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A file that cannot be removed, as on Windows, where another program has opened it."""
    real = disk.remove

    def remove(path: Path) -> None:
        if Path(path).name == "a.png.png":
            raise PermissionError(errno.EACCES, "The process cannot access the file")
        real(path)

    monkeypatch.setattr(disk, "remove", remove)


def test_one_file_that_cannot_be_removed_holds_up_no_other(
    willing: Desk, image_folder: Callable, request: pytest.FixtureRequest
) -> None:
    folder, desk = image_folder("a", "b", "c"), willing
    desk.open(folder, "c.png")
    value, uid = predicted(desk)
    desk.session.predict_folder()
    rest(desk)
    for name in ("c.png", "b.png"):
        desk.open(folder, name)
        desk.session.clear_map()
        desk.paint(value=value)
        desk.paint(value=3)
        desk.save()
    request.getfixturevalue("stuck")
    desk.session.remove_class(uid)
    rest(desk)
    assert desk.session.classes.by_uid(uid) is None
    for name in ("b.png", "c.png"):
        desk.open(folder, name)
        assert not desk.session.document.history.can_undo and desk.session.document.counts()[3]


def test_a_program_that_was_killed_in_between_brings_no_class_back(
    make_desk: Callable, image_folder: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, desk = image_folder("a", "b"), make_desk()
    desk.answers |= ANSWERS
    desk.open(folder)
    desk.paint(value=6)
    desk.paint(value=3)
    desk.save()
    monkeypatch.setattr(ClassRemoval, "_forget", lambda *_: None)
    desk.session.remove_class("liver")
    rest(desk)
    assert desk.session.classes.by_uid("liver") is None and desk.session.close()
    after = make_desk()
    after.open(folder)
    tumour = added(after)
    assert after.session.document.counts()[3] and not after.session.document.history.can_undo
    after.session.undo()
    assert tumour not in after.session.document.counts()


def test_nothing_is_undone_until_the_image_is_read_again(
    willing: Desk, image_folder: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, forget = willing, ClassRemoval._forget
    desk.open(image_folder("a"))
    desk.paint(40, 40, 3)
    desk.paint(value=6)
    desk.paint(value=5)
    desk.save()

    def forget_and_undo(removal: ClassRemoval, *arguments: object) -> None:
        forget(removal, *arguments)
        desk.session.undo()

    monkeypatch.setattr(ClassRemoval, "_forget", forget_and_undo)
    desk.session.remove_class("liver")
    desk.wait(lambda: desk.session.classes.by_uid("liver") is None)
    rest(desk)
    assert set(desk.session.document.counts()) == {3, 5, UNTOUCHED} and not desk.notices
    desk.paint(50, 50, 2)
    desk.save()
    assert desk.session.saved.kind == "clean" and not desk.notices


def test_the_open_image_s_history_goes_last(
    willing: Desk, image_folder: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the image is read again what is painted is in no file, so that nothing else may come in between. What was undone
    could be redone, and goes, too.
    """
    desk, order = willing, []
    desk.open(image_folder("a", "b", "c"), "b.png")
    desk.paint(value=6)
    desk.session.undo()
    desk.save()
    forget = type(desk.session.workspace).forget_prediction_of
    noted = lambda workspace, name, gone: order.append(name) or forget(workspace, name, gone)
    monkeypatch.setattr(type(desk.session.workspace), "forget_prediction_of", noted)
    desk.session.remove_class("liver")
    desk.wait(lambda: desk.session.classes.by_uid("liver") is None)
    rest(desk)
    assert order == ["a.png", "c.png", "b.png"] and not desk.session.document.history.can_redo


def test_a_copy_that_was_set_aside_holds_no_class(willing: Desk, image_folder: Callable) -> None:
    folder, desk = image_folder("a"), willing
    desk.open(folder)
    desk.paint(value=6)
    desk.save()
    map_path = Layout(folder / "segmentation").work("a.png")
    shutil.copy(map_path, free_name(map_path))
    desk.session.clear_map()
    desk.save()
    desk.session.remove_class("liver")
    desk.wait(lambda: desk.session.classes.by_uid("liver") is None)


def test_a_prediction_that_is_written_while_it_is_looked_is_forgotten_too(
    willing: Desk, image_folder: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, desk = image_folder("a", "b"), willing
    desk.open(folder)
    value, uid = predicted(desk)
    prediction, removal = desk.session.prediction, desk.session._parts.classes.removal
    store = removal._store

    def store_later(table: ClassTable) -> bool:
        desk.session.workspace.write_prediction("b.png", prediction)
        return store(table)

    monkeypatch.setattr(removal, "_store", store_later)
    desk.session.remove_class(uid)
    desk.wait(lambda: desk.session.classes.by_uid(uid) is None)
    rest(desk)
    assert not list((folder / "segmentation/predictions").glob("*.png"))


def test_a_class_that_is_nowhere_costs_neither_its_value_nor_a_journal(willing: Desk, image_folder: Callable) -> None:
    folder, desk = image_folder("a", "b"), willing
    desk.open(folder)
    desk.paint(value=3)
    desk.save()
    seen = []
    desk.session.document.loaded.connect(lambda: seen.append(desk.session.document.name))
    desk.session.remove_class("liver")
    desk.wait(lambda: desk.session.classes.by_uid("liver") is None)
    rest(desk)
    assert desk.session.classes.retired == () and not seen and desk.session.document.history.can_undo


def test_an_image_that_is_gone_is_no_image_of_the_folder(willing: Desk, image_folder: Callable) -> None:
    """Also when its strokes are saved after that."""
    folder, desk = image_folder("a", "b"), willing
    desk.open(folder)
    (folder / "a.png").rename(folder.parent / "a.png")
    desk.session.reload_folder()
    rest(desk)
    desk.paint(value=6)
    desk.save()
    assert [entry.name for entry in desk.session.workspace.entries()] == ["b.png"]


@pytest.mark.parametrize("by", ["a label", "undo steps"])
def test_a_class_that_another_program_took_out_of_the_file_and_that_must_stay_is_there_at_the_next_start(
    make_desk: Callable, image_folder: Callable, by: str
) -> None:
    folder, desk = image_folder("a"), make_desk()
    desk.answers["histories_go"] = "keep"
    desk.open(folder)
    desk.paint(value=6)
    if by == "undo steps":
        desk.session.undo()
    desk.save()
    path, before = folder / "segmentation/classes.json", desk.session.classes
    before.without("liver").write(path)
    desk.session.reload_folder()
    desk.wait(lambda: desk.said("what it wrote was copied into the folder kept/"))
    rest(desk)
    assert desk.said(REFUSED) == (by == "a label") and desk.session.classes == before == ClassTable.read(path)
    assert [ClassTable.read(kept) for kept in (folder / "segmentation/kept").iterdir()] == [before.without("liver")]
    desk.paint(40, 40, 6)
    desk.save()
    assert desk.session.close()
    again = make_desk()
    again.open(folder)
    assert again.session.document.label_map[40, 40] == 6 and again.notices == []


def test_a_table_that_cannot_be_written_costs_nothing(willing: Desk, image_folder: Callable) -> None:
    folder, desk = image_folder("a", "b"), willing
    desk.open(folder, "b.png")
    value, uid = predicted(desk)
    desk.open(folder, "a.png")
    desk.paint(value=value)
    desk.paint(value=9)
    desk.save()
    table = folder / "segmentation/classes.json"
    table.unlink(missing_ok=True)
    (table / "x").mkdir(parents=True)
    desk.session.remove_class(uid)
    rest(desk)
    shutil.rmtree(table)
    assert desk.session.classes.by_uid(uid) is not None and desk.session.document.history.can_undo
    assert (folder / "segmentation/predictions/b.png.png").exists()


def test_a_prediction_with_an_older_record_gives_no_pixel_another_class(
    willing: Desk, image_folder: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, desk = image_folder("a", "b"), willing
    desk.open(folder, "b.png")
    value, uid = predicted(desk)
    other = replace(desk.session.prediction, label_map=np.full((64, 64), 9, np.uint8))
    desk.session.workspace.write_prediction("a.png", other)
    real = map_store.write_json

    def full(path: Path, *arguments: object, **named: object) -> None:
        if path.name == "a.png.json":
            raise OSError(errno.ENOSPC, "No space left on device")
        real(path, *arguments, **named)

    monkeypatch.setattr(map_store, "write_json", full)
    desk.session.predict_folder()
    rest(desk)
    monkeypatch.setattr(map_store, "write_json", real)
    desk.session.remove_class(uid)
    rest(desk)
    tumour = added(desk)
    desk.open(folder, "a.png")
    assert tumour not in desk.session.document.counts() and value not in desk.session.document.counts()


def begin_polygon(desk: Desk, value: int) -> None:
    desk.session.painting.tool, desk.session.painting.class_value = "polygon", value
    for point in ((10, 10), (40, 10), (40, 40)):
        desk.session.tools.press(*point, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
        desk.session.tools.release(*point, Qt.MouseButton.LeftButton)


def test_a_shape_that_is_being_drawn_survives_another_class(willing: Desk, image_folder: Callable) -> None:
    desk = willing
    desk.open(image_folder("a"))
    begin_polygon(desk, 6)
    desk.session.reload_folder()
    rest(desk)
    desk.session.remove_class("pancreas")
    desk.wait(lambda: desk.session.classes.by_uid("pancreas") is None)
    rest(desk)
    assert desk.session.tools.active


def test_a_stroke_that_is_under_way_is_waited_for(willing: Desk, image_folder: Callable) -> None:
    """Its class stays in the table, and no part of the stroke is taken back."""
    desk = willing
    desk.open(image_folder("a"))
    tools, plain = desk.session.tools, Qt.KeyboardModifier.NoModifier
    desk.session.painting.tool, desk.session.painting.class_value = "brush", 6
    desk.session.remove_class("liver")
    tools.press(20, 20, Qt.MouseButton.LeftButton, plain)
    tools.move(40, 20, plain)
    rest(desk)
    assert desk.session.document.gesture_active and desk.session.classes.by_uid("liver") is not None
    tools.release(40, 20, Qt.MouseButton.LeftButton)
    desk.wait(lambda: desk.said(REFUSED))
    assert desk.session.document.counts()[6] > 100


def test_a_shape_of_a_class_that_is_removed_paints_no_such_class(willing: Desk, image_folder: Callable) -> None:
    desk = willing
    desk.open(image_folder("a"))
    begin_polygon(desk, 6)
    desk.session.remove_class("liver")
    desk.wait(lambda: desk.session.classes.by_uid("liver") is None)
    rest(desk)
    desk.session.tools.key(Qt.Key.Key_Return)
    rest(desk)
    assert set(desk.session.document.counts()) <= {*desk.session.classes.values, UNTOUCHED}


def test_a_shape_of_a_class_that_is_removed_is_not_painted_on_leaving(willing: Desk, image_folder: Callable) -> None:
    desk = willing
    folder = image_folder("a", "b")
    desk.open(folder, "a.png")
    begin_polygon(desk, 6)
    desk.session.remove_class("liver")
    desk.wait(lambda: desk.session.classes.by_uid("liver") is None)
    rest(desk)
    desk.open(folder, "b.png")
    desk.open(folder, "a.png")
    assert set(desk.session.document.counts()) == {UNTOUCHED}


def test_an_emptied_image_keeps_its_history_when_another_class_goes(willing: Desk, image_folder: Callable) -> None:
    desk = willing
    folder = image_folder("a", "b")
    desk.open(folder, "a.png")
    desk.paint()
    desk.session.clear_map()
    desk.save()
    desk.open(folder, "b.png")
    desk.session.remove_class("pancreas")
    desk.wait(lambda: desk.session.classes.by_uid("pancreas") is None)
    rest(desk)
    desk.open(folder, "a.png")
    desk.session.undo()
    assert desk.session.document.label_map[20, 20] == 6


def test_a_class_that_is_gone_does_not_come_back_by_the_guided_brush(willing: Desk, image_folder: Callable) -> None:
    """What wins nowhere may still be the next best."""
    willing.open(image_folder("a"))
    value, _ = predicted(willing)
    prediction = willing.session.prediction
    rivals = set(np.unique(prediction.contest((0, 0, 64, 64), value)[1]).tolist())
    hidden = sorted(rivals - set(np.unique(prediction.label_map).tolist()))
    assert hidden, "the network is to have a class that is second somewhere, and first nowhere"
    willing.session.remove_class(willing.session.classes.by_value(hidden[0]).uid)
    willing.wait(lambda: willing.session.classes.by_value(hidden[0]) is None)
    rest(willing)
    painting = willing.session.painting
    painting.tool, painting.class_value, painting.snap, painting.brush_radius = "guided", value, 0, 64
    willing.session.tools.press(32, 32, Qt.MouseButton.RightButton, Qt.KeyboardModifier.NoModifier)
    willing.session.tools.release(32, 32, Qt.MouseButton.RightButton)
    rest(willing)
    assert hidden[0] not in willing.session.document.counts()
    assert willing.session.prediction is not None, "the brush has asked for one by the classes of now"
