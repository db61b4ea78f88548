"""Views keep image and label together, and never swap left and right unless that is allowed."""

import numpy as np

from model.augment import Augmentation, centred, thinned, warp_label, warp_pixels


def test_pixels_and_label_stay_on_top_of_each_other():
    rng = np.random.default_rng(0)
    label = np.zeros((120, 90), np.uint8)
    label[30:80, 20:60] = 3
    for _ in range(20):
        matrix = Augmentation(mirror=True).geometry((45, 60), 96, rng)
        view, truth = warp_pixels(label.astype(np.int16) * 100, matrix, 96), warp_label(label, matrix, 96)
        inside = truth != 255
        assert (np.abs(view[inside] - 100.0 * truth[inside]) > 150).mean() < 0.01
        assert set(np.unique(truth)) <= {0, 3, 255}


def test_an_unaugmented_view_is_the_image_itself():
    image = np.random.default_rng(0).integers(-1000, 1000, (40, 50)).astype(np.int16)
    np.testing.assert_array_equal(warp_pixels(image, centred((30, 20), 15), 15), image[13:28, 23:38])
    label = (image > 0).astype(np.uint8)
    np.testing.assert_array_equal(warp_label(label, centred((30, 20), 15), 15), label[13:28, 23:38])


def test_beyond_the_border_nothing_is_labelled():
    truth = warp_label(np.zeros((10, 10), np.uint8), centred((4.5, 4.5), 20), 20)
    assert (truth == 255).sum() == 400 - 100


def handedness(mirror: bool) -> set[float]:
    rng = np.random.default_rng(1)
    matrices = [Augmentation(mirror=mirror).geometry((0, 0), 64, rng) for _ in range(50)]
    return {float(np.sign(np.linalg.det(matrix[:, :2]))) for matrix in matrices}


def test_left_and_right_are_never_swapped_unless_the_classes_allow_it():
    assert handedness(mirror=False) == {1.0}
    assert handedness(mirror=True) == {1.0, -1.0}


def test_brightness_and_noise_change_the_view_within_its_range():
    rng = np.random.default_rng(0)
    view = np.full((32, 32), 0.5, np.float32)
    changed = [Augmentation().intensity(view, rng) for _ in range(30)]
    assert all(one.dtype == np.float32 and one.min() >= 0 and one.max() <= 1 for one in changed)
    means = [float(one.mean()) for one in changed]
    assert max(means) - min(means) > 0.08 and max(float(one.std()) for one in changed) > 0.01


def test_a_view_of_a_very_large_image_costs_only_its_own_surroundings():
    wide = np.zeros((8, 40_000), np.uint8)
    wide[:, 39_000:] = 1
    assert warp_label(wide, centred((39_500, 4), 7), 7).tolist() == [[1] * 7] * 7
    colour = np.zeros((64, 64, 3), np.uint8)
    assert warp_pixels(colour, centred((32, 32), 16), 16).shape == (16, 16, 3)


def test_a_pixel_is_shown_as_often_as_it_weighs():
    rng = np.random.default_rng(0)
    label = np.repeat(np.array([[0, 1, 2, 255]], np.uint8), 250, axis=0)
    levels = np.repeat(np.array([[0, 204, 255, 255]], np.uint8), 250, axis=0)
    shown = np.mean([thinned(label, levels, rng) == label for _ in range(40)], axis=(0, 1))
    assert shown[0] == 0 and abs(shown[1] - 0.8) < 0.02 and shown[2] == shown[3] == 1
