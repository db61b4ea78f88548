"""Checkpoint: weights with all that is needed to use them, as one safetensors file. Nothing is ever unpickled."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from model.classes import ClassTable
from model.errors import CheckpointError, ClassTableError
from model.files import atomic_write
from model.input_range import InputRange

FORMAT = "lsgui-segmenter"
VERSION = 1


@dataclass(frozen=True, kw_only=True)
class CheckpointHeader:
    """What a checkpoint says about itself.

    `network` holds the fields of `NetworkConfig`; `classes` has one class per output channel, in channel order;
    `metrics` is free JSON (held-out Dice and the like); `parent` names the checkpoint that training started from.
    Logits are divided by `temperature` to make probabilities that can be believed; the tensors know nothing of it.
    """

    network: Mapping[str, object]
    classes: ClassTable
    input: InputRange
    metrics: Mapping[str, object] = field(default_factory=dict)
    parent: str | None = None
    name: str = ""
    temperature: float = 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Checkpoint(CheckpointHeader):
    """A header and the network's `tensors` by their names in its state dict."""

    tensors: Mapping[str, np.ndarray]

    @property
    def is_finite(self) -> bool:
        """Whether all weights are numbers."""
        return all(np.isfinite(one).all() for one in self.tensors.values() if np.issubdtype(one.dtype, np.floating))


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Write the checkpoint atomically. Raises OSError, and then the file at `path` is what it was."""
    texts = {
        "network": json.dumps(dict(checkpoint.network)),
        "classes": json.dumps(checkpoint.classes.to_json()),
        "input": json.dumps(vars(checkpoint.input)),
        "metrics": json.dumps(dict(checkpoint.metrics)),
        "parent": json.dumps(checkpoint.parent),
        "name": json.dumps(checkpoint.name),
        "temperature": json.dumps(checkpoint.temperature),
    }
    tensors = {name: np.ascontiguousarray(tensor) for name, tensor in checkpoint.tensors.items()}
    content = safetensors.numpy.save(tensors, metadata={"format": FORMAT, "version": str(VERSION)} | texts)
    atomic_write(path, lambda file: file.write(content))


def load(path: Path) -> Checkpoint:
    """Read a checkpoint. Raises CheckpointError, whose text says what the file is and what to do."""
    header = read_header(path)
    try:
        tensors = safetensors.numpy.load_file(path)
    except (SafetensorError, OSError) as error:
        raise _truncated(path) from error
    except (TypeError, AttributeError, KeyError) as error:  # numpy has no bfloat16 and nothing smaller than 16 bits
        raise CheckpointError(
            "The weights of {name} do not fit the network they describe ({detail}); choose other weights.",
            name=header.name or Path(path).name,
            detail=str(error),
        ) from error
    return Checkpoint(**vars(header), tensors=tensors)


def read_header(path: Path) -> CheckpointHeader:
    """Read what a checkpoint says about itself, without its tensors. Raises CheckpointError as `load` does."""
    path = Path(path)
    metadata = _read_metadata(path)
    if metadata.get("format") != FORMAT:
        raise CheckpointError(
            "{name} is a safetensors file of another program; choose weights that this program wrote.", name=path.name
        )
    try:
        if int(metadata["version"]) > VERSION:
            raise CheckpointError(
                "{name} was written by a newer version of this program (format {found}, this one knows {known}); "
                "update the program to use it.",
                name=path.name,
                found=metadata["version"],
                known=VERSION,
            )
        return _parse(metadata)
    except (KeyError, ValueError, TypeError, OverflowError, RecursionError, ClassTableError) as error:
        raise CheckpointError(
            "The header of {name} is damaged ({detail}); copy the file again from its source.",
            name=path.name,
            detail=str(error),
        ) from error


def _parse(metadata: Mapping[str, str]) -> CheckpointHeader:
    network, metrics = json.loads(metadata["network"]), json.loads(metadata["metrics"])
    parent, name = json.loads(metadata["parent"]), json.loads(metadata["name"])
    temperature = json.loads(metadata.get("temperature", "1.0"))  # weights of before have none
    if not isinstance(network, dict) or not isinstance(metrics, dict):
        raise TypeError("expected an object for the network and one for its metrics")
    if not isinstance(name, str) or not isinstance(parent, str | None):
        raise TypeError("expected texts for the name and the parent")
    if not isinstance(temperature, int | float) or not 0 < temperature < math.inf:
        raise ValueError(f"expected a temperature above 0, got {temperature}")
    return CheckpointHeader(
        network=network,
        classes=ClassTable.from_json(json.loads(metadata["classes"])),
        input=InputRange(**json.loads(metadata["input"])),
        metrics=metrics,
        parent=parent,
        name=name,
        temperature=float(temperature),
    )


def _read_metadata(path: Path) -> dict[str, str]:
    """The text fields of a safetensors header: 8 bytes of length, then that much JSON, then the tensors."""
    try:
        size = path.stat().st_size
        with open(path, "rb") as file:
            start = file.read(8)
            _refuse_other_kinds(path, size, start)
            length = int.from_bytes(start, "little")
            if length > size - 8:
                raise _truncated(path)
            header = json.loads(file.read(length))
        ends = [entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"]
        if 8 + length + max(ends, default=0) > size:
            raise _truncated(path)
        metadata = header.get("__metadata__", {})
        if not all(isinstance(text, str) for text in metadata.values()):
            raise _not_weights(path)
        return metadata
    except FileNotFoundError as error:
        raise CheckpointError("{path} does not exist; choose another weights file.", path=str(path)) from error
    except OSError as error:
        raise CheckpointError(
            "{path} cannot be read ({detail}); check that it is a file and that you may read it.",
            path=str(path),
            detail=error.strerror or str(error),
        ) from error
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise _not_weights(path) from error


def _refuse_other_kinds(path: Path, size: int, start: bytes) -> None:
    if size == 0:
        raise CheckpointError("{name} is empty (0 bytes); copy it again from its source.", name=path.name)
    if start[:4] == b"PK\x03\x04" or (start[:1] == b"\x80" and start[1:2] in b"\x02\x03\x04\x05"):
        raise CheckpointError(
            "{name} is a PyTorch pickle, which could run any code when opened, so it is never read; "
            "choose a .safetensors file that this program wrote.",
            name=path.name,
        )
    if size < 8:
        raise _truncated(path)
    if int.from_bytes(start, "little") > 100_000_000:
        raise _not_weights(path)


def _truncated(path: Path) -> CheckpointError:
    return CheckpointError("{name} is truncated; copy it again from its source.", name=Path(path).name)


def _not_weights(path: Path) -> CheckpointError:
    return CheckpointError(
        "{name} is not a weights file; choose a .safetensors file that this program wrote.", name=Path(path).name
    )
