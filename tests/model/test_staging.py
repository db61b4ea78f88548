"""The way to a GPU and back, with stand-ins for CUDA: buffers, parts and replays, tested where there is no GPU.

Streams and events do nothing, pinned memory is ordinary memory, and a captured function is run again at each replay. The
real ones are tested in test_prediction_on_gpu.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from model import captured, inference, staging
from model.images import Image
from model.input_range import InputRange
from model.segmenter import Segmenter

SIZE = 64


class Event:
    def __init__(self, blocking: bool = False) -> None:
        self.records = 0

    def record(self, stream: object = None) -> None:
        self.records += 1

    def synchronize(self) -> None:
        pass


class Stream:
    def __init__(self) -> None:
        self.waits: list[object] = []

    def wait_stream(self, other: object) -> None:
        self.waits.append(other)

    def wait_event(self, event: Event) -> None:
        self.waits.append(event)


class Graph:
    """Writes what the function makes of `places` now to where its first result was."""

    replays = 0

    def __init__(self, function: captured.Function, places: tuple[torch.Tensor, ...], output: torch.Tensor) -> None:
        self.function, self.places, self.output = function, places, output

    def replay(self) -> None:
        Graph.replays += 1
        self.output.copy_(self.function(*self.places))


class Staging(staging.Staging):
    def __init__(self, device: torch.device) -> None:
        super().__init__(device)
        self._gpu, self._up, self.compute, self._down = True, Stream(), Stream(), Stream()
        self._buffers = itertools.cycle([staging.UploadBuffer() for _ in range(4)])


def capture(function: captured.Function, inputs: tuple[torch.Tensor, ...], keep: object, *others: object) -> object:
    places = tuple(x.clone() for x in inputs)
    output = function(*places).clone()
    return captured._Graph(Graph(function, places, output), keep, places, output)


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = torch.empty
    monkeypatch.setattr(torch, "empty", lambda *shape, pin_memory=False, **more: empty(*shape, **more))
    monkeypatch.setattr(torch.Tensor, "record_stream", lambda tensor, stream: None)
    monkeypatch.setattr(torch.cuda, "Event", Event)
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: contextlib.nullcontext())
    monkeypatch.setattr(staging, "_on", lambda stream: contextlib.nullcontext())
    monkeypatch.setattr(torch.cuda, "synchronize", lambda *device: None)
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: (0, 1))
    monkeypatch.setattr(captured, "_capture", capture)
    monkeypatch.setattr(inference, "Staging", Staging)


@pytest.fixture
def pair(resources: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> tuple[Segmenter, ...]:
    """The plain segmenter of a CPU, and one that goes the way of a GPU."""
    weights = resources / "weights" / "demo.safetensors"
    plain = Segmenter.load(weights, "cpu")
    request.getfixturevalue("stand_in")
    way = Segmenter.load(weights, "cpu")
    way._inference._reads_bytes, way._batch, way._predictor._batch = True, 4, 4
    for segmenter in (plain, way):
        network = segmenter._inference.network
        network.config = dataclasses.replace(network.config, size=SIZE)
    return plain, way


def noise(number: int, shape: tuple[int, ...], dtype: type) -> Image:
    pixels = np.random.default_rng(number).integers(0, 256, shape).astype(dtype)
    return Image(str(number), pixels, unit="HU" if dtype == np.int16 else "")


def agree(one: object, other: object) -> None:
    assert (one.label_map == other.label_map).mean() > 0.999
    assert np.abs(one.scores.astype(int) - other.scores).max() <= 2


@pytest.mark.parametrize("strip", [16 << 20, 3000])
@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        ((64, 64), np.uint8),
        ((64, 64, 3), np.uint8),
        ((64, 64), np.int16),
        ((50, 45), np.uint16),
        ((90, 64, 3), np.float32),
        ((150, 145), np.int16),
        ((100, 205, 3), np.uint8),
    ],
)
def test_every_image_arrives_and_every_result_comes_back(
    pair: tuple[Segmenter, ...], monkeypatch: pytest.MonkeyPatch, shape: tuple[int, ...], dtype: type, strip: int
) -> None:
    plain, way = pair
    monkeypatch.setattr(staging, "_STRIP", strip)  # small: in several parts
    replays = Graph.replays
    images = [noise(number, shape, dtype) for number in range(4)]
    answers = [way.predict(image) for image in images]
    assert Graph.replays > replays
    for image, answer in zip(images, answers, strict=True):
        agree(plain.predict(image), answer)


def test_batches_and_single_images_in_turn(pair: tuple[Segmenter, ...]) -> None:
    plain, way = pair
    shapes = [((64, 64, 3), np.uint8)] * 11 + [((64, 64), np.int16)] * 9 + [((150, 145), np.int16)]
    images = [noise(number, *kind) for number, kind in enumerate(shapes + shapes[:2])]
    answers = list(way.predict_many(iter(images)))
    for image, answer in zip(images, answers, strict=True):
        agree(plain.predict(image), answer)


@pytest.mark.parametrize("dtype", [np.uint16, np.int16, np.float32])
def test_deeper_pixels_with_the_limits_of_8_bits_are_scaled_all_the_same(
    pair: tuple[Segmenter, ...], dtype: type
) -> None:
    for segmenter in pair:
        segmenter._input = InputRange("fixed", 0, 255)
    plain, way = pair
    image = noise(3, (64, 64), dtype)
    agree(plain.predict(image), way.predict(image))


@pytest.mark.parametrize("given", [InputRange("fixed", -160, 240), InputRange("percentile", 0.5, 99.5)])
def test_what_is_prepared_is_what_the_first_images_ask_for(pair: tuple[Segmenter, ...], given: InputRange) -> None:
    way = pair[1]
    way._input, way._device = given, torch.device("cuda")
    way.prepare()
    prepared = set(way._inference._graphs._kept)
    first = [noise(0, (64, 64), np.uint8), noise(1, (64, 64, 3), np.uint8)]
    if given.kind == "fixed":
        first.append(noise(2, (64, 64), np.int16))
    for image in first:
        way.predict(image)
    assert prepared and set(way._inference._graphs._kept) == prepared


def test_an_upload_that_was_begun_is_waited_for_even_when_what_reads_it_fails(
    pair: tuple[Segmenter, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    way = pair[1]._inference
    first = next(way.staging._buffers)
    monkeypatch.setattr(way.staging, "_buffers", itertools.repeat(first))

    def fails(*arguments: object, **named: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(way._graphs, "run", fails)
    pixels = np.zeros((64, 64), np.uint8)
    for number in (1, 2):
        with pytest.raises(torch.OutOfMemoryError):
            way.start([pixels], [(0, 255)], (64, 64))
        assert first._read.records >= number


def test_a_large_result_does_not_wait_for_what_was_begun_after_it(
    pair: tuple[Segmenter, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "_STRIP", 100)
    here = pair[1]._inference.staging
    tensor = torch.arange(250, dtype=torch.uint8)
    coming = here.download(tensor)
    here._down.waits.clear()
    assert (coming.result() == tensor.numpy()).all()
    assert all(isinstance(waited, Event) and waited.records == 1 for waited in here._down.waits) and here._down.waits


def test_limits_come_to_the_device_as_pixels_do(pair: tuple[Segmenter, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """From memory that the GPU reads by itself: a copy of ordinary memory waits for all that was begun before."""
    way, sent = pair[1]._inference, []
    upload = way.staging.upload

    def spy(arrays: Sequence[np.ndarray], alone: bool = False) -> torch.Tensor:
        sent.append(arrays[0].shape)
        return upload(arrays, alone)

    monkeypatch.setattr(way.staging, "upload", spy)
    for limits in ((-7.0, 31.0), (-6.0, 31.0), (-6.0, 31.0)):
        way.start([np.zeros((64, 64), np.int16)], [limits], (64, 64)).arrays()
    assert sent.count((2,)) == 2 and sent.count((64, 64)) == 3


def test_what_tiles_are_blended_with_is_made_where_they_are_computed(
    pair: tuple[Segmenter, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    way, inside, made = pair[1], [], []

    @contextlib.contextmanager
    def computing() -> Iterator[None]:
        inside.append(1)
        yield
        inside.pop()

    zeros = torch.zeros
    monkeypatch.setattr(way._inference.staging, "computing", computing)
    monkeypatch.setattr(torch, "zeros", lambda *shape, **more: made.append(bool(inside)) or zeros(*shape, **more))
    way.predict(noise(0, (150, 145), np.int16))
    assert made and all(made)
