"""Predictions on a real GPU: the CPU's, however the image gets there. Skipped where there is none."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from model.captured import Graphs
from model.errors import OutOfMemory
from model.images import Image, list_images, read_image
from model.inference import Inference
from model.input_range import InputRange
from model.opencv import cv2
from model.prediction import Prediction
from model.segmenter import Segmenter

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU of CUDA")


@pytest.fixture(scope="module")
def weights(resources: Path) -> Path:
    return resources / "weights" / "demo.safetensors"


@pytest.fixture(scope="module")
def cpu(weights: Path) -> Segmenter:
    return Segmenter.load(weights, "cpu")


@pytest.fixture
def gpu(weights: Path) -> Iterator[Segmenter]:
    yield Segmenter.load(weights, "cuda")
    gc.collect()
    torch.cuda.empty_cache()


@pytest.fixture(scope="module")
def slice_(resources: Path) -> np.ndarray:
    """A CT slice in Hounsfield units, int16 (512, 512)."""
    return read_image(list_images(resources / "sample")[5]).pixels


def grey(pixels: np.ndarray) -> np.ndarray:
    return ((pixels.astype(np.float32) + 160) / 400 * 255).clip(0, 255).astype(np.uint8)


def with_holes(pixels: np.ndarray) -> np.ndarray:
    values = pixels.astype(np.float32) + 0.3
    values[5:9, 7:30] = np.nan
    return values


KINDS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "int16": lambda pixels: pixels,
    "uint8": grey,
    "uint16": lambda pixels: grey(pixels).astype(np.uint16) * 200,
    "float32 with NaN": with_holes,
    "float64": lambda pixels: pixels.astype(np.float64),
    "colour": lambda pixels: np.stack([grey(pixels), grey(pixels) // 2, grey(pixels)], axis=2),
    "enlarged": lambda pixels: pixels[:300, :201],
    "shrunk": lambda pixels: cv2.resize(pixels, (700, 641)),
    "shrunk colour": lambda pixels: cv2.resize(np.stack([grey(pixels)] * 3, axis=2), (600, 767)),
    "a line": lambda pixels: pixels[:1, :90],
}


def image(pixels: np.ndarray) -> Image:
    return Image("a", pixels, unit="" if pixels.dtype in (np.uint8, np.uint16) else "HU")


def agree(one: Prediction, other: Prediction, share: float = 0.999) -> None:
    assert one.label_map.shape == other.label_map.shape and one.scores.shape == other.scores.shape
    assert (one.label_map == other.label_map).mean() >= share
    assert np.abs(one.scores.astype(int) - other.scores).mean() < 0.1
    assert np.abs(one.confidence.astype(int) - other.confidence).mean() < 0.5


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_image_gives_the_cpu_s_answer_each_time(
    cpu: Segmenter, gpu: Segmenter, slice_: np.ndarray, kind: str
) -> None:
    asked = image(KINDS[kind](slice_))
    answers = [gpu.predict(asked) for _ in range(3)]  # step by step, captured, replayed
    agree(cpu.predict(asked), answers[0])
    assert all((answers[0].scores == other.scores).all() for other in answers)


@pytest.mark.parametrize("kind", ["int16", "uint16", "float32 with NaN", "colour"])
def test_limits_of_8_bits_leave_deeper_pixels_what_they_are(
    cpu: Segmenter, gpu: Segmenter, slice_: np.ndarray, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    asked = Image("a", KINDS[kind](slice_))
    for segmenter in (cpu, gpu):
        monkeypatch.setattr(segmenter, "_input", InputRange("fixed", 0, 255))
    assert (cpu.predict(asked).label_map == gpu.predict(asked).label_map).mean() > 0.97


def test_the_first_images_find_their_graphs_captured(gpu: Segmenter, slice_: np.ndarray) -> None:
    captured = set(gpu._inference._graphs._kept)
    for kind in ("int16", "uint8", "colour"):
        gpu.predict(image(KINDS[kind](slice_)))
    assert captured and set(gpu._inference._graphs._kept) == captured


def test_a_zoomed_image_whose_pass_fails_goes_to_tiles(
    gpu: Segmenter, slice_: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*arguments: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    asked = image(slice_)
    expected = gpu.predict(asked)
    monkeypatch.setattr(Inference, "start", fails)
    answer = gpu.predict(asked)
    assert (answer.label_map == expected.label_map).mean() > 0.9 and "smaller tiles" in str(answer.notices[0])


@pytest.mark.parametrize("size", [(1103, 903), (600, 1301)])
def test_tiles_are_the_cpu_s_and_one_pass_is_close(
    cpu: Segmenter, gpu: Segmenter, slice_: np.ndarray, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    asked = image(cv2.resize(slice_, size))
    expected, whole = cpu.predict(asked), gpu.predict(asked)
    assert (expected.label_map == whole.label_map).mean() > 0.95
    monkeypatch.setattr(Inference, "memory_needed", lambda *arguments: 1 << 60)
    agree(expected, gpu.predict(asked))


def test_large_results_come_back_whole(gpu: Segmenter, slice_: np.ndarray) -> None:
    """Through several pinned strips; the same as a part of the image brings through one."""
    large = np.tile(slice_, (8, 8))
    answer = gpu.predict(image(large))
    assert answer.label_map.shape == large.shape and answer.confidence.min() > 0
    again = gpu.predict(image(large))
    assert (answer.label_map == again.label_map).all() and (answer.scores == again.scores).all()
    inner = answer.label_map[1024:1536, 1024:1536]
    assert (inner == gpu.predict(image(slice_)).label_map).mean() > 0.9


def test_batches_give_what_single_images_give(gpu: Segmenter, slice_: np.ndarray) -> None:
    images = [image(np.roll(KINDS[kind](slice_), 7 * n, axis=0)) for kind in ("uint8", "colour") for n in range(21)]
    images += [image(KINDS["shrunk"](slice_)), image(cv2.resize(slice_, (1103, 903))), image(slice_)]
    for asked, answer in zip(images, gpu.predict_many(iter(images)), strict=True):
        alone = gpu.predict(asked)
        assert (alone.label_map == answer.label_map).mean() > 0.999


def test_results_stay_what_they_were(gpu: Segmenter, slice_: np.ndarray) -> None:
    """Neither later predictions nor giving memory back changes what was handed out."""
    first = gpu.predict(image(slice_))
    many = list(gpu.predict_many([image(np.roll(slice_, n, axis=1)) for n in range(40)]))
    copies = [prediction.label_map.copy() for prediction in (first, *many)]
    for _ in range(3):
        gpu.predict(image(slice_[::-1]))
    gpu.release()
    gpu.predict(image(slice_[::-1]))
    assert all((p.label_map == copy).all() for p, copy in zip((first, *many), copies, strict=True))
    assert (many[0].label_map == first.label_map).mean() > 0.9999


def test_an_image_that_does_not_fit_in_one_pass_is_cut_into_tiles(
    gpu: Segmenter, slice_: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = image(cv2.resize(slice_, (6000, 6000)))
    expected = gpu.predict(asked)
    monkeypatch.setattr(Inference, "memory_needed", lambda *arguments: 0)
    gpu.release()
    spare = torch.cuda.memory_allocated() + (1200 << 20)
    torch.cuda.set_per_process_memory_fraction(spare / torch.cuda.get_device_properties(0).total_memory)
    try:
        answer = gpu.predict(asked)
        assert "cut into smaller tiles" in str(answer.notices[0])
        assert gpu.predict(asked).notices == ()
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert (answer.label_map == expected.label_map).mean() > 0.9


def test_without_any_memory_there_is_one_sentence(gpu: Segmenter, slice_: np.ndarray) -> None:
    gpu.release()
    share = (torch.cuda.memory_allocated() + (1 << 20)) / torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(share)
    try:
        with pytest.raises(OutOfMemory, match="choose the CPU"):
            gpu.predict(image(slice_))
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert gpu.predict(image(slice_)).label_map.shape == slice_.shape


def test_what_cannot_be_captured_runs_step_by_step_and_says_why() -> None:
    stream = torch.cuda.Stream()
    graphs = Graphs(torch.device("cuda", 0), stream)
    with torch.cuda.stream(stream):
        for number in range(3):
            x = torch.full((1, 4), float(number), device="cuda")
            assert graphs.run("waits", lambda y: y + y.sum().item(), x).tolist() == [[5.0 * number] * 4]
    assert "captur" in graphs.refusal


def test_a_segmenter_that_is_let_go_leaves_the_gpu_as_it_was(weights: Path, slice_: np.ndarray) -> None:
    """But for the workspace that PyTorch gives cuBLAS on each of its 32 streams, and keeps: 33 MiB on a Hopper."""
    gc.collect()
    before = torch.cuda.memory_allocated()
    segmenter = Segmenter.load(weights, "cuda")
    segmenter.predict(image(slice_))
    gc.disable()
    try:
        del segmenter
        assert torch.cuda.memory_allocated() <= before + (34 << 20)
    finally:
        gc.enable()


LOSING = """
import sys
from pathlib import Path
import numpy as np, torch
from model.errors import DeviceLost
from model.images import Image
from model.segmenter import Segmenter
image = Image("a", np.zeros((512, 512), np.int16), unit="HU")
segmenter = Segmenter.load(Path(sys.argv[1]), "cuda")
segmenter.predict(image)
torch.zeros(3, device="cuda")[torch.tensor([10], device="cuda")]  # the kernel asserts, and its process has no GPU left
try:
    segmenter.predict(image)
except DeviceLost as error:
    print(error)
segmenter.release()
del segmenter
cpu = Segmenter.load(Path(sys.argv[1]), "cpu")
print(cpu.device_name, cpu.predict(image).label_map.shape)
"""


def test_a_process_that_has_lost_its_gpu_goes_on_on_the_cpu(weights: Path, checkout: Path) -> None:
    command = [sys.executable, "-c", LOSING, str(weights)]
    where = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(command, cwd=checkout, env=where, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert "has stopped working (CUDA error: device-side assert" in said[0] and said[1].startswith("CPU, ")
