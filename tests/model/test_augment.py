"""Views keep image and label together, and never swap left and right unless that is allowed."""

import dataclasses

import numpy as np

from model.augment import Augmentation, centred, thinned, warp_label, warp_pixels
from model.development import Look


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
    truth = warp_label(np.zeros((10, 10), np.uint8), centred((4.5, 4.5), 20), 20, beyond=254)
    assert (truth == 254).sum() == 400 - 100


def handedness(mirror: bool) -> set[float]:
    rng = np.random.default_rng(1)
    matrices = [Augmentation(mirror=mirror).geometry((0, 0), 64, rng) for _ in range(50)]
    return {float(np.sign(np.linalg.det(matrix[:, :2]))) for matrix in matrices}


def test_left_and_right_are_never_swapped_unless_the_classes_allow_it():
    assert handedness(mirror=False) == {1.0}
    assert handedness(mirror=True) == {1.0, -1.0}


def test_a_wide_view_is_stretched_and_scaled_as_far_as_it_says():
    rng = np.random.default_rng(2)
    one = Augmentation.wide(coloured=True, mirror=False)
    sides = np.array([np.linalg.svd(one.geometry((0, 0), 64, rng)[:, :2])[1] for _ in range(300)])
    zooms = 1 / np.sqrt(sides.prod(axis=1))
    assert 0.6 <= zooms.min() < 0.65 and 1.65 < zooms.max() <= 1.8
    assert 1.25 < (sides[:, 0] / sides[:, 1]).max() <= np.exp(0.25) + 1e-6


def looks(coloured: bool) -> list[Look]:
    rng = np.random.default_rng(0)
    return [Augmentation.wide(coloured, mirror=False).look((0, 255), coloured, rng) for _ in range(50)]


def test_grey_images_keep_their_colour_and_coloured_ones_their_grey():
    assert all(look.colour == Look.colour for look in looks(False))
    plain = dataclasses.replace(Augmentation.wide(coloured=True, mirror=False), gain=0)
    turned = np.reshape(plain.look((0, 255), True, np.random.default_rng(0)).colour, (3, 3))
    np.testing.assert_allclose(turned.sum(axis=1), 1, atol=1e-9)
    assert np.abs(turned - np.eye(3)).max() > 0.05


def test_looks_differ_within_their_bounds_and_about_half_are_sharp():
    many = looks(True)
    assert all(0.6 <= one.contrast <= 1.4 and abs(one.brightness) <= 0.2 and 0 <= one.noise <= 0.03 for one in many)
    assert max(one.contrast for one in many) > 1.3 and min(one.gamma for one in many) < 0.65
    assert 15 < sum(one.blur == 0 for one in many) < 35 and max(one.blur for one in many) <= 1.2
    assert all(one.grain[1] % 2 for one in many) and len({one.grain for one in many}) == 50


def test_about_half_of_the_views_show_everything_and_in_the_others_chance_hides_up_to_a_bound():
    assert all(look.hidden == 0 for look in looks(True))
    rng, one = np.random.default_rng(3), dataclasses.replace(Augmentation.wide(True, mirror=False), hidden=0.5)
    hidden = [one.look((0, 255), True, rng).hidden for _ in range(50)]
    assert not any(one.look((0, 255), False, rng).hidden for _ in range(50)), "grey images show everything"
    assert 15 < sum(share == 0 for share in hidden) < 35 and 0.4 < max(hidden) <= 0.5


def test_a_view_that_may_be_hidden_in_part_has_the_light_it_would_have_had():
    plain = Augmentation.wide(True, mirror=False)
    looks = [
        one.look((0, 255), True, np.random.default_rng(4)) for one in (plain, dataclasses.replace(plain, hidden=0.5))
    ]
    assert looks[0] == dataclasses.replace(looks[1], hidden=0.0)


def test_an_augmentation_by_itself_changes_no_colours_nor_gamma():
    look = Augmentation().look((0, 255), True, np.random.default_rng(0))
    assert look.colour == Look.colour and look.gamma == 1 and look.light == (0, 0) and look.blur == 0


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
