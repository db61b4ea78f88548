"""What went wrong unexpectedly: into a log file, and into a notice; the program goes on."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QObject, Signal

from lsgui.notices import Notice
from model.messages import Message

BYTES, KEPT = 500_000, 3


class CrashLog(QObject):
    """Takes the place of the hooks for uncaught exceptions until `close`.

    Without a writable folder only stderr is left.
    """

    crashed = Signal(object)
    """A Notice."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.path = folder / "lsgui.log"
        self._handler = _file_handler(self.path)
        logging.getLogger().addHandler(self._handler)
        self._hooks: tuple[Callable, Callable] = (sys.excepthook, threading.excepthook)
        sys.excepthook = self._caught
        threading.excepthook = lambda args: self._caught(args.exc_type, args.exc_value, args.exc_traceback)

    def close(self) -> None:
        sys.excepthook, threading.excepthook = self._hooks
        logging.getLogger().removeHandler(self._handler)
        self._handler.close()

    def _caught(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt | SystemExit):
            self._hooks[0](kind, error, trace)
            return
        details = "".join(traceback.format_exception(kind, error, trace))
        logging.getLogger(__name__).error("uncaught\n%s", details)
        print(details, file=sys.stderr, end="")
        message = Message(
            "Something went wrong that the program did not expect: {reason}. Your work is still here; save it, and "
            "please report what is in the details.",
            {"reason": f"{kind.__name__}: {error}".rstrip(".")},
        )
        self.crashed.emit(Notice("error", message, details))


def _file_handler(path: Path) -> logging.Handler:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = RotatingFileHandler(
            path, maxBytes=BYTES, backupCount=KEPT, encoding="utf-8", errors="backslashreplace", delay=True
        )
    except OSError:
        handler = logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    return handler
