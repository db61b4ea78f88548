"""Examples stand at the network's scale, and memory bounds how many are kept."""

from __future__ import annotations

import tracemalloc
from dataclasses import dataclass

import numpy as np
import pytest

from model.classes import Class, ClassTable
from model.dataset import Kept, bare_example, channel_table, find_anchors, make_example
from model.errors import ImageError, LabelError
from model.images import Image
from model.input_range import InputRange, to_unit
from model.opencv import cv2
from model.truth import Truth

TABLE = ClassTable((Class("b", 0, "B", (0, 0, 0)), Class("x", 9, "X", (1, 1, 1)), Class("y", 4, "Y", (2, 2, 2))))


def truth(shape: tuple[int, ...], dtype: type = np.int16) -> Truth:
    label = np.zeros(shape[:2], np.uint8)
    label[: shape[0] // 2] = 9
    label[:, : shape[1] // 4] = 255
    return Truth(Image("x", np.full(shape, 40, dtype), unit="HU"), label)


@pytest.mark.parametrize(
    ("shape", "expected"), [((64, 64), (64, 64)), ((90, 45), (64, 32)), ((1, 1), (64, 64)), ((200, 120), (200, 120))]
)
def test_an_example_has_the_scale_at_which_the_segmenter_shows_the_image(shape, expected):
    example = make_example(truth(shape), TABLE, InputRange("fixed", -160, 240), 64)
    assert example.pixels.shape == example.channels.shape == expected
    assert example.limits == (-160, 240) and example.pixels.dtype == np.int16


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.float32])
def test_training_sees_the_values_that_prediction_sees(dtype):
    values, limits = InputRange("fixed", -160, 240), (-160, 240)
    metal_and_air = np.random.default_rng(0).choice([-1000, 40, 3000], (90, 90)).astype(dtype)
    example = make_example(Truth(Image("x", metal_and_air, unit="HU"), np.zeros((90, 90), np.uint8)), TABLE, values, 64)
    predicted = cv2.resize(to_unit(metal_and_air, limits), (64, 64), interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(to_unit(example.pixels, example.limits), predicted, atol=2 / 400)


@pytest.mark.parametrize("dtype", [np.uint16, np.float64])
def test_values_that_int16_cannot_hold_are_spread_over_it(dtype):
    counts = np.arange(64 * 64, dtype=dtype).reshape(64, 64) * 16
    example = make_example(
        Truth(Image("x", counts), truth((64, 64)).label_map), TABLE, InputRange("percentile", 0, 100), 64
    )
    assert example.pixels.dtype == np.int16
    np.testing.assert_allclose(to_unit(example.pixels, example.limits), counts / counts.max(), atol=2**-15)


def test_a_label_too_small_for_the_networks_scale_is_refused():
    label = np.full((700, 700), 255, np.uint8)
    label[1, 1] = 9  # between the pixels that are kept
    with pytest.raises(LabelError, match="x is lost"):
        make_example(Truth(Image("x", np.zeros((700, 700), np.uint8)), label), TABLE, InputRange("fixed", 0, 1), 512)


def test_channels_follow_the_table_and_untouched_stays_untouched():
    assert channel_table(TABLE)[[0, 9, 4, 255]].tolist() == [0, 1, 2, 255]
    example = make_example(truth((64, 64)), TABLE, InputRange("fixed", -160, 240), 64)
    assert set(np.unique(example.channels)) == {0, 1, 255} and (example.channels[:, :16] == 255).all()


def test_an_image_without_a_label_has_the_same_scale_and_is_grey_beside_grey_ones():
    colour = np.zeros((90, 45, 3), np.uint8)
    for wanted, shape in ((True, (64, 32, 3)), (False, (64, 32))):
        example = bare_example(Image("x", colour), InputRange("percentile", 0.5, 99.5), 64, wanted)
        assert example.pixels.shape == shape and example.channels.shape == (64, 32)
        assert (example.channels == 255).all() and not example.anchors


def test_anchors_are_pixels_of_their_class():
    channels = np.full((50, 60), 255, np.uint8)
    channels[10:20, 30:50] = 1
    channels[40, 5] = 0
    anchors = find_anchors(channels)
    assert set(anchors) == {0, 1} and anchors[0].tolist() == [[5, 40]]
    assert (channels[anchors[1][:, 1], anchors[1][:, 0]] == 1).all() and len(anchors[1]) == 200


def test_anchors_of_a_large_map_are_spread_over_it_and_take_little_memory():
    rng = np.random.default_rng(0)
    channels = np.repeat(rng.integers(0, 4, (2048, 1024), np.uint8), 8, axis=1)
    channels[:700] = 2
    channels[1500, 77] = 9
    tracemalloc.start()
    anchors = find_anchors(channels)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20 and set(anchors) == {0, 1, 2, 3, 9} and anchors[9].tolist() == [[77, 1500]]
    for channel in range(4):
        places = np.flatnonzero(channels.ravel() == channel)
        chosen = places[np.linspace(0, len(places) - 1, 500).astype(int)]
        assert np.array_equal(anchors[channel], np.column_stack([chosen % 8192, chosen // 8192]))


@dataclass(frozen=True)
class Thing:
    nbytes: int


def test_only_as_much_is_kept_as_memory_allows():
    read = []
    kept = Kept(lambda number: read.append(number) or Thing(40), 5, limit=100)
    for number in (0, 1, 0, 2, 0, 1):
        kept.get(number)
    assert read == [0, 1, 2, 1], "the one used longest ago goes first"


def test_what_is_kept_is_not_looked_through_for_each_that_is_read():
    asked = []

    class Counted:
        @property
        def nbytes(self) -> int:
            asked.append(1)
            return 1

    kept = Kept(lambda number: Counted(), 100, limit=90)
    for number in range(100):
        kept.get(number)
    assert len(asked) <= 200, "a folder of thousands of small images would cost more than to read them"


def test_what_can_no_longer_be_read_is_not_used_again():
    def read(number: int) -> Thing:
        if number == 1:
            raise ImageError("gone")
        return Thing(1)

    kept = Kept(read, 3)
    with pytest.raises(ImageError):
        kept.get(1)
    assert kept.usable == [0, 2]
