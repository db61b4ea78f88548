"""Copies: images that hold the same bytes under different names, of which one must not judge what another has taught."""

from __future__ import annotations

import filecmp
import os
from collections.abc import Iterable
from pathlib import Path

_GLANCE = 4096


def copies_of(originals: Iterable[Path], among: Iterable[Path]) -> set[Path]:
    """Those `among` them that hold the same bytes as one of the `originals`, and are none themselves. What cannot be read
    is no copy.
    """
    originals = set(originals)
    alike: dict[int, dict[bytes, list[Path]]] = {}
    for path in originals:
        size, middle = _size(path), _middle(path)
        if size is not None and middle is not None:
            alike.setdefault(size, {}).setdefault(middle, []).append(path)
    found = set()
    for path in among if alike else ():
        same_size = None if path in originals else alike.get(_size(path))
        if same_size and any(_same(path, one) for one in same_size.get(_middle(path), ())):
            found.add(path)
    return found


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _middle(path: Path) -> bytes | None:
    """What tells most images of one size apart at little cost, raw ones, too."""
    try:
        with open(path, "rb") as file:
            file.seek(os.fstat(file.fileno()).st_size // 2)
            return file.read(_GLANCE)
    except OSError:
        return None


def _same(one: Path, other: Path) -> bool:
    try:
        return filecmp.cmp(one, other, shallow=False)
    except OSError:
        return False
