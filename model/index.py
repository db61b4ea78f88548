"""The index of a workspace: what its small files say, remembered by their time and size. Delete it at will."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from model import disk

VERSION = 3
"""Of what is remembered of each file: an index of another one is begun anew."""


@dataclass(frozen=True)
class FileStamp:
    """When a file was last written, in nanoseconds, and its size in bytes."""

    modified: int
    size: int


class Index:
    """A cache in SQLite. It never raises: a damaged or unwritable index is replaced, in the end by memory."""

    def __init__(self, path: Path | None) -> None:
        """`path` None keeps everything in memory and writes nothing."""
        self._wanted = self._path = path
        self._connection = self._connect()
        self._rows = self._load()

    def get(self, key: str, stamp: FileStamp, read: Callable[[], dict]) -> dict:
        """What `read` once returned for this key and stamp, else what it returns now; `flush` keeps it."""
        known = self.known(key, stamp)
        return self.put(key, stamp, read()) if known is None else known

    def known(self, key: str, stamp: FileStamp) -> dict | None:
        """What was put under this key for this stamp."""
        row = self._rows.get(key)
        return None if row is None or row[0] != stamp else row[1]

    def put(self, key: str, stamp: FileStamp, data: dict) -> dict:
        """Returns `data`."""
        self._rows[key] = (stamp, data)
        self._changed.add(key)
        return data

    def flush(self, keep: Iterable[str] | None = None) -> None:
        """Write what is new; with `keep`, forget every other key."""
        if keep is not None:
            gone = self._rows.keys() - set(keep)
            for key in gone:
                del self._rows[key]
            self._changed |= gone
        if not self._changed:
            return
        try:
            self._write()
        except sqlite3.Error:
            self._replace()
        self._changed = set()

    def reopen(self) -> None:
        """The file was removed with its folder, and the folder is there again: go on in a new one."""
        self._connection.close()
        self._path = self._wanted
        self._connection = self._connect()
        self._changed = set(self._rows)

    def close(self) -> None:
        self._connection.close()

    def _write(self) -> None:
        changed = [key for key in self._changed if _is_text(key)]
        with self._connection:
            self._connection.executemany("DELETE FROM files WHERE key = ?", [(key,) for key in changed])
            rows = [(key, *self._rows[key]) for key in changed if key in self._rows]
            self._connection.executemany(
                "INSERT INTO files VALUES (?, ?, ?, ?)",
                [(key, stamp.modified, stamp.size, json.dumps(data)) for key, stamp, data in rows],
            )

    def _load(self) -> dict[str, tuple[FileStamp, dict]]:
        self._changed: set[str] = set()
        try:
            rows = self._connection.execute("SELECT key, modified, size, data FROM files").fetchall()
            facts = json.loads(f"[{','.join(row[3] for row in rows)}]")  # one call, not one a row
            if not all(isinstance(data, dict) for data in facts):
                raise ValueError("a row that is no object")
            return {row[0]: (FileStamp(row[1], row[2]), data) for row, data in zip(rows, facts, strict=True)}
        except (sqlite3.Error, ValueError, TypeError, RecursionError):
            self._replace()
            return {}

    def _connect(self) -> sqlite3.Connection:
        """A damaged file is made anew; where that does not help, as on a full disk, memory has to do."""
        for _ in range(2):
            if self._path is None:
                break
            try:
                return _opened(str(self._path))
            except sqlite3.Error:
                self._discard()
        self._path = None
        return _opened(":memory:")

    def _replace(self) -> None:
        self._connection.close()
        self._discard()
        self._connection = self._connect()

    def _discard(self) -> None:
        """Delete the file; where even that fails, go on in memory."""
        try:
            disk.remove(self._path)
        except (OSError, TypeError):
            self._path = None


def _opened(target: str) -> sqlite3.Connection:
    connection = sqlite3.connect(target, check_same_thread=False)
    connection.execute("PRAGMA synchronous = OFF")  # a lost cache costs a second, a synced one every save
    if connection.execute("PRAGMA user_version").fetchone()[0] != VERSION:
        connection.execute("DROP TABLE IF EXISTS files")
        connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS files (key TEXT PRIMARY KEY, modified INTEGER, size INTEGER, data TEXT)"
    )
    return connection


def _is_text(key: str) -> bool:
    """Not so for file names that are no UTF-8: SQLite cannot keep them, so they are read anew each time."""
    try:
        key.encode()
    except UnicodeEncodeError:
        return False
    return True
