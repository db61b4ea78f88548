"""Networks from checkpoints: rows follow uids, and tensors that do not fit are named."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from model.adapt import missing_classes, network_from_checkpoint, tensors_of
from model.checkpoint import Checkpoint
from model.classes import Class, ClassTable
from model.errors import CheckpointError
from model.input_range import InputRange
from model.network import LightningUnet, NetworkConfig


def table(*uids: str) -> ClassTable:
    return ClassTable(tuple(Class(uid, value, uid.title(), (value, 0, 0)) for value, uid in enumerate(uids)))


@pytest.fixture
def checkpoint() -> Checkpoint:
    torch.manual_seed(0)
    config = NetworkConfig(3, width=16, heads=(1, 2), encoder_blocks=(1, 1), decoder_blocks=(1,), size=64)
    network = LightningUnet(config)
    torch.nn.init.normal_(network.head.bias)
    return Checkpoint(
        network=dataclasses.asdict(config),
        classes=table("background", "liver", "spleen"),
        input=InputRange("fixed", 0, 1),
        tensors=tensors_of(network),
        name="demo",
    )


def logits(network: LightningUnet) -> torch.Tensor:
    with torch.inference_mode():
        return network.eval()(torch.linspace(0, 1, 32 * 32).view(1, 1, 32, 32))[0]


def test_the_same_table_gives_the_same_network(checkpoint: Checkpoint) -> None:
    network = network_from_checkpoint(checkpoint)
    for name, tensor in tensors_of(network).items():
        np.testing.assert_array_equal(tensor, checkpoint.tensors[name])
    assert all(weight.requires_grad for weight in network.parameters())


def test_known_classes_keep_their_rows_in_any_order(checkpoint: Checkpoint) -> None:
    before = logits(network_from_checkpoint(checkpoint))
    after = logits(network_from_checkpoint(checkpoint, table("spleen", "tumour", "background")))
    torch.testing.assert_close(after[0], before[2])
    torch.testing.assert_close(after[2], before[0])


def test_new_classes_get_fresh_rows_that_are_always_the_same(checkpoint: Checkpoint) -> None:
    wider = table("background", "tumour", "liver", "cyst")
    rows = network_from_checkpoint(checkpoint, wider).head.weight
    assert rows.shape[0] == 4
    assert torch.equal(rows, network_from_checkpoint(checkpoint, wider).head.weight)
    known = torch.from_numpy(checkpoint.tensors["head.weight"])
    assert not any(torch.equal(rows[index], row) for index in (1, 3) for row in known)
    assert rows[1].any() and not torch.equal(rows[1], rows[3])
    assert [item.uid for item in missing_classes(checkpoint, wider)] == ["tumour", "cyst"]


def test_training_does_not_change_the_checkpoint(checkpoint: Checkpoint) -> None:
    before = checkpoint.tensors["head.bias"].copy()
    with torch.no_grad():
        network_from_checkpoint(checkpoint).head.bias.zero_()
    np.testing.assert_array_equal(checkpoint.tensors["head.bias"], before)


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        (lambda c: {"network": c.network | {"width": 32}}, "expected"),
        (lambda c: {"network": {"encoder": "resnet50"}}, "fields of a LightningUnet"),
        (lambda c: {"network": c.network | {"width": "wide"}}, "demo"),
        (lambda c: {"network": c.network | {"classes": 4}}, "4 output channels, but 3 classes"),
        (
            lambda c: {"tensors": {n: t for n, t in c.tensors.items() if n != "mean"}},
            "1 tensors are missing, such as mean",
        ),
        (lambda c: {"tensors": c.tensors | {"extra": np.ones(1)}}, "1 tensors are unknown, such as extra"),
        (lambda c: {"tensors": c.tensors | {"mean": np.ones(3, np.float32)}}, r"mean is float32 \(3,\)"),
        (lambda c: {"tensors": c.tensors | {"mean": np.ones((3, 1, 1), int)}}, "mean is int64"),
    ],
)
def test_tensors_that_do_not_fit_are_named(checkpoint: Checkpoint, change, detail: str) -> None:
    with pytest.raises(CheckpointError, match=detail) as caught:
        network_from_checkpoint(dataclasses.replace(checkpoint, **change(checkpoint)))
    assert "choose other weights" in str(caught.value)


def test_a_network_is_made_without_pytorchs_compiler(resources: Path) -> None:
    """Drawing weights that a file replaces imported it: three seconds before the first prediction."""
    script = (
        "import sys; from pathlib import Path; from model.adapt import network_from_checkpoint; "
        "from model.checkpoint import load; network_from_checkpoint(load(Path(sys.argv[1]))); "
        "assert 'torch._dynamo' not in sys.modules"
    )
    command = [sys.executable, "-c", script, str(resources / "weights" / "demo.safetensors")]
    subprocess.run(command, check=True, cwd=resources.parent)
