"""Result buffers: used again, and never while somebody still reads them."""

from __future__ import annotations

import gc
import threading
from collections import OrderedDict
from collections.abc import ItemsView

import numpy as np

from model.pinned import ResultBuffers


class Filled:
    """An event that has come."""

    def synchronize(self) -> None:
        pass


def test_a_buffer_comes_back_when_the_last_part_of_its_array_has_gone() -> None:
    buffers = ResultBuffers()
    first = buffers.take(100)
    place = first.data_ptr()
    array = buffers.lend(first, Filled())
    del first
    parts = [array.reshape(10, 10)[:5].reshape(-1)[3:9], np.ascontiguousarray(array[50:]).reshape(5, 10)]
    del array
    assert buffers.take(100).data_ptr() != place
    parts[0][:] = 7
    assert (parts[0] == 7).all()
    parts.clear()
    again = buffers.take(100)
    assert again.data_ptr() == place
    assert buffers.take(99).data_ptr() != place


def test_only_so_much_is_kept(monkeypatch) -> None:
    monkeypatch.setattr("model.pinned._KEPT", 250)
    buffers = ResultBuffers()
    lent = [buffers.lend(buffers.take(100), Filled()) for _ in range(4)]
    lent.clear()
    buffers.take(1)
    assert len(buffers._free) == 2


def test_an_array_may_go_while_a_buffer_is_being_taken() -> None:
    """The garbage collector runs where it likes, and so does what it calls."""

    class Free(OrderedDict):
        def items(self) -> ItemsView:
            gc.collect()
            return super().items()

    buffers = ResultBuffers()
    buffers._free, cycle = Free(), [buffers.lend(buffers.take(100), Filled())]
    cycle.append(cycle)
    del cycle
    thread = threading.Thread(target=buffers.take, args=(50,), daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    place = buffers.take(100).data_ptr()
    assert place and not buffers._free
