"""The size of the window and its text: which fit on a screen, and who may choose it."""

from __future__ import annotations

import os

import pytest

from lsgui.interface_size import chosen_elsewhere, largest_fitting, size_fits, use_size


@pytest.fixture(autouse=True)
def _restored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_SCALE_FACTOR", "1")
    monkeypatch.delenv("QT_SCALE_FACTOR")


def test_the_environment_tells_the_size_and_whether_somebody_chose_it() -> None:
    assert not chosen_elsewhere()
    use_size(150)
    assert chosen_elsewhere() and os.environ["QT_SCALE_FACTOR"] == "1.5"


@pytest.mark.parametrize(
    ("screens", "fitting"),
    [
        ([(1280, 720)], 100),
        ([(1366, 768)], 125),
        ([(1366, 728), (3840, 2160)], 200),
        ([(1920, 1080)], 150),
        ([(800, 600)], 100),
    ],
)
def test_a_size_chosen_on_a_larger_screen_gives_way_to_one_that_fits(
    screens: list[tuple[int, int]], fitting: int
) -> None:
    use_size(200)
    assert largest_fitting(200, [(width // 2, height // 2) for width, height in screens]) == fitting
    assert largest_fitting(100, screens) == 100


@pytest.mark.parametrize(
    ("screen", "in_force", "fitting"),
    [
        ((1366, 768), None, [100, 125]),
        ((1920, 1080), None, [100, 125, 150]),
        ((3840, 2160), None, [100, 125, 150, 200]),
        ((1920, 1080), "2", [100, 125, 150, 200]),
        ((1920, 1080), "much", [100, 125, 150]),
    ],
)
def test_sizes_that_leave_too_little_room_are_not_offered(
    screen: tuple[int, int], in_force: str | None, fitting: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    if in_force is not None:
        monkeypatch.setenv("QT_SCALE_FACTOR", in_force)
    assert [size for size in (100, 125, 150, 200) if size_fits(size, screen)] == fitting
