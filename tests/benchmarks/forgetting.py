"""What a fine-tuning on another drive's images forgets: python -m tests.benchmarks.forgetting CAMVID --seconds 60

A model is trained on the first part of drive 0016E5, fine-tuned on 5, 10 and 20 images of 0001TP, and judged on the last part of
the drive that it came from.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from tests.benchmarks.accuracy_data import street_scenes
from tests.benchmarks.few_labels import accuracy, parser, tuned
from tests.benchmarks.scribbles import evenly

OLD, NEW = "0016E5", "0001TP"
FIRST_PART, LAST_PART = 0.6, 0.7
"""Of the old drive; what lies between belongs to neither."""


def main(arguments: Sequence[str] | None = None) -> None:
    options = parser(__doc__)
    options.set_defaults(counts=[5, 10, 20])
    chosen = options.parse_args(arguments)
    new = street_scenes(chosen.path, [NEW])
    drive = [name for name in new.train if name.startswith(OLD)]
    taught, kept = drive[: int(FIRST_PART * len(drive))], drive[int(LAST_PART * len(drive)) :]
    old = dataclasses.replace(new, test={name: new.train[name] for name in kept})
    begun = tuned(old, taught, chosen, None)
    before = accuracy(begun, old, chosen.device)
    print(
        "| images of the new drive | mIoU on the old drive's last part | change | on the rest of the new drive | before |"
    )
    print(f"|---|---|---|---|---|\n| 0 | {before:.1f} | | {accuracy(begun, new, chosen.device):.1f} | |", flush=True)
    for count in chosen.counts:
        labelled = evenly(list(new.test), count / len(new.test))
        rest = {name: truth for name, truth in new.test.items() if name not in labelled}
        there = dataclasses.replace(new, train=new.test, test=rest)
        after = tuned(there, labelled, chosen, begun)
        kept_now, found_now = (accuracy(after, fold, chosen.device) for fold in (old, there))
        then = accuracy(begun, there, chosen.device)
        print(f"| {count} | {kept_now:.1f} | {kept_now - before:+.1f} | {found_now:.1f} | {then:.1f} |", flush=True)


if __name__ == "__main__":
    main()
