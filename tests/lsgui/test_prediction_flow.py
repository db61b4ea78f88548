"""Predictions reach the right image, beneath a person's work, and stop when asked."""

from __future__ import annotations

import dataclasses
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from lsgui.jobs import SegmenterKeeper
from lsgui.shapes import stroke
from model.checkpoint import load, save
from model.classes import Class, ClassTable, default_table
from model.errors import WorkspaceError
from model.images import Image, read_image
from model.labels import UNTOUCHED, read_label
from model.messages import Message
from model.pillow import pillow
from model.prediction import Prediction
from model.provenance import HUMAN, MODEL
from model.runs import active_weights
from model.workspace import Status

if TYPE_CHECKING:
    from tests.lsgui.conftest import Desk


def predicted(folder: Path, name: str) -> np.ndarray | None:
    path = folder / "segmentation/predictions" / f"{name}.png"
    return read_label(path, None, default_table()) if path.exists() else None


def predict(desk: Desk) -> None:
    desk.session.predict()
    desk.wait(lambda: desk.session.prediction is not None)
    desk.settle()


def test_the_prediction_fills_what_nobody_has_set(desk: Desk, image_folder: Callable) -> None:
    folder = image_folder("a")
    desk.open(folder)
    desk.paint(20, 20, 6)
    mine = desk.session.document.label_map == 6
    predict(desk)
    document = desk.session.document
    assert (document.label_map[mine] == 6).all() and UNTOUCHED not in document.counts()
    assert (document.provenance[~mine] == MODEL).all() and (document.provenance[mine] == HUMAN).all()
    assert (predicted(folder, "a.png") == desk.session.prediction.label_map).all()
    assert desk.session.model.device.startswith("CPU")
    document.undo()
    assert UNTOUCHED in document.counts()


def test_a_predicted_image_counts_as_predicted_until_a_person_corrects_it(desk: Desk, image_folder: Callable) -> None:
    desk.open(image_folder("a"))
    predict(desk)
    desk.save()
    entry = desk.session.folder.entry("a.png")
    assert entry.status == Status.PREDICTED and 0 < entry.confidence <= 1
    desk.paint()
    desk.save()
    assert desk.session.folder.entry("a.png").status == Status.CORRECTED


def test_a_result_for_an_image_that_was_left_goes_to_its_file(desk: Desk, image_folder: Callable) -> None:
    folder = image_folder("a", "b")
    desk.open(folder)
    desk.session.predict()
    desk.session.document.close()  # what a slow model meets: the user has gone on
    desk.session.next_image()
    desk.wait(lambda: desk.session.document.name == "b.png" and predicted(folder, "a.png") is not None)
    desk.settle()
    assert desk.session.document.counts() == {UNTOUCHED: 64 * 64} and desk.session.prediction is None
    assert desk.session.folder.entry("a.png").status == Status.PREDICTED


def test_a_result_during_a_gesture_waits_for_its_end(desk: Desk, image_folder: Callable) -> None:
    desk.open(image_folder("a"))
    document = desk.session.document
    document.begin("Brush")
    document.preview(stroke((20, 20), (20, 20), 5, document.shape), 6)
    desk.session.predict()
    desk.wait(lambda: not desk.session.jobs.busy("predict"))
    document.preview(stroke((40, 20), (40, 20), 5, document.shape), 6)
    assert document.counts()[UNTOUCHED] > 3000 and desk.session.prediction is None
    document.commit()
    assert UNTOUCHED not in document.counts() and len(document.history.steps) == 2
    assert document.label_map[20, 20] == document.label_map[20, 40] == 6
    desk.settle()


def test_a_result_that_waits_for_a_gesture_finds_its_image_left(desk: Desk, image_folder: Callable) -> None:
    folder = image_folder("a", "b")
    desk.open(folder)
    desk.session.document.begin("Brush")
    desk.session.predict()
    desk.wait(lambda: not desk.session.jobs.busy("predict"))
    desk.session.next_image()
    desk.wait(lambda: desk.session.document.name == "b.png")
    desk.settle()
    assert predicted(folder, "a.png") is not None


def test_pressing_predict_twice_predicts_once(desk: Desk, image_folder: Callable) -> None:
    desk.open(image_folder("a"))
    desk.session.predict()
    desk.session.predict()
    assert len(desk.session.jobs.jobs) == 1
    desk.settle()
    assert len(desk.session.document.history.steps) == 1


def test_a_cancelled_prediction_leaves_the_image_as_it_was(desk: Desk, image_folder: Callable) -> None:
    desk.open(image_folder("a"))
    desk.session.predict()
    desk.session.cancel(desk.session.jobs.jobs[0].id)
    desk.settle()
    assert desk.session.document.counts() == {UNTOUCHED: 64 * 64} and desk.notices == []
    predict(desk)


def test_a_prediction_of_another_folder_is_not_taken_for_one_here(
    desk: Desk, image_folder: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slices of every patient may be called the same."""
    first, second = image_folder("a", folder="first"), image_folder("a", folder="second")
    gates, started, predict = (threading.Event(), threading.Event()), [], SegmenterKeeper.predict

    def slowly(keeper: SegmenterKeeper, *given: object) -> object:
        started.append(gates[len(started)])
        assert started[-1].wait(20)
        return predict(keeper, *given)

    monkeypatch.setattr(SegmenterKeeper, "predict", slowly)
    desk.open(first)
    desk.session.predict()
    desk.wait(lambda: len(started) == 1)
    desk.session.open_folder(second)
    desk.wait(lambda: desk.session.document.image is not None and desk.session.workspace.folder == second)
    assert not desk.session.predicting
    desk.session.predict()
    gates[0].set()
    desk.wait(lambda: len(started) == 2)
    desk.qtbot.wait(50)
    assert desk.session.predicting
    desk.session.cancel_prediction()
    gates[1].set()
    desk.settle()
    assert desk.session.prediction is None and not desk.session.predicting


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, list[tuple[Path, Image]]]:
    """Predictions end once the event is set; with what each was asked to predict."""
    gate, asked, predict = threading.Event(), [], SegmenterKeeper.predict

    def slowly(keeper: SegmenterKeeper, weights: Path, classes: ClassTable, image: Image, report: Callable) -> object:
        asked.append((weights, image))
        assert gate.wait(20)
        return predict(keeper, weights, classes, image, report)

    monkeypatch.setattr(SegmenterKeeper, "predict", slowly)
    return gate, asked


def test_a_prediction_of_what_a_file_held_before_is_not_laid_over_what_it_holds_now(
    desk: Desk, image_folder: Callable, held: tuple[threading.Event, list[tuple[Path, Image]]]
) -> None:
    (gate, asked), folder = held, image_folder("a")
    desk.open(folder)
    desk.session.predict()
    desk.wait(lambda: len(asked) == 1)
    pillow.fromarray(np.full((64, 64), 200, np.uint8)).save(folder / "a.png", compress_level=0)
    desk.session._parts.opening.reload()
    desk.wait(lambda: int(desk.session.document.image.pixels[0, 0]) == 200)
    gate.set()
    desk.wait(lambda: desk.session.prediction is not None)
    desk.settle()
    assert [int(image.pixels.min()) for _, image in asked] == [int(asked[0][1].pixels.min()), 200]
    assert len(desk.session.document.history.steps) == 1
    assert (predicted(folder, "a.png") == desk.session.prediction.label_map).all()


def _ask(desk: Desk, folder: Path, held: tuple) -> tuple[threading.Event, list[tuple[Path, Image]]]:
    """`held`, once a prediction of the folder's first image is under way."""
    desk.open(folder)
    desk.session.predict()
    desk.wait(lambda: len(held[1]) == 1)
    return held


def test_an_image_that_was_left_and_opened_again_takes_its_prediction(
    desk: Desk, image_folder: Callable, held: tuple[threading.Event, list[tuple[Path, Image]]]
) -> None:
    gate, asked = _ask(desk, image_folder("a"), held)
    before = desk.session.document.image
    desk.session._parts.opening.reload()
    desk.wait(lambda: desk.session.document.image is not before)
    gate.set()
    desk.wait(lambda: desk.session.prediction is not None)
    desk.settle()
    assert len(asked) == 1


def test_who_cancels_can_ask_again_at_once(
    desk: Desk, image_folder: Callable, held: tuple[threading.Event, list[tuple[Path, Image]]]
) -> None:
    gate, asked = _ask(desk, image_folder("a"), held)
    desk.session.cancel_prediction()
    desk.session.predict()
    desk.session.predict()
    gate.set()
    desk.wait(lambda: desk.session.prediction is not None)
    desk.settle()
    assert len(asked) == 2 and not desk.session.predicting


def test_who_asks_another_model_meanwhile_gets_its_answer(
    desk: Desk, image_folder: Callable, held: tuple, tmp_path: Path, weights: Path
) -> None:
    (gate, asked), other = held, tmp_path / "other.safetensors"
    save(other, dataclasses.replace(load(weights), name="other"))
    desk.open(image_folder("a"))
    desk.session.predict()
    desk.wait(lambda: len(asked) == 1)
    desk.session.load_weights(other)
    desk.session.predict()
    gate.set()
    desk.wait(lambda: desk.session.prediction is not None)
    desk.settle()
    assert desk.session.prediction.model == "other" and len(desk.session.document.history.steps) == 1


def test_the_folder_is_predicted_except_where_a_person_has_worked(desk: Desk, image_folder: Callable) -> None:
    folder = image_folder("a", "b", "c", "d")
    (folder / "c.png").write_bytes(b"no image")
    desk.open(folder, "b.png")
    desk.paint()
    desk.save()
    desk.session.open_image("a.png")
    desk.wait(lambda: desk.session.document.name == "a.png")
    desk.session.predict_folder()
    desk.settle()
    assert [predicted(folder, f"{stem}.png") is not None for stem in "abcd"] == [True, False, False, True]
    assert UNTOUCHED not in desk.session.document.counts()  # the open image shows its result
    assert desk.said("could not be predicted: 1")
    assert desk.session.folder.entry("d.png").status == Status.PREDICTED
    assert desk.session.folder.entry("b.png").status == Status.CORRECTED


def test_predicting_the_folder_can_be_cancelled(
    desk: Desk, image_folder: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"i{number:03d}" for number in range(300)]
    folder, cancelled = image_folder(*names), threading.Event()

    def read(path: Path, *rest: object) -> Image:
        assert path.name < "i200" or cancelled.wait(60)
        return read_image(path, *rest)

    monkeypatch.setattr("lsgui.folder_predicting.read_image", read)
    desk.open(folder)
    predict(desk)
    desk.session.predict_folder()
    desk.wait(lambda: desk.session.folder.entry("i003.png").status == Status.PREDICTED)
    desk.session.cancel(desk.session.jobs.jobs[0].id)
    cancelled.set()
    desk.settle()
    assert desk.session.folder.entry("i299.png").status == Status.NONE
    files = {name for name in names if predicted(folder, f"{name}.png") is not None}
    rows = {name for name in names if desk.session.folder.entry(f"{name}.png").status == Status.PREDICTED}
    assert rows == files


def read_late(first: str, event: threading.Event) -> Callable[..., Image]:
    """A reader of images to whom those from the name `first` on come only after the event."""

    def read(path: Path, *rest: object) -> Image:
        assert path.name < first or event.wait(60)
        return read_image(path, *rest)

    return read


def test_who_cancels_a_folder_hears_of_what_could_not_be_predicted_until_then(
    desk: Desk, image_folder: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, cancelled = image_folder(*"abcdefgh"), threading.Event()
    (folder / "b.png").write_bytes(b"no image")

    monkeypatch.setattr("lsgui.folder_predicting.read_image", read_late("g", cancelled))
    desk.open(folder)
    desk.session.predict_folder()
    desk.wait(lambda: predicted(folder, "e.png") is not None)
    desk.session.cancel(desk.session.jobs.jobs[0].id)
    cancelled.set()
    desk.settle()
    assert predicted(folder, "h.png") is None and desk.said("Images that could not be predicted: 1; the first: b.png")


@pytest.mark.parametrize("changes", [1, 10])
def test_an_image_whose_file_changes_while_it_is_predicted_is_predicted_as_it_is_then(
    desk: Desk, image_folder: Callable, monkeypatch: pytest.MonkeyPatch, changes: int
) -> None:
    """Once more: a file that changes all the time is told of."""
    folder, reads = image_folder("a", "b", "c"), []

    def read(path: Path, *rest: object) -> Image:
        image = read_image(path, *rest)
        if path.name == "b.png":
            reads.append(path)
            if len(reads) <= changes:
                pillow.fromarray(np.full((40 + len(reads), 50), 90, np.uint8)).save(path)
        return image

    monkeypatch.setattr("lsgui.folder_predicting.read_image", read)
    desk.open(folder, "a.png")
    desk.session.predict_folder()
    desk.settle()
    found = predicted(folder, "b.png")
    if changes == 1:
        assert found.shape == (41, 50) and not desk.notices
    else:
        assert found is None and desk.said("b.png has changed while it was predicted")
    assert len(reads) == 2 and predicted(folder, "c.png") is not None


def test_revert_brings_the_prediction_back_over_a_persons_pixels(desk: Desk, image_folder: Callable) -> None:
    desk.open(image_folder("a", "b"))
    predict(desk)
    desk.paint(20, 20, 6, radius=20)
    desk.session.revert_to_prediction()
    assert (desk.session.document.label_map == desk.session.prediction.label_map).all()
    desk.session.document.undo()
    assert desk.session.document.label_map[20, 20] == 6
    desk.session.next_image()
    desk.wait(lambda: desk.session.document.name == "b.png")
    desk.session.revert_to_prediction()
    desk.wait(lambda: desk.said("has no prediction yet"))
    desk.session.previous_image()
    desk.wait(lambda: desk.session.document.name == "a.png")
    assert desk.session.prediction is None  # another visit: the prediction is a file now
    desk.session.revert_to_prediction()
    desk.wait(lambda: (desk.session.document.provenance == MODEL).all())


def test_a_prediction_that_is_read_for_an_image_that_is_gone_comes_to_nothing(
    desk: Desk, image_folder: Callable
) -> None:
    folder = image_folder("a", "b")
    desk.open(folder)
    predict(desk)
    desk.session.next_image()
    desk.wait(lambda: desk.session.document.name == "b.png")
    desk.session.previous_image()
    desk.wait(lambda: desk.session.document.name == "a.png")
    desk.settle()
    reading = threading.Event()
    desk.session.jobs.submit("files", Message("In the way"), lambda report: reading.wait(20), quiet=True)
    desk.session.revert_to_prediction()
    desk.session.document.close()
    reading.set()
    desk.settle()
    assert desk.notices == []


def test_without_weights_it_says_so(make_desk: Callable, image_folder: Callable) -> None:
    desk = make_desk(demo_weights=None)
    desk.open(image_folder("a"))
    desk.session.predict()
    assert desk.said("There is no model yet") and desk.session.model is None


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04pickle", b"\x80\x02}q", b"\xff" * 400])
def test_weights_that_cannot_be_used_are_named_and_the_model_stays(
    desk: Desk, image_folder: Callable, tmp_path: Path, content: bytes
) -> None:
    desk.open(image_folder("a"))
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(content)
    desk.session.load_weights(bad)
    assert desk.said("bad.safetensors") and desk.session.model.name == "little"
    predict(desk)


def test_opened_weights_are_remembered_with_the_folder(
    make_desk: Callable, image_folder: Callable, tmp_path: Path, weights: Path
) -> None:
    folder, other, desk = image_folder("a"), tmp_path / "other.safetensors", make_desk()
    save(other, dataclasses.replace(load(weights), name="other"))
    desk.open(folder)
    desk.session.load_weights(other)
    assert active_weights(folder / "segmentation") == other
    predict(desk)
    assert desk.session.prediction.model == "other"
    assert desk.session.close()
    again = make_desk()
    again.open(folder)
    assert again.session.model.name == "other"


def test_weights_that_are_removed_give_way_to_those_it_all_began_with(
    desk: Desk, image_folder: Callable, weights: Path
) -> None:
    folder = image_folder("a")
    desk.open(folder)
    own = folder / "segmentation/runs/0001/weights.safetensors"
    own.parent.mkdir(parents=True)
    save(own, dataclasses.replace(load(weights), name="own"))
    desk.session.load_weights(own)
    predict(desk)
    own.unlink()
    desk.session.predict()
    assert desk.said("weights of own were removed; little predicts")
    assert desk.session.model.name == "little" and desk.session.model.path == weights
    desk.settle()
    assert [notice.level for notice in desk.notices] == ["warning", "info"], "and that the same weights change nothing"


def test_weights_that_went_while_the_folder_was_closed_are_told(
    desk: Desk, make_desk: Callable, image_folder: Callable, weights: Path, tmp_path: Path
) -> None:
    folder, other = image_folder("a"), tmp_path / "other.safetensors"
    desk.open(folder)
    save(other, dataclasses.replace(load(weights), name="other"))
    desk.session.load_weights(other)
    assert desk.session.close()
    other.unlink()
    again = make_desk()
    again.open(folder)
    assert again.said("weights of other were removed; little predicts") and again.session.model.name == "little"


def test_a_model_that_knows_none_of_the_classes_says_so_once(desk: Desk, image_folder: Callable) -> None:
    folder = image_folder("a")
    desk.open(folder)
    strange = ClassTable((Class("ground", 0, "Ground", (0, 0, 0)), Class("nucleus", 1, "Nucleus", (9, 9, 200))))
    desk.session.set_classes(strange)
    desk.wait(lambda: desk.said("little does not know") and desk.said("Nucleus"))
    told = len(desk.notices)
    desk.session.set_classes(desk.session.classes.with_class(Class("debris", 2, "Debris", (200, 9, 9))))
    desk.wait(lambda: desk.session.classes.by_uid("debris") is not None)
    assert len(desk.notices) == told


def test_a_removed_workspace_takes_its_model_with_it(
    make_desk: Callable, image_folder: Callable, weights: Path
) -> None:
    desk, folder = make_desk(demo_weights=None), image_folder("a")
    desk.open(folder)
    own = folder / "segmentation/runs/0001/weights.safetensors"
    own.parent.mkdir(parents=True)
    save(own, dataclasses.replace(load(weights), name="own"))
    desk.session.load_weights(own)
    shutil.rmtree(folder / "segmentation")
    desk.session._parts.watching.look()
    desk.settle()
    assert desk.said("weights of own were removed") and desk.session.model is None


def test_weights_without_a_class_of_the_table_load_and_name_it(
    desk: Desk, image_folder: Callable, tmp_path: Path, weights: Path
) -> None:
    desk.open(image_folder("a"))
    table = desk.session.classes
    desk.session.set_classes(table.with_class(table.new_class("Bladder")))
    desk.session.load_weights(weights)
    assert desk.said("does not know Bladder") and desk.session.model.missing == ("Bladder",)
    predict(desk)


def test_of_many_classes_that_weights_lack_some_are_named(desk: Desk, image_folder: Callable, weights: Path) -> None:
    desk.open(image_folder("a"))
    table = desk.session.classes
    for number in range(30):
        table = table.with_class(table.new_class(f"cell {number}"))
    desk.session.set_classes(table)
    desk.session.load_weights(weights)
    assert desk.said("cell 9, ... (30): it never predicts them") and not desk.said("cell 10")


def test_weights_whose_score_is_no_number_count_as_not_measured(
    desk: Desk, image_folder: Callable, tmp_path: Path, weights: Path
) -> None:
    desk.open(image_folder("a"))
    odd = tmp_path / "odd.safetensors"
    save(odd, dataclasses.replace(load(weights), metrics={"mean_dice": "abc"}))
    desk.session.load_weights(odd)
    assert desk.session.model.path == odd and desk.session.model.mean_dice is None


def test_a_class_table_the_model_knows_nothing_of(
    desk: Desk, image_folder: Callable, tmp_path: Path, weights: Path
) -> None:
    desk.open(image_folder("a"))
    own = tmp_path / "own.safetensors"
    save(own, dataclasses.replace(load(weights), metrics={"mean_dice": 0.9}))
    desk.session.load_weights(own)
    assert desk.session.model.mean_dice == 0.9
    desk.session.set_classes(ClassTable.from_json([{"name": "Nothing", "uid": "x"}, {"name": "Something", "uid": "y"}]))
    desk.settle()
    assert desk.session.model.mean_dice is None
    desk.session.predict()
    desk.wait(lambda: desk.said("knows none of the classes"))


def test_closing_while_predicting_ends_at_once(make_desk: Callable, image_folder: Callable) -> None:
    desk = make_desk()
    desk.open(image_folder(*(f"i{number:03d}" for number in range(200))))
    predict(desk)
    desk.session.predict_folder()
    desk.wait(lambda: desk.session.folder.entry("i002.png").status == Status.PREDICTED)
    assert desk.session.close()
    assert not desk.session.jobs.busy("predict") or desk.session.workspace is None


def test_one_image_that_cannot_be_written_does_not_cost_the_others_theirs(
    desk: Desk, image_folder: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.open(image_folder("a", "b", "c"))
    workspace = desk.session.workspace
    write = workspace.write_prediction

    def full_for_a_moment(name: str, prediction: Prediction) -> object:
        if name == "a.png":
            raise WorkspaceError("{name} could not be saved: File name too long.", name=name)
        return write(name, prediction)

    monkeypatch.setattr(workspace, "write_prediction", full_for_a_moment)
    desk.session.predict_folder()
    desk.settle()
    assert desk.said("Images that could not be predicted: 1; the first: a.png could not be saved")
    statuses = [desk.session.folder.entry(f"{stem}.png").status for stem in "abc"]
    assert statuses == [Status.NONE, Status.PREDICTED, Status.PREDICTED]


@pytest.fixture
def failing_gpu(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The second image that is predicted meets a driver that fails; who predicted is listed."""
    import torch

    from model.inference import Inference

    start, calls = Inference.start, []

    def failing(self: object, *arguments: object) -> object:
        calls.append(self)
        if len(calls) == 2:
            raise torch.AcceleratorError("CUDA error: unspecified launch failure")
        return start(self, *arguments)

    monkeypatch.setattr(Inference, "start", failing)
    return calls


def test_a_prediction_that_loses_the_gpu_fails_and_the_next_is_made_on_the_cpu(
    desk: Desk, image_folder: Callable, failing_gpu: list[object]
) -> None:
    desk.open(image_folder("a", "b"))
    predict(desk)
    desk.session.next_image()
    desk.wait(lambda: desk.session.document.name == "b.png")
    desk.session.predict()
    desk.settle()
    assert desk.said("has stopped working (CUDA error: unspecified launch failure); the program goes on on the CPU")
    predict(desk)
    assert len(desk.notices) == 1 and failing_gpu[2] is not failing_gpu[1]


def test_a_folder_goes_on_on_the_cpu_when_the_gpu_fails(
    desk: Desk, image_folder: Callable, failing_gpu: list[object]
) -> None:
    desk.open(image_folder("a", "b", "c", "d"))
    desk.session.predict_folder()
    desk.settle()
    assert all(entry.status == Status.PREDICTED for entry in desk.session.folder.entries)
    assert len(desk.notices) == 1 and desk.said("CUDA error: unspecified launch failure")


def test_classes_that_change_meanwhile_are_those_of_the_rest_of_the_folder(
    desk: Desk, image_folder: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.open(image_folder(*(f"i{number:02d}" for number in range(12))))
    workspace, table = desk.session.workspace, desk.session.classes
    write, seen = workspace.write_prediction, []

    def change_once(name: str, prediction: Prediction) -> object:
        entry = write(name, prediction)
        seen.append((name, len(prediction.values)))
        if len(seen) == 3:
            workspace.set_classes(ClassTable(table.classes[:5]))
        return entry

    monkeypatch.setattr(workspace, "write_prediction", change_once)
    desk.session.predict_folder()
    desk.settle()
    assert {name for name, _ in seen} == {f"i{number:02d}.png" for number in range(12)}
    assert [count for _, count in seen][:3] == [14, 14, 14] and seen[-1][1] == 5


def test_a_class_that_is_recoloured_does_not_load_the_model_again(
    desk: Desk, image_folder: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a GPU that takes a second."""
    from model.segmenter import Segmenter

    load, loaded = Segmenter.load, []
    monkeypatch.setattr(Segmenter, "load", lambda *given: loaded.append(given) or load(*given))
    desk.open(image_folder("a"))
    table = desk.session.classes
    liver = dataclasses.replace(table.by_uid("liver"), name="My liver", color=(1, 2, 3))
    for changed, times in ((table.replaced(liver), 1), (table.with_class(table.new_class("Tumour")), 2)):
        desk.session.predict()
        desk.settle()
        desk.session.set_classes(changed)
        desk.session.predict()
        desk.settle()
        assert len(loaded) == times


def test_the_image_that_the_user_has_just_gone_to_is_predicted(desk: Desk, image_folder: Callable) -> None:
    folder = image_folder("a", "b")
    desk.open(folder)
    desk.session.next_image()
    assert desk.session.document.name == "a.png"
    predict(desk)
    assert desk.session.document.name == "b.png" and predicted(folder, "b.png") is not None
    assert predicted(folder, "a.png") is None


def test_what_was_asked_for_an_image_that_does_not_open_comes_to_nothing(desk: Desk, image_folder: Callable) -> None:
    folder = image_folder("a", "b", "c")
    desk.open(folder)
    (folder / "b.png").write_bytes(b"damaged")
    desk.session.open_image("b.png")
    desk.session.predict()
    desk.settle()
    desk.session.open_image("c.png")
    desk.settle()
    assert desk.session.document.name == "c.png" and not list((folder / "segmentation/predictions").glob("*.png"))


def test_a_prediction_that_changes_nothing_says_so(desk: Desk, image_folder: Callable) -> None:
    desk.open(image_folder("a"))
    predict(desk)
    desk.session.predict_folder()
    desk.settle()
    assert not desk.said("changes nothing")
    desk.session.predict()
    desk.wait(lambda: desk.said("shown already"))
    desk.paint()
    desk.session.predict()
    desk.wait(lambda: desk.said("what a person has set stays"))


def test_an_image_that_is_gone_when_the_folder_is_looked_at_again_ends_no_prediction(
    desk: Desk, image_folder: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"i{number:02}" for number in range(40)]
    folder, gone = image_folder(*names, side=96), threading.Event()
    done = lambda: len(list((folder / "segmentation/predictions").glob("*.json")))

    monkeypatch.setattr("lsgui.folder_predicting.read_image", read_late("i20", gone))
    desk.open(folder)
    desk.session.predict_folder()
    desk.wait(lambda: done() > 3)
    (folder / "i30.png").unlink()
    desk.session.reload_folder()
    gone.set()
    desk.wait(lambda: not desk.session.jobs.busy("predict"), 60)
    desk.settle()
    assert done() == 39 and not desk.said("did not expect")


def test_a_prediction_that_waits_for_its_image_can_be_cancelled(
    desk: Desk, image_folder: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = image_folder("a", "b")
    desk.open(folder)
    go_on = threading.Event()

    def slowly(*given: object) -> Image:
        assert go_on.wait(20)
        return read_image(*given)

    monkeypatch.setattr("lsgui.opening.read_image", slowly)
    desk.session.next_image()
    desk.session.predict()
    assert desk.session.predicting and desk.session.document.name == "a.png"
    desk.session.cancel_prediction()
    assert not desk.session.predicting
    go_on.set()
    desk.wait(lambda: desk.session.document.name == "b.png")
    desk.settle()
    assert desk.session.prediction is None and predicted(folder, "b.png") is None and desk.notices == []
