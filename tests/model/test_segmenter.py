"""Segmenter: images of any type and size in, predictions of the same size out."""

from __future__ import annotations

import dataclasses
import gc
import threading
import weakref
from pathlib import Path

import numpy as np
import pytest
import torch

from model.adapt import tensors_of
from model.checkpoint import Checkpoint, save
from model.classes import Class, ClassTable
from model.device import raise_unless_out_of_memory
from model.errors import CheckpointError, DeviceLost, ModelError, OutOfMemory
from model.images import Image
from model.inference import Inference
from model.input_range import InputRange
from model.network import LightningUnet, NetworkConfig
from model.opencv import cv2
from model.prediction import Prediction
from model.progress import Cancelled, Progress
from model.segmenter import Segmenter

SIZE = 64
DARK = Class("background", 0, "Background", (0, 0, 0))
BRIGHT = Class("bright", 7, "Bright", (255, 0, 0))
OTHER = Class("other", 3, "Other", (0, 255, 0))


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    """Trained for seconds to call bright pixels bright: enough to tell where a result lands, and how it is turned."""
    torch.manual_seed(0)
    config = NetworkConfig(2, width=16, heads=(1, 2), encoder_blocks=(1, 1), decoder_blocks=(1,), size=SIZE)
    network = LightningUnet(config)
    optimiser = torch.optim.AdamW(network.parameters(), 3e-3)
    for _ in range(60):
        coarse = torch.rand(4, 1, 8, 8)
        images = torch.nn.functional.interpolate(coarse, (SIZE, SIZE), mode="bicubic").clamp(0, 1)
        loss = torch.nn.functional.cross_entropy(network(images), (images[:, 0] > 0.5).long())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return Checkpoint(
        network=dataclasses.asdict(config),
        classes=ClassTable((DARK, BRIGHT)),
        input=InputRange("fixed", -160, 240),
        tensors=tensors_of(network),
        name="demo",
    )


@pytest.fixture(scope="module")
def segmenter(checkpoint: Checkpoint) -> Segmenter:
    return Segmenter.load(checkpoint, "cpu")


def scene(height: int, width: int) -> np.ndarray:
    """0..1: bright below a slanted line, so that a turned or shifted answer is wrong."""
    y, x = np.mgrid[0:height, 0:width]
    return ((y / height > 0.3 + 0.5 * x / width) * 0.9 + 0.05).astype(np.float32)


def hounsfield(values: np.ndarray) -> np.ndarray:
    return (values * 400 - 160).astype(np.int16)


def agreement(label_map: np.ndarray, values: np.ndarray) -> float:
    return float((label_map == np.where(values > 0.5, 7, 0)).mean())


@pytest.mark.parametrize(
    "shape", [(64, 64), (90, 60), (40, 25), (20, 20), (97, 300), (300, 97), (131, 130), (30, 400), (400, 31)]
)
def test_zoomed_or_in_tiles_every_pixel_is_where_it_was(segmenter: Segmenter, shape: tuple[int, int]) -> None:
    values = scene(*shape)
    prediction = segmenter.predict(Image("a", hounsfield(values), unit="HU"))
    assert prediction.label_map.shape == prediction.confidence.shape == shape
    assert prediction.scores.shape == (2, -(-shape[0] // 4), -(-shape[1] // 4))
    assert agreement(prediction.label_map, values) > 0.93
    bright = prediction.probabilities((0, 0, shape[1], shape[0]))[1]
    assert agreement(np.where(bright > 0.5, 7, 0), values) > 0.9


def test_every_type_of_pixel_gives_the_same_answer(segmenter: Segmenter) -> None:
    values = scene(64, 64)
    images = [
        Image("hu", hounsfield(values), unit="HU"),
        Image("float", (values * 400 - 160).astype(np.float32)),
        Image("8-bit", (values * 255).astype(np.uint8)),
        Image("colour", np.repeat((values * 255).astype(np.uint8)[..., None], 3, axis=2)),
    ]
    maps = [segmenter.predict(image).label_map for image in images]
    assert all((other == maps[0]).mean() > 0.999 for other in maps)
    counts = segmenter.predict(Image("counts", (values * 50_000).astype(np.uint16)))
    assert agreement(counts.label_map, values) > 0.93
    assert "counts has no Hounsfield units" in str(counts.notices[0])


@pytest.mark.parametrize("shape", [(1, 1), (1, 90), (3, 500), (500, 2)])
def test_the_smallest_and_the_thinnest_images(segmenter: Segmenter, shape: tuple[int, int]) -> None:
    prediction = segmenter.predict(Image("a", np.zeros(shape, np.uint8)))
    assert prediction.label_map.shape == shape and (prediction.label_map == 0).all()


def test_colour_in_tiles(segmenter: Segmenter) -> None:
    values = scene(150, 200)
    pixels = np.repeat((values * 255).astype(np.uint8)[..., None], 3, axis=2)
    assert agreement(segmenter.predict(Image("a", pixels)).label_map, values) > 0.93


def test_tiles_leave_no_seams(segmenter: Segmenter) -> None:
    """A wide smooth image in tiles: no column of the confidence jumps where a tile ends."""
    ramp = np.tile(np.linspace(0, 1, 400, dtype=np.float32), (64, 1))
    confidence = segmenter.predict(Image("a", hounsfield(ramp), unit="HU")).confidence.astype(int)
    assert np.abs(np.diff(confidence[32, :150])).max() < 40


def test_the_same_image_gives_the_same_answer(segmenter: Segmenter) -> None:
    image = Image("a", hounsfield(np.random.default_rng(0).random((200, 150), dtype=np.float32)), unit="HU")
    first, second = segmenter.predict(image), segmenter.predict(image)
    assert (first.scores == second.scores).all() and (first.label_map == second.label_map).all()


def test_confidence_is_the_probability_of_the_winner(segmenter: Segmenter) -> None:
    prediction = segmenter.predict(Image("a", hounsfield(scene(64, 64)), unit="HU"))
    assert prediction.confidence.min() >= 127
    winners = prediction.scores.max(axis=0).astype(float)
    pooled = prediction.confidence.reshape(16, 4, 16, 4).mean(axis=(1, 3))
    assert np.abs(winners - pooled).mean() < 10


def test_the_table_of_the_folder_decides_the_values(checkpoint: Checkpoint) -> None:
    renumbered = ClassTable((DARK, OTHER, dataclasses.replace(BRIGHT, value=42, name="Renamed")))
    segmenter = Segmenter.load(checkpoint, "cpu", renumbered)
    prediction = segmenter.predict(Image("a", hounsfield(scene(64, 64)), unit="HU"))
    assert set(np.unique(prediction.label_map)) == {0, 42}
    assert prediction.values == (0, 42)
    assert "demo does not know Other" in str(segmenter.notices[0])


def test_what_only_the_model_knows_is_not_predicted(checkpoint: Checkpoint) -> None:
    segmenter = Segmenter.load(checkpoint, "cpu", ClassTable((DARK, OTHER)))
    prediction = segmenter.predict(Image("a", hounsfield(scene(64, 64)), unit="HU"))
    assert (prediction.label_map == 0).all()


def test_a_model_that_shares_no_class_is_refused(checkpoint: Checkpoint) -> None:
    strangers = ClassTable((dataclasses.replace(OTHER, value=0),))
    with pytest.raises(CheckpointError, match="none of the classes"):
        Segmenter.load(checkpoint, "cpu", strangers)


def test_it_loads_a_file_and_says_on_what_it_runs(checkpoint: Checkpoint, tmp_path: Path) -> None:
    save(tmp_path / "w.safetensors", checkpoint)
    segmenter = Segmenter.load(tmp_path / "w.safetensors", "cpu")
    assert segmenter.model_name == "demo" and segmenter.device_name.startswith("CPU, ")
    assert segmenter.predict(Image("a", np.zeros((9, 9), np.uint8))).model == "demo"
    segmenter.release()


@pytest.mark.parametrize("device", ["cuda:99", "gpu"])
def test_a_device_that_is_not_there_is_named(checkpoint: Checkpoint, device: str) -> None:
    with pytest.raises(ModelError, match=f"{device}.*choose auto"):
        Segmenter.load(checkpoint, device)


def test_progress_rises_to_one_and_cancel_stops_between_tiles(segmenter: Segmenter) -> None:
    image = Image("a", np.zeros((300, 200), np.uint8))
    seen: list[float] = []
    segmenter.predict(image, lambda progress: seen.append(progress.fraction))
    assert seen[0] == 0 and seen[-1] == 1 and seen == sorted(seen) and len(seen) > 10

    def stop(progress: Progress) -> None:
        if progress.fraction > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        segmenter.predict(image, stop)
    assert segmenter.predict(image).label_map.shape == (300, 200)


def test_it_works_in_a_thread_of_its_own(segmenter: Segmenter) -> None:
    answers: list[np.ndarray] = []
    image = Image("a", hounsfield(scene(64, 64)), unit="HU")
    thread = threading.Thread(target=lambda: answers.append(segmenter.predict(image).label_map))
    thread.start()
    thread.join()
    assert (answers[0] == segmenter.predict(image).label_map).all()


class Forgetful(torch.nn.Module):
    """A network on a machine where images above `limit` pixels do not fit."""

    def __init__(self, network: LightningUnet, limit: int) -> None:
        super().__init__()
        self.network, self.config, self.limit = network, network.config, limit
        self.seen: list[tuple[int, ...]] = []

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self._check(images)
        return self.network(images)

    def classify(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        self._check(images)
        return self.network.classify(images)

    def _check(self, images: torch.Tensor) -> None:
        self.seen.append(tuple(images.shape))
        if images[:, 0].numel() > self.limit:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")


def test_without_memory_tiles_get_smaller_and_then_there_is_a_clear_end(checkpoint: Checkpoint) -> None:
    segmenter = Segmenter.load(checkpoint, "cpu")
    whole, values = segmenter._inference.network, scene(200, 160)
    image = Image("big.png", hounsfield(values), unit="HU")
    segmenter._inference.network = Forgetful(whole, 40 * 40)
    first, second = segmenter.predict(image), segmenter.predict(image)
    assert agreement(first.label_map, values) > 0.93
    assert "cut into smaller tiles" in str(first.notices[0]) and second.notices == ()
    segmenter._inference.network = Forgetful(whole, 10)
    with pytest.raises(OutOfMemory, match="not enough memory on CPU.*big.png.*smaller images"):
        segmenter.predict(image)


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), MemoryError()]
)
def test_weights_that_do_not_fit_into_memory_are_said_to_be_so(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def full(*arguments: object) -> None:
        raise error

    monkeypatch.setattr("model.segmenter.Inference", full)
    with pytest.raises(OutOfMemory, match="not enough memory on cpu to load demo"):
        Segmenter.load(checkpoint, "cpu")


def test_a_large_image_goes_through_in_one_pass_where_memory_allows_and_says_so_before(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GPU, whose free memory is made up here."""
    segmenter = Segmenter.load(checkpoint, "cpu")
    segmenter._inference.network = network = Forgetful(segmenter._inference.network, 200 * 160)
    values, said = scene(200, 160), []
    image = Image("big.png", hounsfield(values), unit="HU")

    def predict(free: int) -> Prediction:
        network.seen.clear()
        said.clear()
        monkeypatch.setattr("model.predictor.free_memory", lambda device: free)
        return segmenter.predict(image, lambda progress: said.append((str(progress.message), len(network.seen))))

    whole = predict(1 << 34)
    assert network.seen == [(1, 1, 200, 160)] and agreement(whole.label_map, values) > 0.93
    assert said[0][0].startswith("Segmenting 160 x 200 pixels in one pass, with 0.0 GB") and said[0][1] == 0
    tiles = predict(segmenter._inference.memory_needed(200 * 160))
    assert len(network.seen) > 1 and whole.notices == tiles.notices == ()
    network.limit = 64 * 64
    retried = predict(1 << 34)
    assert (retried.label_map == tiles.label_map).all() and "did not fit" in str(retried.notices[0])
    assert predict(1 << 34).notices == ()


def test_finer_tokens_are_known_to_need_more_memory() -> None:
    coarse = NetworkConfig(2, width=16, heads=(1, 2), encoder_blocks=(1, 1), decoder_blocks=(1,))
    needed = [
        Inference(LightningUnet(config), (0, 1), torch.device("cpu")).memory_needed(1 << 20)
        for config in (coarse, dataclasses.replace(coarse, patch=2))
    ]
    assert 3 < needed[1] / needed[0] < 4


def test_on_a_cpu_a_zoomed_image_that_does_not_fit_is_not_tried_twice(checkpoint: Checkpoint) -> None:
    segmenter = Segmenter.load(checkpoint, "cpu")
    segmenter._inference.network = network = Forgetful(segmenter._inference.network, 10)
    with pytest.raises(OutOfMemory):
        segmenter.predict(Image("a", np.zeros((64, 64), np.uint8)))
    assert len(network.seen) == 1


def on_a_gpu(checkpoint: Checkpoint) -> Segmenter:
    """One that takes the ways of a GPU, and says that it is on one."""
    segmenter = Segmenter.load(checkpoint, "cpu")
    segmenter._predictor._device = torch.device("cuda")
    return segmenter


def test_on_a_gpu_a_zoomed_image_that_does_not_fit_goes_to_tiles_in_the_end(checkpoint: Checkpoint) -> None:
    segmenter, values = on_a_gpu(checkpoint), scene(64, 64)
    segmenter._inference.network = network = Forgetful(segmenter._inference.network, 40 * 40)
    prediction = segmenter.predict(Image("a.png", hounsfield(values), unit="HU"))
    assert network.seen[:3] == [(1, 1, 64, 64), (1, 1, 64, 64), (1, 1, 32, 32)]
    assert agreement(prediction.label_map, values) > 0.93
    assert "a.png did not fit" in str(prediction.notices[0])


def test_on_a_gpu_one_pass_is_tried_again_with_the_memory_that_graphs_have_held(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    segmenter, values = on_a_gpu(checkpoint), scene(200, 160)
    segmenter._inference.network = network = Forgetful(segmenter._inference.network, 64 * 64)
    monkeypatch.setattr("model.predictor.free_memory", lambda device: 1 << 34)
    monkeypatch.setattr(segmenter._inference, "release", lambda: setattr(network, "limit", 200 * 160))
    prediction = segmenter.predict(Image("big.png", hounsfield(values), unit="HU"))
    assert network.seen == [(1, 1, 200, 160)] * 2 and prediction.notices == ()


class Broken(Forgetful):
    """A network on a GPU whose driver fails once it has seen `limit` images."""

    def _check(self, images: torch.Tensor) -> None:
        self.seen.append(tuple(images.shape))
        if len(self.seen) > self.limit:
            raise torch.AcceleratorError("CUDA error: unspecified launch failure\nCUDA kernel errors might be reported")


def test_a_lost_gpu_is_named_with_its_reason_in_one_sentence(checkpoint: Checkpoint) -> None:
    segmenter = Segmenter.load(checkpoint, "cpu")
    segmenter._inference.network = Broken(segmenter._inference.network, 0)
    sentence = (
        r"^CPU.* has stopped working \(CUDA error: unspecified launch failure\); the program goes on on the CPU.*\.$"
    )
    for shape in ((64, 64), (40, 30), (200, 150)):
        with pytest.raises(DeviceLost, match=sentence):
            segmenter.predict(Image("a", np.zeros(shape, np.uint8)))
    with pytest.raises(DeviceLost):
        list(segmenter.predict_many([Image("a", np.zeros((64, 64), np.uint8))]))


def test_an_error_of_our_own_is_not_taken_for_the_gpu_s(checkpoint: Checkpoint) -> None:
    segmenter = Segmenter.load(checkpoint, "cpu")
    segmenter._inference.network.head = torch.nn.Linear(3, 3)
    with pytest.raises(RuntimeError):
        segmenter.predict(Image("a", np.zeros((64, 64), np.uint8)))


def test_many_images_are_predicted_as_each_by_itself(checkpoint: Checkpoint) -> None:
    """By the way a GPU takes: in batches, filled up, where images of one kind follow each other."""
    segmenter = Segmenter.load(checkpoint, "cpu")
    random = np.random.default_rng(0)
    shapes = [(64, 64)] * 19 + [(64, 64, 3)] * 2 + [(80, 60)] + [(200, 150)] + [(64, 64)]
    images = [Image(f"{number}", random.integers(0, 256, shape, np.uint8)) for number, shape in enumerate(shapes)]
    alone = [segmenter.predict(image) for image in images]
    segmenter._batch = 8
    for one, other in zip(alone, segmenter.predict_many(images), strict=True):
        assert (one.label_map == other.label_map).mean() > 0.999
        assert np.abs(one.scores.astype(int) - other.scores).max() <= 1


def test_what_does_not_fit_in_a_batch_is_predicted_by_itself(checkpoint: Checkpoint) -> None:
    segmenter = Segmenter.load(checkpoint, "cpu")
    values = scene(64, 64)
    segmenter._batch, segmenter._inference.network = 4, Forgetful(segmenter._inference.network, 64 * 64)
    many = segmenter.predict_many([Image("a", hounsfield(values), unit="HU")] * 6)
    assert all(agreement(prediction.label_map, values) > 0.93 for prediction in many)
    segmenter._inference.network.limit = 10
    errors = list(segmenter.predict_many([Image("a", hounsfield(values), unit="HU")] * 6))
    assert len(errors) == 6 and all(isinstance(error, OutOfMemory) for error in errors)


@pytest.mark.parametrize("error", [MemoryError(), cv2.error("OpenCV: (-4:Insufficient memory) Failed to allocate")])
def test_a_batch_for_which_the_computer_has_no_memory_is_predicted_one_by_one(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    segmenter = Segmenter.load(checkpoint, "cpu")
    segmenter._batch, values, start = 4, scene(64, 64), segmenter._inference.start

    class Lost:
        def arrays(self) -> None:
            raise error

    def fails(pixels: list[np.ndarray], *more: object) -> object:
        if len(pixels) == 4:
            raise error
        return Lost() if len(pixels) == 2 else start(pixels, *more)

    monkeypatch.setattr(segmenter._inference, "start", fails)
    many = list(segmenter.predict_many([Image("a", hounsfield(values), unit="HU")] * 6))
    assert len(many) == 6 and all(agreement(prediction.label_map, values) > 0.93 for prediction in many)


def test_weights_that_give_no_numbers_are_named(checkpoint: Checkpoint) -> None:
    tensors = dict(checkpoint.tensors) | {"head.bias": np.full(2, np.nan, np.float32)}
    segmenter = Segmenter.load(dataclasses.replace(checkpoint, tensors=tensors), "cpu")
    with pytest.raises(CheckpointError, match="no numbers"):
        segmenter.predict(Image("a", np.zeros((64, 64), np.uint8)))


@pytest.mark.parametrize("shape", [(4,), (4, 4, 4), (0, 4), (2, 4, 4, 3)])
def test_arrays_that_are_no_image_are_named(segmenter: Segmenter, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"\(H, W\) or \(H, W, 3\), got"):
        segmenter.predict(Image("a", np.zeros(shape, np.uint8)))


def test_what_a_lost_gpu_still_used_is_never_freed() -> None:
    """Freeing it would end the process, in a destructor of PyTorch."""

    class Buffer:
        """Stands for pinned memory."""

    seen: list[weakref.ref[Buffer]] = []

    def fails() -> None:
        buffer = Buffer()
        seen.append(weakref.ref(buffer))
        raise RuntimeError("CUDA error: unspecified launch failure")

    with pytest.raises(DeviceLost):
        try:
            fails()
        except RuntimeError as error:
            raise_unless_out_of_memory(error, "GPU")
    gc.collect()
    assert seen[0]() is not None
