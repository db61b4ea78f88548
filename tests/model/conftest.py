"""A workspace of small pictures that a small network learns within seconds."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from model.adapt import tensors_of
from model.checkpoint import Checkpoint, save
from model.classes import Class, ClassTable, default_table
from model.images import read_image
from model.input_range import InputRange
from model.labels import UNTOUCHED
from model.network import LightningUnet, NetworkConfig
from model.pillow import pillow
from model.plane_source import of_arrays
from model.provenance import HUMAN
from model.workspace import Workspace

SIDE = 64

if not torch.cuda.is_available():
    os.environ.setdefault("TRITON_INTERPRET", "1")  # before Triton is imported: kernels run in its interpreter


def blob_classes() -> ClassTable:
    """Values with a gap, so that nobody takes a value for a channel."""
    background = Class("background", 0, "Background", (0, 0, 0))
    return ClassTable((background, Class("disk", 5, "Disk", (255, 0, 0)), Class("bar", 2, "Bar", (0, 255, 0))))


def blob_picture(number: int, side: int = SIDE) -> tuple[np.ndarray, np.ndarray]:
    """Grey pixels (side, side) uint8 and their label map: a bright disk, a dark bar, a frame nobody has labelled."""
    rng = np.random.default_rng(number)
    rows, columns = np.mgrid[:side, :side]
    y, x = rng.uniform(0.3, 0.6, 2) * side
    label = np.zeros((side, side), np.uint8)
    label[int(0.75 * side) : int(0.88 * side), 8:-8] = 2
    label[(rows - y) ** 2 + (columns - x) ** 2 < (0.18 * side) ** 2] = 5
    pixels = np.choose(label // 2, [120, 30, 220]).astype(float) + rng.normal(0, 8, label.shape)
    label[:2] = label[-2:] = 255
    return pixels.clip(0, 255).astype(np.uint8), label


@pytest.fixture
def table() -> ClassTable:
    return default_table()


@pytest.fixture
def label_map(table: ClassTable) -> np.ndarray:
    """Every value of the table, and untouched pixels, by chance."""
    values = np.array([*table.values, UNTOUCHED], dtype=np.uint8)
    return np.random.default_rng(0).choice(values, (23, 31))


@pytest.fixture
def blobs(tmp_path: Path) -> Path:
    """A folder whose first four images train and whose fifth is held out; the sixth has no label."""
    return make_blobs(tmp_path / "blobs", labels=5, images=6)


def make_blobs(folder: Path, labels: int, images: int) -> Path:
    folder.mkdir(parents=True)
    for number in range(images):
        pillow.fromarray(blob_picture(number)[0]).save(folder / f"{'abcdefghijklmnop'[number]}.png")
    workspace = Workspace.open(folder)
    workspace.set_classes(blob_classes())
    for entry in workspace.entries()[:labels]:
        label = blob_picture("abcdefghijklmnop".index(entry.name[0]))[1]
        human = np.full(label.shape, HUMAN, np.uint8)
        workspace.save_label(entry.name, read_image(entry.path), of_arrays(label, human), accepted=False)
    workspace.close()
    return folder


@pytest.fixture
def blob_weights(tmp_path: Path) -> Path:
    """An untrained network that knows the background, the disk and something else, in another order."""
    table = ClassTable(
        (
            Class("disk", 1, "Disk", (255, 0, 0)),
            Class("background", 0, "Background", (0, 0, 0)),
            Class("cloud", 3, "Cloud", (0, 0, 255)),
        )
    )
    path = tmp_path / "start.safetensors"
    save(path, blob_checkpoint(table))
    return path


@pytest.fixture
def known_weights(tmp_path: Path) -> Path:
    """An untrained network of the folder's own classes, from elsewhere."""
    path = tmp_path / "elsewhere.safetensors"
    save(path, blob_checkpoint(blob_classes()))
    return path


def blob_checkpoint(table: ClassTable, name: str = "start") -> Checkpoint:
    torch.manual_seed(0)
    shape = {"width": 16, "heads": (1, 2), "encoder_blocks": (1, 1), "decoder_blocks": (1,), "size": SIDE}
    network = LightningUnet(NetworkConfig(len(table.classes), **shape))
    return Checkpoint(
        network=dataclasses.asdict(network.config),
        classes=table,
        input=InputRange("fixed", 0, 255),
        tensors=tensors_of(network),
        name=name,
    )
