"""An analyst's first hours: how accurate is a model after so many labels, when they are chosen in this way or that?

    python -m tests.benchmarks.few_labels CAMVID --hold-out 0001TP --counts 8 16 32 --seconds 20

A model is trained on the first labels, the same for all strategies, and predicts the other images; each strategy chooses which
of them to label next; fine-tuned on all labels so far, the model predicts again. It is judged on a drive that it never sees.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from model.checkpoint import Checkpoint, load
from model.commands.numbers import count, positive
from model.device import choose_device
from model.learner import Learner
from model.metrics import iou
from model.options import FineTuneOptions
from model.plan import Plan
from model.schedule import Clock
from model.scoring import score
from model.segmenter import Segmenter
from model.start import starting_checkpoint
from tests.benchmarks.accuracy_data import Fold, street_scenes
from tests.benchmarks.label_strategies import STRATEGIES, Pool
from tests.benchmarks.scribbles import evenly


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a row for each strategy as it is done."""
    chosen = parser(__doc__).parse_args(arguments)
    fold = street_scenes(chosen.path, [chosen.hold_out])
    if sorted(set(chosen.counts)) != chosen.counts or chosen.counts[-1] > len(fold.train):
        raise SystemExit(f"expected counts that grow, up to {len(fold.train)}, got {chosen.counts}")
    first = evenly(list(fold.train), chosen.counts[0] / len(fold.train))
    begun = tuned(fold, first, chosen, None if chosen.weights is None else load(chosen.weights))
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
        labelled += STRATEGIES[name](pool)[: total - len(labelled)]
        checkpoint = tuned(fold, labelled, chosen, checkpoint)
        found.append(accuracy(checkpoint, fold, chosen.device))
    return found


def tuned(fold: Fold, names: Sequence[str], chosen: argparse.Namespace, start: Checkpoint | None) -> Checkpoint:
    """As the program trains on these images of the fold, and looks at its others: from the checkpoint, or from scratch, for
    so many seconds or until it has seen enough.
    """
    others = {name: truth.image for name, truth in fold.train.items() if name not in names}
    part = dataclasses.replace(fold, train={name: fold.train[name] for name in names}, others=others).survey()
    device = choose_device(chosen.device)
    options = FineTuneOptions(
        preset=chosen.preset, seed=chosen.seed, crop=chosen.crop, learning_rate=chosen.lr if start else None
    )
    begun, unfamiliar = (start, False) if start else starting_checkpoint(options, fold.classes, False)
    plan = Plan.make(options, begun, unfamiliar, device, len(names), part.coloured, 0.0)
    plan = dataclasses.replace(plan, schedule=dataclasses.replace(plan.schedule, epochs=1, seconds=chosen.seconds))
    learner = Learner(plan, part, begun, device, print)
    try:
        clock = Clock()
        while (progress := plan.schedule.progress(learner.steps, clock.seconds)) < 1:
            learner.step(progress)
        return learner.averaged()
    finally:
        learner.close()


def accuracy(checkpoint: Checkpoint, fold: Fold, device: str) -> float:
    """mIoU in percent over the classes of the held-out images."""
    found = score(Segmenter.load(checkpoint, device), fold.test.values(), fold.classes)
    return 100 * float(np.nanmean(iou(found.counts)[list(fold.counting)]))


def parser(description: str) -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("path", type=Path, help="CamVid's folder")
    made.add_argument("--hold-out", default="0001TP", metavar="DRIVE", help="judged on this one")
    made.add_argument("--counts", type=count, nargs="+", default=[8, 16, 32], help="labels after each round")
    made.add_argument("--strategies", nargs="+", default=list(STRATEGIES), choices=list(STRATEGIES))
    made.add_argument("--seconds", type=positive, default=20.0, help="of each training")
    made.add_argument("--weights", type=Path, help="start from these instead of from scratch")
    made.add_argument("--preset", default="lightning-unet")
    made.add_argument("--crop", type=int)
    made.add_argument("--lr", type=float, help="peak learning rate where a model goes on learning; the product's own")
    made.add_argument("--seed", type=int, default=0)
    made.add_argument("--device", default="auto")
    return made


if __name__ == "__main__":
    main()
