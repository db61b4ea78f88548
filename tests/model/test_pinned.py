"""Result buffers: used again, and never while somebody still reads them."""

from __future__ import annotations

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
    assert buffers.take(100).data_ptr() == place
    assert buffers.take(99).data_ptr() != place


def test_only_so_much_is_kept(monkeypatch) -> None:
    monkeypatch.setattr("model.pinned._KEPT", 250)
    buffers = ResultBuffers()
    lent = [buffers.lend(buffers.take(100), Filled()) for _ in range(4)]
    lent.clear()
    assert len(buffers._free) == 2
