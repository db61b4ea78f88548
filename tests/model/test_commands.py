"""python -m model, as a person and as the window use it."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

from model.__main__ import main
from model.checkpoint import load, save
from model.classes import ClassTable
from model.commands import predict
from model.commands.stopping import StopRequest
from model.commands.teller import Teller
from model.events import Epoch, Event, Failed, Finished, Started, Step, Stopped, from_line
from model.inference import Inference
from model.labels import read_label, write_label
from model.pillow import pillow
from model.runs import RunState, list_runs

CHECKOUT = Path(__file__).resolve().parents[2]


class Child:
    """A fine-tuning in a process of its own, as the window starts it."""

    def __init__(self, *arguments: object) -> None:
        command = [sys.executable, "-m", "model", "finetune", *map(str, arguments), "--device", "cpu"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, cwd=CHECKOUT, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        self.events: list[Event] = []
        self._begun = time.monotonic()
        self._took_to_start = 0.0

    def wait_for(self, kind: type) -> Event:
        """Read on until such an event comes; every line up to it must be one."""
        for line in self.process.stdout:
            event = from_line(line)
            assert event is not None, line
            self.events.append(event)
            self._took_to_start = self._took_to_start or time.monotonic() - self._begun
            if isinstance(event, kind):
                return event
        raise AssertionError(f"no {kind.__name__}: {self.events[-3:]} {self.process.stderr.read()}")

    def ends(self) -> float:
        """How many seconds it takes to end."""
        started = time.monotonic()
        self.process.wait(120)
        return time.monotonic() - started

    @property
    def soon(self) -> float:
        """Two seconds; on a slow or busy machine a part of what its start has taken there, which is libraries, too."""
        return max(2.0, self._took_to_start / 2)


@contextmanager
def child(*arguments: object) -> Iterator[Child]:
    running = Child(*arguments)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()
        for pipe in (running.process.stdin, running.process.stdout, running.process.stderr):
            pipe.close()


def test_label_maps_do_not_go_among_the_images(blobs, blob_weights, capsys):
    before = sorted(blobs.iterdir())
    assert main(["predict", str(blobs), "--weights", str(blob_weights), "--out", str(blobs / ".")]) == 3
    assert main(["predict", str(blobs / "a.png"), "--weights", str(blob_weights), "--out", str(blobs)]) == 3
    assert "choose another --out" in capsys.readouterr().err and sorted(blobs.iterdir()) == before


def test_a_child_is_cancelled_by_a_line_within_two_seconds(blobs, blob_weights, capsys):
    with child(blobs, "--weights", blob_weights, "--seconds", 300) as running:
        running.wait_for(Started)
        assert main(["finetune", str(blobs), "--weights", str(blob_weights)]) == 3
        assert "Another fine-tuning is running" in capsys.readouterr().err
        running.process.stdin.write("cancel\n")
        running.process.stdin.flush()
        assert running.ends() < running.soon
        assert isinstance(running.wait_for(Stopped), Stopped) and running.process.returncode == 4
    assert list_runs(blobs / "segmentation")[0].state in (RunState.CANCELLED, RunState.INTERRUPTED)


def test_a_child_comes_to_its_end_early_by_a_line(blobs, blob_weights):
    with child(blobs, "--weights", blob_weights, "--seconds", 300) as running:
        running.wait_for(Step)
        running.process.stdin.write("finish\n")
        running.process.stdin.flush()
        finished = running.wait_for(Finished)
        assert running.ends() < 60 and running.process.returncode == 0
    assert Path(finished.weights).is_file() and list_runs(blobs / "segmentation")[0].state == RunState.DONE


def test_a_killed_child_is_resumed_to_its_end(blobs, blob_weights):
    with child(blobs, "--weights", blob_weights, "--epochs", 4) as running:
        running.wait_for(Epoch)
        running.wait_for(Epoch)
        running.process.send_signal(signal.SIGKILL)
        running.ends()
    (run,) = list_runs(blobs / "segmentation")
    assert run.state == RunState.INTERRUPTED and run.resumable and run.weights is None
    with child(blobs, "--resume") as running:
        finished = running.wait_for(Finished)
        assert running.ends() < 60 and running.process.returncode == 0
        points = [event.epoch for event in running.events if isinstance(event, Epoch)]
    assert points[0] > 1 and points[-1] == 4
    assert Path(finished.weights).is_file() and list_runs(blobs / "segmentation")[0].state == RunState.DONE


@pytest.mark.parametrize("how", ["stdin ends", "terminated"])
def test_a_child_does_not_outlive_its_parent(blobs, blob_weights, how):
    with child(blobs, "--weights", blob_weights, "--seconds", 300, "--watch-stdin") as running:
        running.wait_for(Started)
        if how == "stdin ends":
            running.process.stdin.close()
        else:
            running.process.terminate()
        assert running.ends() < running.soon and running.process.returncode == 4


def test_a_failed_training_is_one_event_and_one_sentence(blobs, capsys):
    assert main(["finetune", str(blobs), "--weights", str(blobs / "gone.safetensors")]) == 3
    captured = capsys.readouterr()
    event = from_line(captured.out)
    assert isinstance(event, Failed) and "does not exist" in event.template
    assert captured.err.count("\n") == 1 and "Traceback" not in captured.err


@pytest.mark.parametrize(("wrong", "reason"), [("folder", "gone"), ("device", "nonsense is no device")])
def test_what_fails_before_there_is_a_training_is_one_event_too(blobs, blob_weights, capsys, wrong, reason):
    folder = blobs / "gone" if wrong == "folder" else blobs
    device = "nonsense" if wrong == "device" else "cpu"
    assert main(["finetune", str(folder), "--weights", str(blob_weights), "--device", device]) == 3
    captured = capsys.readouterr()
    event = from_line(captured.out)
    assert isinstance(event, Failed) and reason in str(event.message)
    assert captured.err.count("\n") == 1 and reason in captured.err


def test_predict_writes_a_label_map_beside_its_classes_for_each_image(blobs, blob_weights, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["predict", str(blobs), "--weights", str(blob_weights), "--out", str(out)]) == 0
    assert {path.name for path in out.iterdir()} == {f"{name}.png.png" for name in "abcdef"} | {"classes.json"}
    label_map = read_label(out / "a.png.png", (64, 64), ClassTable.read(out / "classes.json"))
    assert set(np.unique(label_map)) <= {0, 1, 3}
    assert capsys.readouterr().err == "", "without a terminal there is no progress bar"


def test_predict_takes_a_folder_with_a_circled_digit_in_a_name(blobs, blob_weights, tmp_path):
    (blobs / "a.png").rename(blobs / "\u24601.png")
    assert main(["predict", str(blobs), "--weights", str(blob_weights), "--out", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "\u24601.png.png").exists()


def test_predict_goes_on_past_bad_images_and_says_what_was_wrong(blobs, blob_weights, tmp_path, capsys):
    (blobs / "b.png").write_bytes(b"")
    (blobs / "c.png").write_bytes((blobs / "c.png").read_bytes()[:300])
    empty = tmp_path / "empty"
    empty.mkdir()
    out = tmp_path / "out"
    inputs = [str(blobs), str(tmp_path / "missing.png"), str(empty)]
    assert main(["predict", *inputs, "--weights", str(blob_weights), "--out", str(out)]) == 1
    sentences = capsys.readouterr().err.splitlines()
    assert len(sentences) == 4 and all(len(sentence) < 200 for sentence in sentences)
    assert len(list(out.glob("*.png.png"))) == 4


def test_predict_goes_on_past_a_name_that_the_system_refuses(blobs, blob_weights, tmp_path, capsys):
    inputs = [str(tmp_path / ("a" * 300)), str(blobs / "a.png")]
    assert main(["predict", *inputs, "--weights", str(blob_weights), "--out", str(tmp_path / "out")]) == 1
    assert (tmp_path / "out" / "a.png.png").exists()
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_predict_goes_on_on_the_cpu_when_the_gpu_fails(blobs, blob_weights, tmp_path, capsys, monkeypatch):
    start, calls = Inference.start, []

    def failing(self, *arguments):
        calls.append(self)
        if len(calls) == 3:
            raise torch.AcceleratorError("CUDA error: unspecified launch failure\nmore words")
        return start(self, *arguments)

    monkeypatch.setattr(Inference, "start", failing)
    out = tmp_path / "out"
    assert main(["predict", str(blobs), "--weights", str(blob_weights), "--out", str(out)]) == 0
    assert len(list(out.glob("*.png.png"))) == 6 and calls[-1] is not calls[2]
    sentences = capsys.readouterr().err.splitlines()
    assert len(sentences) == 1 and "has stopped working (CUDA error: unspecified launch failure)" in sentences[0]


def test_predict_stops_when_nothing_can_be_written_any_more(blobs, blob_weights, tmp_path, capsys, monkeypatch):
    """Predicting the other images would be for nothing; here the folder is removed after the first map."""
    out, write = tmp_path / "out", predict.write_label

    def writing(path, *rest, **options):
        if path.name != "a.png.png":
            shutil.rmtree(out, ignore_errors=True)
        write(path, *rest, **options)

    monkeypatch.setattr(predict, "write_label", writing)
    assert main(["predict", str(blobs), "--weights", str(blob_weights), "--out", str(out)]) == 1
    sentences = capsys.readouterr().err.splitlines()
    assert len(sentences) == 1 and "takes no more label maps: No such file or directory" in sentences[0]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in folders")
@pytest.mark.parametrize(("failing", "code"), [(1, 3), (6, 1)])
def test_predict_that_an_unexpected_error_ends_tells_whether_anything_is_done(
    blobs, blob_weights, tmp_path, capsys, monkeypatch, failing, code
):
    start, calls = Inference.start, []

    def fail(self: object, *arguments: object) -> object:
        calls.append(self)
        if len(calls) == failing:
            raise ArithmeticError("a bug")
        return start(self, *arguments)

    monkeypatch.setattr(Inference, "start", fail)
    out = tmp_path / "out"
    assert main(["predict", str(blobs), "--weights", str(blob_weights), "--out", str(out)]) == code
    assert bool(list(out.glob("*.png"))) == (code == 1)
    assert "Something unexpected went wrong (ArithmeticError: a bug)" in capsys.readouterr().err


def test_predict_does_not_wait_for_a_pipe(blob_weights, tmp_path, capsys):
    os.mkfifo(tmp_path / "pipe.png")
    arguments = ["predict", str(tmp_path / "pipe.png"), "--weights", str(blob_weights), "--out", str(tmp_path / "out")]
    assert main(arguments) == 3
    assert "pipe.png is not a file of an image" in capsys.readouterr().err


def test_predict_says_what_of_an_image_is_not_shown_and_keeps_to_the_limit(blobs, blob_weights, tmp_path, capsys):
    page = pillow.new("L", (40, 30))
    page.save(tmp_path / "stack.tif", save_all=True, append_images=[page])
    command = ["predict", str(tmp_path / "stack.tif"), "--weights", str(blob_weights), "--out", str(tmp_path / "out")]
    assert main(command) == 0
    assert "stack.tif has 2 pages; only the first is shown." in capsys.readouterr().err
    assert main([*command, "--max-megapixels", "0.001"]) == 3
    assert "more than the limit" in capsys.readouterr().err


@pytest.mark.parametrize("number", ["nan", "inf", "0", "-1", "many"])
@pytest.mark.parametrize("command", ["predict", "evaluate", "finetune"])
def test_a_limit_that_is_no_positive_number_is_wrong_usage(command, number, capsys):
    with pytest.raises(SystemExit) as usage:
        main([command, "folder", "--weights", "w", f"--max-megapixels={number}"])
    assert usage.value.code == 2 and "--max-megapixels: " in capsys.readouterr().err


def test_predict_says_when_nothing_can_be_done(blobs, blob_weights, tmp_path, capsys):
    out = str(tmp_path / "out")
    assert main(["predict", str(tmp_path / "no.png"), "--weights", str(blob_weights), "--out", out]) == 3
    assert main(["predict", str(blobs), "--weights", str(blobs / "a.png"), "--out", out]) == 3
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert main(["predict", str(blobs), "--weights", str(blob_weights), "--out", str(blocked)]) == 3
    sentences = capsys.readouterr().err.splitlines()
    assert len(sentences) == 3 and f"{blocked} cannot be written" in sentences[2]
    with pytest.raises(SystemExit) as usage:
        main(["predict", str(blobs)])
    assert usage.value.code == 2


def test_two_inputs_of_one_name_do_not_overwrite_each_other(blobs, blob_weights, tmp_path, capsys):
    other = tmp_path / "other"
    other.mkdir()
    pillow.new("L", (20, 10)).save(other / "a.png")
    inputs = [str(blobs / "a.png"), str(other / "a.png")]
    assert main(["predict", *inputs, "--weights", str(blob_weights), "--out", str(tmp_path / "out")]) == 1
    assert "has the same name" in capsys.readouterr().err
    assert read_label(tmp_path / "out" / "a.png.png", (64, 64), None).shape == (64, 64)


def test_predict_answers_in_the_class_table_it_is_given(blobs, blob_weights, tmp_path, capsys):
    table = tmp_path / "table.json"
    table.write_text(json.dumps([{"name": "Background"}, {"name": "Disk", "uid": "disk", "value": 9}, "Nobody knows"]))
    out = tmp_path / "out"
    arguments = ["--weights", str(blob_weights), "--out", str(out), "--classes", str(table)]
    assert main(["predict", str(blobs / "a.png"), *arguments]) == 0
    assert set(np.unique(read_label(out / "a.png.png", None, None))) <= {0, 9}
    assert "Nobody knows" in capsys.readouterr().err


def test_evaluate_prints_scores_of_the_held_out_images_alone(blobs, blob_weights, capsys):
    assert main(["evaluate", str(blobs), "--weights", str(blob_weights)]) == 0
    held_out = json.loads(capsys.readouterr().out)
    assert held_out["images"] == ["e.png"] and set(held_out["classes"]) == {"disk", "bar"}
    disk = held_out["classes"]["disk"]
    assert disk["iou"] == pytest.approx(disk["dice"] / (2 - disk["dice"]))
    assert 0 < held_out["nearest_label_mean_dice"] < 1 and disk["nearest_label_dice"] < 1
    assert main(["evaluate", str(blobs), "--weights", str(blob_weights), "--all"]) == 0
    assert len(json.loads(capsys.readouterr().out)["images"]) == 5


def test_evaluate_names_labels_it_cannot_use(blobs, blob_weights, capsys):
    bad = blobs / "segmentation" / "labels" / "e.png.png"
    write_label(bad, np.zeros((3, 3), np.uint8), ClassTable.read(blobs / "segmentation" / "classes.json"))
    assert main(["evaluate", str(blobs), "--weights", str(blob_weights)]) == 3
    problem, sentence = capsys.readouterr().err.splitlines()
    assert "3 x 3" in problem and "held out yet" in sentence
    assert main(["evaluate", str(blobs), "--weights", str(blob_weights), "--all"]) == 1
    captured = capsys.readouterr()
    assert len(json.loads(captured.out)["images"]) == 4 and "3 x 3" in captured.err


def test_evaluate_does_not_advise_what_was_done_already(blobs, blob_weights, capsys):
    shutil.rmtree(blobs / "segmentation" / "labels")
    for more in ([], ["--all"]):
        assert main(["evaluate", str(blobs), "--weights", str(blob_weights), *more]) == 3
        said = capsys.readouterr().err
        assert "no usable label" in said and "--all" not in said


def test_info_describes_weights_without_loading_torch(blob_weights):
    script = "import sys; from model.__main__ import main; main(sys.argv[1:]); assert 'torch' not in sys.modules"
    command = [sys.executable, "-c", script, "info", str(blob_weights)]
    text = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    assert "start" in text and "Cloud" in text and "not measured" in text


def test_info_says_how_far_the_confidence_can_be_believed(blob_weights, tmp_path, capsys):
    metrics = {"calibration_error": 0.021, "uncalibrated_error": 0.084}
    save(tmp_path / "w.safetensors", dataclasses.replace(load(blob_weights), temperature=1.3, metrics=metrics))
    assert main(["info", str(tmp_path / "w.safetensors")]) == 0
    said = (
        "temperature  1.300, calibration error on the held-out images it was fitted to 0.084 without it, 0.021 with it"
    )
    assert said in capsys.readouterr().out


def test_info_passes_over_scores_that_are_no_numbers(blob_weights, tmp_path, capsys):
    path = tmp_path / "w.safetensors"
    for metrics in ({"dice": {"disk": "x"}, "mean_dice": "abc", "nearest_label_mean_dice": [1]}, {"dice": 5}):
        save(path, dataclasses.replace(load(blob_weights), metrics=metrics))
        assert main(["info", str(path)]) == 0
        assert "not measured" in capsys.readouterr().out


def test_info_prints_json_and_refuses_other_files(blob_weights, blobs, capsys):
    assert main(["info", str(blob_weights), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["network"]["classes"] == 3 and facts["input"] == {"kind": "fixed", "low": 0, "high": 255}
    assert main(["info", str(blobs / "a.png")]) == 3
    assert "not a weights file" in capsys.readouterr().err


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_info_tells_names_that_the_system_has_no_letters_for(blob_weights, tmp_path, more):
    path = tmp_path / "w.safetensors"
    save(path, dataclasses.replace(load(blob_weights), name="腹部"))
    command = [sys.executable, "-m", "model", "info", str(path), *more]
    narrow = {**os.environ, "PYTHONIOENCODING": "ascii"}
    assert "腹部" in subprocess.run(command, cwd=CHECKOUT, capture_output=True, env=narrow, check=True).stdout.decode()


def test_debug_shows_where_an_error_came_from(blobs, capsys):
    assert main(["info", str(blobs / "a.png"), "--debug"]) == 3
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo terminal")
def test_a_terminal_sees_a_progress_bar(blobs, blob_weights, tmp_path):
    import pty

    leader, follower = pty.openpty()
    out = ["--weights", str(blob_weights), "--out", str(tmp_path / "out")]
    command = [sys.executable, "-m", "model", "predict", str(blobs / "a.png"), *out]
    subprocess.run(command, cwd=CHECKOUT, stderr=follower, check=True)
    os.close(follower)
    shown = os.read(leader, 4096).decode()
    os.close(leader)
    assert "\r[" in shown and "1 of 1  a.png" in shown


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("lines", "people", "written", "shown"), [
    (io.StringIO, io.StringIO, True, False),
    (io.StringIO, Terminal, True, True),
    (Terminal, io.StringIO, True, False),
    (Terminal, Terminal, False, True),
])  # fmt: skip
def test_a_terminal_that_shows_the_progress_is_not_filled_with_lines(
    lines: type, people: type, written: bool, shown: bool
) -> None:
    lines, people = lines(), people()
    Teller(lines, people).tell(Epoch(1, 2, 0.5, 0.9, {}, 1.0, 1.0))
    assert ("epoch" in lines.getvalue(), "Epoch 1 of 2" in people.getvalue()) == (written, shown)


@pytest.mark.parametrize(("held_out", "why"), [(0, "nothing is held out"), (2, "what is held out gives no score")])
def test_a_terminal_sees_why_there_is_no_score(held_out: int, why: str) -> None:
    people = Terminal()
    teller = Teller(io.StringIO(), people)
    teller.tell(Started(1, "CPU", 1, 1, 4, held_out, []))
    teller.tell(Finished(1, "w", None, {}, None, {}, "cannot_judge"))
    assert f"Held-out Dice not measured, {why}. Weights: w" in people.getvalue()


def test_a_stop_request_that_never_watched_can_be_done_with():
    before = signal.getsignal(signal.SIGTERM)
    request = StopRequest(Teller(io.StringIO(), io.StringIO()), watch_stdin=False)
    request.done()
    assert not request.asked() and signal.getsignal(signal.SIGTERM) is before
