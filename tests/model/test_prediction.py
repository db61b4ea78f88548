"""Prediction: probabilities from the stored scores, and how sure the model is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.prediction import Prediction


def make_prediction(height: int = 13, width: int = 18) -> Prediction:
    rng = np.random.default_rng(0)
    scores = rng.integers(1, 255, (3, -(-height // 4), -(-width // 4)), dtype=np.uint8)
    label_map = rng.choice([0, 2, 7], (height, width)).astype(np.uint8)
    confidence = rng.integers(0, 256, (height, width), dtype=np.uint8)
    return Prediction(label_map, confidence, scores, (0, 2, 7), "demo")


def test_probabilities_of_a_part_are_those_of_the_whole() -> None:
    prediction = make_prediction()
    whole = prediction.probabilities((0, 0, 18, 13))
    assert whole.shape == (3, 13, 18) and whole.dtype == np.float32
    np.testing.assert_allclose(prediction.probabilities((5, 3, 7, 6)), whole[:, 3:9, 5:12], rtol=1e-5)
    np.testing.assert_allclose(prediction.probabilities((17, 12, 1, 1)), whole[:, 12:, 17:], rtol=1e-5)


def test_probabilities_sum_to_one_and_meet_the_scores_in_the_middle_of_their_cells() -> None:
    scores = np.array([[[255, 0]], [[0, 255]]], np.uint8)
    flat = np.zeros((4, 8), np.uint8)
    probabilities = Prediction(flat, flat, scores, (0, 1), "demo").probabilities((0, 0, 8, 4))
    np.testing.assert_allclose(probabilities.sum(axis=0), 1, rtol=1e-6)
    np.testing.assert_allclose(probabilities[1, 0], [0, 0, 1 / 8, 3 / 8, 5 / 8, 7 / 8, 1, 1], atol=1e-6)


@pytest.mark.parametrize("rect", [(-1, 0, 2, 2), (0, 0, 19, 2), (0, 12, 1, 2), (3, 3, 0, 1)])
def test_a_rectangle_outside_the_image_is_refused(rect: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="inside 18 x 13 pixels"):
        make_prediction().probabilities(rect)


def test_confidence_is_averaged_over_all_pixels_and_by_class() -> None:
    prediction = make_prediction()
    assert prediction.mean_confidence == pytest.approx(prediction.confidence.mean() / 255)
    by_class = prediction.class_confidence()
    assert set(by_class) == {0, 2, 7}
    assert by_class[7] == pytest.approx(prediction.confidence[prediction.label_map == 7].mean() / 255)


def made(random: np.random.Generator, height: int, width: int, classes: int) -> Prediction:
    """Scores of few values, so that there are draws, and classes that are nowhere."""
    shape = (classes, -(-height // 4), -(-width // 4))
    scores = (random.integers(0, 4, shape) * random.integers(0, 2, (classes, 1, 1)) * 40).astype(np.uint8)
    flat = np.zeros((height, width), np.uint8)
    return Prediction(flat, flat, scores, tuple(range(0, 3 * classes, 3)), "demo")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 21), st.integers(1, 21), st.integers(1, 4), st.data())
def test_who_decides_is_what_the_probabilities_say(
    number: int, height: int, width: int, classes: int, data: st.DataObject
) -> None:
    prediction = made(np.random.default_rng(number), height, width, classes)
    x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    rect = (x, y, data.draw(st.integers(1, width - x)), data.draw(st.integers(1, height - y)))
    value = data.draw(st.sampled_from([*prediction.values, 200]))
    deciding, rival = prediction.contest(rect, value)
    probabilities = prediction.probabilities(rect)
    assert deciding.dtype == rival.dtype == np.uint8 and (deciding == prediction.deciding(rect, value)).all()
    for row in range(rect[3]):
        for column in range(rect[2]):
            here = dict(zip(prediction.values, probabilities[:, row, column].tolist(), strict=True))
            own = here.pop(value, 0.0)
            most = max(here.values(), default=0.0)
            assert np.sign(int(deciding[row, column]) - 128) == np.sign(own - most)
            assert abs((int(deciding[row, column]) - 128) / 127 - (own - most)) < 1 / 127 + 1e-6
            assert not here or here[int(rival[row, column])] == most


def test_deciding_outside_the_image_is_refused() -> None:
    with pytest.raises(ValueError, match="inside 18 x 13 pixels"):
        make_prediction().deciding((0, 0, 19, 2), 0)
