"""GDCM in a process of its own: over damaged JPEG Lossless or JPEG-LS it does not raise, it takes its process down."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
from pydicom.pixels import get_decoder

_SECONDS = 60
"""A frame that takes longer has sent the decoder round in circles."""


def decode(path: Path) -> np.ndarray:
    """Stored values of the first frame of the DICOM file at `path`: (H, W) or (H, W, 3). Raises ValueError."""
    return _decoder().decode(path)


@functools.cache
def _decoder() -> _Decoder:
    """One for the whole program: starting it takes half a second, a frame after that some milliseconds."""
    return _Decoder()


class _Decoder:
    """The child is started when it is first needed, and again after it has died. For any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: subprocess.Popen | None = None
        self._end_child: Callable[[], object] = lambda: None

    def decode(self, path: Path) -> np.ndarray:
        with self._lock:
            if self._child is None or self._child.poll() is not None:
                self._end_child()
                self._child = _start()
                self._end_child = weakref.finalize(self, _end, self._child)
            watchdog = threading.Timer(_SECONDS, self._child.kill)
            watchdog.start()
            try:
                return _ask(self._child, path)
            except (OSError, EOFError):
                self._end_child()
                raise ValueError("the decoder broke down over it") from None
            finally:
                watchdog.cancel()


def _start() -> subprocess.Popen:
    home = str(Path(__file__).parents[2])
    paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.Popen(
        [sys.executable, "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def _end(child: subprocess.Popen) -> None:
    child.kill()
    with contextlib.suppress(OSError):  # what was written and it has not read
        child.stdin.close()
    child.stdout.close()
    child.wait()


def _ask(child: subprocess.Popen, path: Path) -> np.ndarray:
    child.stdin.write(json.dumps(str(Path(path).absolute())).encode() + b"\n")
    child.stdin.flush()
    answer = json.loads(child.stdout.readline() or _broken())
    if "error" in answer:
        raise ValueError(answer["error"])
    data = child.stdout.read(answer["size"])
    if len(data) != answer["size"]:
        _broken()
    return np.frombuffer(data, np.dtype(answer["dtype"])).reshape(answer["shape"])


def _broken() -> bytes:
    raise EOFError


def serve() -> None:
    """The child: a path a line on stdin; on stdout a line of JSON and then the pixels. Ends with its stdin."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the decoder prints may not come between
    for line in sys.stdin.buffer:
        try:
            data = pydicom.dcmread(json.loads(line), force=True)
            decoder = get_decoder(data.file_meta.TransferSyntaxUID)
            pixels = np.ascontiguousarray(decoder.as_array(data, index=0, decoding_plugin="gdcm")[0])
        except Exception as error:  # noqa: BLE001 - whatever it is, the parent puts it into words
            answers.write(json.dumps({"error": str(error)}).encode() + b"\n")
        else:
            head = {"dtype": pixels.dtype.str, "shape": pixels.shape, "size": pixels.nbytes}
            answers.write(json.dumps(head).encode() + b"\n")
            answers.write(pixels.data)
        answers.flush()


if __name__ == "__main__":
    serve()
