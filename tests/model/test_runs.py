"""Runs are found again, whatever became of them, and any of them can be made active."""

from __future__ import annotations

import dataclasses
import errno
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import pytest

import model.runs
from model import disk
from model.errors import TrainingError
from model.events import Failed, Step, to_line
from model.run_log import RunLog
from model.runs import (
    Run,
    RunState,
    active_weights,
    list_runs,
    new_run,
    read_events,
    run_lock,
    save_run,
    set_active,
    verdict,
    weights_name,
)

DIE_WHILE_TRAINING = """
import sys
from pathlib import Path
from model.runs import new_run, run_lock
run = new_run(Path(sys.argv[1]), "demo", ["a.png"])
lock = run_lock(run)
lock.acquire()
run.resume_path.write_bytes(b"x")
print("training", flush=True)
sys.stdin.read()
"""


def test_a_finished_run_comes_back_whole(tmp_path: Path) -> None:
    run = new_run(tmp_path, "demo", ["a.png", "片.png"])
    assert (run.number, run.name, run.folder.name) == (1, "run 1", "0001")
    run.weights_path.write_bytes(b"weights")
    done = dataclasses.replace(
        run, state=RunState.DONE, weights=run.weights_path, mean_dice=0.8, dice={"liver": 0.9},
        baseline_mean=0.7, baseline={"liver": 0.6}, seconds=12.5,
    )  # fmt: skip
    save_run(done)
    assert list_runs(tmp_path) == [done]


def test_only_the_layout_spells_the_names_of_files() -> None:
    """Whoever moves a file changes one place."""
    names = re.compile(r"\"(active\.json|(state|labels|config)\.json|events\.jsonl|resume\.safetensors|runs)\"")
    spelled = [path.name for path in Path(model.runs.__file__).parent.rglob("*.py") if names.search(path.read_text())]
    assert spelled == ["layout.py"]


def test_runs_are_numbered_on_and_listed_in_order(tmp_path: Path) -> None:
    assert list_runs(tmp_path) == []
    for _ in range(11):
        new_run(tmp_path)
    shutil.rmtree(tmp_path / "runs" / "0003")
    (tmp_path / "runs" / "notes").mkdir()
    (tmp_path / "runs" / "0004" / "state.json").write_bytes(b"{")
    assert new_run(tmp_path).number == 12
    assert [run.number for run in list_runs(tmp_path)] == [1, 2, 5, 6, 7, 8, 9, 10, 11, 12]


@pytest.mark.parametrize("wrong", ["abc", [1], {"liver": "x"}, None])
def test_a_damaged_state_costs_what_it_said_and_no_more(tmp_path: Path, wrong: object) -> None:
    run = new_run(tmp_path)
    fields = ("mean_dice", "dice", "baseline_mean", "baseline", "started", "seconds", "parent")
    said = {"state": "done"} | dict.fromkeys(fields, wrong)
    (run.folder / "state.json").write_text(json.dumps(said | {"parent": None}))
    (run.folder / "labels.json").write_text('{"labels": 5}')
    [found] = list_runs(tmp_path)
    assert found == Run(1, run.folder, RunState.DONE)


def test_a_run_is_running_only_while_its_process_lives(tmp_path: Path) -> None:
    command = [sys.executable, "-c", DIE_WHILE_TRAINING, str(tmp_path)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
    assert child.stdout.readline().strip() == b"training"
    assert [run.state for run in list_runs(tmp_path)] == [RunState.RUNNING]
    child.kill()
    child.communicate()
    [run] = list_runs(tmp_path)
    assert run.state is RunState.INTERRUPTED
    assert run.resumable
    with run_lock(run):
        assert list_runs(tmp_path)[0].state is RunState.RUNNING


def test_events_of_a_killed_run_are_read_up_to_the_cut(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    assert read_events(run) == []
    lines = [to_line(Step(1, step, 20, 0.5)) for step in range(3)]
    run.events_path.write_text("\n".join([*lines, lines[0][:20]]))
    assert read_events(run) == [Step(1, step, 20, 0.5) for step in range(3)]


def test_half_a_line_of_events_does_not_swallow_the_first_one_of_a_run_that_goes_on(tmp_path: Path) -> None:
    """As a kill leaves it; on a full disk the half line is followed by what ended the run."""
    run, steps = new_run(tmp_path), [Step(1, step, 20, 0.5) for step in range(3)]
    run.events_path.write_text(to_line(steps[0]) + "\n" + to_line(steps[1])[:20])
    log = RunLog.go_on(run, [], lambda event: None)
    with log.ending():
        log.say(steps[2])
    assert read_events(run) == [steps[0], steps[2]]


def test_half_a_line_on_a_full_disk_does_not_swallow_what_ended_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, write = RunLog(new_run(tmp_path), lambda event: None), disk.write

    def fill(file: BinaryIO, data: bytes) -> None:
        write(file, data[:20])
        monkeypatch.setattr(disk, "write", write)  # somebody has made room
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(disk, "write", fill)
    with pytest.raises(TrainingError, match="make room"), log.ending():
        log.say(Step(1, 1, 20, 0.5))
    assert [type(event) for event in read_events(log.run)] == [Failed]


@pytest.mark.parametrize(
    ("mean", "baseline", "expected"),
    [
        (0.8, 0.7, "better"),
        (0.7, 0.7, "better"),
        (0.6, 0.7, "worse"),
        (0.0, 0.0, "worse"),
        (None, None, "cannot_judge"),
        (0.6, None, "cannot_judge"),
    ],
)
def test_the_verdict(tmp_path: Path, mean: float | None, baseline: float | None, expected: str) -> None:
    run = Run(1, tmp_path, RunState.DONE, mean_dice=mean, baseline_mean=baseline)
    assert verdict(run) == expected


def test_any_run_can_be_made_active_and_the_folder_may_move(tmp_path: Path) -> None:
    root = tmp_path / "here"
    root.mkdir()
    assert active_weights(root) is None
    run = new_run(root)
    run.weights_path.write_bytes(b"weights")
    set_active(root, run.weights_path)
    assert active_weights(root) == run.weights_path
    root.rename(tmp_path / "there")
    assert active_weights(tmp_path / "there") == tmp_path / "there" / "runs" / "0001" / "weights.safetensors"


def test_weights_that_are_gone_have_the_name_of_their_run_or_of_their_file(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    assert weights_name(run.weights_path) == run.name == "run 1"
    assert weights_name(tmp_path / "2024" / "mine.safetensors") == "mine"


def test_weights_from_elsewhere_can_be_active_until_they_are_gone(tmp_path: Path) -> None:
    root, demo = tmp_path / "root", tmp_path / "demo.safetensors"
    root.mkdir()
    demo.write_bytes(b"weights")
    set_active(root, demo)
    assert active_weights(root) == demo
    demo.unlink()
    assert active_weights(root) is None
    set_active(root, None)
    assert active_weights(root) is None
