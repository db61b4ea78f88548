"""The layers' Triton kernels against the layers as they are defined, outputs and all gradients, on any machine."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator, Sequence

import pytest
import torch
from torch import nn

if not torch.cuda.is_available():
    os.environ["TRITON_INTERPRET"] = "1"  # before Triton is imported: the kernels run in its interpreter

pytest.importorskip("triton")

from model.layers import fused, plain
from model.layers.kernels import narrow, rejoin
from model.network import PATCHES, LightningUnet, NetworkConfig
from model.presets import lightning_unet

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
WIDTHS = [16, 24, 96]
Layer = Callable[[object], torch.Tensor | tuple[torch.Tensor, ...]]


@pytest.fixture(autouse=True)
def _exact() -> Iterator[None]:
    torch.manual_seed(0)
    previous = torch.backends.cuda.matmul.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = False
    yield
    torch.backends.cuda.matmul.allow_tf32 = previous


def random(*shape: int) -> torch.Tensor:
    return torch.randn(shape, device=DEVICE, requires_grad=True)


def random_norm(width: int) -> nn.LayerNorm:
    layer = nn.LayerNorm(width).to(DEVICE)
    nn.init.normal_(layer.weight)
    nn.init.normal_(layer.bias)
    return layer


def random_head(width: int, classes: int, factor: int) -> tuple[nn.Linear, nn.LayerNorm, nn.Linear]:
    """What follows the last block: the enlargement, its norm and the scores."""
    enlarge = nn.Linear(width, factor * width, bias=False).to(DEVICE)
    return enlarge, random_norm(width // factor), nn.Linear(width // factor, classes).to(DEVICE)


def results(form: object, layer: Layer, inputs: list[torch.Tensor], modules: Sequence[nn.Module]) -> list[torch.Tensor]:
    """What the layer gives, and the gradients of all inputs and parameters for a random gradient of what it gives."""
    leaves = [*inputs, *(weight for module in modules for weight in module.parameters())]
    out = layer(form)
    out = list(out) if isinstance(out, tuple) else [out]
    torch.manual_seed(1)
    grads = torch.autograd.grad(out, leaves, [torch.randn_like(x) for x in out])
    return [*out, *grads]


def hold(layer: Layer, inputs: list[torch.Tensor], modules: Sequence[nn.Module], tolerance: float = 1e-5) -> None:
    pairs = zip(results(plain, layer, inputs, modules), results(fused, layer, inputs, modules), strict=True)
    for expected, found in pairs:
        assert found.shape == expected.shape and found.dtype == expected.dtype
        assert (found - expected).norm() <= tolerance * expected.norm()


@pytest.mark.parametrize("width", WIDTHS)
def test_norm(width: int) -> None:
    x, layer = random(2, 5, 7, width), random_norm(width)
    hold(lambda form: form.norm(x, layer), [x], [layer])


@pytest.mark.parametrize("width", WIDTHS)
def test_sum_and_its_norm(width: int) -> None:
    x, y, layer = random(2, 5, 7, width), random(2, 5, 7, width), random_norm(width)
    hold(lambda form: form.add(x, y, layer), [x, y], [layer])


@pytest.mark.parametrize("sides", [(6, 10), (1, 1), (1, 9), (9, 2)])
@pytest.mark.parametrize("width", WIDTHS)
def test_depthwise_convolution(width: int, sides: tuple[int, int]) -> None:
    x, after = random(2, *sides, width), random_norm(width)
    layer = nn.Conv2d(width, width, 3, padding=1, groups=width).to(DEVICE)
    hold(lambda form: form.depthwise(x, layer, after), [x], [layer, after])


@pytest.mark.parametrize("width", WIDTHS)
def test_merging_and_expanding(width: int) -> None:
    x, wide, narrow = random(2, 6, 10, 4 * width), random_norm(16 * width), random_norm(width)
    hold(lambda form: form.merge(x, wide), [x], [wide])
    hold(lambda form: form.expand(x, 2, narrow), [x], [narrow])


@pytest.mark.parametrize("width", WIDTHS)
def test_products(width: int) -> None:
    x, y = random(2, 5, 7, width), random(2, 5, 7, width)
    first, second = nn.Linear(width, 4 * width).to(DEVICE), nn.Linear(4 * width, width).to(DEVICE)
    both = nn.Linear(2 * width, width).to(DEVICE)
    hold(lambda form: form.linear(x, first), [x], [first])
    hold(lambda form: form.mlp(x, y, first, second), [x, y], [first, second])
    hold(lambda form: form.join(x, y, both), [x, y], [both])


@pytest.mark.parametrize("factor", PATCHES)
@pytest.mark.parametrize("classes", [1, 2, 14, 40])
@pytest.mark.parametrize("width", WIDTHS)
def test_head(width: int, classes: int, factor: int) -> None:
    x, last = random(2, 3, 5, width), random_head(width, classes, factor)
    hold(lambda form: form.head(x, factor, *last), [x], last)


@pytest.mark.parametrize("side", PATCHES)
@pytest.mark.parametrize("shape", [(2, 1, 19, 33), (2, 3, 16, 8), (1, 3, 1, 1)])
@pytest.mark.parametrize("width", WIDTHS)
def test_patch_embedding(width: int, shape: tuple[int, ...], side: int) -> None:
    layer, after = nn.Conv2d(3, width, side, stride=side).to(DEVICE), random_norm(width)
    mean, std = torch.rand(3, 1, 1, device=DEVICE), 0.5 + torch.rand(3, 1, 1, device=DEVICE)
    images = torch.rand(shape, device=DEVICE)
    hold(lambda form: form.embed(images, mean, std, 8, layer, after), [], [layer, after])
    small = (images * 255).to(torch.uint8)
    hold(lambda form: form.embed(small, mean, std, 8, layer, after), [], [layer, after])


@torch.no_grad()
@pytest.mark.parametrize("width", [*WIDTHS, 128])
def test_kernels_around_the_attention_of_narrow_blocks(width: int) -> None:
    x, y, after = random(2, 5, 15, width), random(2, 5, 15, width), random_norm(width)
    local = nn.Conv2d(width, width, 3, padding=1, groups=width).to(DEVICE)
    qkv, project = nn.Linear(width, 3 * width).to(DEVICE), nn.Linear(width, width).to(DEVICE)
    first, second = nn.Linear(width, 4 * width).to(DEVICE), nn.Linear(4 * width, width).to(DEVICE)
    for expected, found in zip(plain.enter(x, local, after, qkv), narrow.enter(x, local, after, qkv), strict=True):
        assert (found - expected).norm() <= 1e-5 * expected.norm()
    expected = plain.leave(x, y, project, after, first, second)
    found = narrow.leave(x, y, project, after, first, second)
    assert (found - expected).norm() <= 1e-5 * expected.norm()


@torch.no_grad()
@pytest.mark.parametrize("width", [*WIDTHS, 128])
def test_kernel_that_joins_narrow_stages(width: int) -> None:
    x, skip, after = random(2, 5, 3, 4 * width), random(2, 10, 6, width), random_norm(width)
    layer = nn.Linear(2 * width, width).to(DEVICE)
    expected = plain.rejoin(x, 2, after, skip, layer)
    assert (rejoin.rejoin(x, 2, after, skip, layer) - expected).norm() <= 1e-5 * expected.norm()


@torch.no_grad()
@pytest.mark.parametrize("factor", PATCHES)
@pytest.mark.parametrize("shape", [(20, 60), (17, 57), (12, 41)])
@pytest.mark.parametrize("classes", [1, 14, 40])
@pytest.mark.parametrize("width", [16, 96])
def test_classes_without_logits(width: int, classes: int, shape: tuple[int, int], factor: int) -> None:
    """Bytes may differ by one where a sum falls on the edge between two."""
    x, last = random(2, 20 // factor, 60 // factor, width), random_head(width, classes, factor)
    wanted = plain.classify(x, factor, *last, shape)
    found = fused.classify(x, factor, *last, shape)
    assert (wanted[0] != found[0]).float().mean() < 1e-3
    for expected, got in zip(wanted, found, strict=True):
        assert got.dtype == torch.uint8 and got.shape == expected.shape
    for expected, got in zip(wanted[1:], found[1:], strict=True):
        assert (got.int() - expected.int()).abs().max() <= 1


@torch.no_grad()
def test_what_is_no_number_has_no_certainty() -> None:
    x, last = random(1, 2, 3, 16), random_head(16, 3, 4)
    x[0, 1, 2] = torch.nan
    for form in (plain, fused):
        _, sure, _ = form.classify(x, 4, *last, (8, 12))
        assert not sure[:, 4:, 8:].any() and sure[:, :4].all() and sure[:, :, :8].all()


SEED = NetworkConfig(
    3, width=16, heads=(1, 2), encoder_blocks=(2, 1), decoder_blocks=(1,),
    direction="causal", scans=("rows",), skips=False, convolution=False,
)  # fmt: skip
COARSE = NetworkConfig(3, width=16, heads=(1, 2), encoder_blocks=(2, 1), decoder_blocks=(1,))
SMALL = dataclasses.replace(COARSE, patch=2)
DEFAULT = dataclasses.replace(lightning_unet(3), encoder_blocks=(1,) * 5)
CONFIGS = pytest.mark.parametrize("config", [SEED, COARSE, SMALL], ids=["seed", "4x4", "2x2"])


@pytest.mark.parametrize("config", [SEED, COARSE, SMALL, DEFAULT], ids=["seed", "4x4", "2x2", "default"])
def test_whole_network(config: NetworkConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    network = LightningUnet(config).to(DEVICE).double()
    shape = (1, 1, 21, 30) if config is DEFAULT else (2, 1, 21, 34)  # the interpreter is slow
    images = torch.rand(shape, device=DEVICE)
    expected = _logits_and_gradients(network, images.double(), plain, monkeypatch)
    found = _logits_and_gradients(network.float(), images, fused, monkeypatch)
    for name, wanted in expected.items():
        assert (found[name] - wanted).norm() <= 2e-5 * wanted.norm() + 1e-9, name


@torch.no_grad()
@pytest.mark.parametrize("width", [16, 160])
@CONFIGS
def test_predictions_in_half_precision(config: NetworkConfig, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without gradients, narrow and wide blocks have kernels of their own; weights are held in half precision."""
    network = LightningUnet(dataclasses.replace(config, width=width, heads=(1, 2) if width == 16 else (5, 5)))
    network = network.to(DEVICE).ready_for(torch.float16)
    images = torch.rand(1, 3, 13, 22, device=DEVICE)
    with torch.autocast(DEVICE.type, torch.float16):
        monkeypatch.setattr("model.network.form_for", lambda x: plain)
        logits, classes = network(images), network.classify(images)
        monkeypatch.setattr("model.network.form_for", lambda x: fused)
        found = network(images)
        assert found.dtype == logits.dtype == torch.float16
        assert (found - logits).float().norm() <= 5e-3 * logits.float().norm()
        for expected, got in zip(classes[1:], network.classify(images)[1:], strict=True):
            assert (got.int() - expected.int()).abs().max() <= 2


def _logits_and_gradients(
    network: LightningUnet, images: torch.Tensor, form: object, monkeypatch: pytest.MonkeyPatch
) -> dict[str, torch.Tensor]:
    monkeypatch.setattr("model.network.form_for", lambda x: form)
    network.zero_grad()
    logits = network(images)
    logits.square().mean().backward()
    return {"logits": logits.detach().double()} | {
        name: weight.grad.double().clone() for name, weight in network.named_parameters()
    }
