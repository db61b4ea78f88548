"""Branches: all pieces of work are done, between what came before and what comes after, recorded or not."""

from __future__ import annotations

from functools import partial

import pytest
import torch

from model.branches import Branches

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU"))]


def _squared(branches: Branches, numbers: torch.Tensor) -> torch.Tensor:
    """(n, 256, 256) -> 4 times the squares of the matrices."""
    doubled = 2 * numbers
    branches.run(partial(_square, one) for one in doubled)
    return doubled.clone()


def _square(one: torch.Tensor) -> None:
    one.copy_(one @ one)


@pytest.mark.parametrize("device", DEVICES)
def test_pieces_see_what_came_before_and_are_seen_by_what_comes_after(device: str) -> None:
    branches = Branches(torch.device(device), 3)
    for seed in range(20):
        numbers = torch.randn(7, 256, 256, generator=torch.Generator().manual_seed(seed)).to(device)
        assert torch.allclose(_squared(branches, numbers), 4 * (numbers @ numbers), rtol=1e-3, atol=1e-2)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_pieces_are_recorded_with_the_rest() -> None:
    device = torch.device("cuda")
    branches, numbers = Branches(device, 3), torch.randn(7, 256, 256, device=device)
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        _squared(branches, numbers)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=stream):
            found = _squared(branches, numbers)
        for _ in range(20):
            numbers.normal_()
            graph.replay()
            assert torch.allclose(found, 4 * (numbers @ numbers), rtol=1e-3, atol=1e-2)


def test_without_work_nothing_happens() -> None:
    Branches(torch.device("cpu"), 3).run([])
