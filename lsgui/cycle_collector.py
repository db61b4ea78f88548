"""Python's search for cycles of unused objects: in the window's thread alone, and while nothing moves."""

from __future__ import annotations

import gc
import time

from PySide6.QtCore import QObject, QTimer

_TICK_MS = 250
_REST = 1.0
"""Seconds without a move after which the whole is searched: that takes 100 to 200 ms."""
_OVERDUE = 10
"""Times its threshold at which a search waits no longer for rest."""


class CycleCollector(QObject):
    """While it lives Python does not search by itself.

    It would do so whenever, and in whatever thread, one more object is made: all others stand still meanwhile, in the
    middle of a stroke too, and what belongs to the window ends in the thread of a lane.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._was_enabled = gc.isenabled()
        self._moved = 0.0
        self._timer = QTimer(self, interval=_TICK_MS)
        self._timer.timeout.connect(self._search)

    def start(self) -> None:
        """What is there by now is there to stay: it is not searched any more."""
        gc.disable()
        gc.freeze()
        self._timer.start()

    def wait(self, *ignored: object) -> None:
        """Something moves."""
        self._moved = time.monotonic()

    def stop(self) -> None:
        self._timer.stop()
        gc.unfreeze()
        if self._was_enabled:
            gc.enable()

    def _search(self) -> None:
        due = [count / most for count, most in zip(gc.get_count(), gc.get_threshold(), strict=True)]
        rests = time.monotonic() - self._moved > _REST
        if due[2] > (1 if rests else _OVERDUE):
            gc.collect()
        elif due[1] > 1:
            gc.collect(1)
        elif due[0] > 1:
            gc.collect(0)
