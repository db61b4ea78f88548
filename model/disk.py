"""The one place that writes to the disk: what is called here, in its order, is what a power cut may interrupt.

Others call these functions through the module (`disk.sync(file)`), so that a test can record or refuse every call.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

_PATIENCE = 20
_BUFFER = 1 << 18
"""Most files fit, and are then written by one call of the system."""
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def create(path: Path | str) -> BinaryIO:
    """A new file to write; raises FileExistsError where there is one."""
    return open(path, "xb", buffering=_BUFFER)


def write_new(path: Path | str, content: bytes, durable: bool) -> None:
    """A new file of `content`, by as few calls of the system as can be; raises FileExistsError where there is one."""
    handle = os.open(path, _NEW, 0o666)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(handle, rest) :]
        if durable:
            _sync(handle)
    finally:
        os.close(handle)


def append(path: Path) -> BinaryIO:
    """The file, opened at its end and without a buffer: use `write`, which writes everything."""
    return open(path, "ab", buffering=0)


def write(file: BinaryIO, data: bytes) -> None:
    """All of `data`: a file without a buffer may take less than it is given, as on a disk that becomes full."""
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def sync(file: BinaryIO) -> None:
    """Return when what was written to `file` would survive a power cut."""
    file.flush()
    _sync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make names in `folder` durable, where the system can: Windows and some network drives cannot."""
    if os.name == "nt":
        return
    with contextlib.suppress(OSError):  # the file is in place, so this is no failure to report
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def replace(old: Path | str, new: Path | str) -> None:
    """Put `old` in the place of `new`."""
    _patiently(os.replace, old, new)


def rename(old: Path, new: Path) -> None:
    """Move `old` to a name that is free."""
    _patiently(os.rename, old, new)


def remove(path: Path | str) -> None:
    """Nothing happens where nothing is."""
    with contextlib.suppress(FileNotFoundError):
        _patiently(os.unlink, path)


def make_folder(path: Path) -> None:
    """With the folders above it; raises FileExistsError only where a file is in the way."""
    Path(path).mkdir(parents=True, exist_ok=True)


def make_new_folder(path: Path) -> None:
    """Raises FileExistsError where there is one already."""
    os.mkdir(path)


def truncate(path: Path, size: int) -> None:
    """Cut the file to its first `size` bytes."""
    os.truncate(path, size)


def touch(path: Path) -> None:
    """Make an existing file the newest one."""
    os.utime(path)


def _patiently(change: Callable[..., None], *paths: Path | str) -> None:
    """Windows refuses while somebody reads one of the files, as whoever draws small pictures does, which soon passes."""
    for _ in range(_PATIENCE if os.name == "nt" else 0):
        try:
            change(*paths)
            return
        except PermissionError:
            time.sleep(0.05)
    change(*paths)


def _sync(handle: int) -> None:
    if sys.platform == "darwin":
        import fcntl

        with contextlib.suppress(OSError):  # a network drive may not know it, and fsync has to do
            fcntl.fcntl(handle, fcntl.F_FULLFSYNC)
            return
    os.fsync(handle)
