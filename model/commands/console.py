"""What the commands share: exit codes, a progress bar for a terminal, and sentences on stderr."""

from __future__ import annotations

import os
import shutil
import sys
from enum import IntEnum
from typing import TextIO

from model.cores import let_waiting_threads_sleep


class Exit(IntEnum):
    """What the exit code of every command means; argparse itself ends with 2 for wrong usage."""

    DONE = 0
    SOME_FAILED = 1
    USAGE = 2
    NOTHING_DONE = 3
    STOPPED = 4


class HalfDone(Exception):
    """An error, its cause, has ended a command that has done some of its work."""


EXIT_CODES = """exit codes:
  0  all done
  1  some inputs failed, the others are done; or an error ended it half-way
  2  wrong usage
  3  nothing could be done; stderr says why
  4  stopped before the end"""


def say(sentence: object, stream: TextIO | None = None) -> None:
    """One line for a person, on stderr."""
    print(sentence, file=stream or sys.stderr, flush=True)


def widen(stream: TextIO | None) -> None:
    """Have a stream take every name: what is not read on a screen is UTF-8, as JSON is, whatever the system's own is."""
    if stream is None:  # a program without a console
        return
    if stream.isatty():
        stream.reconfigure(errors="backslashreplace")
    else:
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")


class Bar:
    """A progress bar on one line of a terminal; where stderr is not a terminal it draws nothing."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._shown = self._stream.isatty()

    def draw(self, fraction: float, text: str) -> None:
        """`fraction` is in 0..1; `text` follows the bar, cut to the terminal's width."""
        if not self._shown:
            return
        filled = round(20 * min(max(fraction, 0.0), 1.0))
        line = f"[{'#' * filled}{'.' * (20 - filled)}] {text}"
        width = shutil.get_terminal_size().columns - 1
        self._stream.write("\r" + line[:width].ljust(width))
        self._stream.flush()

    def clear(self) -> None:
        """Make room for a sentence."""
        if self._shown:
            self._stream.write("\r" + " " * (shutil.get_terminal_size().columns - 1) + "\r")
            self._stream.flush()


def share_the_cores() -> None:
    """Make torch and OpenCV good neighbours on a busy computer. Call it before torch is imported.

    OpenCV's own threads would only compete with torch's.
    """
    let_waiting_threads_sleep()
    from model.opencv import cv2

    cv2.setNumThreads(1)


def quiet_broken_pipe() -> None:
    """The reader of stdout has gone: point it at nothing, so that Python's own flush at the end does not complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
