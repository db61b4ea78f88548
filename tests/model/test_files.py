"""A file is the old one or the new one, and never something in between."""

from __future__ import annotations

import errno
import os
import stat
import threading
import time
from pathlib import Path
from typing import BinaryIO

import pytest

from model import disk
from model.files import atomic_bytes, atomic_write, sha256


def test_writes_what_it_was_given_under_any_name(tmp_path: Path) -> None:
    path = tmp_path / "肝 é.png"
    atomic_write(path, lambda file: file.write(b"new"))
    assert path.read_bytes() == b"new"
    assert sha256(path) == "11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437"


def test_a_failure_half_way_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "label.png"
    path.write_bytes(b"old")

    def half(file: BinaryIO) -> None:
        file.write(b"ne")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        atomic_write(path, half)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["label.png"]


def test_what_went_wrong_first_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a drive that is gone nothing can be removed either."""

    def gone(*arguments: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    def full(file: BinaryIO) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(disk, "remove", gone)
    with pytest.raises(OSError, match="No space left"):
        atomic_write(tmp_path / "label.png", full)


def test_content_that_is_there_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the system takes a few bytes at a time, until the disk is full."""
    path, write, room = tmp_path / "label.png", os.write, [9]

    def some(handle: int, data: memoryview) -> int:
        if not room[0]:
            raise OSError(28, "No space left on device")
        size = write(handle, data[: min(4, room[0])])
        room[0] -= size
        return size

    monkeypatch.setattr("model.files.os.write", some)
    atomic_bytes(path, b"a label")
    assert path.read_bytes() == b"a label"
    with pytest.raises(OSError, match="No space"):
        atomic_bytes(path, b"another")
    assert path.read_bytes() == b"a label" and os.listdir(tmp_path) == ["label.png"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full disk to offer")
def test_a_full_disk_is_an_error_and_not_a_short_file() -> None:
    with pytest.raises(OSError, match="No space left"), open("/dev/full", "wb", buffering=0) as full:
        full.write(b"x")


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        atomic_write(tmp_path / "gone" / "label.png", lambda file: None)


@pytest.mark.skipif(os.name == "nt", reason="Windows never syncs a folder")
def test_a_folder_that_cannot_be_synced_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("model.disk.os.open", refuse)
    atomic_write(tmp_path / "label.png", lambda file: file.write(b"new"))
    assert (tmp_path / "label.png").read_bytes() == b"new"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_the_file_has_the_mode_of_an_ordinary_one_and_keeps_its_own(tmp_path: Path) -> None:
    ordinary, path = tmp_path / "ordinary", tmp_path / "label.png"
    ordinary.write_bytes(b"")
    for write in (lambda: atomic_write(path, lambda file: None), lambda: atomic_bytes(path, b"", durable=False)):
        write()
        assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(ordinary.stat().st_mode)
        path.chmod(0o640)
        write()
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        path.unlink()


def test_readers_beside_a_writer_always_see_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "label.png"
    contents = [bytes([number]) * 100_000 for number in range(2)]
    atomic_write(path, lambda file: file.write(contents[0]))
    done = threading.Event()
    seen: list[bytes] = []

    def read() -> None:
        while not done.is_set():
            seen.append(path.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    while not seen:
        time.sleep(0.001)
    for content in contents * 10:
        atomic_write(path, lambda file, content=content: file.write(content))
    done.set()
    reader.join()
    assert seen and all(content in contents for content in seen)
