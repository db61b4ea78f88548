"""LightningUnet: any image size, any number of classes, and the passage of information that its configuration says."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from model.network import PATCHES, Attention, LightningUnet, NetworkConfig

SMALL = NetworkConfig(3, width=16, heads=(1, 2), encoder_blocks=(2, 1), decoder_blocks=(1,))


def build(config: NetworkConfig = SMALL) -> LightningUnet:
    torch.manual_seed(0)
    return LightningUnet(config).eval()


@pytest.mark.parametrize("patch", PATCHES)
@pytest.mark.parametrize("size", [(1, 1), (8, 8), (17, 45), (33, 64)])
def test_any_height_and_width(size: tuple[int, int], patch: int) -> None:
    network = build(dataclasses.replace(SMALL, patch=patch))
    with torch.inference_mode():
        assert network(torch.rand(2, 1, *size)).shape == (2, 3, *size)


@pytest.mark.parametrize("patch", PATCHES)
def test_a_token_stands_for_a_patch(patch: int) -> None:
    config = dataclasses.replace(SMALL, patch=patch)
    with torch.inference_mode():
        assert build(config).features(torch.rand(1, 3, 32, 48)).shape == (1, 32 // patch, 48 // patch, 16)
    assert config.view == 128 * patch and dataclasses.replace(config, size=96).view == 96


def test_padding_leaves_an_image_of_the_right_size_alone() -> None:
    """What the network answers inside does not depend on how an uneven edge is filled up, but on the image."""
    image = torch.rand(1, 1, 13, 22)
    filled = torch.nn.functional.pad(image, (0, 2, 0, 3), mode="replicate")
    with torch.inference_mode():
        torch.testing.assert_close(build()(image), build()(filled)[:, :, :13, :22])


def test_grey_is_repeated_to_three_channels() -> None:
    image = torch.rand(1, 1, 16, 16)
    with torch.inference_mode():
        torch.testing.assert_close(build()(image), build()(image.expand(1, 3, 16, 16)))


def test_colour_makes_a_difference() -> None:
    image = torch.rand(1, 3, 16, 16)
    with torch.inference_mode():
        assert not torch.allclose(build()(image), build()(image.flip(1)))


def test_images_of_a_batch_do_not_see_each_other() -> None:
    images = torch.rand(3, 1, 24, 16)
    with torch.inference_mode():
        alone = torch.cat([build()(image[None]) for image in images])
        torch.testing.assert_close(build()(images), alone, rtol=1e-4, atol=1e-5)


def test_a_causal_network_of_rows_does_not_see_what_comes_later() -> None:
    config = dataclasses.replace(SMALL, direction="causal", scans=("rows",), skips=False, convolution=False)
    image = torch.rand(1, 1, 32, 32)
    changed = image.clone()
    changed[:, :, 16:] = 0
    with torch.inference_mode():
        before, after = build(config)(image), build(config)(changed)
    torch.testing.assert_close(before[:, :, :16], after[:, :, :16])
    assert not torch.allclose(before[:, :, 16:], after[:, :, 16:])


def test_scans_by_column_are_scans_by_row_of_the_turned_image() -> None:
    torch.manual_seed(0)
    rows, columns = (Attention(16, 2, "causal", scan).eval() for scan in ("rows", "columns"))
    columns.load_state_dict(rows.state_dict())
    tokens = torch.rand(2, 5, 7, 16)
    turned = rows(tokens.transpose(1, 2).contiguous()).transpose(1, 2)
    torch.testing.assert_close(columns(tokens), turned)


def test_every_weight_learns() -> None:
    network = build().train()
    network(torch.rand(1, 3, 32, 32)).square().mean().backward()
    silent = [name for name, weight in network.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert silent == []


def test_constants_travel_with_the_weights() -> None:
    names = set(build().state_dict())
    assert {"mean", "std", "encoder.0.0.attention.slopes"} <= names


def test_half_precision_stays_finite_with_large_weights() -> None:
    network = build()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, Attention):
                module.qkv.weight.mul_(60)
    with torch.inference_mode(), torch.autocast("cpu", torch.float16):
        assert network(torch.rand(1, 1, 64, 64)).isfinite().all()


@pytest.mark.parametrize("shape", [(1, 2, 16, 16), (1, 16, 16), (16, 16)])
def test_what_is_no_image_is_named(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"\(B, 1 or 3, H, W\), got"):
        build()(torch.rand(shape))


@pytest.mark.parametrize(
    "change",
    [
        {"classes": 0},
        {"size": 0},
        {"heads": (0, 2)},
        {"width": 16.0},
        {"mlp_ratio": "4"},
        {"encoder_blocks": ("1", 1)},
        {"heads": (3, 6)},
        {"heads": (1,)},
        {"direction": "sideways"},
        {"scans": ("diagonal",)},
        {"scans": ()},
        {"patch": 3},
        {"patch": "4"},
        {"width": 18, "heads": (1, 1)},
    ],
)
def test_a_configuration_that_cannot_be_built_is_refused(change: dict) -> None:
    with pytest.raises(ValueError, match="expected"):
        dataclasses.replace(SMALL, **change)


def test_a_configuration_survives_json_lists_and_refuses_other_networks() -> None:
    fields = {name: list(v) if isinstance(v, tuple) else v for name, v in dataclasses.asdict(SMALL).items()}
    assert NetworkConfig.from_fields(fields) == SMALL
    del fields["patch"]  # as checkpoints from before there was a choice
    assert NetworkConfig.from_fields(fields) == SMALL
    with pytest.raises(ValueError, match="fields of a LightningUnet, got channels"):
        NetworkConfig.from_fields({"channels": 3})


def test_rows_at_a_time_give_the_same_as_all_at_once() -> None:
    """Without gradients a CPU works on slabs of rows; with them on the whole image."""
    network = LightningUnet(dataclasses.replace(SMALL, width=64))
    image = torch.rand(1, 1, 512, 256)
    with torch.inference_mode():
        in_slabs = network(image)
    torch.testing.assert_close(in_slabs, network(image).detach(), rtol=1e-4, atol=1e-5)


def test_a_new_networks_logits_are_neither_flat_nor_sure() -> None:
    """From flat ones it takes a hundred steps to grow them; from sure ones as many to unlearn them."""
    config = dataclasses.replace(SMALL, width=32)
    with torch.inference_mode():
        spread = build(config)(torch.rand(2, 1, 64, 64)).std(dim=1).mean()
    assert 1 < spread < 3
