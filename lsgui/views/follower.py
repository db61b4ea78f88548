"""Following what outlives a window: the connection ends with the part that follows."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, SignalInstance


class Follower(QObject):
    """Calls `show` now and at each signal, for as long as `part` lives.

    A plain function connected to the session would be called on when the window that it shows things in is gone, as
    after a change of language.
    """

    def __init__(self, part: QObject, show: Callable[[], None], *signals: SignalInstance) -> None:
        super().__init__(part)
        self._show = show
        for signal in signals:
            signal.connect(self._call)
        show()

    def _call(self, *ignored: object) -> None:
        self._show()
