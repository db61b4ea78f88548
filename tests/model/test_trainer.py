"""One step changes weights, half-finished trainings go on exactly, and nonsense is not learned."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from model.development import Look
from model.errors import TrainingError
from model.losses import segmentation_loss
from model.network import LightningUnet, NetworkConfig
from model.optimiser import Optimiser
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


@pytest.mark.parametrize("at_once", [None, 1])
def test_views_are_developed_within_the_step(at_once):
    by_look, by_hand = Trainer(network(), CPU, 1e-2), Trainer(network(), CPU, 1e-2)
    views = np.random.default_rng(0).integers(0, 200, (2, 16, 16, 1)).astype(np.int16)
    looks = np.stack([Look((0, 200)).numbers(), Look((0, 400), brightness=0.1).numbers()])
    pixels = views.transpose(0, 3, 1, 2) / np.array([200, 400], np.float32)[:, None, None, None]
    pixels[1] += 0.1
    channels = (views[..., 0] > 100).astype(np.uint8)
    for one in (by_look, by_hand):
        one.share_memory(at_once, checkpointing=False)
    for _ in range(3):
        loss = by_look.step(views, channels, 1.0, looks=looks)
        assert loss == pytest.approx(by_hand.step(pixels.astype(np.float32), channels, 1.0), rel=1e-4)


@pytest.mark.parametrize("kept_from", [None, 0, 3])
def test_a_saved_training_goes_on_exactly_where_it_stood(tmp_path, kept_from):
    one = Trainer(network(), CPU, 1e-2)
    for number in range(5):
        if number == kept_from:
            one.keep_all()
        one.step(*batch(number), 1.0)
    one.save(tmp_path / "state.safetensors", {"seconds": 2.5})
    other = Trainer(network(), CPU, 1e-2)
    assert other.restore(tmp_path / "state.safetensors") == {"seconds": 2.5} and other.steps == 5
    for trainer in (one, other):
        trainer.step(*batch(9), 0.5)
    for name, tensor in one.averaged_tensors().items():
        np.testing.assert_array_equal(tensor, other.averaged_tensors()[name])


def test_a_share_of_the_first_weights_can_stay_and_outlives_a_kill(tmp_path):
    begun = network()
    first = {name: tensor.clone().numpy() for name, tensor in begun.state_dict().items()}
    one = Trainer(begun, CPU, 1e-2, keeps_start=True)
    one.step(*batch(0), 1.0)
    one.save(tmp_path / "state.safetensors", {})
    elsewhere = network()
    with torch.no_grad():
        elsewhere[0].weight.add_(1)
    other = Trainer(elsewhere, CPU, 1e-2, keeps_start=True)
    other.restore(tmp_path / "state.safetensors")
    for trainer in (one, other):
        last, half, whole = (trainer.averaged_tensors(share) for share in (0.0, 0.5, 1.0))
        for name, tensor in first.items():
            np.testing.assert_allclose(whole[name], tensor, atol=1e-6)
            np.testing.assert_allclose(half[name], (tensor + last[name]) / 2, atol=1e-6)
        assert not np.array_equal(last["0.weight"], first["0.weight"])


@pytest.mark.parametrize("kept", [None, np.zeros((3, 3), np.float32), np.full((8, 1, 3, 3), np.nan, np.float32)])
def test_first_weights_that_are_no_network_s_are_refused(tmp_path, kept):
    path = tmp_path / "state.safetensors"
    Trainer(network(), CPU, 1e-2, keeps_start=True).save(path, {})
    with safe_open(path, "pt") as file:
        metadata, tensors = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}
    tensors.pop("first.0.weight")
    tensors |= {} if kept is None else {"first.0.weight": torch.from_numpy(kept)}
    save_file(tensors, path, metadata)
    with pytest.raises(TrainingError, match="cannot be used"):
        Trainer(network(), CPU, 1e-2, keeps_start=True).restore(path)


@pytest.mark.parametrize(
    "counts", [{"kept_from": 203}, {"kept_from": -1}, {"kept_from": "2"}, {"steps": -3}, {"steps": 1.5}]
)
def test_counts_that_are_none_are_refused(tmp_path, counts):
    """With all kept from a step on that is yet to come, the average would take shares below 0, or divide by it."""
    path = tmp_path / "state.safetensors"
    one = Trainer(network(), CPU, 1e-2)
    for number in range(3):
        one.step(*batch(number), 1.0)
    one.save(path, {})
    with safe_open(path, "pt") as file:
        metadata, tensors = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}
    save_file(tensors, path, {"state": json.dumps(json.loads(metadata["state"]) | counts)})
    with pytest.raises(TrainingError, match="cannot be used"):
        Trainer(network(), CPU, 1e-2).restore(path)


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


def test_a_batch_taken_in_parts_moves_the_weights_as_the_mean_of_the_parts_does():
    """Cross-entropy and Dice are those of each part, as they are of each GPU's part."""
    trainer, by_hand = Trainer(network(), CPU, 1e-2), network()
    trainer.share_memory(1, checkpointing=False)
    pixels, channels = batch(0)
    loss = trainer.step(pixels, channels, 1.0)
    parts = [
        segmentation_loss(by_hand(torch.from_numpy(x[None])), torch.from_numpy(y[None]))
        for x, y in zip(pixels, channels, strict=True)
    ]
    (sum(parts) / 2).backward()
    assert loss == pytest.approx(sum(part.item() for part in parts) / 2, rel=1e-5)
    torch.nn.utils.clip_grad_norm_(by_hand.parameters(), 1.0)
    for parameters, decay in ([by_hand[0].weight, by_hand[2].weight], 0.05), ([by_hand[0].bias, by_hand[2].bias], 0.0):
        torch.optim.AdamW(parameters, 1e-2, weight_decay=decay).step()
    for moved, expected in zip(trainer.network.parameters(), by_hand.parameters(), strict=True):
        assert torch.allclose(moved, expected, rtol=1e-3, atol=1e-5)


def test_checkpointing_changes_what_is_kept_but_not_what_is_learned():
    shape = {"width": 16, "heads": (1, 2), "encoder_blocks": (1, 1), "decoder_blocks": (1,), "size": 32}
    weights = []
    for checkpointing in (False, True):
        torch.manual_seed(0)
        trainer = Trainer(LightningUnet(NetworkConfig(2, **shape)), CPU, 1e-3)
        trainer.share_memory(None, checkpointing)
        for number in range(3):
            trainer.step(*batch(number), 1.0)
        weights.append(trainer.averaged_tensors())
    for name, tensor in weights[0].items():
        np.testing.assert_allclose(tensor, weights[1][name], rtol=1e-5, atol=1e-7)


def test_gradients_of_float16_are_scaled_down_after_an_overflow_and_up_after_a_long_time():
    model = network()
    optimiser = Optimiser(model, CPU, 1e-2, scaled=True)
    before = [parameter.detach().clone() for parameter in model.parameters()]
    controls = torch.tensor([1e-2, 0.5])
    optimiser.gather_gradients()
    model[0].weight.grad[0] = torch.inf
    optimiser.apply(controls)
    assert optimiser.scale == 2.0**15
    assert all(torch.equal(one, other) for one, other in zip(before, model.parameters(), strict=True))
    for _ in range(2000):
        optimiser.clear_gradients()
        optimiser.apply(controls)
    assert optimiser.scale == 2.0**16


def test_a_half_trained_state_taken_by_another_process_is_the_same_training():
    one, other = Trainer(network(), CPU, 1e-2), Trainer(torch.nn.Sequential(*network()), CPU, 1e-2)
    one.step(*batch(0), 1.0)
    assert other.take(one.state({"drawn": 2})) == {"drawn": 2}
    assert one.step(*batch(1), 1.0) == other.step(*batch(1), 1.0)


def test_a_state_of_another_network_is_refused(tmp_path):
    Trainer(network(), CPU, 1e-2).save(tmp_path / "state.safetensors", {})
    with pytest.raises(TrainingError, match="start a new training"):
        Trainer(torch.nn.Conv2d(1, 3, 1), CPU, 1e-2).restore(tmp_path / "state.safetensors")


def test_a_state_of_another_version_is_refused_in_words(tmp_path, monkeypatch):
    trainer = Trainer(network(), CPU, 1e-2)
    monkeypatch.setattr("model.trainer.STATE_VERSION", 1)
    trainer.save(tmp_path / "state.safetensors", {})
    monkeypatch.undo()
    with pytest.raises(TrainingError, match="another version of this program"):
        trainer.restore(tmp_path / "state.safetensors")
