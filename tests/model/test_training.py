"""Fine-tuning a small network on small pictures: what comes out, what is refused, and what ends it."""

from __future__ import annotations

import dataclasses
import errno
import json
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from model.batches import ViewPlan
from model.checkpoint import Checkpoint, load, save
from model.classes import Class, ClassTable
from model.errors import CheckpointError, OutOfMemory, TrainingError
from model.events import Baseline, Epoch, Event, Failed, Finished, Notice, Started, Step, Stopped
from model.files import sha256
from model.images import read_image
from model.interpolation import START_SHARE_ON_CPU
from model.judge import Judge
from model.labels import BEYOND, UNTOUCHED, read_label, write_label
from model.layout import Layout
from model.learner import Learner
from model.network import LightningUnet
from model.options import FineTuneOptions
from model.pillow import pillow
from model.plane_source import of_arrays
from model.progress import Cancelled
from model.provenance import HUMAN, MODEL
from model.run_log import only_one
from model.runs import RunState, list_runs, read_events, read_run
from model.schedule import STEADY_RATE, Clock
from model.scoring import Scores
from model.seen_units import seen_units
from model.segmenter import Segmenter
from model.survey import Survey, survey
from model.trainer import Trainer
from model.training import fine_tune
from model.training_notices import nothing_known
from model.unlabelled import unlabelled
from model.workspace import Workspace
from tests.model.conftest import blob_checkpoint, blob_picture, make_blobs

QUICK = FineTuneOptions(epochs=1, batch=1, learning_rate=3e-3, device="cpu")


def train(folder: Path, options: FineTuneOptions, **more: object) -> list[Event]:
    events: list[Event] = []
    fine_tune(Workspace.peek(folder), options, events.append, **more)
    return events


def of(kind: type, events: list[Event]) -> list:
    return [event for event in events if isinstance(event, kind)]


def labels(folder: Path) -> Layout:
    return Layout(folder / "segmentation")


def test_a_few_labels_make_a_model_that_scores_better_than_the_one_before(blobs, blob_weights):
    options = dataclasses.replace(QUICK, weights=blob_weights, epochs=3)
    events = train(blobs, options)
    assert isinstance(events[0], Started) and (events[0].train, events[0].held_out) == (4, 1)
    assert events[0].classes == ["background", "disk", "bar"]
    baseline, finished = of(Baseline, events)[0], of(Finished, events)[0]
    points = of(Epoch, events)
    assert [point.epoch for point in points] == [1, 2, 3] and points[-1].loss < points[0].loss
    assert finished.verdict == "better" and finished.dice["disk"] > 0.8 > baseline.dice["disk"]
    assert finished.mean == points[-1].mean, "the weights that were scored are those published"
    assert "background" not in finished.dice


def test_a_training_that_is_finished_early_is_scored_and_published_in_one_more_epoch(blobs, blob_weights):
    events: list[Event] = []
    options = dataclasses.replace(QUICK, weights=blob_weights, epochs=12, seconds=600.0)
    finish = lambda: len(of(Step, events)) > 2
    started = time.monotonic()
    run = fine_tune(Workspace.peek(blobs), options, events.append, finish=finish)
    assert time.monotonic() - started < 300, "half of the time that it was given"
    (point,), (finished,) = of(Epoch, events), of(Finished, events)
    assert (point.epoch, point.epochs) == (1, 12) and finished.mean is not None
    assert run.state is RunState.DONE and run.weights.is_file() and not run.resumable


@pytest.fixture
def paced(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, int | None]]:
    """Steps that learn nothing and take a second each: of every one its rate, and after how many all weights were kept."""
    now, told = [0.0], []

    def step(trainer: Trainer, pixels: object, channels: object, rate: float, *more: object) -> float:
        now[0] += 1
        told.append((rate, trainer._optimiser.average.kept_from))
        trainer._optimiser.average.steps += 1
        return 0.5

    monkeypatch.setattr(Trainer, "step", step)
    monkeypatch.setattr("model.schedule.time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr("model.schedule.MANY_STEPS", 100)
    return told


@pytest.mark.parametrize("at", [38, 45])  # before and after its length can be foreseen
def test_a_training_that_is_finished_early_before_it_was_long_winds_its_rate_down(blobs, blob_weights, paced, at):
    options = dataclasses.replace(QUICK, weights=blob_weights, epochs=2, seconds=200.0)
    train(blobs, options, finish=lambda: len(paced) >= at)
    rates, kept = zip(*paced, strict=True)
    assert len(paced) < 75 and rates[-1] < 0.1 and set(kept) == {None}


@pytest.mark.parametrize(("length", "ends"), [({"seconds": 200.0, "epochs": 4}, 127), ({"epochs": 2}, 26)])
def test_the_steps_of_what_is_finished_early_are_spread_over_the_rest_of_its_epoch(
    blobs, blob_weights, paced, monkeypatch, length, ends
):
    monkeypatch.setattr("model.training.STEP_SECONDS", 0.0)
    options = dataclasses.replace(QUICK, weights=blob_weights, **length)
    at = 110 if "seconds" in length else 18  # of 50, or of 20, steps in an epoch
    events = train(blobs, options, finish=lambda: len(paced) >= at)
    last = of(Epoch, events)[-1].epoch
    points = [event.step / event.steps for event in of(Step, events) if event.epoch == last]
    assert len(paced) == ends and points == sorted(points) and 1 <= points.count(1.0) <= 2, points


@pytest.mark.parametrize("at", [None, 110, 150])
def test_one_that_is_long_keeps_its_rate_also_when_it_is_finished_early(blobs, blob_weights, paced, at):
    options = dataclasses.replace(QUICK, weights=blob_weights, epochs=2, seconds=200.0)
    train(blobs, options, finish=lambda: at is not None and len(paced) >= at)
    rates, kept = zip(*paced, strict=True)
    assert rates[-1] == pytest.approx(STEADY_RATE) and len(paced) == {None: 200, 110: 127, 150: 173}[at]
    assert kept[-1] == (112 if at == 110 else 120) and kept[99] is None


def test_what_was_finished_early_and_stopped_while_it_was_scored_keeps_the_weights_of_its_own_end(
    blobs, blob_weights, paced, monkeypatch
):
    """It goes on in full: with the rate of then, at which weights are not worth keeping."""
    options, score = dataclasses.replace(QUICK, weights=blob_weights, epochs=2, seconds=400.0), Judge.score

    def stopped(judge: Judge, checkpoint: object) -> object:
        if len(paced) > 180:
            raise Cancelled
        return score(judge, checkpoint)

    with monkeypatch.context() as patch:
        patch.setattr(Judge, "score", stopped)
        run = fine_tune(Workspace.peek(blobs), options, lambda event: None, finish=lambda: len(paced) >= 160)
    assert run.resumable and len(paced) == 184 and paced[-1][1] is not None
    train(blobs, FineTuneOptions(resume=True, device="cpu"))
    assert len(paced) == 400 and [kept for _, kept in paced[184:]] == [None] * 56 + [240] * 160


def without_numbers(checkpoint: Checkpoint) -> Checkpoint:
    broken = {name: np.full_like(tensor, np.nan) for name, tensor in checkpoint.tensors.items()}
    return dataclasses.replace(checkpoint, tensors=broken)


def test_weights_that_are_no_numbers_are_not_published(blobs, blob_weights, monkeypatch):
    labels(blobs).label("e.png").unlink()  # nothing is held out that would show it
    averaged = Learner.averaged
    monkeypatch.setattr(Learner, "averaged", lambda *given, **how: without_numbers(averaged(*given, **how)))
    with pytest.raises(TrainingError, match="no numbers"):
        train(blobs, dataclasses.replace(QUICK, weights=blob_weights, epochs=None, seconds=0.01))
    (run,) = list_runs(blobs / "segmentation")
    assert run.state is RunState.FAILED and run.weights is None and not run.resumable


def test_a_training_does_not_start_from_weights_that_are_no_numbers(blobs, blob_weights):
    save(blob_weights, without_numbers(load(blob_weights)))
    with pytest.raises(CheckpointError, match="no numbers"):
        train(blobs, dataclasses.replace(QUICK, weights=blob_weights))
    assert not list_runs(blobs / "segmentation")


def test_a_score_that_fails_costs_no_epoch(blobs, blob_weights, monkeypatch):
    options = dataclasses.replace(QUICK, weights=blob_weights, epochs=2)
    whole = of(Finished, train(blobs, options))[0]

    events, score = [], Judge.score

    def scored(judge: Judge, checkpoint: Checkpoint) -> Scores:
        if of(Step, events):
            raise MemoryError
        return score(judge, checkpoint)

    for done, begun in enumerate((options, FineTuneOptions(resume=True, device="cpu"))):
        with monkeypatch.context() as patch, pytest.raises(TrainingError):
            patch.setattr(Judge, "score", scored)
            fine_tune(Workspace.peek(blobs), begun, events.append)
        assert list_runs(blobs / "segmentation")[-1].resumable
        assert [point.epoch for point in of(Epoch, events)] == [1][:done], (
            "what could not be scored is, when it goes on"
        )
        events.clear()
    rest = train(blobs, FineTuneOptions(resume=True, device="cpu"))
    assert not of(Step, rest) and [point.epoch for point in of(Epoch, rest)] == [2]
    assert of(Finished, rest)[0].mean == pytest.approx(whole.mean, abs=1e-3)
    assert of(Finished, rest)[0].run == 2


def test_a_time_that_was_asked_for_and_not_needed_is_told(blobs, blob_weights, monkeypatch):
    monkeypatch.setattr("model.plan.ENOUGH_VIEWS", 6)
    monkeypatch.setattr("model.plan.ENOUGH_OF_AN_IMAGE", 1)
    options = dataclasses.replace(QUICK, weights=blob_weights)
    events = train(blobs, dataclasses.replace(options, seconds=600.0, epochs=None))
    assert any("before its time" in event.template and event.values["steps"] == 6 for event in of(Notice, events))
    assert of(Finished, events)
    events = train(blobs, dataclasses.replace(options, seconds=None, epochs=1))
    assert not any("before its time" in event.template for event in of(Notice, events))


def test_the_published_weights_predict_the_classes_of_the_workspace(blobs, blob_weights):
    events = train(blobs, dataclasses.replace(QUICK, weights=blob_weights, epochs=2))
    path = Path(of(Finished, events)[0].weights)
    checkpoint = load(path)
    assert [item.uid for item in checkpoint.classes.classes] == ["background", "disk", "bar"]
    assert checkpoint.parent == "start" and checkpoint.metrics["dice"] == of(Finished, events)[0].dice
    assert 0 < checkpoint.metrics["nearest_label_mean_dice"] < 1
    prediction = Segmenter.load(path, "cpu").predict(read_image(blobs / "e.png"))
    truth = read_label(labels(blobs).label("e.png"), None, None)
    assert (prediction.label_map[truth == 5] == 5).mean() > 0.8


def test_the_confidence_of_the_published_weights_is_calibrated_on_held_out_images(blobs, blob_weights):
    before = after = 0.0
    for seed in range(3):  # what so small a network learns in so few steps is chance
        events = train(blobs, dataclasses.replace(QUICK, weights=blob_weights, epochs=2, seed=seed))
        made = load(Path(of(Finished, events)[0].weights))
        assert made.temperature != 1 and 0 <= made.metrics["calibration_error"] < 0.1
        before, after = before + made.metrics["uncalibrated_error"], after + made.metrics["calibration_error"]
    assert after < before / 2


def test_without_a_held_out_image_the_temperature_of_the_start_is_kept(blobs, blob_weights):
    labels(blobs).label("e.png").unlink()
    save(blob_weights, dataclasses.replace(load(blob_weights), temperature=1.5))
    made = load(Path(of(Finished, train(blobs, dataclasses.replace(QUICK, weights=blob_weights)))[0].weights))
    assert made.temperature == 1.5 and made.metrics["calibration_error"] is None


def test_images_and_pixels_without_a_label_are_learned_from_when_that_is_wanted(blobs, blob_weights, monkeypatch):
    borders = []
    monkeypatch.setattr("model.learner.ViewPlan", lambda *given: borders.append(given[-1]) or ViewPlan(*given))
    train(blobs, dataclasses.replace(QUICK, weights=blob_weights, unlabelled=False))
    label = read_label(labels(blobs).label("a.png"), None, None)
    label[:, 32:] = 255
    workspace = Workspace.open(blobs)
    planes = of_arrays(label, np.full(label.shape, HUMAN, np.uint8))
    workspace.save_label("a.png", read_image(blobs / "a.png"), planes, accepted=False)
    workspace.close()
    for number in range(12):
        pillow.fromarray(np.full((64, 64), 20 * number, np.uint8)).save(blobs / f"z{number}.png")
    (blobs / "z3.png").write_bytes(b"damaged")
    events = train(blobs, dataclasses.replace(QUICK, weights=blob_weights, epochs=3, batch=2, unlabelled=True))
    assert of(Finished, events)[0].dice["disk"] > 0.5 and not of(Notice, events)
    looked_at = unlabelled(Workspace.peek(blobs))
    assert of(Started, events)[0].train == 4 and of(Started, events)[0].unlabelled == len(looked_at) == 8
    assert seen_units(labels(blobs)) == {path.name for path in looked_at}
    assert borders == [UNTOUCHED, BEYOND], "a teacher says nothing of what is no image"


def test_a_class_that_no_held_out_label_shows_is_told(blobs, blob_weights):
    held_out = labels(blobs).label("e.png")
    label = read_label(held_out, None, None)
    write_label(held_out, np.where(label == 5, 0, label).astype(np.uint8), Workspace.peek(blobs).classes)
    events = train(blobs, dataclasses.replace(QUICK, weights=blob_weights))
    told = [notice.values["classes"] for notice in of(Notice, events) if "held-out label" in notice.template]
    assert told == [["Disk"]] and of(Finished, events)[0].dice.keys() == {"bar"}


def test_a_view_without_a_label_is_no_point_of_the_curve(blobs, blob_weights, monkeypatch):
    """Its loss is 0 until the teacher is sure of something, and on a CPU it is a step of its own."""
    monkeypatch.setattr("model.training.STEP_SECONDS", 0.0)
    for number in range(12):
        pillow.fromarray(np.full((64, 64), 20 * number, np.uint8)).save(blobs / f"z{number}.png")
    options = dataclasses.replace(QUICK, weights=blob_weights, epochs=2, unlabelled=True)
    events = train(blobs, options)
    losses = [event.loss for kind in (Step, Epoch) for event in of(kind, events)]
    assert len(losses) > 4 and min(losses) > 0.2 * max(losses)


def test_a_resumed_training_that_first_sees_no_label_is_no_point_of_the_curve_either(blobs, blob_weights, monkeypatch):
    monkeypatch.setattr("model.plan.FEWEST_STEPS", 5)
    for number in range(12):
        pillow.fromarray(np.full((64, 64), 20 * number, np.uint8)).save(blobs / f"z{number}.png")
    options = dataclasses.replace(QUICK, weights=blob_weights, epochs=2, unlabelled=True)
    events: list[Event] = []
    fine_tune(Workspace.peek(blobs), options, events.append, stop=lambda: bool(of(Epoch, events)))
    rest = train(blobs, FineTuneOptions(resume=True, device="cpu"))
    assert of(Step, rest)[0].loss == of(Epoch, events)[0].loss


def test_a_run_keeps_its_settings_events_labels_and_weights(blobs, blob_weights):
    events = train(blobs, dataclasses.replace(QUICK, weights=blob_weights))
    (run,) = list_runs(blobs / "segmentation")
    assert run.state == RunState.DONE and run.weights.is_file() and not run.resume_path.exists()
    assert read_events(run) == events
    assert json.loads(run.config_path.read_text())["options"]["weights"] == str(blob_weights)
    used = json.loads((run.folder / "labels.json").read_text())["labels"]
    assert [(item["image"], item["split"]) for item in used][3:] == [("d.png", "train"), ("e.png", "held_out")]
    assert used[0]["sha256"] == sha256(labels(blobs).label("a.png"))


def test_training_from_scratch_reads_grey_pictures_by_percentiles_and_cannot_compare(blobs):
    options = dataclasses.replace(QUICK, preset="tiny", crop=32, epochs=2, seconds=0.01)
    events = train(blobs, options)
    finished = of(Finished, events)[0]
    assert not of(Baseline, events) and finished.verdict == "cannot_judge" and finished.mean is not None
    assert load(Path(finished.weights)).input.kind == "percentile"
    assert load(Path(finished.weights)).metrics["steps"] == 1, "even without any time there is one"


def test_a_training_ends_when_its_time_is_up_though_epochs_are_left(blobs, blob_weights, monkeypatch):
    """Here the second scoring takes all of the time."""
    events: list[Event] = []

    def seconds(clock: Clock) -> float:
        return min(29.0, time.monotonic() - clock._start) if len(of(Epoch, events)) < 2 else 31.0

    monkeypatch.setattr(Clock, "seconds", property(seconds))
    options = dataclasses.replace(QUICK, weights=blob_weights, epochs=100, seconds=30.0)
    run = fine_tune(Workspace.peek(blobs), options, events.append)
    steps = load(run.weights).metrics["steps"]
    points = of(Epoch, events)
    assert [point.epoch for point in points] == [1, 2] and of(Finished, events)[0].mean == points[-1].mean
    assert steps >= 2 and not run.resume_path.exists()


def test_without_a_held_out_image_it_says_that_it_cannot_judge(blobs, blob_weights):
    labels(blobs).label("e.png").unlink()
    events = train(blobs, dataclasses.replace(QUICK, weights=blob_weights))
    finished = of(Finished, events)[0]
    assert finished.verdict == "cannot_judge" and finished.mean is None
    assert of(Epoch, events)[0].mean is None and of(Epoch, events)[0].dice == {}


def test_a_damaged_and_a_wrong_sized_label_are_named_left_out_and_left_alone(blobs, blob_weights):
    damaged, wrong = labels(blobs).label("a.png"), labels(blobs).label("b.png")
    damaged.write_bytes(damaged.read_bytes()[:60])
    write_label(wrong, np.zeros((10, 12), np.uint8), Workspace.peek(blobs).classes)
    before = damaged.read_bytes(), wrong.read_bytes()
    events = train(blobs, dataclasses.replace(QUICK, weights=blob_weights))
    assert events[0].train == 2 and of(Finished, events)
    assert [notice.values["name"] for notice in of(Notice, events)] == ["a.png", "b.png"]
    assert "12 x 10" in str(of(Notice, events)[1].message)
    assert (damaged.read_bytes(), wrong.read_bytes()) == before


def test_too_few_labels_are_refused_in_one_sentence(blobs, blob_weights):
    for path in (blobs / "segmentation" / "labels").glob("*.png"):
        path.unlink()
    events: list[Event] = []
    with pytest.raises(TrainingError, match="save an image as label first"):
        fine_tune(Workspace.peek(blobs), dataclasses.replace(QUICK, weights=blob_weights), events.append)
    assert [type(event) for event in events] == [Failed]
    assert list_runs(blobs / "segmentation") == []


@pytest.mark.parametrize("options", [QUICK, dataclasses.replace(QUICK, resume=True)])
def test_a_folder_in_which_there_is_nothing_to_learn_from_is_left_as_it_is(tmp_path, options):
    pillow.fromarray(blob_picture(0)[0]).save(tmp_path / "a.png")
    events: list[Event] = []
    with pytest.raises(TrainingError):
        fine_tune(Workspace.peek(tmp_path), options, events.append)
    assert of(Failed, events) and [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_labels_of_a_single_class_are_refused_because_they_would_ruin_the_model(blobs, blob_weights):
    classes = Workspace.peek(blobs).classes
    for path in (blobs / "segmentation" / "labels").glob("*.png"):
        label = read_label(path, None, None)
        write_label(path, np.where(label == 5, 5, 255).astype(np.uint8), classes)
    with pytest.raises(TrainingError, match="only the class Disk"):
        train(blobs, dataclasses.replace(QUICK, weights=blob_weights))


def test_a_full_disk_before_the_run_has_begun_is_told_as_an_event(blobs, blob_weights, monkeypatch):
    def no_room(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("model.run_log.new_run", no_room)
    events: list[Event] = []
    with pytest.raises(TrainingError, match="No space left on device"):
        fine_tune(Workspace.peek(blobs), dataclasses.replace(QUICK, weights=blob_weights), events.append)
    assert [type(event) for event in events] == [Failed]


def test_an_image_that_goes_away_meanwhile_does_not_cost_the_training(blobs, blob_weights):
    events: list[Event] = []

    def hear(event: Event) -> None:
        events.append(event)
        if isinstance(event, Epoch):
            (blobs / "d.png").unlink()

    run = fine_tune(Workspace.peek(blobs), dataclasses.replace(QUICK, weights=blob_weights), hear)
    assert run.state == RunState.DONE and any("d.png" in str(notice.values) for notice in of(Notice, events))


def test_a_run_is_done_once_its_weights_are_in_place_whoever_has_stopped_listening(blobs, blob_weights):
    heard: list[Event] = []

    def hear(event: Event) -> None:
        heard.append(event)
        if isinstance(event, Finished):
            raise BrokenPipeError("nobody reads")
        if isinstance(event, Epoch):  # from now on the events cannot be kept
            path = read_run(blobs / "segmentation/runs/0001").events_path
            path.unlink()
            path.mkdir()

    run = fine_tune(Workspace.peek(blobs), dataclasses.replace(QUICK, weights=blob_weights), hear)
    assert run.state == read_run(run.folder).state == RunState.DONE and run.weights.exists()
    assert of(Finished, heard) and not of(Failed, heard)


@pytest.mark.parametrize(("moment", "baselines"), [(Started, 1), (Epoch, 2)])
def test_a_held_out_image_that_goes_away_is_left_out_for_both_models(
    tmp_path, blob_weights, monkeypatch, moment, baselines
):
    folder = make_blobs(tmp_path / "ten", labels=10, images=10)
    monkeypatch.setattr("model.judge.KEPT_TRUTHS", 1)  # so that every scoring reads the files again
    events: list[Event] = []

    def hear(event: Event) -> None:
        events.append(event)
        if isinstance(event, moment):
            (folder / "j.png").unlink(missing_ok=True)

    run = fine_tune(Workspace.peek(folder), dataclasses.replace(QUICK, weights=blob_weights, epochs=2), hear)
    assert of(Started, events)[0].held_out == 2
    told = [notice for notice in of(Notice, events) if "left out of the comparison" in notice.template]
    assert [notice.values["name"] for notice in told] == ["j.png"]
    assert load(run.weights).metrics["held_out"] == ["e.png"]
    scored, finished = of(Baseline, events), of(Finished, events)[0]
    assert len(scored) == baselines and scored[-1].mean == finished.baseline_mean and finished.verdict != "cannot_judge"


def test_a_held_out_label_that_is_saved_anew_is_left_out_for_both_models(tmp_path, blob_weights, monkeypatch):
    """Where not all are kept in memory: the model before was scored on another one."""
    folder = make_blobs(tmp_path / "ten", labels=10, images=10)
    monkeypatch.setattr("model.judge.KEPT_TRUTHS", 1)
    events: list[Event] = []

    def hear(event: Event) -> None:
        events.append(event)
        if isinstance(event, Epoch) and event.epoch == 1:
            label = read_label(labels(folder).label("j.png"), None, None)
            write_label(labels(folder).label("j.png"), np.zeros_like(label), Workspace.peek(folder).classes)

    run = fine_tune(Workspace.peek(folder), dataclasses.replace(QUICK, weights=blob_weights, epochs=2), hear)
    told = [notice for notice in of(Notice, events) if "left out of the comparison" in notice.template]
    assert [notice.values["name"] for notice in told] == ["j.png"] and "changed" in str(told[0].message)
    assert load(run.weights).metrics["held_out"] == ["e.png"]
    assert of(Baseline, events)[-1].mean == of(Finished, events)[0].baseline_mean


def test_two_trainings_of_one_workspace_do_not_run_at_once(blobs, blob_weights):
    with only_one(blobs / "segmentation"), pytest.raises(TrainingError, match="Another fine-tuning is running"):
        train(blobs, dataclasses.replace(QUICK, weights=blob_weights))
    assert list_runs(blobs / "segmentation") == []
    assert of(Finished, train(blobs, dataclasses.replace(QUICK, weights=blob_weights)))


def test_what_a_killed_training_was_writing_is_cleared_away(blobs):
    runs = blobs / "segmentation" / "runs"
    halves = runs / "0001" / ".1234.part", runs / ".5678.part"
    for half in halves:
        half.parent.mkdir(parents=True, exist_ok=True)
        half.write_bytes(b"half of the weights, or of what it was going to look at")
    with only_one(blobs / "segmentation"):
        assert not any(half.exists() for half in halves) and (runs / "0001").exists()


def test_a_training_that_diverges_says_so_and_is_not_resumed(blobs, blob_weights):
    with pytest.raises(TrainingError, match="diverged"):
        train(blobs, dataclasses.replace(QUICK, weights=blob_weights, learning_rate=1e9))
    assert [(run.state, run.resumable) for run in list_runs(blobs / "segmentation")] == [(RunState.FAILED, False)]


def test_stopping_keeps_no_weights_and_says_so(blobs, blob_weights):
    events: list[Event] = []
    options = dataclasses.replace(QUICK, weights=blob_weights, epochs=50)
    run = fine_tune(Workspace.peek(blobs), options, events.append, stop=lambda: len(of(Epoch, events)) >= 2)
    assert isinstance(events[-1], Stopped) and run.state == RunState.CANCELLED and run.weights is None
    assert read_run(run.folder).resumable


def published(events: list[Event]) -> Checkpoint:
    return load(Path(of(Finished, events)[0].weights))


def test_a_share_of_what_was_learned_elsewhere_stays_and_nothing_of_what_was_learned_here(
    blobs, known_weights, blob_weights, monkeypatch
):
    monkeypatch.setattr("model.interpolation.MOST_LOST", 2.0)
    free: list[Checkpoint] = []
    averaged = Learner.averaged
    monkeypatch.setattr(
        Learner, "averaged", lambda *given, **how: free.append(averaged(given[0], 0.0)) or averaged(*given, **how)
    )
    near = published(train(blobs, dataclasses.replace(QUICK, weights=known_weights)))
    for name, tensor in load(known_weights).tensors.items():
        between = START_SHARE_ON_CPU * tensor + (1 - START_SHARE_ON_CPU) * free[-1].tensors[name]
        np.testing.assert_allclose(near.tensors[name], between, rtol=1e-4, atol=1e-6, err_msg=name)
    again = published(train(blobs, dataclasses.replace(QUICK, weights=list_runs(blobs / "segmentation")[0].weights)))
    assert [one.metrics["start_share"] for one in (near, again)] == [START_SHARE_ON_CPU] * 2, (
        "the line of models began elsewhere"
    )
    assert near.metrics["elsewhere"] and again.metrics["elsewhere"]
    retrained = published(train(blobs, dataclasses.replace(QUICK, weights=blob_weights)))
    assert (retrained.metrics["start_share"], retrained.metrics["elsewhere"]) == (0, True), "a class was new"


def test_nothing_stays_of_a_model_that_was_trained_from_scratch_here(blobs):
    one_step = dataclasses.replace(QUICK, preset="tiny", epochs=None, seconds=0.01)
    scratch = of(Finished, train(blobs, one_step))[0]
    own = published(train(blobs, dataclasses.replace(one_step, weights=Path(scratch.weights))))
    assert (own.metrics["start_share"], own.metrics["elsewhere"]) == (0, False)


def test_nothing_stays_of_a_model_that_knew_none_of_the_classes_before_it_was_trained_here(blobs, tmp_path):
    """As of the demonstration's weights in a folder of streets: what they become here has nothing to forget."""
    strange = tmp_path / "strange.safetensors"
    save(
        strange,
        blob_checkpoint(ClassTable((Class("star", 0, "Star", (9, 9, 9)), Class("cloud", 1, "Cloud", (0, 0, 255))))),
    )
    first = of(Finished, train(blobs, dataclasses.replace(QUICK, weights=strange)))[0]
    again = published(train(blobs, dataclasses.replace(QUICK, weights=Path(first.weights))))
    assert (again.metrics["start_share"], again.metrics["elsewhere"]) == (0, False)


def test_nothing_of_the_start_stays_where_that_costs_the_held_out_images_too_much(blobs, known_weights, monkeypatch):
    monkeypatch.setattr("model.interpolation.MOST_LOST", -2.0)
    near: list[Checkpoint] = []
    averaged = Learner.averaged
    monkeypatch.setattr(
        Learner, "averaged", lambda *given, **how: near.append(averaged(given[0])) or averaged(*given, **how)
    )
    events = train(blobs, dataclasses.replace(QUICK, weights=known_weights))
    free = published(events)
    assert (free.metrics["start_share"], free.metrics["elsewhere"]) == (0, True)
    for name, tensor in load(known_weights).tensors.items():
        between = START_SHARE_ON_CPU * tensor + (1 - START_SHARE_ON_CPU) * free.tensors[name]
        np.testing.assert_allclose(near[-1].tensors[name], between, rtol=1e-4, atol=1e-6, err_msg=name)
    (told,) = [event.values for event in of(Notice, events) if "Nothing of the earlier model" in event.template]
    assert told["kept"] == f"{of(Epoch, events)[-1].mean:.3f}" and told["free"] == f"{of(Finished, events)[0].mean:.3f}"


def test_without_a_held_out_image_a_share_of_what_was_learned_elsewhere_stays(blobs, known_weights):
    labels(blobs).label("e.png").unlink()
    made = published(train(blobs, dataclasses.replace(QUICK, weights=known_weights)))
    assert made.metrics["start_share"] == START_SHARE_ON_CPU


def test_a_label_that_is_new_to_the_model_gets_every_second_view(blobs, known_weights, monkeypatch):
    first = of(Finished, train(blobs, dataclasses.replace(QUICK, weights=known_weights)))[0]
    label_map = read_label(labels(blobs).label("b.png"), (64, 64), None)
    label_map[:8] = 255
    write_label(labels(blobs).label("b.png"), label_map, Workspace.peek(blobs).classes)
    seen: list[int] = []
    draw = ViewPlan.draw
    monkeypatch.setattr(
        ViewPlan,
        "draw",
        lambda plan, example, number: (
            seen.append(int((example.channels == UNTOUCHED).sum())) or draw(plan, example, number)
        ),
    )
    options = dataclasses.replace(QUICK, weights=Path(first.weights), unlabelled=False)
    train(blobs, options)
    plan = json.loads(list_runs(blobs / "segmentation")[-1].config_path.read_text())
    assert plan["newer"] == ["b.png"]
    changed = sum(pixels >= 8 * 64 for pixels in seen)
    assert 0.4 * len(seen) <= changed <= 0.6 * len(seen)


def test_a_label_that_came_while_a_run_was_interrupted_is_new_to_its_model(blobs, known_weights):
    events: list[Event] = []
    options = dataclasses.replace(QUICK, weights=known_weights, epochs=2)
    fine_tune(Workspace.peek(blobs), options, events.append, stop=lambda: bool(of(Epoch, events)))
    label_map = read_label(labels(blobs).label("b.png"), (64, 64), None)
    label_map[:8] = 255
    write_label(labels(blobs).label("b.png"), label_map, Workspace.peek(blobs).classes)
    resumed = of(Finished, train(blobs, FineTuneOptions(resume=True, device="cpu")))[0]
    train(blobs, dataclasses.replace(QUICK, weights=Path(resumed.weights)))
    first, second = (json.loads(run.config_path.read_text()) for run in list_runs(blobs / "segmentation"))
    assert (first["newer"], second["newer"]) == ([], ["b.png"])
    assert second["elsewhere"] and load(Path(resumed.weights)).metrics["elsewhere"]


@pytest.mark.parametrize(
    ("unlabelled", "known", "long"),
    [(False, False, False), (True, False, False), (False, True, False), (False, False, True)],
)
def test_a_resumed_training_ends_where_an_undisturbed_one_would(
    blobs, blob_weights, known_weights, unlabelled, known, long, monkeypatch
):
    monkeypatch.setattr("model.interpolation.MOST_LOST", 2.0)
    if long:
        monkeypatch.setattr("model.schedule.MANY_STEPS", 10)
        monkeypatch.setattr("model.learner.STEADY_FROM", 0.3)  # within the first epoch
    blob_weights = known_weights if known else blob_weights
    for number in range(4):
        pillow.fromarray(blob_picture(20 + number)[0]).save(blobs / f"z{number}.png")
    options = dataclasses.replace(QUICK, weights=blob_weights, epochs=2, batch=2, unlabelled=unlabelled)
    whole = of(Finished, train(blobs, options))[0]
    events: list[Event] = []
    run = fine_tune(Workspace.peek(blobs), options, events.append, stop=lambda: bool(of(Epoch, events)))
    assert run.state == RunState.CANCELLED
    rest = train(blobs, FineTuneOptions(resume=True, device="cpu"))
    assert [point.epoch for point in of(Epoch, rest)] == [2]
    assert of(Started, rest)[0].unlabelled == (3 if unlabelled else 0)
    assert of(Baseline, rest)[0].mean == whole.baseline_mean
    resumed = load(Path(of(Finished, rest)[0].weights)).tensors
    for name, tensor in load(Path(whole.weights)).tensors.items():
        np.testing.assert_allclose(resumed[name], tensor, rtol=1e-3, atol=1e-5, err_msg=name)


@pytest.mark.parametrize(("many", "long"), [(20, True), (21, False)])
def test_a_training_of_many_steps_keeps_its_rate_and_all_weights_since(blobs, blob_weights, monkeypatch, many, long):
    monkeypatch.setattr("model.schedule.MANY_STEPS", many)
    told: list[tuple[float, float]] = []
    step = Trainer.step

    def watched(trainer: Trainer, pixels: np.ndarray, channels: np.ndarray, rate: float, *rest: object) -> float:
        told.append((rate, 1 / trainer._optimiser.average.share))
        return step(trainer, pixels, channels, rate, *rest)

    monkeypatch.setattr(Trainer, "step", watched)
    train(blobs, dataclasses.replace(QUICK, weights=blob_weights))
    rates, over = np.array(told).T
    assert len(rates) == 20 and all(rates[12:] == STEADY_RATE) == long and (rates[-1] < 0.1) != long
    assert np.diff(over[12:]) == pytest.approx(1 if long else 1 / 9), "the steps that the average is over"


def test_what_was_stopped_while_it_was_scored_is_scored_when_it_goes_on(blobs, blob_weights, monkeypatch):
    events, score = [], Judge.score

    def stopped(judge: Judge, checkpoint: object) -> object:
        if of(Step, events):
            raise Cancelled
        return score(judge, checkpoint)

    options = dataclasses.replace(QUICK, weights=blob_weights, epochs=2)
    with monkeypatch.context() as patch:
        patch.setattr(Judge, "score", stopped)
        run = fine_tune(Workspace.peek(blobs), options, events.append)
    assert run.state == RunState.CANCELLED and of(Step, events) and not of(Epoch, events)
    points = of(Epoch, train(blobs, FineTuneOptions(resume=True, device="cpu")))
    assert [point.epoch for point in points] == [1, 2] and all(point.mean is not None for point in points)


def test_a_resumed_training_compares_both_models_on_the_labels_of_today(blobs, blob_weights):
    options = dataclasses.replace(QUICK, weights=blob_weights, epochs=2)
    events: list[Event] = []
    run = fine_tune(Workspace.peek(blobs), options, events.append, stop=lambda: bool(of(Epoch, events)))
    held_out = labels(blobs).label("e.png")
    label = read_label(held_out, None, None)
    write_label(held_out, np.where(label == 5, 0, label).astype(np.uint8), Workspace.peek(blobs).classes)
    rest = train(blobs, FineTuneOptions(resume=True, device="cpu"))
    assert "disk" in of(Baseline, events)[0].dice
    assert of(Baseline, rest)[0].dice.keys() == of(Finished, rest)[0].dice.keys() == {"bar"}
    used = {item["image"]: item["sha256"] for item in json.loads((run.folder / "labels.json").read_text())["labels"]}
    assert used["e.png"] == sha256(held_out)


def test_a_resumed_training_learns_from_the_labels_that_it_began_with(blobs, blob_weights):
    workspace, name = Workspace.peek(blobs), "a.png"
    label = read_label(labels(blobs).label(name), None, None)
    planes = of_arrays(label, np.full(label.shape, MODEL, np.uint8))
    workspace.save_label(name, read_image(blobs / name), planes, accepted=False)
    options = dataclasses.replace(QUICK, weights=blob_weights, epochs=2, model_labels=0.5)
    events: list[Event] = []
    fine_tune(Workspace.peek(blobs), options, events.append, stop=lambda: bool(of(Epoch, events)))
    rest = train(blobs, FineTuneOptions(resume=True, device="cpu"))
    assert of(Started, rest)[0].train == of(Started, events)[0].train
    assert (
        of(Started, train(blobs, dataclasses.replace(options, model_labels=0.0)))[0].train < of(Started, rest)[0].train
    )


def test_what_is_stopped_on_a_full_disk_says_that_it_has_stopped(blobs, blob_weights, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    events: list[Event] = []

    def stop() -> bool:
        if not of(Epoch, events):
            return False
        monkeypatch.setattr("model.run_log.save_run", full)
        monkeypatch.setattr("model.run_log.disk.append", full)
        return True

    fine_tune(Workspace.peek(blobs), dataclasses.replace(QUICK, weights=blob_weights, epochs=50), events.append, stop)
    assert isinstance(events[-1], Stopped)


def test_weights_that_a_full_disk_does_not_take_can_be_had_by_resuming(blobs, blob_weights, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    options = dataclasses.replace(QUICK, weights=blob_weights, epochs=3)
    with monkeypatch.context() as patch:
        patch.setattr(
            "model.training.SAVING_SHARE", 1e-6
        )  # the state is saved after the first epoch, and not the second
        patch.setattr("model.run_log.save", full)
        with pytest.raises(TrainingError, match="No space left on device.*resume it"):
            train(blobs, options)
    rest = train(blobs, FineTuneOptions(resume=True, device="cpu"))
    assert not of(Step, rest) and of(Finished, rest)


def test_a_run_that_cannot_be_begun_does_not_seem_to_be_at_work(blobs, blob_weights, monkeypatch):
    monkeypatch.setattr("model.run_log.write_json", lambda path, data: path.with_name("gone").read_bytes())
    with pytest.raises(TrainingError, match="cannot write") as caught:
        train(blobs, dataclasses.replace(QUICK, weights=blob_weights))
    assert caught.value and [run.state for run in list_runs(blobs / "segmentation")] == [RunState.FAILED]


def test_a_baseline_of_other_labels_is_forgotten_before_the_new_ones_are_written(blobs, blob_weights, monkeypatch):
    options = dataclasses.replace(QUICK, weights=blob_weights, epochs=2)
    events: list[Event] = []
    run = fine_tune(Workspace.peek(blobs), options, events.append, stop=lambda: bool(of(Epoch, events)))
    labels(blobs).label("a.png").unlink()
    assert read_run(run.folder).baseline_mean is not None
    with monkeypatch.context() as patch:
        patch.setattr("model.run_log.write_json", lambda *_: 1 / 0)
        with pytest.raises(TrainingError):
            train(blobs, FineTuneOptions(resume=True, device="cpu"))
    assert read_run(run.folder).baseline_mean is None and read_run(run.folder).resumable


def test_a_label_that_is_withdrawn_while_a_training_prepares_ends_nothing(blobs, blob_weights, monkeypatch):
    def surveyed(*given: object, **named: object) -> Survey:
        found = survey(*given, **named)
        labels(blobs).label("a.png").unlink()
        return found

    monkeypatch.setattr("model.training.survey", surveyed)
    events = train(blobs, dataclasses.replace(QUICK, weights=blob_weights))
    assert of(Finished, events) and any("a.png" in str(event.values) for event in of(Notice, events))


@pytest.mark.parametrize("resume", [False, True])
def test_an_image_that_is_held_out_while_a_training_prepares_is_not_looked_at(
    tmp_path, blob_weights, monkeypatch, resume
):
    folder = make_blobs(tmp_path / "many", labels=4, images=12)
    options = dataclasses.replace(QUICK, weights=blob_weights, epochs=2, unlabelled=True)
    if resume:  # it had no image to look at when it was stopped
        for letter in "efghijkl":
            (folder / f"{letter}.png").rename(tmp_path / f"{letter}.png")
        events: list[Event] = []
        fine_tune(Workspace.peek(folder), options, events.append, stop=lambda: bool(of(Epoch, events)))
        for letter in "efghijkl":
            (tmp_path / f"{letter}.png").rename(folder / f"{letter}.png")
        options = FineTuneOptions(resume=True, device="cpu")
    late, looks = unlabelled(Workspace.peek(folder))[0].name, []

    def surveyed(*given: object, **named: object) -> Survey:
        found = survey(*given, **named)
        save_label(folder, late)
        return found

    monkeypatch.setattr("model.training.survey", surveyed)
    monkeypatch.setattr(
        "model.training.Learner", lambda plan, found, *more: looks.append(found) or Learner(plan, found, *more)
    )
    events = train(folder, options)
    split = {item.image_path.name: item.split for item in Workspace.peek(folder).labelled()}
    (found,) = looks
    assert split[late] == "held_out" and found.others and late not in {path.name for path in found.others}
    assert of(Started, events)[0].unlabelled == len(found.others) and of(Finished, events)


def save_label(folder: Path, name: str) -> None:
    """As the window does while a training starts."""
    workspace = Workspace.open(folder)
    label = blob_picture(0)[1]
    planes = of_arrays(label, np.full(label.shape, HUMAN, np.uint8))
    workspace.save_label(name, read_image(folder / name), planes, accepted=True)
    workspace.close()


def test_a_damaged_state_is_refused_and_nothing_to_resume_is_said(blobs, blob_weights):
    with pytest.raises(TrainingError, match="No interrupted training"):
        train(blobs, FineTuneOptions(resume=True))
    events: list[Event] = []
    options = dataclasses.replace(QUICK, weights=blob_weights, epochs=5)
    run = fine_tune(Workspace.peek(blobs), options, events.append, stop=lambda: bool(of(Epoch, events)))
    run.resume_path.write_bytes(run.resume_path.read_bytes()[:-100])
    with pytest.raises(TrainingError, match="start a new training"):
        train(blobs, FineTuneOptions(resume=True, device="cpu"))
    assert read_run(run.folder).state == RunState.FAILED


def test_when_memory_runs_out_the_batch_goes_through_in_smaller_parts_until_it_fits(blobs, blob_weights, monkeypatch):
    limit_memory(monkeypatch, images=1)
    events = train(blobs, dataclasses.replace(QUICK, weights=blob_weights, batch=4))
    slower, *smaller = of(Notice, events)
    assert "more slowly" in slower.template and [notice.values["views"] for notice in smaller] == [2, 1]
    assert of(Finished, events)


def test_when_not_even_one_image_fits_it_ends_with_one_sentence(blobs, blob_weights, monkeypatch):
    limit_memory(monkeypatch, images=0)
    events: list[Event] = []
    with pytest.raises(OutOfMemory, match="not enough memory"):
        fine_tune(Workspace.peek(blobs), dataclasses.replace(QUICK, weights=blob_weights), events.append)
    assert isinstance(events[-1], Failed) and list_runs(blobs / "segmentation")[0].state == RunState.FAILED


def limit_memory(monkeypatch: pytest.MonkeyPatch, images: int) -> None:
    """Training more than so many images at once fails as it does on a full GPU."""
    forward = LightningUnet.forward

    def limited(self: LightningUnet, batch: torch.Tensor) -> torch.Tensor:
        if self.training and len(batch) > images:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return forward(self, batch)

    monkeypatch.setattr(LightningUnet, "forward", limited)


def test_pictures_of_any_size_grey_and_coloured_train_together(blobs, blob_weights):
    workspace = Workspace.open(blobs)
    sizes = {"b.png": (300, 40, 3), "c.png": (5, 9), "f.png": (200, 333, 3)}
    for name, shape in sizes.items():
        pixels = np.random.default_rng(0).integers(0, 255, shape, np.uint8)
        pillow.fromarray(pixels).save(blobs / name)
        label = (pixels.reshape(*shape[:2], -1)[:, :, 0] > 127).astype(np.uint8) * 5
        human = np.full(label.shape, HUMAN, np.uint8)
        workspace.save_label(name, read_image(blobs / name), of_arrays(label, human), accepted=False)
    workspace.close()
    events = train(blobs, dataclasses.replace(QUICK, weights=blob_weights, batch=3))
    assert not of(Notice, events) and of(Finished, events)


def test_a_checkpoint_of_entirely_other_classes_can_be_started_from(blobs, blob_weights, tmp_path):
    known = load(blob_weights)
    table = ClassTable(tuple(dataclasses.replace(item, uid=f"other {item.uid}") for item in known.classes.classes))
    path = tmp_path / "other.safetensors"
    save(path, dataclasses.replace(known, classes=table))
    events = train(blobs, dataclasses.replace(QUICK, weights=path))
    (told,) = [event.message for event in of(Notice, events)]
    assert "knows none of these classes" in str(told) and "choose other weights" not in str(told)
    assert told.template == nothing_known("").template, "by which the window knows it"
    (finished,) = of(Finished, events)
    assert finished.verdict == "cannot_judge" and finished.mean is not None


def test_a_folder_that_cannot_be_written_is_named(blobs, blob_weights):
    (blobs / "segmentation" / "runs").write_text("in the way")
    with pytest.raises(TrainingError, match=r"segmentation cannot be written .*make it writable"):
        train(blobs, dataclasses.replace(QUICK, weights=blob_weights))


def test_a_copy_that_cannot_be_written_is_refused_at_once_or_costs_only_itself(
    blobs, blob_weights, tmp_path, monkeypatch
):
    for path, reason in ((tmp_path / "gone" / "copy.safetensors", "no such folder"), (tmp_path, "is a folder")):
        with pytest.raises(TrainingError, match=reason):
            train(blobs, dataclasses.replace(QUICK, weights=blob_weights, publish=path))

    def refuse(path: Path, checkpoint: Checkpoint) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr("model.training.save", refuse)  # that of the copy alone
    events = train(blobs, dataclasses.replace(QUICK, weights=blob_weights, publish=tmp_path / "copy.safetensors"))
    assert Path(of(Finished, events)[0].weights).is_file()
    assert "could not be written" in str(of(Notice, events)[0])
