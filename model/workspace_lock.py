"""One program at a time writes a workspace, and a program that crashes leaves nothing locked."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

from model import disk
from model.errors import WorkspaceError
from model.layout import WORKSPACE_FOLDER, Layout


class WorkspaceLocked(WorkspaceError):
    """Another program has the workspace open."""


class WorkspaceNotWritable(WorkspaceError):
    """The workspace cannot be written where it is; open it with another root."""


def take_lock(root: Path) -> FileLock:
    """Make the folders of the workspace at `root` and lock it. Raises WorkspaceLocked or WorkspaceNotWritable.

    The lock is the system's, which lets go of it when the program dies. Taking it also proves that we can write.
    """
    layout = Layout(root)
    lock = FileLock(layout.lock, timeout=0, thread_local=False)
    try:
        for folder in layout.folders:
            disk.make_folder(folder)
        disk.sync_folder(root)
        disk.sync_folder(root.parent)
        lock.acquire()
    except Timeout as error:
        raise WorkspaceLocked(
            "{folder} is open in another window of this program; close it there, or open another folder.",
            folder=str(root.parent if root.name == WORKSPACE_FOLDER else root),
        ) from error
    except OSError as error:
        raise not_writable(root, error) from error
    return lock


def not_writable(root: Path, error: OSError) -> WorkspaceNotWritable:
    return WorkspaceNotWritable(
        "{folder} cannot be written ({reason}); choose another place for labels and predictions.",
        folder=str(root),
        reason=error.strerror or str(error),
    )
