"""A recorded step learns what an eager one does, and where nothing can be recorded the training goes on all the same."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch

from model.distributed import LostError, Team
from model.gradients import EAGER_STEPS, Gradients
from model.messages import Message
from model.network import LightningUnet, NetworkConfig
from model.trainer import Trainer

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


class Pair(Team):
    """A team whose other rank does the same, and hears what this one says when the two agree."""

    def __init__(self) -> None:
        super().__init__()
        self.size = 2
        self.heard: list[tuple[bool, bool]] = []

    def worst(self, one: bool, other: bool) -> tuple[bool, bool]:
        self.heard.append((one, other))
        return one, other

    def average(self, *arguments: object) -> None:
        """The other has the same gradients."""


class Played:
    """A recording that launches its work again, for machines that record nothing."""

    def __init__(self, function: Callable[..., object], inputs: object, after: object) -> None:
        self._function = function

    def __call__(self, *inputs: object) -> object:
        return self._function(*inputs)

    def fits(self, inputs: object) -> bool:
        return True


def paired(monkeypatch: pytest.MonkeyPatch) -> tuple[Trainer, Pair]:
    """A rank that records, on the CPU."""
    monkeypatch.setattr("model.gradients.Recording", Played)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda *device: None)
    one = trainer("cpu", [], team := Pair())
    one._gradients._records = True
    return one, team


def run_out(*arguments: object) -> None:
    raise torch.OutOfMemoryError("CUDA out of memory.")


def trainer(device: str, notices: list[str], team: Team | None = None) -> Trainer:
    torch.manual_seed(0)
    sizes = {"width": 32, "heads": (1, 2), "encoder_blocks": (1, 1), "decoder_blocks": (1,), "size": 64}
    network = LightningUnet(NetworkConfig(3, **sizes))
    torch.nn.init.normal_(network.head.weight, std=0.3)

    def notice(message: Message) -> None:
        notices.append(str(message))

    return Trainer(network, torch.device(device), 1e-3, team, notice)


def batches(side: int = 32, count: int = 4) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(0)
    for _ in range(count):
        pixels = rng.random((count, 1, side, side), np.float32)
        yield pixels, (3 * pixels[:, 0]).astype(np.uint8)


def learn(one: Trainer, steps: int = 10, **more: int) -> list[float]:
    given = list(batches(**more))
    return [one.step(*given[step % len(given)], 1.0, np.ones(3, np.float32)) for step in range(steps)]


@needs_gpu
@pytest.mark.parametrize(("at_once", "checkpointing"), [(None, False), (2, False), (None, True)])
def test_a_recorded_training_learns_what_an_eager_one_does(at_once, checkpointing):
    results = []
    for records in (False, True):
        one = trainer("cuda", notices := [])
        one._gradients._records = records
        one.share_memory(at_once, checkpointing)
        losses = learn(one)
        assert (one._gradients.recording is not None) == records and not notices
        results.append((losses, one.averaged_tensors()))
    np.testing.assert_allclose(results[0][0], results[1][0], rtol=1e-3)
    for name, tensor in results[0][1].items():
        np.testing.assert_allclose(results[1][1][name], tensor, rtol=1e-2, atol=1e-4, err_msg=name)


@needs_gpu
def test_views_of_another_size_are_recorded_anew_and_a_restored_state_too(tmp_path):
    one = trainer("cuda", [])
    learn(one)
    learn(one, side=64)
    one.save(tmp_path / "state", {})
    one.restore(tmp_path / "state")
    assert np.isfinite(learn(one)).all() and one.steps == 30


@needs_gpu
def test_pixels_that_are_no_numbers_never_get_into_the_weights_of_a_recorded_training():
    one = trainer("cuda", [])
    learn(one)
    pixels, channels = next(batches())
    one.step(np.full_like(pixels, np.nan), channels, 1.0, np.ones(3, np.float32))
    learn(one, 2)
    assert all(np.isfinite(tensor).all() for tensor in one.averaged_tensors().values())


def test_where_nothing_can_be_recorded_it_is_said_once_and_the_training_goes_on(monkeypatch):
    def refuse(*arguments: object) -> None:
        raise RuntimeError("CUDA error: operation not permitted when stream is capturing\nand more")

    monkeypatch.setattr("model.gradients.Recording", refuse)
    plain, notices = trainer("cpu", []), []
    one = trainer("cpu", notices)
    one._gradients._records = True
    assert learn(one) == learn(plain)
    assert len(notices) == 1 and "operation not permitted when stream is capturing)" in notices[0]


def test_memory_that_runs_out_while_a_step_is_recorded_is_no_reason_to_stop_recording(monkeypatch):
    def ended(*arguments: object) -> None:
        try:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        except torch.OutOfMemoryError as error:
            raise RuntimeError("CUDA error: operation failed due to a previous error during capture") from error

    monkeypatch.setattr("model.gradients.Recording", ended)
    one = trainer("cpu", notices := [])
    one._gradients._records = True
    learn(one, EAGER_STEPS)
    with pytest.raises(RuntimeError, match="previous error"):
        learn(one, 1)
    one.share_memory(2, checkpointing=True)
    assert np.isfinite(learn(one, EAGER_STEPS)).all() and one.steps == 2 * EAGER_STEPS and not notices


def test_memory_that_runs_out_on_one_rank_before_all_is_recorded_is_heard_by_the_others(monkeypatch):
    one, team = paired(monkeypatch)
    learn(one, 1)
    with monkeypatch.context() as patch, pytest.raises(torch.OutOfMemoryError):
        patch.setattr(one._transfers, "upload", run_out)
        learn(one, 1)
    assert team.heard[-1] == (True, False) and one.can_try_again
    learn(one, EAGER_STEPS - 1)

    def refuse_second(function: Callable[..., object], inputs: object, after: object) -> Played:
        return Played(function, inputs, after) if after is None else run_out()

    with monkeypatch.context() as patch, pytest.raises(torch.OutOfMemoryError):
        patch.setattr("model.gradients.Recording", refuse_second)
        learn(one, 1)
    assert team.heard[-1] == (True, False) and one.can_try_again
    one.share_memory(2, checkpointing=False)
    learn(one, EAGER_STEPS + 1)
    assert one.steps == 2 * EAGER_STEPS + 1 and one._gradients.recording is not None


def test_a_rank_that_replays_asks_nobody_and_gives_up_when_its_memory_runs_out(monkeypatch):
    one, team = paired(monkeypatch)
    learn(one, EAGER_STEPS + 1)
    assert len(team.heard) == 2 * (EAGER_STEPS + 1) + 1
    learn(one, 2)
    assert len(team.heard) == 2 * (EAGER_STEPS + 1) + 1
    with monkeypatch.context() as patch, pytest.raises(torch.OutOfMemoryError):
        patch.setattr(one._transfers, "upload", run_out)
        learn(one, 1)
    assert not one.can_try_again


def test_memory_that_runs_out_while_the_weights_move_is_no_reason_to_move_them_twice(monkeypatch):
    one, _ = paired(monkeypatch)
    monkeypatch.setattr(one._optimiser, "apply", run_out)
    with pytest.raises(torch.OutOfMemoryError):
        learn(one, 1)
    assert not one.can_try_again


def test_a_gradient_is_the_same_whatever_was_left_from_the_step_before():
    one = trainer("cpu", [])
    pixels, channels = (torch.from_numpy(array) for array in next(batches()))
    gradients: Gradients = one._gradients
    gradients([pixels, channels], None)
    first = [parameter.grad.clone() for parameter in one.network.parameters()]
    gradients([pixels, channels], None)
    assert all(torch.equal(x, y.grad) for x, y in zip(first, one.network.parameters(), strict=True))


def test_a_backward_of_several_ranks_hides_one_warning_and_no_other():
    before = list(warnings.filters)
    with warnings.catch_warnings(record=True, action="always") as heard, Team().averaging():
        warnings.warn("Grad strides do not match bucket view strides: ...", stacklevel=1)
        warnings.warn("anything else", stacklevel=1)
    assert [str(one.message) for one in heard] == ["anything else"] and warnings.filters == before


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            RuntimeError("[/source/gloo/transport/tcp/pair.cc:553] Connection closed by peer [127.0.0.1]:60583."),
            LostError,
        ),
        (
            torch.distributed.DistBackendError("NCCL error: remote process exited or there was a network error"),
            LostError,
        ),
        (RuntimeError("shapes cannot be multiplied"), RuntimeError),
        (torch.OutOfMemoryError("CUDA out of memory."), torch.OutOfMemoryError),
    ],
)
def test_a_process_that_is_lost_during_a_backward_is_told_as_in_any_talk(error: Exception, told: type) -> None:
    team = Team()
    team._store = torch.distributed.HashStore()
    with pytest.raises(told) as raised, team.averaging():
        raise error
    assert type(raised.value) is told
