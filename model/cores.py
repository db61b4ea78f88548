"""How torch's threads behave on a computer that does other work too."""

from __future__ import annotations

import os


def let_waiting_threads_sleep() -> None:
    """Have the threads of OpenMP sleep while they wait. Call it before torch is imported, which reads this once.

    They would spin. With two cores and one other busy program a training step then took 3.7 s, and 0.7 s when they
    sleep; a prediction beside a fine-tuning took ten times as long. Alone on the machine, sleeping costs about 15 %.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def usable_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
