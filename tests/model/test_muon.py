"""Muon: what it moves, how far, and that a step without numbers moves nothing."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from model.muon import MOMENTUM, PACE, RATE, Muon, inner_matrices, orthogonal
from model.network import LightningUnet
from model.presets import tiny

ONE = torch.ones(())
ZERO = torch.zeros(())


@pytest.mark.parametrize("shape", [(16, 16), (20, 60), (32, 128)])
def test_singular_values_come_near_one_and_singular_vectors_stay(shape: tuple[int, int]) -> None:
    x = torch.randn(3, *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    left, values, right = torch.linalg.svd(orthogonal(x).double(), full_matrices=False)
    assert 0.5 < values.min() and values.max() < 1.3
    nearest = torch.linalg.svd(x, full_matrices=False)
    closeness = (orthogonal(x).double() * (nearest.U @ nearest.Vh)).sum((1, 2)) / shape[0]
    assert (closeness > 0.8).all()
    assert torch.allclose(left @ torch.diag_embed(values) @ right, orthogonal(x).double(), atol=1e-5)


def test_it_moves_what_lies_between_hidden_layers() -> None:
    network = LightningUnet(tiny(5))
    moved = {id(one) for one in inner_matrices(network)}
    names = {name for name, one in network.named_parameters() if id(one) in moved}
    assert "encoder.0.0.attention.qkv.weight" in names and "enlarge.expand.weight" in names
    assert not names & {"head.weight", "embed.convolution.weight", "encoder.0.0.local.weight"}
    assert all(name.endswith("weight") and "norm" not in name for name in names)


def test_dense_kernels_count_as_matrices_and_depthwise_ones_do_not() -> None:
    network = nn.Sequential(
        nn.Conv2d(3, 32, 3), nn.Conv2d(32, 64, 3), nn.Conv2d(64, 64, 3, groups=64), nn.Conv2d(64, 5, 1)
    )
    assert [tuple(one.shape) for one in inner_matrices(network)] == [(64, 32, 3, 3)]


def test_a_step_goes_against_the_gradient_at_adamw_s_pace_and_lets_weights_decay() -> None:
    weight = nn.Parameter(torch.randn(24, 64))
    before, gradient = weight.detach().clone(), torch.randn(24, 64)
    weight.grad = gradient.clone() * 1000
    Muon({weight: 1}, 0.1).step(torch.tensor(0.01), torch.tensor(1000.0), ZERO)
    change = weight.detach() - before * (1 - 0.1 * 0.01 * RATE)
    size = change.square().mean().sqrt().item()
    assert size == pytest.approx(PACE * 0.01 * RATE, rel=0.3)
    assert (change * gradient).sum() < 0
    upright = nn.Parameter(before.T.clone())
    upright.grad = gradient.T.clone()
    Muon({upright: 1}, 0.1).step(torch.tensor(0.01), ONE, ZERO)
    assert torch.allclose(upright.T, weight, atol=1e-5)


def test_matrices_of_one_shape_do_not_mix() -> None:
    alone, together = ([nn.Parameter(torch.full((16, 32), float(n))) for n in range(2)] for _ in range(2))
    gradients = [torch.randn(16, 32) for _ in range(2)]
    optimisers = [Muon({one: 1}, 0.0) for one in alone] + [Muon(dict.fromkeys(together, 1), 0.0)]
    for _ in range(3):
        for one, other, gradient in zip(alone, together, gradients, strict=True):
            one.grad, other.grad = gradient.clone(), gradient.clone()
        for optimiser in optimisers:
            optimiser.step(torch.tensor(0.1), ONE, ZERO)
    for one, other in zip(alone, together, strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def test_matrices_of_several_shapes_lying_and_upright_do_not_mix() -> None:
    shapes = [(16, 48), (48, 16), (32, 32), (16, 48), (64, 16), (96, 32), (48, 16), (32, 8, 3, 3)]
    starts, gradients = ([torch.randn(*shape) for shape in shapes] for _ in range(2))
    alone, together = ([nn.Parameter(one.clone()) for one in starts] for _ in range(2))
    counts = [3 if tuple(one.shape) == (96, 32) else 1 for one in together]
    optimisers = [Muon({one: count}, 0.1) for one, count in zip(alone, counts, strict=True)]
    optimisers.append(Muon(dict(zip(together, counts, strict=True)), 0.1))
    for _ in range(3):
        for one, other, gradient in zip(alone, together, gradients, strict=True):
            one.grad, other.grad = gradient.clone(), gradient.clone()
        for optimiser in optimisers:
            optimiser.step(torch.tensor(0.1), ONE, ZERO)
    for one, other, start in zip(alone, together, starts, strict=True):
        assert torch.allclose(one, other, atol=1e-5) and not torch.allclose(one, start, atol=1e-2)


def test_stacked_matrices_move_as_if_each_were_alone() -> None:
    stacked = nn.Parameter(torch.randn(48, 16))
    stacked.grad = torch.randn(48, 16) * torch.tensor([1.0, 10.0, 100.0]).repeat_interleave(16)[:, None]
    alone = [nn.Parameter(one.clone()) for one in stacked.detach().chunk(3)]
    for one, gradient in zip(alone, stacked.grad.chunk(3), strict=True):
        one.grad = gradient.clone()
    for muon in (Muon({stacked: 3}, 0.1), Muon(dict.fromkeys(alone, 1), 0.1)):
        muon.step(torch.tensor(0.01), ONE, ZERO)
    assert torch.equal(stacked, torch.cat(alone))


def test_q_k_and_v_are_a_matrix_each() -> None:
    counts = inner_matrices(LightningUnet(tiny(5)))
    assert sorted({(tuple(one.shape), count) for one, count in counts.items() if one.shape[1] == 32}) == [
        ((32, 32), 1), ((96, 32), 3), ((128, 32), 1)
    ]  # fmt: skip


def test_a_step_without_numbers_changes_neither_weights_nor_momentum() -> None:
    weight = nn.Parameter(torch.randn(16, 16))
    before = weight.detach().clone()
    muon = Muon({weight: 1}, 0.1)
    weight.grad = torch.full((16, 16), torch.nan)
    muon.step(torch.tensor(0.1), torch.tensor(torch.nan), ONE)
    assert torch.equal(weight, before) and not muon.momentum.any()
    weight.grad = torch.eye(16)
    muon.step(torch.tensor(0.1), ONE, ZERO)
    assert torch.allclose(muon.momentum.view(16, 16), (1 - MOMENTUM) * torch.eye(16)) and weight.isfinite().all()
