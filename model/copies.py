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
    alike: dict[tuple[int, bytes] | None, list[Path]] = {}
    originals = set(originals)
    for path in originals:
        alike.setdefault(_glance(path), []).append(path)
    alike.pop(None, None)
    others = [path for path in among if path not in originals] if alike else []
    return {path for path in others if any(_same(path, one) for one in alike.get(_glance(path), ()))}


def _glance(path: Path) -> tuple[int, bytes] | None:
    """What tells most images apart at little cost, even raw ones of one size: how long the file is, and some of its middle."""
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(size // 2)
            return size, file.read(_GLANCE)
    except OSError:
        return None


def _same(one: Path, other: Path) -> bool:
    try:
        return filecmp.cmp(one, other, shallow=False)
    except OSError:
        return False
