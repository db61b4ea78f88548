"""PNGs written directly: every reader finds in them what was put in."""

from __future__ import annotations

import io

import numpy as np
import pytest

from model import label_png
from model.opencv import cv2
from model.pillow import pillow

PALETTE = np.random.default_rng(1).integers(0, 256, 768, np.uint8).tobytes()


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (23, 31), (600, 700)])
def test_other_programs_read_values_and_colours(shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_png, "_STRIP", 5000)  # several strips
    label_map = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    content = label_png.encode(label_map, PALETTE)
    with pillow.open(io.BytesIO(content)) as picture:
        picture.load()
        assert picture.mode == "P" and (np.asarray(picture) == label_map).all()
        colours = np.asarray(picture.convert("RGB"))
    assert (colours == np.frombuffer(PALETTE, np.uint8).reshape(256, 3)[label_map]).all()
    by_opencv = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]
    assert (by_opencv == colours).all()


def test_a_label_map_takes_little_space() -> None:
    label_map = np.zeros((512, 512), np.uint8)
    label_map[100:400, 150:300], label_map[200:260, 180:250] = 6, 5
    turned = np.ascontiguousarray(label_map.T)[::-1]
    assert len(label_png.encode(label_map, PALETTE)) < 2500
    assert len(label_png.encode(turned, PALETTE)) < 2500
