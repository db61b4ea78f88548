"""Files that are either the old ones or the new ones, whatever happens in between."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

TEMPORARY_SUFFIX = ".part"
_PATIENCE = 20
_BUFFER = 1 << 18
"""Most files fit, and are then written by one call of the system."""
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def atomic_write(path: Path, write: Callable[[BinaryIO], None], durable: bool = True) -> None:
    """Let `write` fill a temporary file beside `path`, sync it, and put it in place by one rename.

    What can be made again need not be `durable`: nothing is synced, so a power cut may cost the newest files. Raises
    OSError (a full disk, a read-only folder); then `path` is what it was and the temporary file is gone.
    """
    with _put_in_place(Path(path), durable) as temporary, open(temporary, "xb", buffering=_BUFFER) as file:
        write(file)
        file.flush()
        if durable:
            os.fsync(file.fileno())


def atomic_bytes(path: Path, content: bytes, durable: bool = True) -> None:
    """As `atomic_write`, by fewer calls of the system, at each of which other threads may take Python's lock."""
    with _put_in_place(Path(path), durable) as temporary:
        handle = os.open(temporary, _NEW, 0o666)
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(handle, rest) :]
            if durable:
                os.fsync(handle)
        finally:
            os.close(handle)


def clear_leftovers(folder: Path) -> None:
    """Remove the temporary files of a program that was killed; only for whoever holds the folder's lock."""
    for path in Path(folder).glob(f".*{TEMPORARY_SUFFIX}"):
        path.unlink(missing_ok=True)


def sha256(path: Path) -> str:
    """The file's SHA-256 as 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def _put_in_place(path: Path, durable: bool) -> Iterator[Path]:
    """The path of a temporary file to be written; it takes the place of the one at `path`, and the rights that had."""
    temporary = path.with_name(f".{uuid.uuid4().hex}{TEMPORARY_SUFFIX}")
    try:
        yield temporary
        with contextlib.suppress(FileNotFoundError):
            os.chmod(temporary, os.stat(path).st_mode & 0o777)
        _replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if durable:
        _sync_folder(path.parent)


def _replace(temporary: Path, path: Path) -> None:
    """Windows refuses while another thread or a virus scanner has the old file open, which soon passes."""
    for _ in range(_PATIENCE if os.name == "nt" else 0):
        try:
            os.replace(temporary, path)
            return
        except PermissionError:
            time.sleep(0.05)
    os.replace(temporary, path)


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable, where the system can: Windows and some network drives cannot."""
    if os.name == "nt":
        return
    with contextlib.suppress(OSError):  # the file is in place, so this is no failure to report
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
