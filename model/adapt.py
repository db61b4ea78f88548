"""Networks from checkpoints: the class rows follow the uids of the table at hand, whatever order they were saved in."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import torch

from model.checkpoint import Checkpoint, CheckpointHeader
from model.classes import Class, ClassTable
from model.errors import CheckpointError
from model.network import LightningUnet, NetworkConfig

_ROWS = ("head.weight", "head.bias")


def network_from_checkpoint(checkpoint: Checkpoint, classes: ClassTable | None = None) -> LightningUnet:
    """The checkpoint's network on the CPU, one output channel for each class of `classes`, in their order.

    Known classes keep their rows and new ones get fresh rows; without `classes` it is the checkpoint's own table.
    Raises CheckpointError when the tensors are not those of the configuration.
    """
    table = classes or checkpoint.classes
    return network_for(checkpoint, [item.uid for item in table.classes])


def network_for(checkpoint: Checkpoint, uids: Sequence[str]) -> LightningUnet:
    """`network_from_checkpoint` for the classes of these uids alone."""
    config = _config(checkpoint)
    tensors = _checked(checkpoint, config)
    for name in _ROWS:
        tensors[name] = _select_rows(tensors[name], checkpoint.classes, uids)
    with torch.device("meta"):  # the weights come from the file, so none are drawn
        network = LightningUnet(dataclasses.replace(config, classes=len(uids)))
    network.load_state_dict(tensors, assign=True)
    return network


def missing_classes(header: CheckpointHeader, classes: ClassTable) -> tuple[Class, ...]:
    """The classes of the table that the checkpoint does not know."""
    return tuple(item for item in classes.classes if header.classes.by_uid(item.uid) is None)


def tensors_of(network: LightningUnet) -> dict[str, np.ndarray]:
    """The network's weights and constants as a checkpoint holds them."""
    return {name: tensor.detach().cpu().numpy() for name, tensor in network.state_dict().items()}


def _config(checkpoint: Checkpoint) -> NetworkConfig:
    try:
        config = NetworkConfig.from_fields(checkpoint.network)
    except (ValueError, TypeError, AttributeError) as error:
        raise _mismatch(checkpoint, str(error)) from error
    if config.classes != len(checkpoint.classes.classes):
        detail = f"{config.classes} output channels, but {len(checkpoint.classes.classes)} classes"
        raise _mismatch(checkpoint, detail)
    return config


def _checked(checkpoint: Checkpoint, config: NetworkConfig) -> dict[str, torch.Tensor]:
    """Copies of the tensors, when they are exactly those that the configuration asks for."""
    with torch.device("meta"):
        expected = LightningUnet(config).state_dict()
    _compare_names(checkpoint, expected)
    for name, tensor in expected.items():
        found = checkpoint.tensors[name]
        if found.shape != tuple(tensor.shape) or found.dtype.kind != "f":
            raise _mismatch(checkpoint, f"{name} is {found.dtype} {found.shape}, expected {tuple(tensor.shape)}")
    return {name: torch.tensor(array, dtype=torch.float32) for name, array in checkpoint.tensors.items()}


def _compare_names(checkpoint: Checkpoint, expected: Mapping[str, torch.Tensor]) -> None:
    lacking, unknown = set(expected) - set(checkpoint.tensors), set(checkpoint.tensors) - set(expected)
    if lacking:
        raise _mismatch(checkpoint, f"{len(lacking)} tensors are missing, such as {min(lacking)}")
    if unknown:
        raise _mismatch(checkpoint, f"{len(unknown)} tensors are unknown, such as {min(unknown)}")


def _mismatch(checkpoint: Checkpoint, detail: str) -> CheckpointError:
    return CheckpointError(
        "The weights of {name} do not fit the network they describe ({detail}); choose other weights.",
        name=checkpoint.name or "this model",
        detail=detail,
    )


def _select_rows(rows: torch.Tensor, known: ClassTable, uids: Sequence[str]) -> torch.Tensor:
    """Rows in the order of `uids`; those of unknown classes are small and random, the same each time."""
    position = {item.uid: index for index, item in enumerate(known.classes)}
    fresh = torch.empty(len(uids), *rows.shape[1:]).normal_(std=0.02, generator=torch.Generator().manual_seed(0))
    for index, uid in enumerate(uids):
        if uid in position:
            fresh[index] = rows[position[uid]]
    return fresh
