"""What the two pictures of the canvas keep is what would be rendered anew, and they render no more than they must."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QRect
from PySide6.QtGui import QImage, QPainter, QRegion
from PySide6.QtWidgets import QApplication

from lsgui import rendering
from lsgui.overlay import PROVENANCE, OverlayColors, Tint, premultiplied
from lsgui.rendering import View
from lsgui.views import canvas_layers
from lsgui.views.canvas_layers import CanvasLayers, Scene, merged
from lsgui.views.display import CLASSES_SHOWN, PROVENANCE_SHOWN
from model.provenance import ACCEPTED, HUMAN, MODEL

SIZE = (70, 50)
WHOLE = QRect(0, 0, *SIZE)
RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 255, (64, 90, 3), dtype=np.uint8)
COLORS = OverlayColors.of({1: (200, 90, 90), 2: (70, 150, 230)}, 0.4, ())
MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("pan"), st.integers(-80, 80), st.integers(-60, 60)),
        st.tuples(st.just("pan"), st.floats(-5, 5), st.floats(-5, 5)),
        st.tuples(st.just("zoom"), st.floats(0.4, 2.5), st.just(0)),
        st.tuples(st.just("paint"), st.integers(0, 89), st.integers(0, 63)),
        st.tuples(st.just("expose"), st.integers(0, 69), st.integers(0, 49)),
    ),
    max_size=8,
)


def scene(plane: np.ndarray | None) -> Scene:
    return Scene(rendering.pyramid(PIXELS, 16), None, plane, COLORS, None, 0xFF202020)


def drawn(layers: CanvasLayers, shown: Scene, picture: QImage, exposed: QRect = WHOLE) -> np.ndarray:
    with QPainter(picture) as painter:
        layers.paint(painter, exposed, 1.0, shown)
    return np.ndarray((SIZE[1], SIZE[0], 4), np.uint8, picture.constBits()).astype(int)


def blank() -> QImage:
    picture = QImage(*SIZE, QImage.Format.Format_RGB32)
    picture.fill(0)
    return picture


@settings(max_examples=60, deadline=None)
@given(MOVES)
def test_what_is_kept_is_what_would_be_rendered_anew(moves: list) -> None:
    """Linear sampling may be off by what its fixed point is when a strip begins elsewhere."""
    plane = np.kron(RNG.integers(0, 3, (16, 30), dtype=np.uint8), np.ones((4, 3), np.uint8))
    layers, view, picture = CanvasLayers(), View(1.0, 0.0, 0.0), blank()
    layers.resize(SIZE)
    for kind, x, y in moves:
        if kind == "pan":
            view = View(view.scale, view.x + x, view.y + y)
        elif kind == "zoom":
            view = View(min(max(view.scale * x, 0.1), 8.0), view.x, view.y)
        elif kind == "paint":
            plane[y : y + 5, x : x + 7] = (plane[y, x] + 1) % 3
            left, top = view.x + x * view.scale, view.y + y * view.scale
            size = int(7 * view.scale) + 6
            layers.overlay_changed(QRegion(int(np.floor(left)) - 2, int(np.floor(top)) - 2, size, size))
        layers.move(view)
        if kind == "expose":
            drawn(layers, scene(plane), picture, QRect(x, y, 20, 20))
    kept = drawn(layers, scene(plane), picture)
    fresh = CanvasLayers()
    fresh.resize(SIZE)
    fresh.move(view)
    assert np.abs(kept - drawn(fresh, scene(plane), blank())).max() <= 4


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """How many pixels of the image and the overlay were rendered."""
    counts = {"image": 0, "overlay": 0}

    def counting(name: str, render: object) -> object:
        def wrapped(*arguments: object) -> np.ndarray:
            out = render(*arguments)
            counts[name] += out.size
            return out

        return wrapped

    monkeypatch.setattr(rendering, "render_image", counting("image", rendering.render_image))
    monkeypatch.setattr(canvas_layers, "render_overlay", counting("overlay", canvas_layers.render_overlay))
    return counts


def test_a_stroke_renders_its_part_of_the_overlay_and_nothing_of_the_image(counted: dict[str, int]) -> None:
    layers, plane, picture = CanvasLayers(), np.zeros((64, 90), np.uint8), blank()
    layers.resize(SIZE)
    drawn(layers, scene(plane), picture)
    assert counted == {"image": 70 * 50, "overlay": 70 * 50}
    layers.overlay_changed(QRegion(10, 10, 5, 4))
    drawn(layers, scene(plane), picture)
    assert counted == {"image": 70 * 50, "overlay": 70 * 50 + 20}


def test_a_pan_renders_only_what_comes_into_sight(counted: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canvas_layers, "WORTH", 0)
    layers, plane, picture = CanvasLayers(), np.zeros((64, 90), np.uint8), blank()
    layers.resize(SIZE)
    layers.move(View(1.0, -5.0, -5.0))
    drawn(layers, scene(plane), picture)
    layers.move(View(1.0, -8.0, -7.0))
    drawn(layers, scene(plane), picture)
    strips = 70 * 50 - 67 * 48
    assert counted == {"image": 70 * 50 + strips, "overlay": 70 * 50 + strips}


def test_many_rectangles_become_few_that_hold_them_all() -> None:
    bands = [QRect(100 + row % 3, 20 * row, 500, 20) for row in range(40)]
    far = QRect(5000, 5000, 4, 4)
    few = merged([*bands, far])
    assert len(few) == 2 and few[1] == far
    assert all(few[0].contains(band) for band in bands)
    assert merged([]) == []


def test_a_hidden_overlay_costs_nothing_and_comes_back_as_it_is(counted: dict[str, int]) -> None:
    layers, plane, picture = CanvasLayers(), np.ones((64, 90), np.uint8), blank()
    layers.resize(SIZE)
    bare = drawn(layers, scene(None), picture).copy()
    assert counted["overlay"] == 0
    assert (drawn(layers, scene(plane), picture) != bare).any()


def test_the_overlay_can_show_who_set_each_pixel(shown: object) -> None:
    document = shown.session.document
    document.apply_prediction(np.full(document.shape, 3, np.uint8))
    shown.display.set_opacity(100)
    shown.display.set_shows(PROVENANCE_SHOWN)
    assert shown.color_at(40, 40).getRgb()[:3] == pytest.approx(PROVENANCE[MODEL], abs=2)
    shown.desk.paint(20, 20, 6, radius=8)
    assert shown.color_at(20, 20).getRgb()[:3] == pytest.approx(PROVENANCE[HUMAN], abs=2)
    document.accept()
    assert shown.color_at(40, 40).getRgb()[:3] == pytest.approx(PROVENANCE[ACCEPTED], abs=2)
    document.clear()
    assert shown.color_at(40, 40).red() == document.image.pixels[40, 40]
    document.undo()
    shown.display.set_shows(CLASSES_SHOWN)
    assert shown.color_at(40, 40).getRgb()[:3] == pytest.approx(shown.session.classes.by_value(3).color, abs=2)
    with pytest.raises(ValueError, match="shows no"):
        shown.display.set_shows("nothing")


def test_what_a_threshold_would_paint_is_tinted_while_it_is_in_the_hand(shown: object) -> None:
    document, painting = shown.session.document, shown.session.painting
    pixels = document.image.pixels
    painting.class_value = 6
    painting.threshold = (float(pixels[40, 40]), 255.0)
    shown.trigger("tool-threshold")
    tint = shown.session.classes.by_value(6).color
    inside, outside = (40, 40), tuple(int(at[0]) for at in np.nonzero(pixels < pixels[40, 40]))[::-1]
    wanted = [0.4 * pixels[40, 40] + 0.6 * channel for channel in tint]
    assert shown.color_at(*inside).getRgb()[:3] == pytest.approx(wanted, abs=3)
    assert shown.color_at(*outside).red() == pixels[outside[1], outside[0]]
    shown.trigger("tool-brush")
    QApplication.processEvents()
    assert shown.color_at(*inside).red() == pixels[40, 40]


def test_a_range_is_tinted_over_classes_and_in_colours_by_their_mean() -> None:
    tint = Tint(PIXELS, 100, 150, premultiplied((255, 255, 255), 0.5))
    layers, picture = CanvasLayers(), blank()
    layers.resize(SIZE)
    bare = drawn(layers, scene(np.zeros((64, 90), np.uint8)), picture).copy()
    layers.overlay_changed()
    whole = scene(np.zeros((64, 90), np.uint8))
    seen = drawn(layers, Scene(whole.levels, None, whole.plane, COLORS, tint, whole.background), picture)
    mean = PIXELS[: SIZE[1], : SIZE[0]].mean(axis=2)
    assert ((seen != bare).any(axis=2) == ((mean >= 100) & (mean <= 150))).mean() > 0.99
