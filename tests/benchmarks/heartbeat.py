"""The longest time the GUI thread was blocked, while each kind of work runs beside it. Run by hand; prints a table.

    python tests/benchmarks/heartbeat.py [--side 4096] [--weights W] [--window] [--no-training]

A timer beats every 2 ms; the longest pause between two beats is what a user would feel. Without --weights a small network with
random weights predicts: what it says does not matter here.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from PySide6.QtCore import QEventLoop, QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication

from lsgui.notices import Question
from lsgui.session import Session
from lsgui.shapes import stroke
from model.checkpoint import Checkpoint, save
from model.classes import default_table
from model.input_range import InputRange
from model.opencv import cv2
from model.options import FineTuneOptions

GOAL_MS, GOAL_ONCE_MS = 50, 500
BEAT_MS = 2


@dataclass
class Heart(QObject):
    """Beats whenever the event loop is free, and remembers the longest pause."""

    last: float = 0.0
    longest: float = 0.0
    pauses: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._timer = QTimer(self, interval=BEAT_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.beat)
        self._timer.start()

    def reset(self) -> None:
        self.last, self.longest, self.pauses = time.perf_counter(), 0.0, []

    def beat(self) -> None:
        now = time.perf_counter()
        self.pauses.append(now - self.last)
        self.longest = max(self.longest, now - self.last)
        self.last = now


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--side", type=int, default=4096)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--window", action="store_true", help="with the real window over the session")
    parser.add_argument("--no-training", action="store_true")
    options = parser.parse_args()
    application = _application(options.window)
    with tempfile.TemporaryDirectory() as place:
        folder = _images(Path(place), options.side)
        weights = options.weights or _random_weights(Path(place))
        session, window = _session(application, folder, weights, options.window)
        try:
            _measure(session, folder, weights, not options.no_training)
        finally:
            session.close()
            if window is not None:
                window.close()


def _measure(session: Session, folder: Path, weights: Path, training: bool) -> None:
    heart, document = Heart(), session.document
    rows: list[tuple[str, float, float]] = []

    def run(name: str, start: Callable[[], None], until: Callable[[], bool]) -> None:
        heart.reset()
        begun = time.perf_counter()
        start()
        while not until():
            QGuiApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
        heart.beat()  # what ended the work may have been the longest
        rows.append((name, 1000 * heart.longest, time.perf_counter() - begun))
        print(f"{name:46s} {rows[-1][1]:8.1f} ms   {rows[-1][2]:8.2f} s", flush=True)

    def idle() -> bool:
        return not any(session.jobs.busy(lane) for lane in ("files", "predict", "housekeeping", "display"))

    print(f"{'while':46s} {'longest':>11s}   {'took':>10s}")
    settled = time.monotonic() + 2
    run("starting", lambda: None, lambda: time.monotonic() > settled)
    calm = time.monotonic() + 5
    run("doing nothing: what the machine itself adds", lambda: None, lambda: time.monotonic() > calm)
    run(
        "opening the folder and its first image",
        lambda: session.open_folder(folder),
        lambda: document.name == "a.png" and idle(),
    )
    run("opening the next image", session.next_image, lambda: document.name == "b.png" and idle())
    run(
        "predicting for the first time (loads torch)",
        session.predict,
        lambda: session.prediction is not None and idle(),
    )
    document.undo()
    run("predicting again", session.predict, lambda: not session.jobs.jobs and idle())
    run("autosaving", lambda: (_paint(session), session.save()), lambda: session.saved.kind == "clean" and idle())
    run("saving the label", session.save_label, lambda: session.saved.kind == "clean" and idle())
    run("clearing, autosaved a second later", session.clear_map, lambda: session.saved.kind == "clean" and idle())
    run(
        "leaving an image with unsaved work",
        lambda: (_paint(session), session.previous_image()),
        lambda: document.name == "a.png" and idle(),
    )
    if training:
        chosen = FineTuneOptions(weights=weights, epochs=1, batch=1, crop=64)
        run("fine-tuning", lambda: session.fine_tune(chosen), lambda: not session.training.active)
    late = [name for name, longest, _ in rows[1:] if longest > (GOAL_ONCE_MS if "torch" in name else GOAL_MS)]
    print(
        f"goal: {GOAL_MS} ms, and {GOAL_ONCE_MS} ms once while torch loads:",
        "missed by " + ", ".join(late) if late else "met",
    )


def _paint(session: Session) -> None:
    document = session.document
    document.begin("Brush")
    document.preview(stroke((200, 200), (200, 200), 50, document.shape), 6)
    document.commit()


def _application(window: bool) -> QGuiApplication:
    if not window:
        return QGuiApplication(sys.argv)
    from PySide6.QtWidgets import QApplication

    return QApplication(sys.argv)


def _session(application: QGuiApplication, folder: Path, weights: Path, window: bool) -> tuple[Session, object]:
    if not window:
        return Session(_ask, folder / "data", weights), None
    from lsgui.app import Options, Program

    program = Program(application, Options(weights=weights), None, folder / "data")
    program.session._parts.context.ask = _ask
    program.start()
    return program.session, program.window


def _ask(question: Question) -> str:
    return question.default


def _images(place: Path, side: int) -> Path:
    """Two images with the texture of something, since an even one would be read and written too fast."""
    folder = place / "images"
    folder.mkdir()
    random = np.random.default_rng(0)
    for name in "ab":
        rough = random.integers(0, 255, (side // 16, side // 16)).astype(np.uint8)
        smooth = cv2.resize(rough, (side, side), interpolation=cv2.INTER_CUBIC)
        Pillow.fromarray(cv2.add(smooth, random.integers(0, 9, (side, side)).astype(np.uint8))).save(
            folder / f"{name}.png", compress_level=1
        )
    return folder


def _random_weights(place: Path) -> Path:
    """Made in a child: this process must not have loaded torch before its first prediction."""
    import subprocess

    path = place / "random.safetensors"
    code = f"from tests.benchmarks.heartbeat import save_random; save_random({str(path)!r})"
    checkout = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=checkout)
    return path


def save_random(path: str) -> None:
    from model.network import LightningUnet
    from model.presets import tiny

    config = tiny(14)
    tensors = {name: tensor.numpy() for name, tensor in LightningUnet(config).state_dict().items()}
    save(
        Path(path),
        Checkpoint(
            network=asdict(config),
            classes=default_table(),
            input=InputRange("fixed", 0, 255),
            name="random",
            tensors=tensors,
        ),
    )


if __name__ == "__main__":
    main()
