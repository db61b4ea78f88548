"""The table of the accuracy benchmark: result files of one state of the code on one card, merged.

Of each seed the confusion matrices of all folds are summed and scored; the table gives the mean over the seeds and their
standard deviation. Two networks are compared run by run, with the same fold and seed: the mean difference, and its standard
error over all folds and seeds. A difference counts when it is larger than twice that.
"""

from __future__ import annotations

import json
import math
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from model import metrics
from model.calibration import calibration_error
from tests.benchmarks.rows import digits

SHARED = ("commit", "code", "card", "torch", "data", "budget")
"""What the runs of one table have in common."""
NEEDED = {
    *SHARED, "name", "fold", "seed", "counting", "classes", "counts", "sureness", "steps", "seconds", "memory", "parameters",
}  # fmt: skip
Scores = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Entry:
    """All runs of one network in one way: a result file's content by (fold, seed)."""

    name: str
    runs: Mapping[tuple[str, int], Mapping[str, object]]

    @cached_property
    def summed(self) -> dict[int, np.ndarray]:
        """By seed, the confusion counts over all folds; a seed that lacks one is left out."""
        folds, seeds = ({key[place] for key in self.runs} for place in (0, 1))
        whole = [seed for seed in sorted(seeds) if all((fold, seed) in self.runs for fold in folds)]
        return {seed: sum(np.array(self.runs[fold, seed]["counts"]) for fold in folds) for seed in whole}

    @property
    def folds(self) -> int:
        return len({fold for fold, _ in self.runs})

    @property
    def counting(self) -> list[int]:
        return next(iter(self.runs.values()))["counting"]

    def scores(self, score: Scores) -> np.ndarray:
        """(seeds, classes) of the summed counts, in points."""
        return np.array([score(counts)[self.counting] for counts in self.summed.values()]) * 100

    def calibration(self) -> float | None:
        return calibration_error(sum(np.array(run["sureness"]) for run in self.runs.values()))

    def calibrated(self) -> str:
        """The mean error with the temperature that other held-out images gave, of the runs that have one."""
        errors = [run["calibrated_error"] for run in self.runs.values() if run.get("calibrated_error") is not None]
        return f"{np.mean(errors):.3f}" if errors else "-"

    def median(self, field: str) -> float:
        return float(np.median([run.get(field) or 0 for run in self.runs.values()]))


@dataclass(frozen=True)
class Difference:
    """In points: the mean over `count` pairs of runs, and its standard error, no number for less than two."""

    mean: float
    error: float
    count: int

    @property
    def counts(self) -> bool:
        return abs(self.mean) > 2 * self.error

    def __str__(self) -> str:
        return f"{self.mean:+.1f} ± {self.error:.1f}{' *' if self.counts else ''}" if self.count else "-"


def difference(one: Entry, other: Entry, score: Scores) -> Difference:
    """Of the mean score over classes, run by run with the same fold and seed."""
    pairs = sorted(one.runs.keys() & other.runs.keys())
    values = np.array([_mean_score(one.runs[pair], score) - _mean_score(other.runs[pair], score) for pair in pairs])
    if not len(values):
        return Difference(math.nan, math.nan, 0)
    error = values.std(ddof=1) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return Difference(float(values.mean()), float(error), len(values))


def read_results(folder: Path) -> list[dict[str, object]]:
    """Of the JSON files there, those that a run has written; says which ones are left out."""
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            result = json.loads(path.read_text(encoding="utf-8"))
            sound = NEEDED <= result.keys() and result["seconds"] > 0
            counts, classes = np.array(result["counts"], np.int64), max(result["counting"]) + 1
            sound &= counts.ndim == 2 and len(set(counts.shape)) == 1 and len(counts) >= classes
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            sound = False
        if sound:
            found.append(result)
        else:
            print(f"{path} is no result of this benchmark, and is left out", file=sys.stderr)
    return found


def tables(results: Iterable[Mapping[str, object]], against: Sequence[str]) -> Iterator[str]:
    """One for each state of the code, card, data and length of the runs; they are never merged."""
    groups: dict[tuple, list[Mapping[str, object]]] = defaultdict(list)
    for result in results:
        groups[(*(result[field] for field in SHARED), result.get("given", ""))].append(result)
    for key, group in sorted(groups.items(), key=lambda item: [str(part) for part in item[0]]):
        entries = _entries(group)
        shared = ", ".join(f"{field} {value or 'unknown'}" for field, value in zip(SHARED, key[:-1], strict=True))
        shared += f", given {key[-1]}" if key[-1] else ""
        parts = [shared, _means(entries), _by_class("IoU", entries, metrics.iou, group[0]["classes"])]
        parts.append(_by_class("Dice", entries, metrics.dice, group[0]["classes"]))
        parts += [_differences(entries, name) for name in against if name in entries]
        yield "\n\n".join(parts)


def _entries(group: Iterable[Mapping[str, object]]) -> dict[str, Entry]:
    runs: dict[str, dict[tuple[str, int], Mapping[str, object]]] = defaultdict(dict)
    for result in group:
        runs[result["name"]][result["fold"], result["seed"]] = result
    return {name: Entry(name, found) for name, found in runs.items()}


def _means(entries: Mapping[str, Entry]) -> str:
    head = (
        "network", "folds x seeds", "mIoU", "mean Dice", "calibration error", "calibrated", "steps", "steps/s", "seconds",
        "peak GiB", "parameters", "a prediction, ms",
    )  # fmt: skip
    rows = []
    for entry in entries.values():
        rows.append((
            entry.name, f"{entry.folds} x {len(entry.summed)}",
            _spread(entry.scores(metrics.iou)), _spread(entry.scores(metrics.dice)),
            f"{entry.calibration() or 0:.3f}", entry.calibrated(), f"{entry.median('steps'):.0f}",
            digits(entry.median("steps") / entry.median("seconds")), digits(entry.median("seconds")),
            digits(entry.median("memory") / 2**30), f"{entry.median('parameters') / 1e6:.1f} M",
            digits(1e3 * entry.median("prediction")),
        ))  # fmt: skip
    return _markdown(head, rows)


def _by_class(what: str, entries: Mapping[str, Entry], score: Scores, classes: Sequence[str]) -> str:
    rows = []
    for entry in entries.values():
        found = entry.scores(score)
        means = found.mean(axis=0) if len(found) else [math.nan] * len(classes)
        rows.append((entry.name, *("-" if math.isnan(mean) else f"{mean:.1f}" for mean in means)))
    return _markdown((f"{what} by class", *classes), rows)


def _differences(entries: Mapping[str, Entry], name: str) -> str:
    others = [entry for entry in entries.values() if entry.name != name]
    rows = []
    for entry in others:
        found = [difference(entry, entries[name], score) for score in (metrics.iou, metrics.dice)]
        rows.append((entry.name, *map(str, found), str(found[0].count)))
    head = f"against {name}", "mIoU, paired", "mean Dice, paired", "pairs"
    return _markdown(head, rows) + "\n\n\\* larger than twice its standard error"


def _spread(scores: np.ndarray) -> str:
    """Of the mean over classes: mean over the seeds, and their standard deviation where there are several."""
    if not len(scores):
        return "no seed with every fold"
    means = np.nanmean(scores, axis=1)
    return f"{means.mean():.1f}" + (f" ± {means.std(ddof=1):.1f}" if len(means) > 1 else "")


def _mean_score(run: Mapping[str, object], score: Scores) -> float:
    return 100 * float(np.nanmean(score(np.array(run["counts"]))[run["counting"]]))


def _markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows])
