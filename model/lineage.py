"""Lineage: what the model that a training starts from has learned already, in this workspace and before."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from model.checkpoint import CheckpointHeader, read_header
from model.classes import ClassTable
from model.errors import CheckpointError
from model.run_log import learned, read_labels
from model.runs import Run, list_runs
from model.split import Split

ELSEWHERE = "elsewhere"
"""The key of a checkpoint's metrics that says so of the line of models that ends with it."""


@dataclass(frozen=True)
class Lineage:
    """`elsewhere` says that the line of models began in another folder and knew some of the classes then, so that they know of
    those what no label here shows; `newer` names the training images whose label files, as they are now, the last model has not
    learned from: none where it was not trained here.
    """

    elsewhere: bool = False
    newer: tuple[str, ...] = ()


NOTHING_LEARNED = Lineage()
"""That of a training from scratch."""


def lineage_of(
    root: Path, weights: Path | None, labels: Sequence[Mapping[str, object]], classes: ClassTable
) -> Lineage:
    """That of a training of the workspace at `root` from these weights, or from scratch; `labels` as a run lists them."""
    if weights is None:
        return NOTHING_LEARNED
    header = _header(weights)
    runs, path = list_runs(root), os.path.realpath(weights)
    made = (run for run in runs if os.path.realpath(run.weights_path) == path)
    copied = (run for run in runs if header and header.metrics and header.metrics == _metrics(run))
    run = next(itertools.chain(made, copied), None)
    known = header is None or any(header.classes.by_uid(item.uid) is not None for item in classes.scored)
    if run is None:
        return Lineage(elsewhere=known)
    return Lineage(known and _began_elsewhere(header), _newer(run, labels))


def _header(weights: Path) -> CheckpointHeader | None:
    try:
        return read_header(weights)
    except (CheckpointError, OSError):
        return None


def _metrics(run: Run) -> Mapping[str, object]:
    """What the run's weights say of themselves, and any copy of them; nothing where it has none."""
    header = _header(run.weights_path)
    return {} if header is None else header.metrics


def _began_elsewhere(header: CheckpointHeader | None) -> bool:
    """Of a run of this workspace. Those of before do not say it, but for the ones that were trained from scratch."""
    if header is None:
        return True
    said = header.metrics.get(ELSEWHERE)
    return said if isinstance(said, bool) else header.parent is not None


def _newer(run: Run, labels: Sequence[Mapping[str, object]]) -> tuple[str, ...]:
    known = learned(read_labels(run))
    taught = [entry for entry in labels if entry["split"] == Split.TRAIN]
    return tuple(entry["image"] for entry in taught if (entry["image"], entry["sha256"]) not in known)
