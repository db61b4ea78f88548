"""What the loss rewards, and that untouched pixels have no say in it."""

import numpy as np
import pytest
import torch

from model.losses import class_weights, segmentation_loss


def logits_for(target: torch.Tensor, classes: int, strength: float) -> torch.Tensor:
    return strength * torch.nn.functional.one_hot(target, classes).permute(0, 3, 1, 2).float()


def test_a_right_answer_costs_almost_nothing_and_a_wrong_one_much():
    target = torch.randint(0, 3, (2, 8, 8))
    assert segmentation_loss(logits_for(target, 3, 20.0), target) < 0.05
    assert segmentation_loss(logits_for((target + 1) % 3, 3, 20.0), target) > 10


def test_untouched_pixels_give_neither_loss_nor_gradient():
    torch.manual_seed(0)
    target = torch.randint(0, 3, (1, 6, 6))
    target[:, :, 3:] = 255
    logits = torch.randn(1, 3, 6, 6, requires_grad=True)
    loss = segmentation_loss(logits, target)
    loss.backward()
    assert logits.grad[:, :, :, 3:].abs().max() == 0 and logits.grad[:, :, :, :3].abs().max() > 0
    touched = segmentation_loss(logits[:, :, :, :3].detach(), target[:, :, :3])
    assert touched == pytest.approx(loss.item(), rel=1e-6)


def test_nothing_labelled_is_no_loss_rather_than_not_a_number():
    logits = torch.randn(1, 3, 4, 4, requires_grad=True)
    loss = segmentation_loss(logits, torch.full((1, 4, 4), 255))
    loss.backward()
    assert loss == 0 and logits.grad.abs().max() == 0


def test_a_small_organ_weighs_as_much_as_a_large_one_in_the_dice_part():
    target = torch.zeros(1, 32, 32, dtype=torch.long)
    target[0, 0, :4] = 1
    missed = segmentation_loss(logits_for(torch.zeros_like(target), 2, 8.0), target)
    found = segmentation_loss(logits_for(target, 2, 8.0), target)
    assert missed - found > 0.3


def test_half_precision_logits_are_judged_in_single_precision():
    target = torch.randint(0, 3, (1, 64, 64))
    logits = 3 * torch.randn(1, 3, 64, 64)
    half = segmentation_loss(logits.bfloat16(), target)
    assert half.dtype == torch.float32
    assert half == pytest.approx(float(segmentation_loss(logits, target)), rel=1e-2)


def test_rare_classes_weigh_more_but_the_mean_pixel_weighs_one():
    pixels = [90_000, 9_000, 900, 0]
    weights = class_weights(pixels, emphasis=1)
    assert weights[2] / weights[0] == pytest.approx(10, rel=1e-4)
    assert (weights * pixels).sum() / sum(pixels) == pytest.approx(1, rel=1e-4)
    assert class_weights(pixels, emphasis=0) == pytest.approx(1)
    assert np.isfinite(weights).all() and weights.dtype == np.float32
