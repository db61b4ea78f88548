"""An analyst's first hours: how accurate is a model after so many labels, when they are chosen in this way or that?

    python -m tests.benchmarks.few_labels CAMVID --hold-out 0001TP --counts 8 16 32 --seconds 20

A model is trained on the first labels, the same for all strategies, and predicts the other images; each strategy chooses which
of them to label next; fine-tuned on all labels so far, the model predicts again. It is judged on a drive that it never sees.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from model.checkpoint import Checkpoint
from model.segmenter import Segmenter
from tests.benchmarks.accuracy_data import Fold, street_scenes
from tests.benchmarks.few_label_trainings import accuracy, add_arguments, tuned
from tests.benchmarks.label_strategies import STRATEGIES, Pool
from tests.benchmarks.scribbles import evenly


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a row for each strategy as it is done."""
    chosen = parser().parse_args(arguments)
    fold = street_scenes(chosen.path, [chosen.hold_out])
    if sorted(set(chosen.counts)) != chosen.counts or chosen.counts[-1] > len(fold.train):
        raise SystemExit(f"expected counts that grow, up to {len(fold.train)}, got {chosen.counts}")
    first = evenly(list(fold.train), chosen.counts[0] / len(fold.train))
    if len(first) != chosen.counts[0]:  # one of each drive at least, which may be too many
        raise SystemExit(f"{chosen.counts[0]} images cannot be spread over the drives; {len(first)} can")
    begun = tuned(fold, first, chosen, None, weights=chosen.weights)
    start = accuracy(begun, fold, chosen.device)
    print("| labels chosen by | " + " | ".join(f"mIoU after {count}" for count in chosen.counts) + " |", flush=True)
    print("|---" * (len(chosen.counts) + 1) + "|")
    for name in chosen.strategies:
        row = [start, *_followed(name, fold, first, begun, chosen)]
        print(f"| {name} | " + " | ".join(f"{value:.1f}" for value in row) + " |", flush=True)


def _followed(
    name: str, fold: Fold, first: Sequence[str], checkpoint: Checkpoint, chosen: argparse.Namespace
) -> list[float]:
    """Accuracies as the labels grow in number by one strategy."""
    labelled, found = list(first), []
    for total in chosen.counts[1:]:
        pool = Pool(fold.train, labelled, Segmenter.load(checkpoint, chosen.device), chosen.seed)
        newer = STRATEGIES[name](pool)[: total - len(labelled)]
        labelled += newer
        checkpoint = tuned(fold, labelled, chosen, checkpoint, newer)
        found.append(accuracy(checkpoint, fold, chosen.device))
    return found


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(made, (8, 16, 32))
    made.add_argument("--hold-out", default="0001TP", metavar="DRIVE", help="judged on this one")
    made.add_argument("--strategies", nargs="+", default=list(STRATEGIES), choices=list(STRATEGIES))
    made.add_argument("--weights", type=Path, help="start from these instead of from scratch")
    return made


if __name__ == "__main__":
    main()
