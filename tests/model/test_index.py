"""The index is a cache: whatever becomes of its file, it answers, and it never raises."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from model import index
from model.index import FileStamp, Index

STAMP = FileStamp(1, 2)


def test_a_full_disk_leaves_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There SQLite makes the file, and then cannot write its first table: every time it is made anew."""
    opened = index._opened

    def on_a_full_disk(target: str) -> sqlite3.Connection:
        if target != ":memory:":
            Path(target).touch()
            raise sqlite3.OperationalError("database or disk is full")
        return opened(target)

    monkeypatch.setattr(index, "_opened", on_a_full_disk)
    cache = Index(tmp_path / "index.sqlite")
    assert cache.get("labels/a.png", STAMP, lambda: {"split": "train"}) == {"split": "train"}
    cache.flush()
    cache.close()


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
def test_a_name_that_is_no_utf8_is_known_until_the_program_ends(tmp_path: Path) -> None:
    path, name = tmp_path / "index.sqlite", os.fsdecode(b"labels/a\xe9.png")
    cache = Index(path)
    cache.get(name, STAMP, lambda: {"split": "train"})
    cache.get("labels/b.png", STAMP, lambda: {"split": "held_out"})
    cache.flush()
    assert cache.get(name, STAMP, dict) == {"split": "train"}
    cache.close()
    again = Index(path)
    assert again.get("labels/b.png", STAMP, dict) == {"split": "held_out"}
    assert again.get(name, STAMP, dict) == {}
    again.close()


@pytest.mark.parametrize("data", ["5", "[1]", "[" * 100_000])
def test_rows_that_hold_something_else_are_forgotten(tmp_path: Path, data: str) -> None:
    path = tmp_path / "index.sqlite"
    Index(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO files VALUES ('labels/a.png', 1, 2, ?)", [data])
    cache = Index(path)
    assert cache.get("labels/a.png", STAMP, lambda: {"split": "train"}) == {"split": "train"}
    cache.close()
