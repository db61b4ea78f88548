"""Fine-tuning as its user meets it: the real child process on real label files, and every way it can end."""

from __future__ import annotations

import dataclasses
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from lsgui.finetune_child import Ended, FineTuneChild, sys_python
from lsgui.training_state import TrainingState
from model import events
from model.images import read_image
from model.options import FineTuneOptions
from model.plane_source import of_arrays
from model.provenance import HUMAN
from model.runs import Run, RunState, active_weights, list_runs, new_run, read_events, save_run
from model.segmenter import Segmenter

if TYPE_CHECKING:
    from tests.lsgui.conftest import Desk


def label_images(desk: Desk, count: int) -> None:
    """Save a label of the same square for the first images, as if they had been corrected one by one."""
    for entry in desk.session.folder.entries[:count]:
        image = read_image(entry.path)
        label_map = np.zeros(image.pixels.shape[:2], np.uint8)
        label_map[10:40, 10:40] = 6
        provenance = np.full_like(label_map, HUMAN)
        desk.session.workspace.save_label(entry.name, image, of_arrays(label_map, provenance), accepted=True)


@pytest.fixture
def labelled(desk: Desk, image_folder: Callable) -> Desk:
    """Six labelled images: the fifth unit is held out."""
    desk.open(image_folder("a", "b", "c", "d", "e", "f"))
    label_images(desk, 6)
    return desk


def short(weights: Path, **changes: object) -> FineTuneOptions:
    return dataclasses.replace(FineTuneOptions(weights=weights, epochs=1, batch=1, crop=64, device="cpu"), **changes)


def ended(desk: Desk) -> bool:
    return not desk.session.training.active


def test_from_labels_to_a_model_that_predicts_the_next_image(labelled: Desk, weights: Path) -> None:
    desk = labelled
    desk.session.open_image("f.png")
    desk.wait(lambda: desk.session.document.name == "f.png")
    desk.session.fine_tune(short(weights))
    assert desk.session.training.active
    desk.paint()  # painting goes on meanwhile
    desk.wait(lambda: ended(desk), 120)
    state = desk.session.training
    assert state.state == "finished" and state.train == 5 and state.held_out == 1
    assert state.loss and state.dice and "liver" in state.baseline
    root = desk.session.workspace.root
    run = list_runs(root)[-1]
    assert run.weights is not None and len(desk.session.runs()) == 1
    if state.pending is not None:
        assert state.finished.verdict == "worse" and active_weights(root) is None
        desk.session.use_run(run)
    assert desk.session.training.pending is None
    assert desk.session.model.path == run.weights == active_weights(root)
    desk.session.predict()
    desk.wait(lambda: desk.session.prediction is not None)
    assert desk.session.prediction.model != "little"


def test_without_a_held_out_set_it_asks(desk: Desk, image_folder: Callable, weights: Path) -> None:
    desk.open(image_folder("a", "b"))
    label_images(desk, 2)
    desk.session.fine_tune(short(weights))
    desk.wait(lambda: ended(desk), 120)
    assert desk.session.training.pending.verdict == "cannot_judge" and desk.session.model.name == "little"
    desk.session.keep_model()
    assert desk.session.training.pending is None and desk.session.model.name == "little"


def test_too_few_labels_are_told_before_anything_starts(desk: Desk, image_folder: Callable) -> None:
    desk.open(image_folder("a"))
    desk.session.fine_tune()
    desk.wait(lambda: desk.said("this folder has none yet"))
    assert desk.session.training.state == "idle" and not list_runs(desk.session.workspace.root)


def test_a_prediction_that_takes_long_keeps_no_image_from_being_opened(
    labelled: Desk, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Making room on the GPU waits for it, and must not wait where files are read."""
    desk, go_on = labelled, threading.Event()
    predict = Segmenter.predict

    def slowly(segmenter: Segmenter, *given: object) -> object:
        with segmenter._busy:
            assert go_on.wait(120)
        return predict(segmenter, *given)

    monkeypatch.setattr(Segmenter, "predict", slowly)
    desk.session.predict()
    desk.wait(lambda: desk.session.jobs.busy("predict"))
    desk.session.fine_tune(short(weights))
    desk.session.open_image("c.png")
    desk.wait(lambda: desk.session.document.name == "c.png")
    go_on.set()
    desk.session.stop_fine_tune()
    desk.wait(lambda: ended(desk), 60)


def test_what_the_child_refuses_is_one_sentence(desk: Desk, image_folder: Callable, tmp_path: Path) -> None:
    desk.open(image_folder("a", "b"))
    label_images(desk, 2)
    desk.session.fine_tune(short(tmp_path / "gone.safetensors"))
    desk.wait(lambda: ended(desk), 60)
    assert desk.session.training.state == "failed" and desk.said("gone.safetensors does not exist")
    assert [notice.level for notice in desk.notices] == ["error"]


def test_weights_named_as_seen_from_where_the_program_was_started_can_be_fine_tuned(
    labelled: Desk, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`lsgui --weights little.safetensors`: the child has another working directory."""
    monkeypatch.chdir(weights.parent)
    labelled.session.load_weights(Path(weights.name))
    assert labelled.session.model.path == weights


def test_what_it_has_learned_can_be_had_before_the_end(labelled: Desk, weights: Path) -> None:
    session = labelled.session
    session.fine_tune(short(weights, epochs=None, seconds=600))
    session.finish_fine_tune()
    assert session.training.state == "starting", "it has learned nothing yet"
    labelled.wait(lambda: session.training.can_finish, 60)
    session.finish_fine_tune()
    assert session.training.state == "finishing" and session.training.active and not session.training.can_finish
    labelled.wait(lambda: ended(labelled), 60)
    assert session.training.state == "finished" and session.runs()[-1].weights.is_file()


def test_stopping(labelled: Desk, weights: Path) -> None:
    labelled.session.fine_tune(short(weights, epochs=None, seconds=600))
    labelled.wait(lambda: bool(labelled.session.training.loss), 60)
    child = labelled.session._parts.training.child
    child._patience.setInterval(120_000)  # it is not killed: it stops by itself, however busy the machine is
    labelled.session.stop_fine_tune()
    assert labelled.session.training.state == "stopping"
    labelled.wait(lambda: ended(labelled), 60)
    assert labelled.session.training.state == "stopped" and labelled.session.model.name == "little"


@pytest.mark.skipif(os.name == "nt", reason="kills by a signal")
def test_a_killed_child_is_told_and_its_run_goes_on_later(labelled: Desk, weights: Path) -> None:
    labelled.session.fine_tune(short(weights, epochs=None, seconds=8))
    runs = labelled.session.workspace.root / "runs"
    labelled.wait(lambda: bool(list(runs.glob("*/resume.safetensors"))), 90)
    pid = labelled.session._parts.training.child.pid
    assert pid, "0 would be this process and its children"
    os.kill(pid, signal.SIGKILL)
    labelled.wait(lambda: ended(labelled))
    assert labelled.session.training.state == "failed" and labelled.said("ended unexpectedly")
    assert labelled.session.runs()[-1].resumable and labelled.said("resume the run")
    labelled.session.resume_fine_tune()
    labelled.wait(lambda: ended(labelled), 120)
    assert labelled.session.training.state == "finished"
    (run,) = labelled.session.runs()
    (first, _, *_), points = labelled.session.training.loss, labelled.session.training.dice
    assert first[0] <= 1, "the curve begins where the run did: in its first epoch"
    told = {event.epoch for event in read_events(run) if isinstance(event, events.Epoch)}
    assert [x for x, _ in points] == sorted(told)


@pytest.mark.skipif(os.name == "nt", reason="kills by a signal")
def test_a_child_killed_in_its_first_epoch_is_not_to_be_resumed(labelled: Desk, weights: Path) -> None:
    labelled.session.fine_tune(short(weights, epochs=1, seconds=600))
    labelled.wait(lambda: bool(labelled.session.training.loss), 60)
    pid = labelled.session._parts.training.child.pid
    assert pid, "0 would be this process and its children"
    os.kill(pid, signal.SIGKILL)
    labelled.wait(lambda: ended(labelled))
    assert not labelled.session.runs()[-1].resumable
    assert labelled.said("ended unexpectedly") and not labelled.said("resume")


def test_closing_while_fine_tuning_leaves_no_child(make_desk: Callable, image_folder: Callable, weights: Path) -> None:
    desk = make_desk()
    desk.open(image_folder("a", "b"))
    label_images(desk, 2)
    desk.session.fine_tune(short(weights, epochs=None, seconds=600))
    desk.wait(lambda: bool(desk.session.training.loss), 60)
    pid, root = desk.session._parts.training.child.pid, desk.session.workspace.root
    desk.answers["training_ends"] = "stay"
    assert not desk.session.close() and desk.session.training.active
    desk.answers["training_ends"] = "quit"
    assert desk.session.close() and desk.session.close()
    assert [question.key for question in desk.questions] == ["training_ends"] * 2
    saved = list_runs(root)[-1].resume_path.exists()
    assert saved or "is lost" in str(desk.questions[-1].detail)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_another_folder_may_be_opened_meanwhile(labelled: Desk, image_folder: Callable, weights: Path) -> None:
    desk, trained = labelled, labelled.session.workspace.root
    desk.session.fine_tune(short(weights))
    desk.open(image_folder("z", folder="other"))
    desk.wait(lambda: ended(desk), 120)
    finished = desk.session.training.finished
    assert desk.session.model.name == "little" and active_weights(desk.session.workspace.root) is None
    assert (active_weights(trained) is not None) == (finished.verdict == "better")


@pytest.mark.parametrize("verdict", ["worse", "cannot_judge"])
def test_a_verdict_on_another_folder_says_where_its_run_is(
    labelled: Desk, image_folder: Callable, verdict: str
) -> None:
    desk, flow, trained = labelled, labelled.session._parts.training, labelled.session.workspace
    flow._folder, flow._root, flow.state.state = trained.folder, trained.root, "running"
    desk.open(image_folder("z", folder="other"))
    flow._take(events.Finished(3, "w", 0.5, {}, 0.6, {}, verdict))
    assert desk.said(f"Run 3 in {trained.folder} has finished")
    assert flow.state.pending is None and active_weights(trained.root) is None


def test_weights_that_cannot_be_read_are_not_said_to_predict(labelled: Desk, tmp_path: Path) -> None:
    flow, model = labelled.session._parts.training, labelled.session.model
    flow._root, flow.state.state = labelled.session.workspace.root, "running"
    flow._take(events.Finished(1, str(tmp_path / "gone.safetensors"), 0.7, {}, 0.6, {}, "better"))
    assert labelled.said("gone.safetensors does not exist") and not labelled.said("predicts from now on")
    assert labelled.session.model == model


@pytest.mark.parametrize("resuming", [False, True])
def test_an_older_run_is_no_advice_when_a_child_dies_before_it_has_a_run(labelled: Desk, resuming: bool) -> None:
    flow, run = labelled.session._parts.training, new_run(labelled.session.workspace.root)
    save_run(dataclasses.replace(run, state=RunState.CANCELLED))
    run.resume_path.touch()
    flow._root, flow._resuming, flow.state.state = labelled.session.workspace.root, resuming, "starting"
    assert flow._can_be_resumed() == resuming
    flow.child.run([sys_python(), "-c", "raise SystemExit(9)"])
    labelled.wait(lambda: ended(labelled))
    assert labelled.said("ended unexpectedly (code 9)") and labelled.said("resume the run") == resuming


def test_a_resumed_run_keeps_its_curves_up_to_where_it_goes_on(labelled: Desk) -> None:
    """Its state was saved after the second epoch, and the third is done again."""
    flow, run = labelled.session._parts.training, new_run(labelled.session.workspace.root)
    started = events.Started(run.number, "CPU, 2 threads", 4, 10, 6, 2, ["liver"])
    before = [started, events.Baseline(0.4, {"liver": 0.4})]
    for epoch in (1, 2, 3):
        before += [events.Step(epoch, step, 2, 1 / epoch) for step in (1, 2)]
        before.append(events.Epoch(epoch, 10, 1 / epoch, epoch / 10, {"liver": epoch / 10}, 1.0, 9.0))
    again = [started, events.Step(3, 1, 2, 0.3)]
    lines = [events.to_line(event) for event in (*before, events.Stopped(run.number), *again)]
    run.events_path.write_text("\n".join(lines))
    flow._root, flow._resuming, flow.state = labelled.session.workspace.root, True, TrainingState(state="starting")
    flow._take(again[0])
    state = labelled.session.training
    assert state.state == "running" and state.remaining is None and state.epoch == 3
    assert [x for x, _ in state.loss] == [0.5, 1, 1.5, 2, 2.5, 3] and len(state.dice) == 3
    flow._take(again[1])
    assert [x for x, _ in state.loss] == [0.5, 1, 1.5, 2, 2.5] and state.loss[-1][1] == 0.3
    assert state.dice == [(1, 0.1), (2, 0.2)] and state.epoch == 2


def test_the_question_stays_when_the_weights_cannot_be_read(labelled: Desk, tmp_path: Path, weights: Path) -> None:
    desk, flow = labelled, labelled.session._parts.training
    run = Run(1, tmp_path, RunState.DONE, weights=tmp_path / "gone.safetensors")
    flow.state.pending = finished = events.Finished(1, str(run.weights), 0.5, {}, 0.6, {}, "worse")
    desk.session.use_run(run)
    assert desk.said("gone.safetensors does not exist") and desk.session.training.pending is finished
    desk.session.use_run(dataclasses.replace(run, weights=weights))
    assert desk.session.training.pending is None


def run_child(qtbot: QtBot, code: str) -> tuple[list, Ended]:
    child, heard = FineTuneChild(), []
    child.event.connect(heard.append)
    with qtbot.waitSignal(child.ended, timeout=20_000) as end:
        child.run([sys_python(), "-c", code])
    assert not child.running
    return heard, end.args[0]


def test_lines_that_are_no_events_are_kept_for_the_details(qtbot: QtBot) -> None:
    line = events.to_line(events.Notice("肝臓 {n}", {"n": 3}))
    heard, end = run_child(qtbot, f"import sys; print('a library says'); print({line!r}); sys.stderr.write('and this')")
    assert heard == [events.Notice("肝臓 {n}", {"n": 3})]
    assert end.exit_code == 0 and "a library says" in end.output and "and this" in end.output


def test_the_child_finds_the_library_whatever_the_working_directory_holds(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model/__init__.py").write_text("raise SystemExit('a folder of the user')")
    monkeypatch.chdir(tmp_path)
    assert run_child(qtbot, "import model.options")[1].exit_code == 0


def test_a_program_that_is_not_there(qtbot: QtBot) -> None:
    child = FineTuneChild()
    with qtbot.waitSignal(child.ended) as end:
        child.run(["/no/such/python"])
    assert end.args[0].crashed and end.args[0].output


def test_a_child_that_will_not_stop_is_killed(qtbot: QtBot) -> None:
    child = FineTuneChild()
    child.run([sys_python(), "-c", "import time; print('x', flush=True); time.sleep(60)"])
    qtbot.waitUntil(lambda: child.pid > 0)
    assert child.stop(1.5) and not child.running


def test_a_windows_program_without_a_console_starts_the_python_with_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pythonw.exe", "python.exe"):
        (tmp_path / name).touch()
    monkeypatch.setattr(sys, "executable", str(tmp_path / "pythonw.exe"))
    assert sys_python() == str(tmp_path / "python.exe")


def test_the_state_follows_the_events() -> None:
    state = TrainingState(state="starting")
    for event in (
        events.Started(3, "CPU", 2, 4, 8, 2, ["background", "liver"]),
        events.Baseline(0.5, {"liver": 0.5}),
        events.Step(1, 5, 10, 0.9),
        events.Epoch(1, 4, 0.8, 0.55, {"liver": 0.55}, 10.0, 30.0),
        events.Step(2, 10, 10, 0.7),
    ):
        state.take(event)
    assert state.state == "running" and state.run == 3 and state.baseline == {"liver": 0.5}
    assert state.loss == [(0.5, 0.9), (2.0, 0.7)] and state.dice == [(1.0, 0.55)]
    assert state.remaining == 30.0 and state.fraction == 0.5
    state.take(events.Finished(3, "w", 0.6, {"liver": 0.6}, 0.5, {"liver": 0.5}, "better"))
    assert not state.active and state.per_class == {"liver": 0.6}


def test_a_training_that_goes_on_says_where_it_is() -> None:
    state = TrainingState(state="starting")
    state.take(events.Started(3, "CPU", 2, 12, 8, 2, ["background", "liver"]))
    state.take(events.Step(8, 5, 10, 0.9))
    assert state.epoch == 7 and state.epochs == 12


def test_fine_tune_pressed_between_a_childs_last_word_and_its_end(labelled: Desk, weights: Path) -> None:
    """The panel says stopped before the process is gone; the next run begins when it is."""
    desk, flow = labelled, labelled.session._parts.training
    flow.child.run([sys_python(), "-c", 'import sys; print(\'{"event": "stopped", "run": 1}\', flush=True); input()'])
    flow.state.state = "running"
    desk.wait(lambda: flow.state.state == "stopped")
    assert flow.child.running
    desk.session.fine_tune(short(weights))
    flow.child._process.write(b"\n")
    desk.wait(lambda: desk.session.training.state == "finished", seconds=120)


def test_what_was_asked_for_in_one_folder_does_not_begin_in_another(
    labelled: Desk, image_folder: Callable, weights: Path
) -> None:
    desk, flow = labelled, labelled.session._parts.training
    flow.child.run([sys_python(), "-c", 'import sys; print(\'{"event": "stopped", "run": 1}\', flush=True); input()'])
    flow.state.state = "running"
    desk.wait(lambda: flow.state.state == "stopped")
    desk.session.fine_tune(short(weights))
    desk.wait(lambda: flow._next is not None)
    desk.open(image_folder("z", folder="other"))
    flow.child._process.write(b"\n")
    desk.wait(lambda: not flow.child.running)
    assert desk.session.training.state == "idle"
