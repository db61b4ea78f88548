"""Planes: what a GPU makes of pixels is what numpy and OpenCV make of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from model.input_range import to_unit
from model.opencv import cv2
from model.planes import Zoom, limits_tensor, resizing, unit_planes


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(2, 9, 7), (2, 9, 7, 3)])
def test_unit_planes_are_exactly_what_to_unit_makes(dtype: type, shape: tuple[int, ...]) -> None:
    random = np.random.default_rng(0)
    if np.dtype(dtype).kind == "f":
        pixels = (random.random(shape) * 70_000 - 3000).astype(dtype)
        pixels.flat[::7], pixels.flat[3], pixels.flat[4] = np.nan, np.inf, -np.inf
    else:
        reach = np.iinfo(dtype)
        pixels = random.integers(reach.min, reach.max, shape, endpoint=True, dtype=dtype)
    limits = [(-160.3, 240.7), (3.0, 900.0)]
    expected = np.stack([to_unit(image, limit) for image, limit in zip(pixels, limits, strict=True)])
    expected = expected[:, None] if expected.ndim == 3 else expected.transpose(0, 3, 1, 2)
    found = unit_planes(torch.from_numpy(pixels), torch.from_numpy(limits_tensor(limits)))
    assert found.dtype == torch.float32 and (found.numpy() == expected).all()


@pytest.mark.parametrize(
    ("found", "shape"),
    [
        ((300, 400), (384, 512)),
        ((700, 768), (467, 512)),
        ((1024, 1000), (512, 500)),
        ((600, 513), (512, 438)),
        ((1, 90), (6, 512)),
        ((20, 20), (512, 512)),
        ((700, 1), (512, 1)),
    ],
)
def test_the_zoom_of_a_gpu_is_opencv_s(found: tuple[int, int], shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).random(found, np.float32)
    by_opencv = Zoom(found, shape, torch.device("cpu"))(torch.from_numpy(image[None, None]))[0, 0].numpy()
    way = cv2.INTER_AREA if max(shape) < max(found) else cv2.INTER_LINEAR
    assert (by_opencv == cv2.resize(image, shape[::-1], interpolation=way)).all()
    by_matrices = resizing(found[0], shape[0]) @ image @ resizing(found[1], shape[1]).T
    assert np.abs(by_matrices - by_opencv).max() < 1e-6


@pytest.mark.parametrize("found", [(17, 1), (1, 17), (31, 1), (1, 1), (40, 1)])
def test_a_line_comes_back_from_its_zoom_in_its_order(found: tuple[int, int]) -> None:
    shape = (32, max(1, round(32 / found[0]))) if found[0] > 1 else (max(1, round(32 / found[1])), 32)
    ramp = np.linspace(0, 1, max(shape), dtype=np.float32).reshape(-1, 1)
    zoomed = np.broadcast_to(ramp if found[0] >= found[1] else ramp.T, shape).copy()
    back = Zoom(found, shape, torch.device("cpu")).back(torch.from_numpy(zoomed)[None, None])[0, 0]
    assert back.shape == found
    expected = (torch.arange(max(found)) + 0.5) / max(found)
    assert (back.ravel() - expected).abs().max() < 0.05
