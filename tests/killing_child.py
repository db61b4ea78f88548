"""An analyst in a hurry, to be killed at any moment: edits at random, and tells of each edit before it goes on."""

from __future__ import annotations

import functools
import hashlib
import os
import random
import sys
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

import lsgui.history
import lsgui.map_writing
import model.journal_file
from lsgui.app import Options, Program
from lsgui.history import Commit
from lsgui.journal_writer import JournalWriter
from lsgui.session import Session
from lsgui.shapes import stroke
from model.options import FineTuneOptions
from model.prediction import Prediction

SIDE = 192


@dataclass(frozen=True)
class Told:
    """An edit of an image: when it was made (time.monotonic()), and both planes after it."""

    image: str
    moment: float
    planes: str


@dataclass(frozen=True)
class Task:
    """One life. `kind` is bare, window or finetune. A `calm` one stays with an image, and maps are written as rarely
    as they are for people: then the journal alone has to hold everything."""

    folder: Path
    data: Path
    weights: Path
    seed: int
    kind: str
    calm: bool


def digest(label_map: np.ndarray, provenance: np.ndarray) -> str:
    return hashlib.sha256(label_map.tobytes() + provenance.tobytes()).hexdigest()[:24]


def live(connection: Connection, task: Task) -> None:
    """Until it is killed. Sends "ready", "saving", "tuning" and every edit."""
    platform = [] if task.kind == "window" else ["-platform", "offscreen"]
    if not task.calm:
        make_everything_happen_often()
    if task.kind == "window":
        application: Any = QApplication([sys.argv[0], *platform])
        program = Program(application, Options(), None, task.data)
        program.ask = lambda question: question.default
        program.session._parts.context.ask = program.ask
        session = program.session
        program.start()
    else:
        application = QGuiApplication([sys.argv[0], *platform])
        session = Session(lambda question: question.default, task.data, task.weights, device="cpu")
    analyst = Analyst(session, connection, task)
    session.open_folder(task.folder)
    application.exec()
    del analyst


def make_everything_happen_often() -> None:
    """Maps are written and journals compacted within a life of three seconds."""
    model.journal_file.Limits = functools.partial(model.journal_file.Limits, idle=6_000, replayed=6_000, steps=60)
    lsgui.history.MOST_STEPS = 60  # no more than a journal's: the history is told first of what is dropped
    lsgui.map_writing.MAP_MS = 400


class Analyst:
    def __init__(self, session: Session, connection: Connection, task: Task) -> None:
        self.session = session
        self.document = session.document
        self.random = random.Random(task.seed)
        self.numbers = np.random.default_rng(task.seed)
        self._told_of_tuning = False
        self._connection = connection
        self._task = task
        self._tell_before_the_journal_knows()
        session.image_opened.connect(self._opened)
        self._timer = QTimer(singleShot=True)
        self._timer.timeout.connect(self.act)

    def act(self) -> None:
        """One thing, and soon the next."""
        acts = [(self.paint, 12), (self.undo, 4), (self.redo, 2), (self.jump, 1), (self.clear, 0.2)]
        if not self._task.calm:
            acts += [(self.switch, 2), (self.save, 1), (self.label, 1), (self.predict, 1), (self.undo_anywhere, 0.5)]
        act = self.random.choices([act for act, _ in acts], [weight for _, weight in acts])[0]
        if self.document.image is not None:
            act()
        self._timer.start(self.random.choice((0, 0, 2, 10, 60)))

    def paint(self) -> None:
        document, value = self.document, self.random.randrange(14)
        document.begin("Brush")
        for _ in range(self.random.randrange(1, 5)):
            centre = self.random.uniform(0, SIDE), self.random.uniform(0, SIDE)
            document.preview(stroke(centre, centre, self.random.uniform(1, 40), document.shape), value)
        document.commit()

    def undo(self) -> None:
        self.document.undo()

    def redo(self) -> None:
        self.document.redo()

    def undo_anywhere(self) -> None:
        self.session.undo_anywhere()

    def jump(self) -> None:
        self.document.jump(self.random.randint(0, len(self.document.history.steps)))

    def switch(self) -> None:
        (self.session.next_image if self.random.random() < 0.5 else self.session.previous_image)()

    def save(self) -> None:
        self._connection.send("saving")
        self.session.save()

    def label(self) -> None:
        self._connection.send("saving")
        (self.session.save_label if self.random.random() < 0.5 else self.session.accept)()

    def clear(self) -> None:
        self.session.clear_map()

    def predict(self) -> None:
        """As the prediction's result arrives; the network itself is not what is killed here."""
        name, workspace = self.document.name, self.session.workspace
        plane = np.kron(self.numbers.integers(0, 14, (6, 6)), np.ones((32, 32))).astype(np.uint8)
        scores = np.zeros((14, SIDE // 4, SIDE // 4), np.uint8)
        prediction = Prediction(plane, np.full((SIDE, SIDE), 200, np.uint8), scores, tuple(range(14)), "run 1")
        self.document.apply_prediction(plane)
        text = lsgui.map_writing.Message("Saving the prediction")
        self.session.jobs.submit(
            "files", text, lambda report: workspace.write_prediction(name, prediction, shown=True), quiet=True
        )

    def _opened(self) -> None:
        if not self._timer.isActive():
            self._connection.send("ready")
            self._timer.start(0)
            if self._task.kind == "finetune":
                self._tune = QTimer(interval=100)
                self._tune.timeout.connect(self.fine_tune)
                self._tune.start()

    def fine_tune(self) -> None:
        """From the first label on, and again when one has ended. Sends "tuning" when it has begun to learn."""
        training = self.session.training
        if training.loss and not self._told_of_tuning:
            self._told_of_tuning = True
            self._connection.send("tuning")
        if not training.active and self.session.workspace.labelled():
            options = FineTuneOptions(self._task.weights, seconds=60, batch=1, crop=64, device="cpu")
            self.session.fine_tune(options)
        elif not training.active:
            self.session.save_label()

    def _tell_before_the_journal_knows(self) -> None:
        put, document, connection = JournalWriter.put, self.document, self._connection

        def told(writer: JournalWriter, commit: Commit) -> bool:
            planes = digest(document.label_map, document.provenance)
            connection.send(Told(document.name, time.monotonic(), planes))
            return put(writer, commit)

        JournalWriter.put = told


def prepare() -> None:
    """For the server that lives are forked from: everything is imported, and no window is made yet."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
