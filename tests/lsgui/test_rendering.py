"""What is sampled for the screen is what the image and the label map hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsgui.overlay import OverlayColors, Tint, premultiplied, render_overlay
from lsgui.rendering import View, covered, level_of, pyramid, render_image
from model.images import Window, apply_window

RED, BLUE = (200, 90, 90), (70, 150, 230)
COLORS = OverlayColors.of({1: RED, 2: BLUE}, 0.4, ())
VIEWS = st.builds(View, st.floats(0.3, 9), st.floats(-60, 60), st.floats(-60, 60))


def random_labels(side: int = 24, seed: int = 0) -> np.ndarray:
    coarse = np.random.default_rng(seed).choice(np.array([0, 1, 2, 255], np.uint8), (side // 4, side // 4))
    return np.kron(coarse, np.ones((4, 4), np.uint8))


def grey(shown: np.ndarray) -> np.ndarray:
    """The values of a picture without colours, which is opaque."""
    assert shown.dtype == np.uint32 and (shown >> 24 == 0xFF).all()
    assert (shown >> 8 & 0xFF == shown & 0xFF).all() and (shown >> 16 & 0xFF == shown & 0xFF).all()
    return (shown & 0xFF).astype(int)


def naive_labels(label_map: np.ndarray, view: View, x: int, y: int) -> int:
    column = int(np.clip(np.floor((x + 0.5 - view.x) / view.scale), 0, label_map.shape[1] - 1))
    row = int(np.clip(np.floor((y + 0.5 - view.y) / view.scale), 0, label_map.shape[0] - 1))
    return int(label_map[row, column])


@pytest.mark.parametrize("highest", [14, 126, 127, 128, 254])
@pytest.mark.parametrize("shape", [(1, 1), (3, 4), (33, 57), (34, 57), (130, 200)])
def test_any_values_have_their_own_colours_inside_and_on_the_outline(highest: int, shape: tuple[int, int]) -> None:
    random = np.random.default_rng(highest)
    labels = np.array([0, 1, 2, 72, highest, 255], np.uint8)[random.integers(0, 6, shape)]
    colors = OverlayColors.of({1: (9, 8, 7), 2: (200, 0, 90), 72: (1, 250, 3), highest: (40, 50, 60)}, 0.4, (highest,))
    wide = np.pad(labels, 1, mode="edge")
    sides = (wide[:-2, 1:-1], wide[2:, 1:-1], wide[1:-1, :-2], wide[1:-1, 2:])
    edge = np.logical_or.reduce([side != labels for side in sides])
    shown = render_overlay(labels, colors, View(1, 0, 0), (0, 0, shape[1], shape[0]))
    assert (shown == np.where(edge, colors.line[labels], colors.fill[labels])).all()


@settings(max_examples=40, deadline=None)
@given(VIEWS, st.integers(0, 5))
def test_overlay_is_fill_inside_and_line_where_a_neighbour_on_the_screen_differs(view: View, seed: int) -> None:
    label_map = random_labels(seed=seed)
    rect = covered(view, (24, 24), (0, 0, 60, 50))
    if rect is None:
        return
    shown = render_overlay(label_map, COLORS, view, rect)
    rng = np.random.default_rng(seed)
    for _ in range(40):
        column, row = int(rng.integers(rect[2])), int(rng.integers(rect[3]))
        x, y = rect[0] + column, rect[1] + row
        own = naive_labels(label_map, view, x, y)
        around = [naive_labels(label_map, view, x + dx, y + dy) for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1))]
        expected = (COLORS.line if any(other != own for other in around) else COLORS.fill)[own]
        assert shown[row, column] == expected


@settings(max_examples=40, deadline=None)
@given(VIEWS, st.integers(0, 40), st.integers(0, 40), st.integers(1, 30), st.integers(1, 30))
def test_a_part_painted_alone_is_the_part_of_the_whole(view: View, x: int, y: int, width: int, height: int) -> None:
    """Partial repaints must leave no seams."""
    label_map, pixels = random_labels(), np.arange(576, dtype=np.uint8).reshape(24, 24)
    whole = covered(view, (24, 24), (0, 0, 80, 80))
    part = covered(view, (24, 24), (x, y, width, height))
    if whole is None or part is None:
        return
    rows = slice(part[1] - whole[1], part[1] - whole[1] + part[3])
    columns = slice(part[0] - whole[0], part[0] - whole[0] + part[2])
    assert (
        render_overlay(label_map, COLORS, view, whole)[rows, columns] == render_overlay(label_map, COLORS, view, part)
    ).all()
    shown = grey(render_image([pixels], None, view, whole))[rows, columns]
    assert np.abs(shown - grey(render_image([pixels], None, view, part))).max() <= (0 if view.scale >= 1 else 3)


def test_zoomed_in_pixels_stay_squares() -> None:
    pixels = np.array([[0, 255], [128, 64]], np.uint8)
    shown = render_image([pixels], None, View(10, 0, 0), (0, 0, 20, 20))
    assert (grey(shown) == np.kron(pixels, np.ones((10, 10), np.uint8))).all()


def test_zoomed_out_fine_detail_becomes_its_mean_instead_of_a_pattern() -> None:
    checkers = (np.indices((1024, 1024)).sum(0) % 2 * 200).astype(np.uint8)
    shown = render_image(pyramid(checkers), None, View(0.25, 0, 0), (0, 0, 256, 256))
    assert np.abs(grey(shown) - 100).max() <= 2


@pytest.mark.parametrize("dtype", [np.int16, np.uint16, np.float32])
def test_window_is_the_one_of_the_model_package(dtype: type) -> None:
    pixels = np.linspace(0 if dtype == np.uint16 else -1000, 2000, 400).reshape(20, 20).astype(dtype)
    window = Window(300, 900)
    shown = render_image([pixels], window, View(1, 0, 0), (0, 0, 20, 20))
    assert np.abs(grey(shown) - apply_window(pixels, window)).max() <= 1


def test_colour_images_keep_red_red() -> None:
    pixels = np.zeros((4, 4, 3), np.uint8)
    pixels[..., 0] = 250
    for scale in (2.0, 0.5):
        shown = render_image([pixels], None, View(scale, 0, 0), (0, 0, 2, 2))
        assert (shown & 0xFFFFFF == 0xFA0000).all()


def test_hidden_classes_and_untouched_pixels_show_the_bare_image() -> None:
    hidden = OverlayColors.of({1: RED, 2: BLUE}, 0.4, [1])
    shown = render_overlay(np.array([[1, 255], [0, 2]], np.uint8), hidden, View(1, 0, 0), (0, 0, 2, 2))
    assert shown[0, 0] == shown[0, 1] == shown[1, 0] == 0
    assert shown[1, 1] == premultiplied(BLUE, 1.0)


def test_only_what_lies_on_the_image_is_covered() -> None:
    view = View(2, 10, 20)
    assert covered(view, (50, 40), (0, 0, 1000, 1000)) == (10, 20, 100, 80)
    assert covered(view, (50, 40), (0, 0, 5, 5)) is None


def test_one_pixel_and_one_row_can_be_shown_at_any_zoom() -> None:
    for scale in (0.3, 1, 50):
        view = View(scale, 0, 0)
        for shape in ((1, 1), (1, 30), (30, 1)):
            rect = covered(view, (shape[1], shape[0]), (0, 0, 90, 90))
            image = render_image(pyramid(np.full(shape, 7, np.int16)), Window(7, 10), view, rect)
            assert image.shape == (rect[3], rect[2]) and abs(int(grey(image)[0, 0]) - 128) <= 1


@pytest.mark.parametrize("shape", [(1, 1), (40, 50)])
@pytest.mark.parametrize("window", [Window(7, 10), None])
def test_an_edge_is_shown_where_the_next_pixel_of_the_screen_is_far_off_the_image(
    shape: tuple[int, int], window: Window | None
) -> None:
    for x, y in ((9.97, 3), (3, 9.97)):
        view = View(1 / 64, x, y)
        rect = covered(view, (shape[1], shape[0]), (0, 0, 10, 10))
        assert rect is not None
        image = render_image(pyramid(np.full(shape, 7, np.uint8)), window, view, rect)
        assert abs(grey(image).mean() - (7 if window is None else 128)) <= 1


@settings(max_examples=25, deadline=None)
@given(VIEWS, st.integers(0, 5))
def test_a_picture_is_the_same_wherever_it_is_put_and_in_however_many_strips(view: View, seed: int) -> None:
    label_map, pixels = np.tile(random_labels(seed=seed), (20, 1)), random_labels(480, seed)[:, :24].copy()
    rect = covered(view, (24, 480), (0, 0, 60, 400))
    if rect is None:
        return
    canvas = np.full((rect[3] + 2, rect[2] + 3), 77, np.uint32)
    for shown in (
        lambda out: render_overlay(label_map, COLORS, view, rect, out),
        lambda out: render_image([pixels], None, view, rect, out),
    ):
        alone = shown(None)
        shown(canvas[1:-1, 2:-1])
        assert (canvas[1:-1, 2:-1] == alone).all()
        assert (canvas[0] == 77).all() and (canvas[-1] == 77).all() and (canvas[:, :2] == 77).all()


def test_at_most_twice_the_pixels_that_are_shown_are_sampled() -> None:
    for scale in np.linspace(0.13, 0.99, 50):
        level = level_of(6, scale)
        assert 0.5 <= scale * 2**level * scale * 2**level <= 2 or level == 0


def test_a_range_of_values_is_tinted_over_the_classes() -> None:
    pixels, labels = np.array([[10, 20], [30, 40]], np.int16), np.zeros((2, 2), np.uint8)
    shown = render_overlay(labels, COLORS, View(1, 0, 0), (0, 0, 2, 2), tint=Tint(pixels, 20, 30, 0x80808080))
    assert (shown == [[0, 0x80808080], [0x80808080, 0]]).all()
    colours = np.repeat(pixels[..., None], 3, 2) + np.array([-9, 0, 9], np.int16)
    assert (
        render_overlay(labels, COLORS, View(1, 0, 0), (0, 0, 2, 2), None, Tint(colours, 20, 30, 0x80808080)) == shown
    ).all()


@pytest.mark.parametrize("scale", [1.0, 0.5])
def test_colours_are_windowed_alike_at_every_zoom(scale: float) -> None:
    """Halves of a colour image are packed for the screen, and their opacity must stay."""
    levels = pyramid(np.random.default_rng(0).integers(0, 256, (1200, 1600, 3), dtype=np.uint8))
    view, window = View(scale, 0, 0), Window(60, 120)
    plain, bright = (render_image(levels, one, view, (0, 0, 80, 60)) for one in (None, window))
    assert (bright >> 24 == 255).all()
    for shift in (0, 8, 16):
        expected = np.clip(((plain >> shift & 255) - window.low) * 255 / window.width, 0, 255)
        assert np.abs(expected - (bright >> shift & 255)).max() <= 0.51


def test_heights_in_metres_are_seen() -> None:
    pixels = np.linspace(0, 5e-9, 400, dtype=np.float32).reshape(20, 20)
    shown = render_image([pixels], Window(2.5e-9, 5e-9), View(1, 0, 0), (0, 0, 20, 20))
    assert grey(shown)[0, 0] == 0 and grey(shown)[-1, -1] == 255
