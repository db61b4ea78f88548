"""The Qt binding itself: a fault of one release that would end every session."""

from __future__ import annotations

import sys

from PySide6.QtCore import QObject, Signal


class _Sender(QObject):
    sent = Signal()


def test_sending_signals_does_not_wear_out_the_interpreter(qapp: object) -> None:
    """PySide6 6.12.0 gives away a reference to True with every emit: on Python 3.11, where True is counted, the program
    ends with "Fatal Python error: bool_dealloc" after some thousand signals. 6.11.1 does not."""
    sender = _Sender()
    sender.sent.emit()
    before = sys.getrefcount(True)
    for _ in range(20):
        sender.sent.emit()
    assert sys.getrefcount(True) >= before - 5
