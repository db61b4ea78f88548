"""RunLog: one fine-tuning's folder while it is being written, and the lock that keeps a second one out."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from model import disk
from model.checkpoint import Checkpoint, save
from model.errors import ModelError, TrainingError
from model.events import Event, Failed, Finished, Notice, Stopped, to_line
from model.files import clear_leftovers, sha256
from model.labelled_images import LabelledImage
from model.layout import Layout, RunFiles
from model.messages import Message
from model.progress import Cancelled
from model.records import read_json, write_json
from model.runs import Run, RunState, list_runs, new_run, run_lock, save_run, verdict
from model.scoring import Scores

Emit = Callable[[Event], None]
LATE = "late"
"""Marks a label that came while the run was interrupted, which it may hardly have learned from."""


class RunLog:
    """`run` is the state as last written. Open one with `RunLog.begin` or `RunLog.go_on`."""

    def __init__(self, run: Run, emit: Emit) -> None:
        self.run = run
        self._emit = emit
        self._earlier = run.seconds
        self._opened = time.monotonic()
        self._cut_off = _is_cut_off(run.events_path)
        """Whether a kill or a full disk has left half a line of the events, which would swallow the next."""
        self._lock = run_lock(run)
        self._lock.acquire()

    @staticmethod
    def begin(
        root: Path,
        parent: str | None,
        labels: Sequence[Mapping[str, object]],
        config: Mapping[str, object],
        emit: Emit,
    ) -> RunLog:
        """A new run, with its settings and the list of the labels it uses, of `hashed_labels`. Raises OSError."""
        log = RunLog(new_run(root, parent, [str(entry["image"]) for entry in labels]), emit)
        with log._opening():
            log._write_labels(labels)
            write_json(log.run.config_path, config)
        return log

    @staticmethod
    def go_on(run: Run, labels: Sequence[LabelledImage], emit: Emit) -> RunLog:
        """An interrupted run, running again. Its baseline is forgotten when `labels` have changed. Raises OSError."""
        log = RunLog(run, emit)
        with log._opening():
            now, before = hashed_labels(labels), read_labels(run)
            same = [{name: entry.get(name) for name in ("image", "split", "sha256")} for entry in before] == now
            # First the baseline: labels that are written down would call it theirs.
            log.update(state=RunState.RUNNING, **({} if same else {"baseline_mean": None, "baseline": {}}))
            early = learned(before)
            late = [{} if (entry["image"], entry["sha256"]) in early else {LATE: True} for entry in now]
            log._write_labels([entry | mark for entry, mark in zip(now, late, strict=True)])
        return log

    def _write_labels(self, listed: Sequence[Mapping[str, object]]) -> None:
        write_json(RunFiles(self.run.folder).labels, {"labels": listed})

    @contextmanager
    def _opening(self) -> Iterator[None]:
        """What fails within leaves no run that seems to be at work."""
        try:
            yield
        except BaseException:
            with suppress(OSError):
                self.update(state=RunState.FAILED)
            self._lock.release()
            raise

    @property
    def seconds(self) -> float:
        """How long the run has worked, earlier parts included."""
        return self._earlier + time.monotonic() - self._opened

    def say(self, event: Event) -> None:
        """Keep the event with the run, and pass it on."""
        self._keep(event)
        self._emit(event)

    def notice(self, message: Message) -> None:
        self.say(Notice(**message.to_json()))

    def update(self, **changes: object) -> None:
        """Write these fields of the run's state, and how long it has worked. Raises OSError."""
        self.run = dataclasses.replace(self.run, **changes, seconds=round(self.seconds, 1))
        save_run(self.run)

    def publish(self, checkpoint: Checkpoint, scores: Scores) -> None:
        """Put the new weights in place by one rename, and say how they compare. Raises OSError."""
        path = self.run.weights_path
        save(path, checkpoint)
        self.update(state=RunState.DONE, weights=path, mean_dice=scores.mean_dice, dice=scores.dice)
        new, old = (self.run.mean_dice, self.run.dice), (self.run.baseline_mean, self.run.baseline)
        finished = Finished(self.run.number, str(path), *new, *old, verdict(self.run))
        # The run is done: neither a full disk nor a listener that has gone makes it a failed one.
        with suppress(OSError):
            disk.remove(self.run.resume_path)
        self._tell(finished)

    def _keep(self, event: Event) -> None:
        line = ("\n" if self._cut_off else "") + to_line(event) + "\n"
        with disk.append(self.run.events_path) as file:
            self._cut_off = True
            disk.write(file, line.encode("utf-8"))
            self._cut_off = False

    @contextmanager
    def ending(self) -> Iterator[None]:
        """Whatever ends the work within, the run's state says so where it can be written, and so does an event unless it
        was published.

        Cancelled ends here; any other exception goes on as a ModelError, of which a Failed event was told.
        """
        try:
            yield
        except Cancelled:
            self._end(RunState.CANCELLED, Stopped(self.run.number))
        except Exception as error:  # noqa: BLE001 - the run's state must say that it failed, whatever it was
            known = as_model_error(error, resumable=self.run.resume_path.exists())
            self._end(RunState.FAILED, failed(known))
            raise known from (None if known is error else error)
        finally:
            self._lock.release()

    def _end(self, state: RunState, event: Event) -> None:
        """Neither a full disk nor a listener that has gone keeps the other from hearing of it."""
        with suppress(OSError):
            self.update(state=state)
        self._tell(event)

    def _tell(self, event: Event) -> None:
        """As `say`, and whoever can be told is told."""
        with suppress(OSError):
            self._keep(event)
        with suppress(OSError):
            self._emit(event)


def hashed_labels(labels: Sequence[LabelledImage]) -> list[dict[str, object]]:
    """What a run's `labels.json` says. A label that has been withdrawn since the survey has no hash; the training finds that out,
    and says so.
    """
    hashes = [sha256(item.label_path) if item.label_path.exists() else "" for item in labels]
    named = zip(labels, hashes, strict=True)
    return [{"image": item.image_path.name, "split": item.split, "sha256": found} for item, found in named]


def read_labels(run: Run) -> list[dict[str, object]]:
    """What the run's `labels.json` says; nothing where it is gone, damaged or of a form of before."""
    listed = read_json(RunFiles(run.folder).labels).get("labels")
    return [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []


def learned(labels: Sequence[Mapping[str, object]]) -> set[tuple[str, str]]:
    """Image and hash of those that were there from the beginning."""
    return {(str(entry.get("image")), str(entry.get("sha256"))) for entry in labels if LATE not in entry}


def failed(error: ModelError) -> Failed:
    """The event that says the same as the error."""
    return Failed(**error.message.to_json())


def last_resumable(root: Path) -> Run:
    """Raises TrainingError when no run of the workspace can go on."""
    for run in reversed(list_runs(root)):
        if run.resumable:
            return run
    raise TrainingError("No interrupted training can go on here; start a new one.")


@contextmanager
def only_one(root: Path) -> Iterator[None]:
    """Hold the workspace's training lock, and clear what a killed training left half written.

    Raises TrainingError while another process trains or it cannot be written.
    """
    layout = Layout(root)
    lock = FileLock(layout.training_lock, timeout=0, thread_local=False)
    try:
        disk.make_folder(layout.runs)
        lock.acquire()
    except Timeout as error:
        raise TrainingError("Another fine-tuning is running in this folder; wait for it or stop it first.") from error
    except OSError as error:
        raise TrainingError(
            "{folder} cannot be written ({reason}); make it writable, or choose another place for the workspace.",
            folder=str(root),
            reason=error.strerror or str(error),
        ) from error
    try:
        for folder in (layout.runs, *layout.runs.iterdir()):
            if folder.is_dir():
                clear_leftovers(folder)
        yield
    finally:
        lock.release()


def _is_cut_off(path: Path) -> bool:
    """Whether there is a file at `path` that does not end with the end of a line."""
    try:
        with open(path, "rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read() != b"\n"
    except OSError:  # of one that is empty, too
        return False


def as_model_error(error: Exception, resumable: bool = False) -> ModelError:
    """The error itself, or one whose sentence says what another exception means for the training."""
    if isinstance(error, ModelError):
        return error
    if isinstance(error, OSError):
        return TrainingError(
            "The training cannot write its files ({reason}); make room and resume it."
            if resumable
            else "The training cannot write its files ({reason}); make room and start it again.",
            reason=error.strerror or str(error),
        )
    return TrainingError(
        "The training stopped because of an unexpected error ({reason}); the old model is still in use.",
        reason=f"{type(error).__name__}: {error}",
    )
