"""The folders of an open workspace and its lock: made anew when somebody removes them meanwhile."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from model import disk
from model.layout import Layout
from model.workspace_lock import take_lock


class RootFolders:
    """Methods may be called from any thread."""

    def __init__(self, images: Path, layout: Layout, lock: FileLock | None, renewed: Callable[[], None]) -> None:
        """`images` is the folder whose workspace it is; `renewed` is called once they have been made anew.

        Without a lock, to read only, nothing is ever made.
        """
        self._images = images
        self._layout = layout
        self._lock = lock
        self._renewed = renewed
        self._guard = threading.RLock()
        self._renewing = False
        self._told = True

    @property
    def locked(self) -> bool:
        return self._lock is not None

    def ensure(self) -> None:
        """Before every write: make what was removed. Raises OSError or WorkspaceError.

        Not where the images are gone as well: a drive that was taken out must not become a folder on another one.
        """
        with self._guard:
            if self._lock is None or self._stand():
                return
            if not self._images.is_dir():
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self._images))
            if not (self._lock.is_locked and self._layout.lock.exists()):  # else ours locks a file nobody else can find
                self._lock.release()
                self._lock = take_lock(self._layout.root)
            self._renewing = True
            for folder in self._layout.folders:
                disk.make_folder(folder)
            self._told = False
            self._renewed()
            self._renewing = False

    def take_news(self) -> bool:
        """Whether they were made anew since this was asked last."""
        with self._guard:
            told, self._told = self._told, True
            return not told

    def release(self) -> None:
        """What a late job still writes finds the folders or fails: it must not lock for good what was let go of."""
        with self._guard:
            lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()

    def _stand(self) -> bool:
        """Also what is to happen once they do. A file in the place of one is left to the write that fails at it."""
        return (
            not self._renewing
            and self._lock.is_locked
            and all(os.path.exists(folder) for folder in self._layout.folders)
        )
