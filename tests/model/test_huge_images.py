"""Images that would not fit are refused by one sentence, and large ones take little more than themselves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile

from model.errors import ImageError
from model.images import read_image
from model.readers import memory

SIDE = 65_535


@pytest.fixture
def vast(tmp_path: Path) -> Path:
    """4.3 GB that take no room on the disk."""
    path = tmp_path / "vast.tif"
    tifffile.imwrite(path, shape=(SIDE, SIDE), dtype=np.uint8, bigtiff=True)
    assert path.stat().st_size > SIDE * SIDE
    return path


def test_a_vast_tiff_is_refused_before_it_is_read(vast: Path) -> None:
    with pytest.raises(ImageError, match=r"vast.tif is 65535 x 65535, .* start with --max-megapixels 4295"):
        read_image(vast)


def test_what_the_limit_allows_still_has_to_fit_into_memory(vast: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: 8_000_000_000)
    with pytest.raises(ImageError, match=r"65535 x 65535 and takes 14\.3 GB of memory, but only 8\.0 GB are free"):
        read_image(vast, max_pixels=5_000_000_000)


def test_a_vast_tiff_whose_end_is_missing_is_refused_likewise(vast: Path) -> None:
    with open(vast, "r+b") as file:
        file.truncate(100_000)
    with pytest.raises(ImageError, match=r"65535 x 65535|truncated"):
        read_image(vast)


def test_the_system_says_how_much_memory_it_has(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    if sys.platform == "linux":
        assert 1e6 < memory.available() < 1e14
    monkeypatch.setattr(memory, "_MEMINFO", tmp_path / "none")
    if sys.platform != "win32":
        assert memory.available() is None


_READING = """
import resource, sys
from pathlib import Path
from model.images import read_image
import model.readers.tiff, model.readers.raster
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
pixels = read_image(Path(sys.argv[1])).pixels
print(pixels.nbytes >> 10, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts memory as Linux does")
@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}, {"compression": "zlib", "tile": (256, 256)}])
def test_reading_a_large_tiff_takes_little_more_than_the_image(tmp_path: Path, options: dict, checkout: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (3000, 4000, 3), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", noise, photometric="rgb", **options)
    done = subprocess.run(
        [sys.executable, "-c", _READING, str(tmp_path / "a.tif")],
        capture_output=True, text=True, check=True, cwd=checkout, env={"PYTHONPATH": str(checkout)},
    )  # fmt: skip
    image, most = (int(number) for number in done.stdout.split())
    assert image == noise.nbytes >> 10 and most < image + 30_000
    assert (read_image(tmp_path / "a.tif").pixels == noise).all()
