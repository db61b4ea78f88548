"""What the tests of the program share: images, folders of them, and a session that answers its own questions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from lsgui.document import Document
from lsgui.jobs import JobRunner
from lsgui.notices import Notice, Question
from lsgui.painting import PaintSettings
from lsgui.session import Session
from lsgui.shapes import stroke
from lsgui.tools import ToolBox
from model.checkpoint import Checkpoint, save
from model.classes import default_table
from model.images import Image
from model.input_range import InputRange
from model.labels import UNTOUCHED


class PatientQtBot(QtBot):
    """Waits by default as long as a busy machine may take: five seconds can be too short there."""

    def waitUntil(self, callback: Callable[[], object], *, timeout: int = 20_000) -> None:
        super().waitUntil(callback, timeout=timeout)

    def waitSignal(self, signal: object, *, timeout: int = 20_000, **more: object) -> object:
        return super().waitSignal(signal, timeout=timeout, **more)


@pytest.fixture
def qtbot(qapp: object, request: pytest.FixtureRequest) -> QtBot:
    return PatientQtBot(request)


@pytest.fixture
def document(qapp: object) -> Iterator[Document]:
    """A document with an untouched image of 80 x 60 pixels, a.png."""
    shape = (60, 80)
    pixels = np.random.default_rng(0).integers(0, 255, shape).astype(np.uint8)
    image = Image(name="a.png", pixels=pixels, spacing=None, unit="", window=None, notices=(), series=None)
    document = Document()
    document.load(image, np.full(shape, UNTOUCHED, np.uint8), np.zeros(shape, np.uint8))
    yield document
    document.deleteLater()


@dataclass
class Hand:
    """Whoever holds the tools: the mouse, in image pixels, and the keys."""

    document: Document
    painting: PaintSettings
    tools: ToolBox
    said: list[str] = field(default_factory=list)

    def drag(
        self,
        *path: tuple[float, float],
        button: Qt.MouseButton = Qt.MouseButton.LeftButton,
        modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
    ) -> None:
        """Press, move along and let go; a single point is a click."""
        self.tools.press(*path[0], button, modifiers)
        for point in path[1:]:
            self.tools.move(*point, modifiers)
        self.tools.release(*path[-1], button)

    def key(self, name: str) -> bool:
        """Return, Escape or Backspace."""
        return self.tools.key(getattr(Qt.Key, f"Key_{name}"))

    @property
    def label(self) -> np.ndarray:
        return self.document.label_map


@pytest.fixture
def make_hand(document: Document) -> Callable[..., Hand]:
    """Tools over the document of 80 x 60 pixels, class 6 and a brush of radius 3 in the hand."""

    def make(jobs: JobRunner | None = None) -> Hand:
        painting = PaintSettings()
        painting.set_classes(default_table())
        painting.class_value, painting.brush_radius = 6, 3
        hand = Hand(document, painting, ToolBox(document, painting, None, jobs))
        hand.tools.said.connect(lambda message: hand.said.append(str(message)))
        return hand

    return make


@pytest.fixture
def hand(make_hand: Callable[..., Hand]) -> Hand:
    """What takes its time is computed at once."""
    return make_hand()


@pytest.fixture
def image_folder(tmp_path: Path) -> Callable[..., Path]:
    """Makes a folder of small grey PNGs: `image_folder("a", "b", side=64)`."""

    def make(*stems: str, side: int = 64, folder: str = "images") -> Path:
        place = tmp_path / folder
        place.mkdir(exist_ok=True)
        for number, stem in enumerate(stems):
            pixels = np.random.default_rng(number).integers(0, 255, (side, side)).astype(np.uint8)
            Pillow.fromarray(pixels).save(place / f"{stem}.png")
        return place

    return make


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network far too small to know anything, for the default classes: it predicts in milliseconds."""
    import torch

    from model.network import LightningUnet, NetworkConfig

    torch.manual_seed(0)
    config = NetworkConfig(classes=14, width=8, heads=(1, 1, 1, 1), encoder_blocks=(1, 1, 1, 1), size=64)
    tensors = {name: tensor.numpy() for name, tensor in LightningUnet(config).state_dict().items()}
    path = tmp_path_factory.mktemp("weights") / "little.safetensors"
    header = {"network": asdict(config), "classes": default_table(), "input": InputRange("fixed", 0, 255)}
    save(path, Checkpoint(**header, metrics={}, name="little", tensors=tensors))
    return path


@dataclass
class Desk:
    """A session as its user meets it: `notices` is what it said, `answers` what it is told when it asks."""

    session: Session
    qtbot: QtBot
    notices: list[Notice] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)

    def ask(self, question: Question) -> str:
        self.questions.append(question)
        assert question.key in self.answers, f"an unexpected question: {question}"
        return self.answers[question.key]

    def said(self, part: str) -> bool:
        return any(part in str(notice.message) for notice in self.notices)

    def wait(self, condition: Callable[[], bool], seconds: float = 20) -> None:
        self.qtbot.waitUntil(condition, timeout=int(seconds * 1000))

    def settle(self) -> None:
        """Until nothing runs in any lane."""
        lanes = ("files", "predict", "housekeeping", "journal")
        self.wait(lambda: not any(self.session.jobs.busy(lane) for lane in lanes))

    def open(self, folder: Path, name: str | None = None) -> None:
        """Open a folder at an image, by default its first."""
        if name is None:
            self.session.open_folder(folder)
        else:
            self.session.open_file(folder / name)
        wanted = name or sorted(path.name for path in folder.glob("*.png"))[0]
        self.wait(lambda: self.session.document.name == wanted)
        self.settle()

    def paint(self, x: float = 20, y: float = 20, value: int = 6, radius: float = 5) -> None:
        """One stroke of one point."""
        document = self.session.document
        document.begin("Brush")
        document.preview(stroke((x, y), (x, y), radius, document.shape), value)
        document.commit()

    def save(self) -> None:
        """Until the map's file holds every edit."""
        self.wait(lambda: self.session.saved.kind == "clean")
        self.session.save()
        self.wait(lambda: self.session._parts.maps.is_mapped)  # an older write may be on its way, and another after it
        self.settle()


@pytest.fixture
def make_desk(qapp: object, qtbot: QtBot, tmp_path: Path, weights: Path) -> Iterator[Callable[..., Desk]]:
    desks: list[Desk] = []

    def make(demo_weights: Path | None = weights) -> Desk:
        session = Session(lambda question: desk.ask(question), tmp_path / "data", demo_weights, device="cpu")
        desk = Desk(session, qtbot)
        session.notice.connect(desk.notices.append)
        desks.append(desk)
        return desk

    yield make
    for desk in desks:
        desk.answers |= {"cannot_save": "leave", "training_ends": "quit"}
        assert desk.session.close()
        desk.session.deleteLater()


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    return make_desk()
