"""What a fine-tuning on another drive's images forgets: python -m tests.benchmarks.forgetting CAMVID --seconds 60

A model is trained on the first part of drive 0016E5, fine-tuned on 5, 10 and 20 images of the first part of 0001TP, and judged
on the last parts of both, which no training looks at. It learns from the new labels alone, as in a folder of their own, and
beside the old ones, as in the same folder; each result is judged again with a share of the first weights mixed in.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence

from model.checkpoint import Checkpoint
from model.commands.numbers import part
from model.interpolation import interpolated
from tests.benchmarks.accuracy_data import Fold, street_scenes
from tests.benchmarks.few_label_trainings import accuracy, add_arguments, tuned
from tests.benchmarks.scribbles import evenly

OLD, NEW = "0016E5", "0001TP"
FIRST_PART, LAST_PART = 0.6, 0.7
"""Of a drive; what lies between belongs to neither."""
ALONE, BESIDE = "alone", "beside"
"""Whether the new labels are learned from without the old ones or with them."""


def main(arguments: Sequence[str] | None = None) -> None:
    chosen = _parser().parse_args(arguments)
    old, new = folds(street_scenes(chosen.path, [NEW]))
    if max(chosen.counts) > len(new.train):
        raise SystemExit(f"expected counts up to {len(new.train)}, got {chosen.counts}")
    taught = [name for name in old.train if name.startswith(OLD)]
    both = dataclasses.replace(new, train={name: old.train[name] for name in taught} | dict(new.train))
    begun = tuned(old, taught, chosen, None)
    before = [accuracy(begun, fold, chosen.device) for fold in (old, new)]
    print("| labels of the new drive | share of the new weights | on the old drive's last part | on the new drive's |")
    print(f"|---|---|---|---|\n| none | | {before[0]:.1f} | {before[1]:.1f} |", flush=True)
    for count in chosen.counts:
        names = evenly(list(new.train), count / len(new.train))
        for how, fold, learned in ((ALONE, new, names), (BESIDE, both, taught + names)):
            if how in chosen.labels:
                after = tuned(fold, learned, chosen, begun, names if how == BESIDE else ())
                _tell(f"{count} {how}", begun, after, (old, new), before, chosen)


def _tell(
    name: str,
    begun: Checkpoint,
    after: Checkpoint,
    drives: tuple[Fold, Fold],
    before: Sequence[float],
    chosen: argparse.Namespace,
) -> None:
    """A row for each share, with what has changed since `before`."""
    for share in chosen.shares:
        model = mixed(begun, after, share)
        found = [accuracy(model, fold, chosen.device) for fold in drives]
        told = (f"{now:.1f} ({now - then:+.1f})" for now, then in zip(found, before, strict=True))
        print(f"| {name} | {share:g} | {' | '.join(told)} |", flush=True)


def mixed(begun: Checkpoint, after: Checkpoint, share: float) -> Checkpoint:
    """Between two models: this `share` (0..1) of the weights after a fine-tuning, the rest of those before it."""
    return dataclasses.replace(after, tensors=interpolated(begun.tensors, after.tensors, 1 - share))


def folds(whole: Fold) -> tuple[Fold, Fold]:
    """Of the old drive, with what else there is to look at, and of the new one: `test` of both are their last parts."""
    (taught, kept), (begun, judged) = (
        _parts([name for name in names if name.startswith(drive)])
        for names, drive in ((whole.train, OLD), (whole.test, NEW))
    )
    others = [name for name in whole.train if not name.startswith(OLD)]
    old = {name: whole.train[name] for name in (*taught, *others)}, {name: whole.train[name] for name in kept}
    new = {name: whole.test[name] for name in begun}, {name: whole.test[name] for name in judged}
    old, new = (dataclasses.replace(whole, train=train, test=test) for train, test in (old, new))
    return old, new


def _parts(drive: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    return drive[: int(FIRST_PART * len(drive))], drive[int(LAST_PART * len(drive)) :]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser, (5, 10, 20))
    parser.add_argument("--labels", nargs="+", default=[ALONE, BESIDE], choices=[ALONE, BESIDE], metavar="HOW")
    parser.add_argument("--shares", type=part, nargs="+", default=[1.0, 0.7, 0.5], help="of the new weights")
    return parser


if __name__ == "__main__":
    main()
