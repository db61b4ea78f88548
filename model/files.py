"""Files that are either the old ones or the new ones, whatever happens in between."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from model import disk

TEMPORARY_SUFFIX = ".part"


def atomic_write(path: Path, write: Callable[[BinaryIO], None], durable: bool = True) -> None:
    """Let `write` fill a temporary file beside `path`, sync it, and put it in place by one rename.

    What can be made again need not be `durable`: nothing is synced, so a power cut may cost the newest files. Raises
    OSError (a full disk, a read-only folder); then `path` is what it was and the temporary file is gone.
    """
    with _put_in_place(Path(path), durable) as temporary, disk.create(temporary) as file:
        write(file)
        if durable:
            disk.sync(file)


def atomic_bytes(path: Path, content: bytes, durable: bool = True) -> None:
    """As `atomic_write`, by fewer calls of the system, at each of which other threads may take Python's lock."""
    with _put_in_place(path, durable) as temporary:
        disk.write_new(temporary, content, durable)


def copy_file(path: Path, target: Path) -> None:
    """In parts, since it may be large; as safely as `atomic_write`. Raises OSError."""

    def write(file: BinaryIO) -> None:
        with open(path, "rb") as source:
            while part := source.read(1 << 20):
                file.write(part)

    atomic_write(target, write)


def clear_leftovers(folder: Path) -> None:
    """Remove the temporary files of a program that was killed; only for whoever holds the folder's lock."""
    for path in Path(folder).glob(f".*{TEMPORARY_SUFFIX}"):
        disk.remove(path)


def is_newer(path: Path, other: Path) -> bool:
    """Whether there is a file at `path` that was written after the one at `other`."""
    return path.exists() and path.stat().st_mtime_ns > other.stat().st_mtime_ns


def sha256(path: Path) -> str:
    """The file's SHA-256 as 64 hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def _put_in_place(path: Path, durable: bool) -> Iterator[str]:
    """The path of a temporary file to be written; it takes the place of the one at `path`, and the rights that had."""
    # Plain strings: to take paths apart would cost a small file a tenth of its time.
    place = os.fspath(path)
    folder = os.path.dirname(place)
    temporary = os.path.join(folder, f".{_unused_name()}{TEMPORARY_SUFFIX}")
    try:
        yield temporary
        with contextlib.suppress(FileNotFoundError):
            os.chmod(temporary, os.stat(place).st_mode & 0o777)
        disk.replace(temporary, place)
    except BaseException:
        with contextlib.suppress(OSError):  # what went wrong first is what is told
            disk.remove(temporary)
        raise
    if durable:
        disk.sync_folder(path.parent)


def _unused_name() -> str:
    """One that no other thread or process takes, without asking the system for chance."""
    return f"{os.getpid():x}-{threading.get_ident():x}-{time.time_ns():x}"
