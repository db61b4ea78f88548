"""Teller: events as JSON lines on stdout, and for a person at a terminal as progress on stderr; not both on one screen."""

from __future__ import annotations

import threading
from typing import TextIO

from model.commands.console import Bar, say
from model.events import Baseline, Epoch, Event, Finished, Notice, Started, Step, to_line


class Teller:
    """May be told from several threads. `run` is the number of the run, 0 before it began."""

    def __init__(self, lines: TextIO, people: TextIO) -> None:
        self.run = 0
        self.deaf = threading.Event()
        """Set once nobody reads the lines any more."""
        self._lines, self._people = lines, people
        self._people_watch = people.isatty()
        self._lines_are_read = not (self._people_watch and lines.isatty())
        self._bar = Bar(people)
        self._baseline: float | None = None
        self._epochs = self._held_out = 0
        self._lock = threading.Lock()

    def tell(self, event: Event) -> None:
        if isinstance(event, Started):
            self.run, self._epochs, self._held_out = event.run, event.epochs, event.held_out
        with self._lock:
            if self._lines_are_read:
                self._write(event)
            if self._people_watch:
                self._show(event)

    def _write(self, event: Event) -> None:
        try:
            self._lines.write(to_line(event) + "\n")
            self._lines.flush()
        except OSError:
            self.deaf.set()

    def _show(self, event: Event) -> None:
        if isinstance(event, Step):
            fraction = (event.epoch - 1 + event.step / event.steps) / max(self._epochs, 1)
            self._bar.draw(fraction, f"epoch {event.epoch} of {self._epochs}  loss {event.loss:.3f}")
            return
        self._bar.clear()
        line = self._sentence(event)
        if line:
            say(line, self._people)

    def _sentence(self, event: Event) -> str | None:
        match event:
            case Started():
                others = f", {event.unlabelled} more have no label" if event.unlabelled else ""
                counts = f"{event.train} images train{others}, {event.held_out} are held out"
                return f"Run {event.run} on {event.device}: {counts}."
            case Baseline():
                self._baseline = event.mean
                return f"The model before scores a mean Dice of {event.mean:.3f} on the held-out images."
            case Epoch():
                dice = "" if event.mean is None else f"  held-out Dice {event.mean:.3f}"
                return (
                    f"Epoch {event.epoch} of {event.epochs}  loss {event.loss:.3f}{dice}  {event.remaining:.0f} s left"
                )
            case Notice():
                return str(event.message)
            case Finished():
                none = (
                    "not measured, what is held out gives no score"
                    if self._held_out
                    else "not measured, nothing is held out"
                )
                mean = none if event.mean is None else f"{event.mean:.3f}"
                before = "" if event.baseline_mean is None else f" (before: {event.baseline_mean:.3f})"
                return f"Done. Held-out Dice {mean}{before}. Weights: {event.weights}"
        return None
