"""What a fine-tuning on another drive's images forgets: python -m tests.benchmarks.forgetting CAMVID --seconds 60

A model is trained on the first part of drive 0016E5, fine-tuned on 5, 10 and 20 images of the first part of 0001TP, and judged
on the last parts of both, which no training looks at.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence

from tests.benchmarks.accuracy_data import Fold, street_scenes
from tests.benchmarks.few_label_trainings import accuracy, add_arguments, tuned
from tests.benchmarks.scribbles import evenly

OLD, NEW = "0016E5", "0001TP"
FIRST_PART, LAST_PART = 0.6, 0.7
"""Of a drive; what lies between belongs to neither."""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser, (5, 10, 20))
    chosen = parser.parse_args(arguments)
    old, new = folds(street_scenes(chosen.path, [NEW]))
    begun = tuned(old, [name for name in old.train if name.startswith(OLD)], chosen, None)
    kept, found = (accuracy(begun, fold, chosen.device) for fold in (old, new))
    print("| images of the new drive | mIoU on the old drive's last part | change | on the new drive's last part |")
    print(f"|---|---|---|---|\n| 0 | {kept:.1f} | | {found:.1f} |", flush=True)
    for count in chosen.counts:
        after = tuned(new, evenly(list(new.train), count / len(new.train)), chosen, begun)
        kept_now, found_now = (accuracy(after, fold, chosen.device) for fold in (old, new))
        print(f"| {count} | {kept_now:.1f} | {kept_now - kept:+.1f} | {found_now:.1f} |", flush=True)


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


if __name__ == "__main__":
    main()
