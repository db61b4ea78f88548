"""The fine-tuning process: started, listened to, told to stop, and never left behind."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

import model
from lsgui.lane import step_back
from model import events
from model.options import FineTuneOptions

_CANCEL_MS = 5000
"""A child that has not stopped by then is killed; it promises 2 s."""
_KEPT_OUTPUT = 20_000


@dataclass(frozen=True)
class Ended:
    """How the process ended. `output` is what it wrote besides its events, for the details of a notice."""

    exit_code: int
    crashed: bool
    cancelled: bool
    output: str


class FineTuneChild(QObject):
    """One `python -m model finetune` at a time. Its stdin stays open: when this program dies, so does the child."""

    event = Signal(object)
    ended = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._process: QProcess | None = None
        self._cancelled = False
        self._rest = b""
        self._output = ""
        self._patience = QTimer(self, singleShot=True, interval=_CANCEL_MS)
        self._patience.timeout.connect(self.kill)

    @property
    def running(self) -> bool:
        return self._process is not None

    @property
    def pid(self) -> int:
        """The process id; 0 when nothing runs."""
        return self._process.processId() if self._process is not None else 0

    def start(self, folder: Path, root: Path, options: FineTuneOptions) -> None:
        """Fine-tune on the saved labels of the workspace at `root`, whose images are in `folder`."""
        arguments = ["finetune", str(folder), "--root", str(root), *options.arguments(), "--watch-stdin"]
        self.run([sys_python(), "-m", "model", *arguments])

    def run(self, command: Sequence[str]) -> None:
        """Start any program that speaks the same lines."""
        if self._process is not None:
            raise RuntimeError("a fine-tuning is running already")
        self._cancelled, self._rest, self._output = False, b"", ""
        process = self._process = QProcess(self)
        process.setProcessEnvironment(_environment())
        # Python puts the working directory first on its path: a folder "model" of the user's must not be found there.
        process.setWorkingDirectory(str(_package_folder()))
        process.readyReadStandardOutput.connect(self._read_lines)
        process.readyReadStandardError.connect(self._read_errors)
        process.started.connect(lambda: step_back(process.processId()))
        process.finished.connect(self._finished)
        process.errorOccurred.connect(self._error)
        process.start(command[0], list(command[1:]))

    def finish(self) -> None:
        """Ask it to come to its end early, with a model."""
        if self._process is not None:
            self._process.write(b"finish\n")

    def cancel(self) -> None:
        """Ask it to stop; it is killed when it does not within `_CANCEL_MS`."""
        if self._process is not None:
            self._cancelled = True
            self._process.write(b"cancel\n")
            self._patience.start()

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()

    def stop(self, seconds: float) -> bool:
        """For closing: cancel, wait, then kill. Blocks for at most `seconds`; False when even that did not help."""
        process = self._process
        if process is None:
            return True
        deadline = time.monotonic() + seconds
        self.cancel()
        process.closeWriteChannel()
        if not process.waitForFinished(int(max(deadline - time.monotonic() - 1, 0) * 1000)):
            process.kill()
            process.waitForFinished(1000)
        return self._process is None

    def _read_lines(self) -> None:
        self._rest += self._process.readAllStandardOutput().data()
        *lines, self._rest = self._rest.split(b"\n")
        for line in lines:
            text = line.decode("utf-8", "replace").rstrip("\r")
            event = events.from_line(text)
            if event is not None:
                self.event.emit(event)
            elif text:
                self._keep(text + "\n")

    def _read_errors(self) -> None:
        self._keep(self._process.readAllStandardError().data().decode("utf-8", "replace"))

    def _keep(self, text: str) -> None:
        self._output = (self._output + text)[-_KEPT_OUTPUT:]

    def _error(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._keep(self._process.errorString())
            self._end(-1, crashed=True)

    def _finished(self, exit_code: int, status: QProcess.ExitStatus) -> None:
        self._read_lines()
        self._read_errors()
        self._end(exit_code, crashed=status == QProcess.ExitStatus.CrashExit)

    def _end(self, exit_code: int, crashed: bool) -> None:
        process, self._process = self._process, None
        self._patience.stop()
        process.deleteLater()
        self.ended.emit(Ended(exit_code, crashed, self._cancelled, self._output.strip()))


def sys_python() -> str:
    """The interpreter for children: on Windows the one with a console's streams, which Qt starts without a window."""
    executable = Path(sys.executable)
    console = executable.with_name("python.exe")
    return str(console if executable.name.lower() == "pythonw.exe" and console.exists() else executable)


def _package_folder() -> Path:
    """The folder that holds `model`: the checkout, or an installed wheel's site-packages."""
    return Path(model.__file__).resolve().parent.parent


def _environment() -> QProcessEnvironment:
    environment = QProcessEnvironment.systemEnvironment()
    environment.insert("PYTHONUNBUFFERED", "1")
    environment.insert("PYTHONUTF8", "1")
    paths = [str(_package_folder()), environment.value("PYTHONPATH")]
    environment.insert("PYTHONPATH", os.pathsep.join(path for path in paths if path))
    return environment
