"""Labelled images as training sees them: at the network's scale, in its channels, kept while memory allows."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np

from model.classes import ClassTable
from model.counting import count_values, strips
from model.errors import LabelError, ModelError
from model.images import Image
from model.input_range import InputRange, to_unit
from model.labels import UNTOUCHED
from model.opencv import cv2
from model.tiling import zoomed_shape
from model.truth import Truth

ANCHORS = 500
"""So many labelled pixels of each class are remembered as places to look at."""
REACH = np.iinfo(np.int16).max


@dataclass(frozen=True, eq=False)
class Example:
    """An image at the scale at which the network sees it, with its truth.

    `pixels` (H, W) or (H, W, 3), uint8 or int16, are values that `limits` = (low, high) bring to 0..1; `channels` (H, W)
    uint8 holds the network's channels, 255 where nobody has labelled; `anchors` has, for each channel present, some
    of its pixels as (n, 2) int32 (x, y): none for an image without a label. `levels` as in `Truth`.
    """

    pixels: np.ndarray
    limits: tuple[float, float]
    channels: np.ndarray
    anchors: dict[int, np.ndarray]
    levels: np.ndarray | None = None

    @property
    def nbytes(self) -> int:
        return self.pixels.nbytes + self.channels.nbytes + (0 if self.levels is None else self.levels.nbytes)


def make_example(truth: Truth, classes: ClassTable, values: InputRange, size: int) -> Example:
    """The example of a network whose input is `size`: zoomed as the segmenter does, or at its own scale if large.

    Raises LabelError when no labelled pixel is left at that scale.
    """
    pixels, limits = _at_scale(truth.image, values, size)
    channels, levels = channel_table(classes)[truth.label_map], truth.levels
    if pixels.shape[:2] != channels.shape:
        channels = _nearest(channels, pixels.shape)
        levels = None if levels is None else _nearest(levels, pixels.shape)
    anchors = find_anchors(channels)
    if not anchors:
        raise LabelError(
            "The label of {name} is lost at the network's scale: "
            "its few pixels are too small to learn from; label more.",
            name=truth.image.name,
        )
    return Example(pixels, limits, channels, anchors, levels)


def bare_example(image: Image, values: InputRange, size: int, colour: bool) -> Example:
    """The example of an image without a label, made grey where the others are: not `colour`."""
    pixels, limits = _at_scale(image, values, size)
    if pixels.ndim == 3 and not colour:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return Example(pixels, limits, np.full(pixels.shape[:2], UNTOUCHED, np.uint8), {})


def _nearest(plane: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return cv2.resize(plane, shape[1::-1], interpolation=cv2.INTER_NEAREST_EXACT)


def _at_scale(image: Image, values: InputRange, size: int) -> tuple[np.ndarray, tuple[float, float]]:
    """Pixels at the network's scale, and the values that become 0 and 1."""
    pixels, limits = _within(image.pixels, values.limits(image.pixels, image.unit, image.nodata))
    found = pixels.shape[:2]
    shape = zoomed_shape(*found, size)
    if shape is not None and shape != found:
        shrinks = shape[0] < found[0] or shape[1] < found[1]
        pixels = cv2.resize(pixels, shape[::-1], interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return pixels, limits


def _within(pixels: np.ndarray, limits: tuple[float, float]) -> tuple[np.ndarray, tuple[float, float]]:
    """Clipped as the segmenter does before it zooms: metal and air would spread into their neighbours otherwise.

    uint8 and int16 keep their values; others are spread out over what int16 holds from 0 on.
    """
    if pixels.dtype not in (np.uint8, np.int16):
        return np.rint(to_unit(pixels, limits) * REACH).astype(np.int16), (0.0, float(REACH))
    reach = np.iinfo(pixels.dtype)
    low, high = (min(max(limit, reach.min), reach.max) for limit in (np.floor(limits[0]), np.ceil(limits[1])))
    return np.clip(pixels, pixels.dtype.type(low), pixels.dtype.type(high)), limits


def channel_table(classes: ClassTable) -> np.ndarray:
    """A table (256,) uint8 from class value to the class's place in the table; 255 stays 255."""
    table = np.full(256, UNTOUCHED, np.uint8)
    table[list(classes.values)] = np.arange(len(classes.values), dtype=np.uint8)
    return table


def find_anchors(channels: np.ndarray) -> dict[int, np.ndarray]:
    """Up to ANCHORS pixels (x, y) of each channel present, evenly spread over its area."""
    counts = count_values(channels)
    pixels, found = counts.sum(axis=0), {}
    for channel in np.flatnonzero(pixels[:UNTOUCHED]).tolist():
        chosen = np.linspace(0, pixels[channel] - 1, min(ANCHORS, pixels[channel])).astype(int)
        found[channel] = _pixels_of(channel, channels, counts[:, channel], chosen)
    return found


def _pixels_of(channel: int, channels: np.ndarray, counts: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """(x, y) int32 of those that are `chosen`, by their number among the channel's pixels, `counts` in each strip."""
    found, before = [], 0
    for rows, count in zip(strips(channels), counts.tolist(), strict=True):
        here = chosen[(chosen >= before) & (chosen < before + count)] - before
        if here.size:
            y, x = np.divmod(np.flatnonzero(channels[rows] == channel)[here], channels.shape[1])
            found.append(np.column_stack([x, y + rows.start]))
        before += count
    return np.concatenate(found).astype(np.int32)


class Sized(Protocol):
    @property
    def nbytes(self) -> int: ...


Item = TypeVar("Item", bound=Sized)


class Kept(Generic[Item]):
    """Reads items by number and keeps those used last, up to `limit` bytes of them. Several threads may ask at once."""

    def __init__(self, read: Callable[[int], Item], count: int, limit: int = 1 << 30) -> None:
        self._read = read
        self._limit = limit
        self._items: OrderedDict[int, Item] = OrderedDict()
        self._size = 0
        self._coming: dict[int, Future[Item]] = {}
        self._lost: dict[int, ModelError] = {}
        self._lock = threading.Lock()
        self.usable = list(range(count))

    def get(self, number: int) -> Item:
        """Raises ModelError for an item that cannot be read, always the same one; from then on it is not `usable`."""
        with self._lock:
            if number in self._lost:
                raise self._lost[number]
            if number in self._items:
                self._items.move_to_end(number)
                return self._items[number]
            coming = self._coming.get(number)
            mine = coming is None
            if mine:
                coming = self._coming[number] = Future()
        if mine:
            self._fill(number, coming)
        return coming.result()

    def _fill(self, number: int, coming: Future[Item]) -> None:
        """Read the item for all who wait for it."""
        try:
            item = self._read(number)
        except BaseException as error:  # noqa: BLE001 - whoever waits for it shall hear of it
            with self._lock:
                del self._coming[number]
                if isinstance(error, ModelError):
                    self._lost[number] = error
                    self.usable.remove(number)
            coming.set_exception(error)
            return
        with self._lock:
            del self._coming[number]
            self._items[number] = item
            self._size += item.nbytes
            while self._size > self._limit and len(self._items) > 1:
                _, gone = self._items.popitem(last=False)
                self._size -= gone.nbytes
        coming.set_result(item)
