"""One step changes weights, half-finished trainings go on exactly, and nonsense is not learned."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from model.errors import TrainingError
from model.trainer import HOPELESS_STEPS, Trainer

CPU = torch.device("cpu")


def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Conv2d(1, 8, 3, padding=1), torch.nn.GELU(), torch.nn.Conv2d(8, 2, 1))


def batch(seed: int) -> tuple[np.ndarray, np.ndarray]:
    pixels = np.random.default_rng(seed).random((2, 1, 16, 16), np.float32)
    return pixels, (pixels[:, 0] > 0.5).astype(np.uint8)


def test_steps_lower_the_loss_and_move_the_average():
    trainer = Trainer(network(), CPU, 1e-2)
    before = trainer.averaged_tensors()["0.weight"].copy()
    losses = [trainer.step(*batch(number), 1.0) for number in range(60)]
    assert np.mean(losses[-5:]) < 0.6 * np.mean(losses[:5])
    assert not np.array_equal(before, trainer.averaged_tensors()["0.weight"])


def test_a_saved_training_goes_on_exactly_where_it_stood(tmp_path):
    one = Trainer(network(), CPU, 1e-2)
    for number in range(5):
        one.step(*batch(number), 1.0)
    one.save(tmp_path / "state.safetensors", {"seconds": 2.5})
    other = Trainer(network(), CPU, 1e-2)
    assert other.restore(tmp_path / "state.safetensors") == {"seconds": 2.5} and other.steps == 5
    for trainer in (one, other):
        trainer.step(*batch(9), 0.5)
    for name, tensor in one.averaged_tensors().items():
        np.testing.assert_array_equal(tensor, other.averaged_tensors()[name])


def test_pixels_that_are_no_numbers_never_get_into_the_weights():
    trainer = Trainer(network(), CPU, 1e-2)
    pixels, channels = batch(0)
    trainer.step(np.full_like(pixels, np.nan), channels, 1.0)
    assert all(np.isfinite(tensor).all() for tensor in trainer.averaged_tensors().values())


def test_a_training_that_diverges_ends_with_advice():
    trainer = Trainer(network(), CPU, 1e-2)
    pixels, channels = batch(0)
    with pytest.raises(TrainingError, match="lower learning rate"):
        for _ in range(HOPELESS_STEPS):
            trainer.step(np.full_like(pixels, np.inf), channels, 1.0)


def test_a_state_of_another_network_is_refused(tmp_path):
    Trainer(network(), CPU, 1e-2).save(tmp_path / "state.safetensors", {})
    with pytest.raises(TrainingError, match="start a new training"):
        Trainer(torch.nn.Conv2d(1, 3, 1), CPU, 1e-2).restore(tmp_path / "state.safetensors")
