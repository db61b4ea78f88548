"""The layers on a CPU without gradients: what plain gives, for any size, and with the weights as they are now."""

from __future__ import annotations

import copy
import dataclasses
import gc

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from model.attention import build_slopes
from model.layers import plain, processor
from model.layers.processor import packed
from model.network import Block, LightningUnet, NetworkConfig
from model.presets import lightning_unet

SIZES = [(1, 1), (3, 5), (8, 24), (13, 7), (2, 130), (64, 48), (101, 97)]
DIRECTIONS = ["causal", "anticausal", "bidirectional"]


def close(got: torch.Tensor, expected: torch.Tensor) -> None:
    assert got.shape == expected.shape and got.dtype == expected.dtype
    assert (got - expected).abs().max() <= 1e-4 * expected.abs().max()


def lively(module: nn.Module) -> nn.Module:
    """Without biases of zero and norms of one, which would hide what is forgotten."""
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return module.eval()


@pytest.fixture(autouse=True)
def fresh_memory_is_not_a_number() -> None:
    torch.use_deterministic_algorithms(True)  # fills fresh memory with NaN, so that what is not written shows
    yield
    torch.use_deterministic_algorithms(False)


@pytest.mark.parametrize("by_columns", [False, True])
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("size", SIZES)
def test_attention_of_any_size_is_plain_s(size: tuple[int, int], direction: str, by_columns: bool) -> None:
    torch.manual_seed(0)
    qkv, slopes = torch.randn(2, *size, 3 * 3 * 8), build_slopes(3)
    expected = plain.attend(qkv, slopes, direction, by_columns, "naive" if size[0] < 64 else "chunk")
    with torch.inference_mode():
        close(processor.attend(qkv.clone(), slopes, direction, by_columns, "auto"), expected)


def test_a_steep_slope_over_many_tokens_stays_a_number() -> None:
    with torch.inference_mode():
        out = processor.attend(
            torch.ones(1, 160, 160, 3 * 2 * 8), torch.tensor([8.0, 0.0]), "bidirectional", True, "auto"
        )
    assert out.isfinite().all()


@pytest.mark.parametrize("poison", [torch.nan, torch.inf])
@pytest.mark.parametrize("by_columns", [False, True])
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("size", [(4, 8), (13, 7), (70, 120)])
def test_what_is_no_number_reaches_those_that_see_it(
    size: tuple[int, int], direction: str, by_columns: bool, poison: float
) -> None:
    """Of q, only its own output is lost; of k and v, that of all who see it: one head's, since v's columns are normed."""
    torch.manual_seed(0)
    row, column = size[0] // 2, size[1] // 3
    turn = torch.arange(size[0] * size[1]).view(size[::-1]).T if by_columns else torch.arange(size[0] * size[1])
    turn = turn.reshape(size)
    own = turn[row, column]
    sees = {"causal": turn >= own, "anticausal": turn <= own, "bidirectional": turn >= 0}[direction]
    for which, lost in ((0, turn == own), (1, sees), (2, sees)):
        qkv = torch.randn(2, *size, 3, 3, 8)
        clean = qkv.flatten(3).clone()
        qkv[1, row, column, which, 1, 5] = poison
        with torch.inference_mode():
            got = processor.attend(qkv.flatten(3), build_slopes(3), direction, by_columns, "auto").unflatten(3, (3, 8))
            expected = processor.attend(clean, build_slopes(3), direction, by_columns, "auto").unflatten(3, (3, 8))
            assert not got[1, lost, 1].isfinite().all(-1).any(), "it must not be hidden"
            got[1, lost, 1] = expected[1, lost, 1]
        close(got, expected)


@pytest.mark.parametrize("direction", ["causal", "anticausal"])
def test_a_block_loses_no_token_to_one_it_does_not_see(direction: str) -> None:
    config = NetworkConfig(
        3, width=40, heads=(2,), encoder_blocks=(1,), decoder_blocks=(), convolution=False, direction=direction
    )
    block = lively(Block(40, 2, config, "rows"))
    x = torch.randn(1, 120, 70, 40)
    x[0, 20, 30], x[0, 90, 5] = torch.nan, torch.inf
    with torch.inference_mode():
        finite = block(x).isfinite().flatten(1, 2)[0]
    token = torch.arange(len(finite))
    sees = token >= 20 * 70 + 30 if direction == "causal" else token <= 90 * 70 + 5
    assert not finite[sees].any() and finite[~sees].all()


@pytest.mark.parametrize("scan", ["rows", "columns"])
@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("convolution", [False, True])
@pytest.mark.parametrize("size", [(1, 1), (5, 3), (70, 60)])
def test_a_block_is_plain_s_and_leaves_its_input_alone(
    size: tuple[int, int], convolution: bool, direction: str, scan: str
) -> None:
    config = NetworkConfig(
        3,
        width=40,
        heads=(2,),
        encoder_blocks=(1,),
        decoder_blocks=(),
        convolution=convolution,
        direction=direction,
    )
    block = lively(Block(40, 2, config, scan))
    x = torch.randn(2, *size, 40)
    before = x.clone()
    with torch.inference_mode():
        got = block(x)
    assert got.is_contiguous()
    close(got, block(x).detach())
    assert torch.equal(x, before)


def test_a_block_takes_tokens_that_lie_otherwise_in_memory() -> None:
    config = NetworkConfig(3, width=40, heads=(2,), encoder_blocks=(1,), decoder_blocks=(), convolution=False)
    block = lively(Block(40, 2, config, "rows"))
    x = torch.randn(2, 6, 9, 40).transpose(1, 2)
    with torch.inference_mode():
        got = block(x)
    close(got, block(x).detach())


THREE = NetworkConfig(3, width=24, heads=(1, 2, 4), encoder_blocks=(1, 2, 1), decoder_blocks=(1, 1))
LIKE_SEED = dataclasses.replace(THREE, direction="causal", scans=("rows",), skips=False, convolution=False)


@pytest.mark.parametrize("config", [THREE, LIKE_SEED, lightning_unet(3)], ids=["three stages", "seed", "default"])
@pytest.mark.parametrize("shape", [(1, 3, 96, 64), (2, 1, 33, 71), (1, 3, 5, 200)])
def test_a_network_is_plain_s(shape: tuple[int, ...], config: NetworkConfig) -> None:
    network = lively(LightningUnet(config))
    images = torch.rand(shape)
    with torch.inference_mode():
        got = network(images)
    close(got, network(images).detach())


def test_classes_are_those_of_the_logits() -> None:
    network = lively(
        LightningUnet(NetworkConfig(3, width=24, heads=(1, 2), encoder_blocks=(1, 1), decoder_blocks=(1,)))
    )
    images = torch.rand(2, 1, 45, 38)
    with torch.inference_mode():
        channel, sure, pooled = network.classify(images)
        assert torch.equal(channel, network(images).argmax(1).to(torch.uint8))
    assert sure.shape == (2, 45, 38) and pooled.shape == (2, 3, 12, 10)


def _step(layer: nn.Linear) -> None:
    with torch.no_grad():
        layer.weight -= 1


def _shift(layer: nn.Linear) -> None:
    with torch.no_grad():
        layer.bias += 1


def _step_in_inference(layer: nn.Linear) -> None:
    with torch.inference_mode():
        layer.weight.mul_(2)


CHANGES = {
    "a step": _step,
    "a step in inference": _step_in_inference,
    "a step of the bias": _shift,
    "another bias": lambda layer: setattr(layer, "bias", nn.Parameter(torch.ones(20))),
    "other memory of the bias": lambda layer: setattr(layer.bias, "data", torch.ones(20)),
    "loading": lambda layer: layer.load_state_dict({"weight": torch.ones(20, 24), "bias": torch.ones(20)}),
    "loading by assignment": lambda layer: layer.load_state_dict(
        {"weight": torch.ones(20, 24), "bias": torch.ones(20)}, assign=True
    ),
    "another parameter": lambda layer: setattr(layer, "weight", nn.Parameter(torch.ones(20, 24))),
    "other memory": lambda layer: setattr(layer.weight, "data", torch.ones(20, 24)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_kept_weights_follow_changes(change: str) -> None:
    layer, x = nn.Linear(24, 20), torch.rand(1, 3, 5, 24)
    with torch.inference_mode():
        before = processor.linear(x, layer)
    CHANGES[change](layer)
    with torch.inference_mode():
        after = processor.linear(x, layer)
        close(after, F.linear(x, layer.weight, layer.bias))
        assert not torch.allclose(before, after)


def test_kept_weights_go_with_their_layer_and_are_not_copied() -> None:
    layer = nn.Linear(24, 20)
    with torch.inference_mode():
        processor.linear(torch.rand(1, 1, 1, 24), layer)
    assert layer in packed._KEPT and copy.deepcopy(layer) not in packed._KEPT
    kept = len(packed._KEPT)
    del layer
    gc.collect()
    assert len(packed._KEPT) < kept


@pytest.mark.parametrize("reason", ["no operators", "weights made in inference", "double", "autocast"])
def test_where_weights_cannot_be_packed_the_network_computes_all_the_same(
    reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = NetworkConfig(3, width=16, heads=(1, 2), encoder_blocks=(1, 1), decoder_blocks=(1,))
    with torch.inference_mode(reason == "weights made in inference"):
        network = lively(LightningUnet(config))
    images, reference = torch.rand(1, 1, 40, 24), LightningUnet(config)
    reference.load_state_dict(network.state_dict())
    if reason == "no operators":
        monkeypatch.setattr(packed, "_available", lambda: False)
    if reason == "double":
        network, reference, images = network.double(), reference.double(), images.double()
    with torch.autocast("cpu", torch.bfloat16, enabled=reason == "autocast"):
        expected = reference(images).detach()
        with torch.inference_mode():
            close(network(images), expected)
