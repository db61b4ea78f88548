"""The networks that ship: the size that is promised, and the shapes of the description."""

from __future__ import annotations

import pytest
import torch

from model.network import Attention, LightningUnet
from model.presets import PRESETS, seed, tiny


def build(name: str, classes: int = 14) -> LightningUnet:
    with torch.device("meta"):
        return LightningUnet(PRESETS[name](classes))


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("seed", 24_314_702), ("lightning-unet", 11_056_366), ("fine", 24_737_966), ("tiny", 2_769_646)],
)
def test_number_of_parameters(name: str, parameters: int) -> None:
    assert sum(weight.numel() for weight in build(name).parameters()) == parameters


def test_seed_has_the_shapes_of_the_description() -> None:
    network, shapes = LightningUnet(seed()).eval(), []

    def note(module: torch.nn.Module, inputs: object, out: torch.Tensor) -> None:
        shapes.append(tuple(out.shape))

    for stage in (network.embed, *network.encoder, *network.expand):
        stage.register_forward_hook(note)
    with torch.inference_mode():
        logits = network(torch.rand(1, 1, 512, 512))
    encoder = [(1, 128, 128, 96), (1, 64, 64, 192), (1, 32, 32, 384), (1, 16, 16, 768)]
    assert shapes == [encoder[0], *encoder, *encoder[-2::-1]]
    assert network.enlarge(torch.rand(1, 128, 128, 96)).shape == (1, 512, 512, 24)
    assert logits.shape == (1, 14, 512, 512)


@pytest.mark.parametrize("name", PRESETS)
def test_every_head_is_32_wide(name: str) -> None:
    network = build(name)
    widths = [m.project.in_features // m.heads for m in network.modules() if isinstance(m, Attention)]
    assert widths == [32] * (14 if name == "lightning-unet" else 11)


def test_the_default_and_the_fine_network_learn_from_parts_of_an_image() -> None:
    sizes = {name: (config.size, config.view, config.patch) for name, config in ((x, PRESETS[x](14)) for x in PRESETS)}
    assert sizes == {
        "seed": (512, 512, 4), "lightning-unet": (512, 256, 2), "fine": (1024, 512, 4), "tiny": (512, 512, 4)
    }  # fmt: skip


def test_seed_is_causal_by_rows_and_the_others_see_both_ways() -> None:
    attentions = [m for m in build("seed").modules() if isinstance(m, Attention)]
    assert {(m.direction, m.by_columns) for m in attentions} == {("causal", False)}
    attentions = [m for m in build("tiny").modules() if isinstance(m, Attention)]
    assert {m.direction for m in attentions} == {"bidirectional"}
    assert [m.by_columns for m in attentions] == [False, True] * 5 + [False]


def test_seed_has_no_skips() -> None:
    assert not seed().skips and len(build("seed").join) == 0 and len(build("lightning-unet").join) == 4


@pytest.mark.parametrize("classes", [1, 2, 200])
def test_any_number_of_classes(classes: int) -> None:
    with torch.inference_mode():
        assert LightningUnet(tiny(classes))(torch.rand(1, 1, 32, 32)).shape == (1, classes, 32, 32)
