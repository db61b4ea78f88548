"""Runs: the fine-tunings of a workspace, each with a folder of its own, and which weights are active."""

from __future__ import annotations

import dataclasses
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from model import disk
from model.events import Event, from_line
from model.layout import Layout, RunFiles
from model.records import read_json, write_json

Verdict = Literal["better", "worse", "cannot_judge"]


class RunState(StrEnum):
    """`interrupted` is never written: it is a `running` whose process is gone."""

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Run:
    """One fine-tuning. Dice is in 0..1 over the held-out images, by class uid; `baseline` is its starting model's.

    `weights` exists once the run has published some. `parent` names the checkpoint it started from, `labels` the
    images it used. `started` is in seconds since 1970, `seconds` how long it has worked.
    """

    number: int
    folder: Path
    state: RunState
    weights: Path | None = None
    parent: str | None = None
    mean_dice: float | None = None
    dice: Mapping[str, float] = field(default_factory=dict)
    baseline_mean: float | None = None
    baseline: Mapping[str, float] = field(default_factory=dict)
    started: float = 0.0
    seconds: float = 0.0
    labels: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"run {self.number}"

    @property
    def weights_path(self) -> Path:
        """Where the run publishes its weights, whether or not it has."""
        return RunFiles(self.folder).weights

    @property
    def resume_path(self) -> Path:
        return RunFiles(self.folder).resume

    @property
    def events_path(self) -> Path:
        return RunFiles(self.folder).events

    @property
    def config_path(self) -> Path:
        return RunFiles(self.folder).config

    @property
    def resumable(self) -> bool:
        """Whether it ended before its time and left what it needs to go on."""
        return self.state in (RunState.INTERRUPTED, RunState.CANCELLED, RunState.FAILED) and self.resume_path.exists()


def list_runs(root: Path) -> list[Run]:
    """The runs of the workspace at `root`, oldest first."""
    return [run for folder in _numbered(root) if (run := read_run(folder)) is not None]


def read_run(folder: Path) -> Run | None:
    """The run in `folder`, or None when nothing there says so. A dead `running` is read as `interrupted`."""
    files = RunFiles(folder)
    data = read_json(files.state)
    try:
        state = RunState(data.get("state", ""))
    except ValueError:
        return None
    if state is RunState.RUNNING and not _is_alive(folder):
        state = RunState.INTERRUPTED
    parent = data.get("parent")
    return Run(
        number=int(folder.name),
        folder=folder,
        state=state,
        weights=files.weights if files.weights.exists() else None,
        parent=parent if isinstance(parent, str) else None,
        mean_dice=_number(data.get("mean_dice")),
        dice=_numbers(data.get("dice")),
        baseline_mean=_number(data.get("baseline_mean")),
        baseline=_numbers(data.get("baseline")),
        started=_number(data.get("started")) or 0.0,
        seconds=_number(data.get("seconds")) or 0.0,
        labels=_read_labels(folder),
    )


def new_run(root: Path, parent: str | None = None, labels: Sequence[str] = ()) -> Run:
    """Make the folder of the next run and mark it running. Take its `run_lock` at once and keep it. Raises OSError."""
    layout = Layout(Path(root))
    disk.make_folder(layout.runs)
    number = max((int(folder.name) for folder in _numbered(root)), default=0)
    while True:
        number += 1
        folder = layout.run(number)
        try:
            disk.make_new_folder(folder)
            break
        except FileExistsError:
            continue
    run = Run(number, folder, RunState.RUNNING, parent=parent, started=time.time(), labels=tuple(labels))
    write_json(RunFiles(folder).labels, {"labels": list(labels)})
    save_run(run)
    return run


def save_run(run: Run) -> None:
    """Write the run's state, atomically. Raises OSError."""
    kept = ("state", "parent", "mean_dice", "dice", "baseline_mean", "baseline", "started", "seconds")
    fields = dataclasses.asdict(run)
    write_json(RunFiles(run.folder).state, {"version": 1} | {name: fields[name] for name in kept})


def run_lock(run: Run) -> FileLock:
    """Held by the process that trains. The system lets go of it when that process dies, however it dies."""
    return FileLock(RunFiles(run.folder).lock, timeout=5, thread_local=False)


def read_events(run: Run) -> list[Event]:
    """What the run has said so far, in order; a last line cut off by a kill is left out."""
    try:
        with open(run.events_path, encoding="utf-8", errors="replace") as lines:
            return [event for line in lines if (event := from_line(line)) is not None]
    except OSError:
        return []


def verdict(run: Run) -> Verdict:
    """`better` when the held-out Dice is not lower than the starting model's, and the model finds anything at all."""
    if run.mean_dice is None or run.baseline_mean is None:
        return "cannot_judge"
    return "better" if run.mean_dice >= run.baseline_mean and run.mean_dice > 0 else "worse"


def chosen_weights(root: Path) -> Path | None:
    """The checkpoint that was chosen for the workspace, which may be gone; None when none was."""
    stored = read_json(Layout(Path(root)).active).get("weights")
    return Path(root) / stored if isinstance(stored, str) else None


def weights_name(path: Path) -> str:
    """What a checkpoint that is gone was called, by its path: that of a run is its run's."""
    number = path.parent.name
    return f"run {int(number)}" if number.isdecimal() and path == RunFiles(path.parent).weights else path.stem


def active_weights(root: Path) -> Path | None:
    """The checkpoint the workspace predicts with; None when none was chosen or it is gone."""
    path = chosen_weights(root)
    return path if path is not None and path.is_file() else None


def set_active(root: Path, weights: Path | None) -> None:
    """Choose `weights`. Those of a run are stored relative to `root`, so that the folder may move. Raises OSError."""
    active = Layout(Path(root)).active
    if weights is None:
        disk.remove(active)
        return
    weights, home = Path(os.path.abspath(weights)), Path(os.path.abspath(root))
    stored = weights.relative_to(home).as_posix() if weights.is_relative_to(home) else str(weights)
    write_json(active, {"weights": stored})


def _numbered(root: Path) -> list[Path]:
    folder = Layout(Path(root)).runs
    if not folder.is_dir():
        return []
    return sorted((item for item in folder.iterdir() if item.name.isdecimal()), key=lambda item: int(item.name))


def _is_alive(folder: Path) -> bool:
    """Whether some process holds the run's lock."""
    path = RunFiles(folder).lock
    if not path.exists():
        return False
    lock = FileLock(path, timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout:
        return True
    except OSError:
        return False
    lock.release()
    return False


def _number(value: object) -> float | None:
    """None for what a damaged file says instead."""
    return float(value) if isinstance(value, int | float) else None


def _numbers(values: object) -> dict[str, float]:
    items = values.items() if isinstance(values, dict) else ()
    return {name: float(value) for name, value in items if isinstance(value, int | float)}


def _read_labels(folder: Path) -> tuple[str, ...]:
    try:
        labels = json.loads(RunFiles(folder).labels.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return ()
    labels = labels.get("labels", []) if isinstance(labels, dict) else labels
    labels = labels if isinstance(labels, list) else []
    names = (item.get("image") if isinstance(item, dict) else item for item in labels)
    return tuple(name for name in names if isinstance(name, str))
