"""A lane: one thread that does one thing after the other."""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import threading
from collections.abc import Callable

_NAME = "lsgui "
_NICENESS = 5


class Lane:
    """One thread and its queue. A daemon: a call that never ends cannot keep the program from ending."""

    def __init__(self, name: str) -> None:
        self._queue: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=_NAME + name, daemon=True)
        self._thread.start()

    def put(self, call: Callable[[], None]) -> None:
        self._queue.put(call)

    def close(self) -> None:
        self._queue.put(None)

    def join(self, seconds: float) -> bool:
        self._thread.join(max(seconds, 0))
        return not self._thread.is_alive()

    def _work(self) -> None:
        step_back(threading.get_native_id())
        while (call := self._queue.get()) is not None:
            call()
            del call  # with it goes what it has made, which would else stay until the next call


def leave(code: int) -> int:
    """To be called last: returns the exit code, or ends the process at once where a lane goes on after `close`.

    Python would take itself apart around it, and torch, in the middle of an operation, would then abort the process.
    """
    if any(thread.name.startswith(_NAME) for thread in threading.enumerate()):
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        os._exit(code)
    return code


def step_back(task: int) -> None:
    """Let the window go first when every core is busy: `task` is the id of a thread that is about to load torch, or of
    a child's first thread; threads they start inherit it. Only Linux has priorities of single threads."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, task, _NICENESS)
