"""What the tests of the program share: images, folders of them, and a session that answers its own questions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from lsgui.document import Document
from model.images import Image
from model.labels import UNTOUCHED


@pytest.fixture
def document(qapp: object) -> Iterator[Document]:
    """A document with an untouched image of 80 x 60 pixels, a.png."""
    shape = (60, 80)
    pixels = np.random.default_rng(0).integers(0, 255, shape).astype(np.uint8)
    image = Image(name="a.png", pixels=pixels, spacing=None, unit="", window=None, notices=(), series=None)
    document = Document()
    document.load(image, np.full(shape, UNTOUCHED, np.uint8), np.zeros(shape, np.uint8))
    yield document
    document.deleteLater()


@pytest.fixture
def image_folder(tmp_path: Path) -> Callable[..., Path]:
    """Makes a folder of small grey PNGs: `image_folder("a", "b", side=64)`."""

    def make(*stems: str, side: int = 64, folder: str = "images") -> Path:
        place = tmp_path / folder
        place.mkdir(exist_ok=True)
        for number, stem in enumerate(stems):
            pixels = np.random.default_rng(number).integers(0, 255, (side, side)).astype(np.uint8)
            Pillow.fromarray(pixels).save(place / f"{stem}.png")
        return place

    return make
