"""Checkpoints: what is saved comes back, and every other file gets one sentence that helps."""

from __future__ import annotations

import dataclasses
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
import torch

from model import checkpoint as checkpoints
from model.checkpoint import Checkpoint, load, read_header, save
from model.classes import default_table
from model.errors import CheckpointError
from model.input_range import InputRange


@pytest.fixture
def checkpoint() -> Checkpoint:
    tensors = {"a": np.arange(12, dtype=np.float32).reshape(3, 4), "b": np.ones(2, np.float32)}
    return Checkpoint(
        network={"classes": 14, "heads": [1, 2]},
        classes=default_table(),
        input=InputRange("fixed", -160, 240),
        tensors=tensors,
        metrics={"mean": 0.81, "dice": {"liver": 0.93}},
        parent="demo",
        name="腹部 run 3",
        temperature=1.25,
    )


def sentence(path: Path) -> str:
    """What both doors say about a file that they refuse; the same, and one sentence."""
    texts = []
    for read in (load, read_header):
        with pytest.raises(CheckpointError) as caught:
            read(path)
        texts.append(str(caught.value))
    assert texts[0] == texts[1] and texts[0].endswith(".") and "\n" not in texts[0]
    return texts[0]


def test_all_of_it_comes_back(tmp_path: Path, checkpoint: Checkpoint) -> None:
    path = tmp_path / "模型.safetensors"
    save(path, checkpoint)
    loaded = load(path)
    assert loaded.classes == checkpoint.classes and loaded.input == checkpoint.input
    assert (loaded.name, loaded.parent, loaded.metrics) == ("腹部 run 3", "demo", checkpoint.metrics)
    assert loaded.network == checkpoint.network and loaded.temperature == 1.25
    np.testing.assert_array_equal(loaded.tensors["a"], checkpoint.tensors["a"])
    assert [p.name for p in tmp_path.iterdir()] == ["模型.safetensors"]


def test_the_header_is_read_without_the_tensors(tmp_path: Path, checkpoint: Checkpoint) -> None:
    save(tmp_path / "w.safetensors", checkpoint)
    header = read_header(tmp_path / "w.safetensors")
    assert header.name == checkpoint.name and header.classes == checkpoint.classes
    assert not hasattr(header, "tensors")


def test_transposed_arrays_are_saved_as_they_look(tmp_path: Path, checkpoint: Checkpoint) -> None:
    turned = np.arange(12, dtype=np.float32).reshape(3, 4).T
    save(tmp_path / "w.safetensors", dataclasses.replace(checkpoint, tensors={"a": turned}))
    np.testing.assert_array_equal(load(tmp_path / "w.safetensors").tensors["a"], turned)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float8_e4m3fn])
def test_weights_of_a_type_that_numpy_lacks_are_refused_in_a_sentence(
    tmp_path: Path, checkpoint: Checkpoint, dtype: torch.dtype
) -> None:
    path = tmp_path / "w.safetensors"
    save(path, checkpoint)
    with safetensors.safe_open(path, "np") as file:
        metadata = file.metadata()
    tensors = {name: torch.from_numpy(one).to(dtype) for name, one in checkpoint.tensors.items()}
    safetensors.torch.save_file(tensors, path, metadata=metadata)
    with pytest.raises(CheckpointError, match="run 3 do not fit the network they describe .*float"):
        load(path)


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, checkpoint: Checkpoint, monkeypatch) -> None:
    path = tmp_path / "w.safetensors"
    save(path, checkpoint)
    before = path.read_bytes()

    def full_disk(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        save(path, dataclasses.replace(checkpoint, name="new"))
    assert path.read_bytes() == before and len(list(tmp_path.iterdir())) == 1


def test_missing_empty_and_folder(tmp_path: Path) -> None:
    assert "does not exist; choose another" in sentence(tmp_path / "none.safetensors")
    assert "cannot be read" in sentence(tmp_path)
    (tmp_path / "empty.safetensors").touch()
    assert "is empty (0 bytes)" in sentence(tmp_path / "empty.safetensors")


@pytest.mark.parametrize("kept", [4, 8, 200, -1])
def test_truncated(tmp_path: Path, checkpoint: Checkpoint, kept: int) -> None:
    path = tmp_path / "w.safetensors"
    save(path, checkpoint)
    path.write_bytes(path.read_bytes()[:kept])
    assert "w.safetensors is truncated; copy it again" in sentence(path)


class Trap:
    """Unpickling this creates a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
@pytest.mark.parametrize("old", [False, True])
def test_a_pickle_is_named_and_never_run(tmp_path: Path, name: str, old: bool) -> None:
    path = tmp_path / name
    torch.save({"model": Trap(tmp_path / "ran")}, path, _use_new_zipfile_serialization=not old)
    assert "pickle" in sentence(path) and ".safetensors" in sentence(path)
    path.write_bytes(pickle.dumps(Trap(tmp_path / "ran")))
    assert "pickle" in sentence(path)
    assert not (tmp_path / "ran").exists()


def test_weights_of_another_program(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    safetensors.numpy.save_file({"a": np.ones(3)}, path)
    assert "of another program" in sentence(path)
    safetensors.numpy.save_file({"a": np.ones(3)}, path, metadata={"format": "pt"})
    assert "of another program" in sentence(path)


@pytest.mark.parametrize(
    "content", [b"\x89PNG\r\n\x1a\n and so on", b"\x05\0\0\0\0\0\0\0[1,2]", b"\x02\0\0\0\0\0\0\0{]", b"x" * 99]
)
def test_something_else_altogether(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w.safetensors").write_bytes(content)
    assert "is not a weights file" in sentence(tmp_path / "w.safetensors")


def test_a_newer_format_asks_for_an_update(tmp_path: Path, checkpoint: Checkpoint, monkeypatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(checkpoints, "VERSION", 7)
        save(tmp_path / "w.safetensors", checkpoint)
    assert "newer version" in sentence(tmp_path / "w.safetensors")
    assert "format 7" in sentence(tmp_path / "w.safetensors")


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("classes", "[]"),
        ("classes", '{"'),
        ("input", '{"kind": "fixed", "low": 3, "high": 1}'),
        ("network", None),
        ("network", "[1, 2]"),
        ("network", "[" * 100_000),
        ("metrics", "7"),
        ("name", "5"),
        ("parent", "[1]"),
        ("temperature", "-2"),
        ("temperature", "NaN"),
        ("temperature", "1" + 400 * "0"),
        ("input", '{"kind": "percentile", "low": -5, "high": 200}'),
        ("input", '{"kind": "fixed", "low": -Infinity, "high": Infinity}'),
    ],
)
def test_a_damaged_header(tmp_path: Path, checkpoint: Checkpoint, field: str, text: str | None) -> None:
    path = tmp_path / "w.safetensors"
    save(path, checkpoint)
    with safetensors.safe_open(path, "numpy") as file:
        metadata = file.metadata()
    metadata[field] = text
    kept = {name: value for name, value in metadata.items() if value is not None}
    safetensors.numpy.save_file(dict(checkpoint.tensors), path, metadata=kept)
    assert "header of w.safetensors is damaged" in sentence(path)


def test_weights_of_before_have_a_temperature_of_1(tmp_path: Path, checkpoint: Checkpoint) -> None:
    path = tmp_path / "w.safetensors"
    save(path, checkpoint)
    with safetensors.safe_open(path, "numpy") as file:
        metadata = file.metadata()
    del metadata["temperature"]
    safetensors.numpy.save_file(dict(checkpoint.tensors), path, metadata=metadata)
    assert load(path).temperature == read_header(path).temperature == 1


def test_the_header_holds_nothing_but_json(tmp_path: Path, checkpoint: Checkpoint) -> None:
    save(tmp_path / "w.safetensors", checkpoint)
    with safetensors.safe_open(tmp_path / "w.safetensors", "numpy") as file:
        metadata = file.metadata()
    assert metadata.pop("format") == "lsgui-segmenter"
    assert json.loads(metadata["metrics"]) == {"mean": 0.81, "dice": {"liver": 0.93}}
