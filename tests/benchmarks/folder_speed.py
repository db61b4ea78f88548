"""The rows of folder prediction: JPEGs on disk to label PNGs on disk, beside decoding and encoding alone.

All run on the same cores, one after the other: decoding alone in as many threads as decode in the whole, encoding alone in
as many as encode there. Beside them, for comparison: both in a thread for each core, and the network alone. What is written are label
maps of the sample: those of random weights are noise, which takes much longer to compress than any real one.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

from model.classes import default_table
from model.folder_prediction import FolderPrediction, Threads
from model.images import read_image
from model.labels import read_label, write_label
from model.opencv import cv2
from model.pillow import pillow
from model.segmenter import Segmenter
from tests.benchmarks.rows import Row, digits
from tests.benchmarks.subject import Scale, segmenter

_QUALITY = 90
_SETS = 3


def folder_rows(scale: Scale, device: torch.device, cores: tuple[int, ...] = ()) -> Iterator[Row]:
    """For all cores of the machine, and for the first few of them when `cores` names other numbers."""
    everything = os.sched_getaffinity(0)
    predictor = segmenter(scale.config, device)
    with tempfile.TemporaryDirectory() as place:
        paths = _jpegs(Path(place), scale.files, scale.side)
        for count in (*cores, len(everything)):
            os.sched_setaffinity(0, sorted(everything)[:count])
            try:
                yield _row(_Folder(predictor, paths, scale.side), scale, count)
            finally:
                os.sched_setaffinity(0, everything)


class _Folder:
    """The whole and its parts."""

    def __init__(self, predictor: Segmenter, paths: list[Path], side: int) -> None:
        self.paths, self.threads = paths, Threads.beside_gpu() if predictor.on_gpu else Threads()
        self._predictor = predictor
        self._out = paths[0].parent / "out"
        self._out.mkdir(exist_ok=True)
        self._table = default_table()
        self._maps = _label_maps(side)
        self._numbers = {path: number for number, path in enumerate(paths)}

    def decode(self, threads: int) -> None:
        with ThreadPoolExecutor(threads) as pool:
            for _ in pool.map(lambda path: read_image(path).pixels.shape, self.paths):
                pass

    def encode(self, threads: int) -> None:
        with ThreadPoolExecutor(threads) as pool:
            for _ in pool.map(self._write, self.paths):
                pass

    def network(self) -> None:
        images = [read_image(path) for path in self.paths[:16]]
        for _ in self._predictor.predict_many(itertools.islice(itertools.cycle(images), len(self.paths))):
            pass

    def predict(self) -> None:
        folder = FolderPrediction(
            read_image, lambda path, done: self._write(path), self._predictor.on_gpu, self.threads
        )
        with contextlib.closing(folder.outcomes(self.paths, self._predictor.predict_many)) as outcomes:
            assert all(outcome.error is None for outcome in outcomes)

    def _write(self, path: Path) -> bool:
        label_map = self._maps[self._numbers[path] % len(self._maps)]
        write_label(self._out / f"{path.name}.png", label_map, self._table, durable=False)
        return True


def _row(folder: _Folder, scale: Scale, cores: int) -> Row:
    """The medians of sets in which all take turns."""
    folder.predict()
    works = (
        lambda: folder.decode(folder.threads.read),
        lambda: folder.encode(folder.threads.write),
        folder.predict,
        lambda: folder.decode(cores),
        lambda: folder.encode(cores),
        folder.network,
    )
    seconds = np.median([[_clock(work) for work in works] for _ in range(_SETS)], 0)
    decode, encode, whole, decode_all, encode_all, network = (len(folder.paths) / second for second in seconds)
    share = whole / min(decode, encode)
    return Row(
        f"folder of {scale.files} JPEGs {scale.side}x{scale.side}, files to label PNGs, {cores} cores",
        ">= 70 % of the slower of decoding and encoding alone",
        f"{digits(whole)} images/s, {share:.0%}",
        f"alone: decoding {digits(decode)} ({folder.threads.read} threads), encoding {digits(encode)} "
        f"({folder.threads.write}); {digits(decode_all)} and {digits(encode_all)} with a thread for each core; "
        f"network {digits(network)} images/s",
        share >= 0.7,
    )


def _label_maps(side: int) -> list[np.ndarray]:
    paths = sorted((Path(__file__).parents[2] / "resources/sample/segmentation/labels").glob("*.png"))
    maps = [read_label(path, None, None) for path in paths]
    return [cv2.resize(label_map, (side, side), interpolation=cv2.INTER_NEAREST) for label_map in maps]


def _clock(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _jpegs(folder: Path, count: int, side: int) -> list[Path]:
    """Colour pictures of soft shapes with a little noise, which compress about as photographs do."""
    paths = [folder / f"{number:04}.jpg" for number in range(count)]

    def make(number: int) -> None:
        random = np.random.default_rng(number)
        soft = cv2.resize(random.random((12, 12, 3), np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
        pixels = np.clip(soft * 255 + random.normal(0, 4, (side, side, 1)), 0, 255).astype(np.uint8)
        pillow.fromarray(pixels).save(paths[number], quality=_QUALITY)

    with ThreadPoolExecutor() as pool:
        list(pool.map(make, range(count)))
    return paths


def main() -> None:
    from tests.benchmarks.rows import plain

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    scale = Scale.full() if device.type == "cuda" else Scale.toy()
    cores = tuple(count for count in (2, 4, 8) if count < len(os.sched_getaffinity(0)))
    for row in folder_rows(scale, device, cores):
        print(plain(row), flush=True)


if __name__ == "__main__":
    main()
