"""StopRequest: hears that a training should stop, by stdin or by a signal, and sees to it that it does in time; and, by
stdin, that it should come to its end early.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable

from model.commands.console import Exit, say
from model.commands.teller import Teller
from model.errors import ModelError
from model.events import Stopped
from model.run_log import failed

PATIENCE = 1.2
"""Seconds that the training gets to end by itself; one step of a large network on a CPU can take longer."""


class StopRequest:
    """After `watch`, `asked` turns true when someone wants to stop. If the work is not `done` soon after, the process
    ends at once: its state was saved after an epoch, and a run without a process counts as interrupted. `finishing` turns
    true when what has been learned is wanted, without the rest; for that nobody is impatient.
    """

    def __init__(
        self,
        teller: Teller,
        watch_stdin: bool,
        listens: bool = True,
        patience: float = PATIENCE,
        code: int = Exit.STOPPED,
    ) -> None:
        """One that does not listen hears signals only; `code` is what the process ends with after its `patience`."""
        self._teller = teller
        self._watch_end, self._listens = watch_stdin, listens
        self._patience, self._code = patience, code
        self.failure: Callable[[], ModelError | None] = lambda: None
        """What ended the work in truth, if it was no wish; asked when the process has to end at once."""
        self._event = threading.Event()
        self._early = threading.Event()
        self._done = threading.Event()
        self._before: dict[int, object] = {}
        self._mouth: socket.socket | None = None

    def watch(self) -> None:
        """Listen from now on. For the main thread only: signals are heard there."""
        _thread(self._see_to_it)
        if self._listens and (self._watch_end or not (sys.stdin and sys.stdin.isatty())):
            _thread(self._listen)
        ears, self._mouth = socket.socketpair()
        self._mouth.setblocking(False)
        signal.set_wakeup_fd(self._mouth.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM):  # without a handler of Python's no wake-up byte is sent
            self._before[number] = signal.signal(number, lambda *_: None)
        _thread(lambda: self._hear(ears))

    def asked(self) -> bool:
        return self._event.is_set() or self._teller.deaf.is_set()

    def finishing(self) -> bool:
        return self._early.is_set()

    def done(self) -> None:
        """The work has ended by itself; signals mean again what they meant before."""
        self._done.set()
        if self._mouth is None:
            return
        signal.set_wakeup_fd(-1)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._mouth.close()

    def _hear(self, ears: socket.socket) -> None:
        """A byte for each signal, from C, so that it is heard even while torch is in the middle of a long step."""
        with ears:
            if ears.recv(1):
                self._event.set()

    def _listen(self) -> None:
        """Read stdin below Python's buffers, whose lock would otherwise be held when the interpreter shuts down."""
        heard, wishes = b"", {b"cancel": self._event, b"finish": self._early}
        while True:
            try:
                part = os.read(0, 4096)
            except OSError:
                part = b""
            if not part:
                if self._watch_end:
                    self._event.set()
                return
            heard += part
            *lines, heard = heard.split(b"\n")
            for word in (line.strip() for line in lines):
                if word in wishes:
                    wishes[word].set()

    def _see_to_it(self) -> None:
        self._event.wait()
        if not self._done.wait(self._patience):
            failure = None
            with contextlib.suppress(Exception):
                failure = self.failure()
                self._teller.tell(Stopped(self._teller.run) if failure is None else failed(failure))
                if failure is not None:
                    say(failure)
            os._exit(self._code if failure is None else Exit.NOTHING_DONE)


def end_with_parent() -> None:
    """From now on this process ends when the one that started it does: a torchrun that is killed ends nothing itself."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(Exit.STOPPED)

    _thread(watch)


def _thread(work: Callable[[], None]) -> None:
    threading.Thread(target=work, daemon=True).start()
