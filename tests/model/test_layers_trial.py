"""The trial of the fused layers leaves none out, changes nothing, and where it fails PyTorch computes instead."""

from __future__ import annotations

import inspect
import os

import pytest
import torch

if not torch.cuda.is_available():
    os.environ["TRITON_INTERPRET"] = "1"  # before Triton is imported: the kernels run in its interpreter

pytest.importorskip("triton")

from model import kernel_support, layers
from model.layers import fused, plain, trial
from model.network import LightningUnet, NetworkConfig

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
INNER = {"attend", "classes_of", "block", "compose"}
"""Attention has a trial of its own; of the others one has no kernel, and two only call the rest."""


@pytest.mark.parametrize("gradients", [False, True])
def test_every_layer_is_tried_and_nothing_is_changed(monkeypatch: pytest.MonkeyPatch, gradients: bool) -> None:
    functions = {name: one for name, one in vars(plain).items() if inspect.isfunction(one)}
    names = {name for name, one in functions.items() if one.__module__ == plain.__name__}
    names = {name for name in names if not name.startswith("_")} - INNER - ({"classify"} if gradients else set())
    # Without gradients narrow kernels do what these do one by one.
    names -= set() if gradients else {"norm", "add", "mlp", "join", "expand"}
    called = set()

    def watched(name: str) -> object:
        function = getattr(fused, name)
        return lambda *arguments: (called.add(name), function(*arguments))[1]

    for name in names:
        monkeypatch.setattr(fused, name, watched(name))
    if DEVICE.type == "cpu":  # the interpreter is slow
        for name, small in {"_LINES": (2,), "_STARTS": ((16, 2), (16, 4)), "_WIDE": 32}.items():
            monkeypatch.setattr(trial, name, small)
    torch.manual_seed(0)
    before = torch.get_rng_state()
    other = torch.autocast(DEVICE.type, torch.float16 if DEVICE.type == "cuda" else torch.bfloat16)
    with torch.set_grad_enabled(gradients), other:  # than the one that is tried
        trial.try_out(DEVICE)
    assert torch.equal(before, torch.get_rng_state())
    assert called == names - {"norm"}


def test_a_layer_that_does_not_compile_leaves_the_work_to_pytorch(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object) -> None:
        raise RuntimeError("no such instruction on this card")

    class OnCuda:
        device, is_cuda = torch.device("cuda:0"), True

    kernel_support._findings.cache_clear()
    monkeypatch.setattr(layers, "refusal", lambda device: None)
    monkeypatch.setattr(trial, "try_out", broken)
    monkeypatch.setattr(torch.cuda, "is_current_stream_capturing", lambda: False)
    assert layers.form_for(OnCuda()) is plain
    assert "no such instruction" in layers.layers_refusal(OnCuda.device)
    kernel_support._findings.cache_clear()


def test_a_network_is_exported_without_gradients() -> None:
    sizes = {"width": 32, "heads": (1, 2), "encoder_blocks": (1, 1), "decoder_blocks": (1,), "size": 32}
    network = LightningUnet(NetworkConfig(2, **sizes)).eval()
    images = torch.rand(1, 1, 32, 32)
    with torch.no_grad():
        exported = torch.export.export(network, (images,)).module()
        torch.testing.assert_close(exported(images), network(images), rtol=1e-3, atol=1e-4)
