"""A teacher of averaged weights: what it says, what its student sees, and that this helps where labels are few."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from model.development import Development, Look
from model.labels import BEYOND
from model.losses import segmentation_loss
from model.mixing import CHANCES, mix
from model.network import LightningUnet, NetworkConfig
from model.precision import Precision
from model.teacher import Lesson, Teacher, taught_loss
from model.trainer import Trainer

SIZES = {"width": 16, "heads": (1, 2), "encoder_blocks": (1, 1), "decoder_blocks": (1,), "size": 32}


def network(seed: int = 0, sharp: float = 3.0) -> LightningUnet:
    torch.manual_seed(seed)
    made = LightningUnet(NetworkConfig(3, **SIZES))
    torch.nn.init.normal_(made.head.weight, std=sharp)
    return made


def views(count: int = 4) -> tuple[torch.Tensor, torch.Tensor]:
    """Half of the pixels are labelled."""
    pixels = torch.rand(count, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    channels = (3 * pixels[:, 0]).to(torch.uint8)
    channels[:, :, 16:] = 255
    return pixels, channels


def chances(count: int = 4) -> np.ndarray:
    return np.random.default_rng(2).random((count, CHANCES), np.float32)


def test_a_teacher_says_only_what_it_is_sure_of_where_nobody_has_labelled():
    one = network()
    pixels, channels = views()
    told = Teacher(one, one.state_dict(), Precision(torch.device("cpu")))(pixels, channels)
    best, channel = one.eval()(pixels).softmax(dim=1).max(dim=1)
    assert (told[:, :, :16] == 255).all() and (told[best < 0.899] == 255).all()
    sure = (best > 0.901) & (channels == 255)
    assert sure.any() and torch.equal(told[sure], channel[sure].to(torch.uint8))


def test_a_teacher_follows_the_average_it_was_given():
    average = {name: tensor.clone() for name, tensor in network(1).state_dict().items()}
    teacher = Teacher(network(0), average, Precision(torch.device("cpu")))
    pixels, channels = views()
    before = teacher(pixels, channels)
    for name, tensor in network(5).state_dict().items():
        average[name].copy_(tensor)
    after = teacher(pixels, channels)
    expected = Teacher(network(5), network(5).state_dict(), Precision(torch.device("cpu")))(pixels, channels)
    assert torch.equal(after, expected) and not torch.equal(before, after)


def test_a_teacher_sees_views_in_no_other_light_than_prediction_does():
    develop = Development(torch.device("cpu"))
    measured = torch.randint(-200, 300, (2, 8, 8, 1), dtype=torch.int16)
    looks = [Look((-160, 240), contrast=1.5, brightness=0.2, gamma=0.5, blur=1.0, noise=0.1), Look((-160, 240))]
    first, second = (torch.from_numpy(look.numbers())[None].repeat(2, 1) for look in looks)
    assert torch.allclose(develop.plain(measured, first), develop(measured, second), atol=1e-6)
    assert not torch.allclose(develop.plain(measured, first), develop(measured, first), atol=0.05)


def test_mixed_views_keep_what_is_known_of_each_pixel():
    """Each pixel's brightness says what it is, in all views alike, so that a pixel that moved can be told."""
    values = torch.tensor([0.2, 0.5, 0.8])
    truth = torch.randint(0, 3, (6, 16, 16), generator=torch.Generator().manual_seed(0))
    pixels = values[truth][:, None]
    channels = truth.to(torch.uint8)
    told = torch.full_like(channels, 255)
    told[:, 8:], channels[:, 8:] = channels[:, 8:].clone(), 255
    some = torch.from_numpy(chances(6))
    some[:, 1] = 0.0  # channel 0 is always among those taken
    some[:, 0] = torch.tensor([0.0, 0.9, 0.0, 0.9, 0.0, 0.9])
    mixed, by_person, by_teacher = mix(pixels, channels, told, some)
    known = torch.minimum(by_person, by_teacher).long()
    assert torch.equal(values[known], mixed[:, 0])
    moved = (mixed != pixels).any(dim=1).any(dim=2).any(dim=1)
    assert moved.tolist() == [True, False, True, False, True, False]


def test_without_trust_the_teacher_counts_for_nothing_and_without_pixels_for_no_nan():
    logits = torch.randn(2, 3, 8, 8)
    _, channels = views(2)
    channels, told = channels[:, :8, 12:20], torch.full((2, 8, 8), 255, dtype=torch.uint8)
    told[0, 2] = 1
    plain = segmentation_loss(logits, channels)
    assert taught_loss(logits, channels, told, None, torch.tensor(0.0)) == plain
    assert taught_loss(logits, channels, told, None, torch.tensor(1.0)) > plain
    nothing = torch.full_like(told, 255)
    assert taught_loss(logits, nothing, nothing, None, torch.tensor(1.0)) == 0


def test_nothing_is_said_of_what_lies_beyond_an_image():
    one = network()
    pixels, channels = views()
    channels[:, 20:] = BEYOND
    told = Teacher(one, one.state_dict(), Precision(torch.device("cpu")))(pixels, channels)
    assert (told[:, 20:] == 255).all() and (told[:, :20, 16:] != 255).any()
    some = torch.from_numpy(chances())
    some[:, :2] = 0.0  # all views take something, and everything that may be taken
    _, by_person, _ = mix(pixels, channels, told, some)
    assert torch.equal(by_person[:, 20:], channels[:, 20:])
    logits = torch.randn(4, 3, 32, 32, requires_grad=True)
    taught_loss(logits, channels, told, None, torch.tensor(1.0)).backward()
    assert not logits.grad[:, :, 20:].any() and logits.grad[:, :, :20].any()
    untouched = torch.where(channels == BEYOND, 255, channels)
    trusted = [taught_loss(logits, one, told, None, torch.tensor(1.0)) for one in (channels, untouched)]
    assert trusted[0] > trusted[1], "the teacher counts by its share of what it could have said"


def test_the_last_of_255_classes_is_no_place_beyond_the_image():
    logits, channels = torch.randn(1, 255, 4, 4), torch.full((1, 4, 4), BEYOND, dtype=torch.uint8)
    nothing = torch.full_like(channels, 255)
    expected = segmentation_loss(logits, channels)
    assert taught_loss(logits, channels, nothing, None, torch.tensor(1.0)) == expected > 0


def test_a_taught_training_goes_on_exactly_where_it_stood():
    def step(one: Trainer, number: int) -> float:
        pixels, channels = (tensor.numpy() for tensor in views())
        return one.step(pixels, channels, 1.0, np.ones(3, np.float32), Lesson(chances(), min(1.0, number / 3)))

    one = Trainer(network(), torch.device("cpu"), 1e-3, teaches=True)
    for number in range(5):
        step(one, number)
    other = Trainer(network(3), torch.device("cpu"), 1e-3, teaches=True)
    other.take(one.state({}))
    assert [step(one, 5), step(one, 6)] == [step(other, 5), step(other, 6)]


@pytest.mark.parametrize("at_once", [4, 2, 1])
def test_a_taught_step_can_be_cut_into_parts(at_once):
    one = Trainer(network(), torch.device("cpu"), 1e-3, teaches=True)
    one.share_memory(at_once, checkpointing=at_once < 4)
    pixels, channels = (tensor.numpy() for tensor in views())
    losses = [one.step(pixels, channels, 1.0, None, Lesson(chances(), 1.0)) for _ in range(12)]
    assert np.isfinite(losses).all() and losses[-1] < losses[0]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("at_once", [None, 2])
def test_a_recorded_teacher_teaches_what_an_eager_one_does(at_once):
    """It follows the average within the recording, and each step has its own chances and trust."""
    results = []
    for records in (False, True):
        one = Trainer(network(), torch.device("cuda"), 1e-3, teaches=True)
        one._gradients._records = records
        one.share_memory(at_once, checkpointing=False)
        rng, losses = np.random.default_rng(0), []
        for number in range(12):
            pixels, channels = (tensor.numpy() for tensor in views())
            given = Lesson(rng.random((4, CHANCES), np.float32), min(1.0, number / 8))
            losses.append(one.step(pixels, channels, 1.0, np.ones(3, np.float32), given))
        assert (one._gradients.recording is not None) == records
        results.append((losses, one.averaged_tensors()))
    np.testing.assert_allclose(results[0][0], results[1][0], rtol=2e-2)
    for name, tensor in results[0][1].items():
        np.testing.assert_allclose(results[1][1][name], tensor, rtol=2e-2, atol=1e-3, err_msg=name)
