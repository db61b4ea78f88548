"""The list of images: what it shows, what it costs, and the thumbnails of the rows that are looked at."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image as Pillow
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from lsgui.folder import EntryRole, FolderFilter, FolderModel, ProblemRole, ThumbnailRole
from lsgui.thumbnails import SIDE, render
from model.classes import default_table
from model.images import Image, Window
from model.labels import UNTOUCHED, write_label
from model.workspace import Entry, Status

if TYPE_CHECKING:
    from tests.lsgui.conftest import Desk


def entries(count: int) -> list[Entry]:
    return [Entry(f"image {i:05d}.png", Path(f"image {i:05d}.png"), list(Status)[i % 4]) for i in range(count)]


@pytest.fixture
def model(qapp: object) -> FolderModel:
    model = FolderModel()
    model.set_entries(entries(8))
    return model


def test_one_changed_image_tells_one_row(model: FolderModel, qtbot: QtBot) -> None:
    changed = dataclasses.replace(model.entry("image 00002.png"), status=Status.LABELLED)
    with qtbot.waitSignal(model.dataChanged) as told:
        model.update_entry(changed)
    assert told.args[0].row() == told.args[1].row() == 2
    assert model.data(model.index(2), EntryRole) == changed
    with qtbot.assertNotEmitted(model.dataChanged):
        model.update_entry(changed)
        model.update_entry(Entry("gone.png", Path("gone.png"), Status.NONE))


def test_images_are_counted_along_and_not_all_again(model: FolderModel) -> None:
    for name in ("image 00000.png", "image 00001.png", "image 00001.png"):
        model.update_entry(dataclasses.replace(model.entry(name), status=Status.LABELLED))
    by_hand = {status: sum(entry.status is status for entry in model.entries) for status in Status}
    assert model.counts() == by_hand and by_hand[Status.LABELLED] == 4
    model.set_entries(entries(20_000))
    start = time.thread_time()
    for _ in range(1000):
        model.counts()
    assert time.thread_time() - start < 0.5, "to predict a folder changes each row, twice"


def test_search_and_status_narrow_the_list(model: FolderModel) -> None:
    shown = FolderFilter(model)
    shown.set_text(" 0000 ")
    assert shown.rowCount() == 8
    shown.set_text("IMAGE 00003")
    assert shown.rowCount() == 1
    shown.set_text("")
    shown.set_statuses([Status.NONE, Status.PREDICTED])
    assert shown.rowCount() == 4
    shown.set_statuses(None)
    assert shown.rowCount() == 8
    assert model.counts() == dict.fromkeys(Status, 2)


def test_the_most_useful_images_come_first_and_stay_where_they_are(model: FolderModel) -> None:
    sure = [0.9, 0.5, 0.9, 0.9, None, 0.2, 0.9, 0.9]
    model.set_entries(
        dataclasses.replace(entry, confidence=confidence, status=Status.PREDICTED)
        for entry, confidence in zip(entries(8), sure, strict=True)
    )
    model.update_entry(dataclasses.replace(model.entry("image 00001.png"), status=Status.LABELLED))
    shown = FolderFilter(model)

    def names() -> list[str]:
        return [shown.data(shown.index(row, 0))[10:11] for row in range(shown.rowCount())]

    shown.most_useful_first()
    assert names()[0] == "5" and names()[-2:] == ["4", "1"], "without a prediction late, labelled last"
    assert [entry.name[10:11] for entry in shown.ordered()] == names()
    before = names()
    model.update_entry(dataclasses.replace(model.entry("image 00005.png"), status=Status.LABELLED))
    assert names() == before
    shown.set_statuses([Status.PREDICTED])
    assert names() == [name for name in before if name not in "15"]
    shown.set_statuses(None)
    shown.in_folder_order()
    assert names() == list("01234567")


def test_an_image_that_gets_labelled_leaves_the_to_do_list(model: FolderModel) -> None:
    shown = FolderFilter(model)
    shown.set_statuses(set(Status) - {Status.LABELLED})
    before = shown.rowCount()
    model.update_entry(dataclasses.replace(model.entry("image 00000.png"), status=Status.LABELLED))
    assert shown.rowCount() == before - 1


def test_ten_thousand_images_do_not_lag(qapp: object) -> None:
    model = FolderModel()
    shown = FolderFilter(model)
    many = entries(10_000)
    start = time.thread_time()
    model.set_entries(many)
    shown.set_text("99")
    for entry in many[:200]:
        model.update_entry(dataclasses.replace(entry, status=Status.LABELLED))
    assert time.thread_time() - start < 2


def test_a_thumbnail_shows_the_image_in_grey_and_its_labels_in_colour() -> None:
    pixels = np.full((300, 600), -150, np.int16)
    pixels[:, 300:] = 240
    image = Image("a.dcm", pixels, None, "HU", Window(40, 400), (), None)
    label_map = np.full((300, 600), UNTOUCHED, np.uint8)
    label_map[200:, 400:] = 6
    picture = render(image, label_map, default_table())
    assert picture.shape == (SIDE // 2, SIDE, 3)
    assert picture[5, 5].max() < 20 and picture[5, 90].min() > 230
    red, green, blue = (int(channel) for channel in picture[44, 90])
    assert red > green and red > blue


def test_a_file_that_is_no_image_is_tried_once_and_is_one_line_of_the_log(
    desk: Desk, image_folder: Callable, caplog: pytest.LogCaptureFixture
) -> None:
    folder = image_folder("a", "b")
    (folder / "b.png").write_bytes(b"broken")
    desk.open(folder)
    model = desk.session.folder
    for _ in range(3):
        model.data(model.index(1), ThumbnailRole)
    desk.wait(lambda: model.data(model.index(1), ProblemRole) is not None)
    desk.wait(lambda: not desk.session.jobs.busy("thumbnails"))
    lines = [record.getMessage() for record in caplog.records if "thumbnail" in record.getMessage()]
    assert len(lines) == 1 and "\n" not in lines[0] and "b.png" in lines[0]


@pytest.mark.parametrize("shape", [(1, 1), (3, 900), (900, 3), (40, 40, 3)])
def test_thumbnails_of_awkward_images(shape: tuple[int, ...]) -> None:
    image = Image("a.png", np.zeros(shape, np.uint8), None, "", None, (), None)
    picture = render(image, np.full(shape[:2], UNTOUCHED, np.uint8), default_table())
    assert max(picture.shape[:2]) == SIDE and picture.shape[2] == 3


def test_thumbnails_are_made_for_the_rows_that_are_asked_for(desk: Desk, image_folder: Callable) -> None:
    folder = image_folder(*(f"i{number:02d}" for number in range(30)))
    (folder / "i03.png").write_bytes(b"broken")
    desk.open(folder)
    model, told = desk.session.folder, []
    model.dataChanged.connect(lambda first, last, roles: told.append((first.row(), roles)))
    assert [model.data(model.index(row), ThumbnailRole) for row in (2, 3, 4)] == [None, None, None]
    desk.wait(lambda: {row for row, roles in told if roles == [ThumbnailRole]} == {2, 3, 4})
    assert model.data(model.index(2), ThumbnailRole).width() == SIDE
    assert model.data(model.index(3), ThumbnailRole).isNull()  # a broken image is not tried again and again
    assert desk.notices == []


def test_what_a_look_at_an_image_finds_out_is_said_in_its_row(desk: Desk, image_folder: Callable) -> None:
    folder = image_folder("a", "b", "c")
    desk.open(folder)
    desk.answers["rest_is_background"] = "keep"
    desk.paint(20, 20, 6)
    desk.session.save_label()
    desk.settle()
    desk.session.open_image("c.png")
    desk.wait(lambda: desk.session.document.name == "c.png")
    (folder / "b.png").write_bytes(b"broken")
    write_label(folder / "segmentation/labels/a.png.png", np.zeros((32, 64), np.uint8), default_table())
    (folder / "segmentation/journal/a.png.journal").unlink()
    model = desk.session.folder
    model.set_entries(model.entries)
    for row in range(3):
        model.data(model.index(row), ThumbnailRole)
    desk.wait(lambda: all(model.data(model.index(row), ThumbnailRole) is not None for row in range(3)))
    label, image, nothing = (model.data(model.index(row), ProblemRole) for row in range(3))
    assert (label.kind, image.kind, nothing) == ("label", "image", None)
    tips = [model.data(model.index(row), Qt.ItemDataRole.ToolTipRole) for row in range(3)]
    assert "64" in tips[0] and "32" in tips[0] and "b.png" in tips[1] and tips[2] == "c.png"
    (folder / "b.png").write_bytes((folder / "c.png").read_bytes())
    desk.session._parts.thumbnails._stale.add("b.png")
    model.data(model.index(1), ThumbnailRole)
    desk.wait(lambda: model.data(model.index(1), ProblemRole) is None)


def test_an_image_that_could_be_opened_is_not_said_to_be_unreadable(desk: Desk, image_folder: Callable) -> None:
    """Its file was still being copied when its row was first looked at."""
    folder = image_folder("a", "b")
    whole = (folder / "b.png").read_bytes()
    (folder / "b.png").write_bytes(whole[:100])
    desk.open(folder)
    model = desk.session.folder
    model.data(model.index(1), ThumbnailRole)
    desk.wait(lambda: model.data(model.index(1), ProblemRole) is not None)
    (folder / "b.png").write_bytes(whole)
    desk.session.open_image("b.png")
    desk.wait(lambda: desk.session.document.name == "b.png")
    model.data(model.index(1), ThumbnailRole)
    desk.wait(lambda: model.data(model.index(1), ProblemRole) is None)
    assert model.data(model.index(1), ThumbnailRole).width() == SIDE


def test_the_thumbnail_of_an_image_that_is_read_again_is_drawn_again(desk: Desk, image_folder: Callable) -> None:
    folder = image_folder("a", "b")
    desk.open(folder)
    model = desk.session.folder
    model.data(model.index(1), ThumbnailRole)
    desk.wait(lambda: model.data(model.index(1), ThumbnailRole) is not None)
    before = model.data(model.index(1), ThumbnailRole)
    Pillow.fromarray(np.full((64, 64), 200, np.uint8)).save(folder / "b.png")
    desk.session.open_image("b.png")
    desk.wait(lambda: desk.session.document.name == "b.png")
    desk.wait(lambda: model.data(model.index(1), ThumbnailRole) != before)


def test_a_thumbnail_follows_the_label_and_the_old_one_stays_until_then(desk: Desk, image_folder: Callable) -> None:
    desk.open(image_folder("a"))
    model = desk.session.folder
    model.data(model.index(0), ThumbnailRole)
    desk.wait(lambda: model.data(model.index(0), ThumbnailRole) is not None)
    before = model.data(model.index(0), ThumbnailRole)
    desk.paint(32, 32, 6, radius=30)
    desk.save()
    assert model.data(model.index(0), ThumbnailRole) == before
    desk.wait(lambda: model.data(model.index(0), ThumbnailRole) != before)


def test_thumbnails_go_on_after_everything_was_cancelled(desk: Desk, image_folder: Callable) -> None:
    """As opening another folder does."""
    desk.open(image_folder("a", "b"))
    model = desk.session.folder
    model.data(model.index(0), ThumbnailRole)
    desk.session.jobs.cancel_all()
    desk.settle()
    model.data(model.index(1), ThumbnailRole)
    desk.wait(lambda: model.data(model.index(1), ThumbnailRole) is not None)
