"""The fused loss gives the value and the gradient of the plain one, whatever the layout and the labels."""

from __future__ import annotations

import os

import pytest
import torch

from model.losses import plain_loss

if not torch.cuda.is_available():
    os.environ.setdefault("TRITON_INTERPRET", "1")  # read when triton is imported
pytest.importorskip("triton")

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def fused(logits: torch.Tensor, target: torch.Tensor, weights: torch.Tensor | None = None) -> torch.Tensor:
    from model.layers.kernels.loss import SegmentationLoss

    return SegmentationLoss.apply(logits, target, weights)


def logits_of(batch: int, classes: int, height: int, width: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """As the network gives them: channels last inside, and cropped."""
    torch.manual_seed(height * width)
    whole = 3 * torch.randn(batch, height + 3, width + 2, classes, device=DEVICE)
    return whole.to(dtype)[:, :height, :width].permute(0, 3, 1, 2).detach().requires_grad_()


def labels_of(batch: int, classes: int, height: int, width: int) -> torch.Tensor:
    """Without the last class, and with a quarter untouched."""
    target = torch.randint(0, max(classes - 1, 1), (batch, height, width), device=DEVICE)
    return torch.where(torch.rand(target.shape, device=DEVICE) < 0.25, 255, target).to(torch.uint8)


def compare(logits: torch.Tensor, target: torch.Tensor, weights: torch.Tensor | None, tolerance: float) -> None:
    exact = logits.detach().double().requires_grad_()
    expected = plain_loss(exact.float(), target.long(), weights)
    (slope,) = torch.autograd.grad(3 * expected, exact)
    loss = fused(logits, target, weights)
    (result,) = torch.autograd.grad(3 * loss, logits)
    assert loss.dtype == torch.float32 and result.dtype == logits.dtype
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5, abs=1e-7)
    assert (result.double() - slope).norm() <= tolerance * max(slope.norm().item(), 1e-12)
    assert result.permute(0, 2, 3, 1)[target == 255].abs().sum() == 0


@pytest.mark.parametrize(("batch", "classes", "height", "width"), [(1, 2, 1, 1), (2, 14, 13, 37), (1, 33, 40, 9)])
@pytest.mark.parametrize("weighted", [False, True])
def test_value_and_gradient_are_those_of_the_definition(batch, classes, height, width, weighted):
    weights = torch.rand(classes, device=DEVICE) + 0.1 if weighted else None
    compare(logits_of(batch, classes, height, width), labels_of(batch, classes, height, width), weights, 1e-5)


def test_half_precision_logits_get_a_half_precision_gradient():
    compare(logits_of(2, 5, 20, 20, torch.bfloat16), labels_of(2, 5, 20, 20), None, 5e-3)


def test_logits_with_channels_first_are_taken_too():
    torch.manual_seed(0)
    compare(torch.randn(2, 4, 7, 9, device=DEVICE, requires_grad=True), labels_of(2, 4, 7, 9), None, 1e-5)


def test_nothing_labelled_is_no_loss_and_no_gradient_even_where_the_logits_are_no_numbers():
    logits = torch.full((1, 3, 4, 4), torch.nan, device=DEVICE, requires_grad=True)
    loss = fused(logits, torch.full((1, 4, 4), 255, dtype=torch.uint8, device=DEVICE))
    loss.backward()
    assert loss == 0 and logits.grad.abs().max() == 0


def test_logits_that_are_no_numbers_where_it_matters_are_not_hidden():
    logits = torch.full((1, 3, 4, 4), torch.nan, device=DEVICE, requires_grad=True)
    assert fused(logits, torch.zeros((1, 4, 4), dtype=torch.uint8, device=DEVICE)).isnan()


def test_the_same_inputs_give_the_same_bits():
    target = labels_of(2, 14, 64, 48)
    results = []
    for _ in range(2):
        logits = logits_of(2, 14, 64, 48)
        loss = fused(logits, target)
        results.append((loss, torch.autograd.grad(loss, logits)[0]))
    assert torch.equal(results[0][0], results[1][0]) and torch.equal(results[0][1], results[1][1])
