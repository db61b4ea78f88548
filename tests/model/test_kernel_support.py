"""What happens where kernels do not run: another form computes, and the reason is said once."""

from __future__ import annotations

import logging

import pytest
import torch
from torch.utils.checkpoint import checkpoint

import model.attention
from model import kernel_support
from model.attention import choose_form
from model.kernel_support import failure, refusal


class OnCuda:
    """A stand-in for a tensor on a GPU."""

    shape, dtype, device = (1, 3, 64, 32), torch.float16, torch.device("cuda")


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel_support._findings.cache_clear()
    monkeypatch.setattr(torch.cuda, "synchronize", lambda device=None: None)
    monkeypatch.setattr(torch.cuda, "is_current_stream_capturing", lambda: False)


def test_a_kernel_that_does_not_compile_is_tried_and_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    tries = []

    def work() -> None:
        tries.append(1)
        raise RuntimeError("no compiler found\nand a long trace")

    with caplog.at_level(logging.WARNING):
        reasons = {failure(work, "kernels of width 32", 0, "bfloat16") for _ in range(3)}
    assert reasons == {"RuntimeError: no compiler found"} and len(tries) == 1 and len(caplog.records) == 1
    assert "width 32" in caplog.text and "no compiler found" in caplog.text
    assert failure(lambda: None, "kernels of width 64", 0, "bfloat16") is None


def test_being_out_of_memory_is_no_failure_of_the_kernel() -> None:
    def work() -> None:
        raise torch.OutOfMemoryError("full")

    with pytest.raises(torch.OutOfMemoryError):
        failure(work, "kernels", 0)
    assert failure(lambda: None, "kernels", 0) is None


def test_while_a_graph_is_captured_nothing_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_current_stream_capturing", lambda: True)
    assert failure(lambda: pytest.fail("tried"), "kernels", 0) is None
    monkeypatch.setattr(torch.cuda, "is_current_stream_capturing", lambda: False)
    assert failure(lambda: 1 / 0, "kernels", 0) == "ZeroDivisionError: division by zero"


def test_the_door_takes_chunk_where_the_kernels_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    kernels = pytest.importorskip("model.attention.kernels")
    assert "got cpu" in refusal(torch.device("cpu"))
    monkeypatch.setattr(kernels, "refusal", lambda *_: None)
    monkeypatch.setattr(model.attention, "refusal", lambda device: None)
    assert choose_form(OnCuda(), OnCuda()) == "kernels"
    monkeypatch.setattr(kernels, "refusal", lambda *_: "expected head widths of 16, got 24")
    assert choose_form(OnCuda(), OnCuda()) == "chunk"
    monkeypatch.setattr(model.attention, "refusal", lambda device: "no compiler")
    assert choose_form(OnCuda(), OnCuda()) == "chunk"
    assert choose_form(torch.zeros(1, 3, 64, 32), torch.zeros(1, 3, 64, 32)) == "chunk"


@pytest.mark.parametrize(("has_bfloat16", "dtype"), [(True, torch.bfloat16), (False, torch.float16)])
def test_a_gpu_is_tried_in_the_type_it_will_compute_in(monkeypatch, has_bfloat16: bool, dtype: torch.dtype) -> None:
    kernels, tried, ones = pytest.importorskip("model.attention.kernels"), [], torch.ones
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: has_bfloat16)
    monkeypatch.setattr(torch, "ones", lambda *shape, device, **more: ones(*shape, **more))
    monkeypatch.setattr(kernels, "attend", lambda qkv, *_: tried.append(qkv.dtype))
    assert refusal(torch.device("cuda", 0)) is None and tried == [dtype]


@pytest.mark.parametrize("broken", ["attention.kernels.attend_refusal", "layers.layers_refusal", "losses.loss_refusal"])
def test_the_network_s_kernels_are_those_of_attention_layers_and_loss(monkeypatch, broken: str) -> None:
    pytest.importorskip("triton")
    monkeypatch.setattr(kernel_support, "refusal", lambda device: None)
    names = "attention.kernels.attend_refusal", "layers.layers_refusal", "losses.loss_refusal"
    for name in names:
        monkeypatch.setattr(f"model.{name}", lambda *_: None)
    assert kernel_support.network_refusal(torch.device("cpu")) is None
    monkeypatch.setattr(f"model.{broken}", lambda *_: "no compiler")
    assert kernel_support.network_refusal(torch.device("cpu")) == "no compiler"


def test_a_trial_with_a_backward_of_its_own_runs_within_a_checkpoint() -> None:
    tries = []

    def work() -> None:
        tries.append(1)
        torch.ones(3, requires_grad=True).exp().sum().backward()

    def layer(x: torch.Tensor) -> torch.Tensor:
        assert failure(work, "kernels", 0) is None
        return x.exp().sin()

    x = torch.ones(3, requires_grad=True)
    checkpoint(layer, x, use_reentrant=False).sum().backward()
    torch.testing.assert_close(x.grad, (x.exp().cos() * x.exp()).detach())
    assert len(tries) == 1
