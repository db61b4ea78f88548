"""What a gesture has changed is the same however early each part of it was compared."""

from __future__ import annotations

import numpy as np
import pytest

import lsgui.growing_patch
from lsgui.growing_patch import GrowingPatch
from lsgui.live_planes import LivePlanes


@pytest.mark.parametrize("seed", range(20))
def test_the_patch_leads_from_before_to_now(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lsgui.growing_patch, "_PATIENCE", seed % 4)
    monkeypatch.setattr(lsgui.growing_patch, "_WIDE", 1 + seed % 3)
    random = np.random.default_rng(seed)
    height, width = (int(side) for side in random.integers(1, 60, 2))
    before = tuple(random.integers(0, 3, (height, width)).astype(np.uint8) for _ in range(2))
    planes = LivePlanes(*(plane.copy() for plane in before))
    made = GrowingPatch(planes, tile=8)
    closed = 0
    for _ in range(30):
        x, y = int(random.integers(width)), int(random.integers(height))
        w, h = (min(int(random.integers(1, 12)), room) for room in (width - x, height - y))
        made.reach((x, y, w, h))
        with planes.writing(((x, y, w, h),)):
            for plane in planes.all:
                plane[y : y + h, x : x + w] = random.integers(0, 3)
        made.go_on()
        closed += bool(made._done)
    patch = made.patch()
    assert closed or min(height, width) < 20 or seed % 4 == 3
    for plane, was in zip(planes.all, before, strict=True):
        assert patch is not None or (plane == was).all()
    if patch is not None:
        now = tuple(plane.copy() for plane in before)
        patch.apply(*now)
        assert all((a == b).all() for a, b in zip(now, planes.all, strict=True))
