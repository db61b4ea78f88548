"""Unused objects that refer to each other end in the window's thread, whichever thread makes the next ones."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from lsgui.cycle_collector import CycleCollector
from lsgui.lane import Lane


class Cycle:
    """Says in which thread it has ended."""

    ended_in: list[threading.Thread]

    def __init__(self, ended_in: list[threading.Thread]) -> None:
        self.ended_in, self.itself = ended_in, self

    def __del__(self) -> None:
        self.ended_in.append(threading.current_thread())


@pytest.fixture
def collector() -> Iterator[CycleCollector]:
    made = CycleCollector()
    made.start()
    yield made
    made.stop()


def test_cycles_end_in_the_windows_thread(collector: CycleCollector, qtbot: QtBot) -> None:
    ended: list[threading.Thread] = []
    made, lane = threading.Event(), Lane("cycles")
    lane.put(lambda: ([Cycle(ended) for _ in range(20_000)], made.set()))
    assert made.wait(20)
    assert not ended
    qtbot.waitUntil(lambda: len(ended) == 20_000)
    assert set(ended) == {threading.main_thread()}
    lane.close()


def test_the_whole_is_searched_when_nothing_moves(
    collector: CycleCollector, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[tuple[int, ...]] = []
    monkeypatch.setattr(gc, "get_count", lambda: (0, 0, 15))
    monkeypatch.setattr(gc, "collect", lambda *generation: searched.append(generation))
    collector._timer.timeout.disconnect()
    collector._timer.timeout.connect(lambda: (collector.wait() if moves else None, collector._search()))
    moves = True
    qtbot.wait(1500)
    assert not searched
    moves = False
    qtbot.waitUntil(lambda: bool(searched))
    assert searched[0] == ()


def test_python_searches_by_itself_before_and_after(qtbot: QtBot) -> None:
    collector = CycleCollector()
    assert gc.isenabled()
    collector.start()
    assert not gc.isenabled() and gc.get_freeze_count()
    collector.stop()
    assert gc.isenabled() and not gc.get_freeze_count()
