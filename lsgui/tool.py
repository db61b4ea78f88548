"""What a tool of the pointer is: the protocol, what the canvas draws for it, and the base of the kinds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from PySide6.QtCore import Qt

from lsgui.document import Document
from lsgui.mask import Ink, Point
from lsgui.painting import BACKGROUND, PaintSettings
from lsgui.rules import Rules
from lsgui.selection import Selection
from model.messages import Message

if TYPE_CHECKING:
    from lsgui.jobs import JobRunner
    from model.prediction import Prediction

NO_MODIFIER = Qt.KeyboardModifier.NoModifier


@dataclass(frozen=True)
class Outline:
    """What the canvas draws for a tool, in image pixels: a circle or square, a line through `points`, or both."""

    circle: tuple[float, float, float] | None = None
    """x, y and radius."""
    points: tuple[Point, ...] = ()
    closed: bool = False
    erases: bool = False
    square: tuple[float, float, float] | None = None
    """x and y of its middle, and half its side."""
    fill: bool = False
    """Tint what `points` enclose."""
    handles: tuple[Point, ...] = ()
    held: int | None = None
    """Which of the handles is in the hand."""
    rings: tuple[tuple[Point, ...], ...] = ()
    """Closed lines."""
    busy: bool = False


class Tool(Protocol):
    """Coordinates are float image pixels and may lie outside the image. `pressure` is from 0 to 1; a mouse has 1."""

    active: bool
    busy: bool
    committing: bool
    waiting: bool
    has_corners: bool

    @property
    def cancellable(self) -> bool:
        """Esc ends something."""

    @property
    def gives_way(self) -> bool:
        """Alt and a click may pick a class meanwhile."""

    def press(
        self, x: float, y: float, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier, pressure: float = 1.0
    ) -> bool:
        """True when the tool takes the press; the canvas keeps what is refused for itself (window/level)."""

    def move(self, x: float, y: float, modifiers: Qt.KeyboardModifier = NO_MODIFIER, pressure: float = 1.0) -> None: ...
    def release(self, x: float, y: float, button: Qt.MouseButton) -> None: ...
    def double_click(self, x: float, y: float) -> bool: ...
    def key(self, key: int) -> bool: ...
    def undo(self) -> bool:
        """Take back the last step of a shape that is not finished; False when there is none."""

    def chosen(self) -> None:
        """It is now the tool in the hand."""

    def complete(self, deadline: float) -> None:
        """Have what will stay there before time.monotonic() is `deadline`, while this thread stands still."""

    def let_go(self) -> None:
        """Before the image is left: a stroke ends where it is, although the button is still held."""

    def settle(self) -> None:
        """Before another tool or image: what a hand has drawn and could finish is finished."""

    def cancel(self) -> None: ...
    def outline(self) -> Outline | None: ...
    def refuse(self) -> bool:
        """Say that a press has to wait for what it computes; True."""


@dataclass(frozen=True)
class Kit:
    """What every tool works with. Without `jobs` everything is computed at once."""

    document: Document
    painting: PaintSettings
    selection: Selection
    jobs: JobRunner | None
    predictions: Callable[[], Prediction | None]
    predict: Callable[[], None]
    """Ask for the prediction of the open image."""
    say: Callable[[Message], None]
    """Tells the user, in the status bar, why nothing happened."""
    redraw: Callable[[], None]
    """The outline is another."""
    scale: Callable[[], float]
    """Screen pixels per image pixel."""


class Idle:
    """A tool that does nothing yet: the base of the kinds."""

    active = False
    busy = False
    """It computes."""
    committing = False
    """It computes what will stay."""
    waiting = False
    """It shows a preview until Enter or Esc, without a hand on it."""
    has_corners = False
    """Backspace removes one."""

    def __init__(self, kit: Kit) -> None:
        self.kit = kit
        self.document = kit.document
        self.painting = kit.painting
        self.selection = kit.selection

    @property
    def cancellable(self) -> bool:
        return self.active

    @property
    def gives_way(self) -> bool:
        return not self.active

    def press(
        self, x: float, y: float, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier, pressure: float = 1.0
    ) -> bool:
        return False

    def move(self, x: float, y: float, modifiers: Qt.KeyboardModifier = NO_MODIFIER, pressure: float = 1.0) -> None:
        pass

    def release(self, x: float, y: float, button: Qt.MouseButton) -> None:
        pass

    def double_click(self, x: float, y: float) -> bool:
        return False

    def key(self, key: int) -> bool:
        return False

    def undo(self) -> bool:
        return False

    def chosen(self) -> None:
        pass

    def let_go(self) -> None:
        pass

    def settle(self) -> None:
        pass

    def complete(self, deadline: float) -> None:
        pass

    def cancel(self) -> None:
        pass

    def outline(self) -> Outline | None:
        return None

    def refuse(self) -> bool:
        self.kit.say(Message("Still computing; Esc cancels."))
        return True

    def pixel(self, x: float, y: float) -> tuple[int, int] | None:
        """The (column, row) under a point, or None outside the image."""
        column, row = int(np.floor(x)), int(np.floor(y))
        height, width = self.document.shape
        return (column, row) if 0 <= column < width and 0 <= row < height else None

    def rules(self, erasing: bool = False) -> Rules:
        """What may be painted now."""
        return self.painting.rules(self.selection.region, erasing)

    def ink(self, erasing: bool = False) -> Ink:
        """What the hand paints with now."""
        return Ink(BACKGROUND if erasing else self.painting.class_value)

    def may_paint(self, erasing: bool = False) -> bool:
        """False, and said why, while the class in the hand is locked."""
        locked = not erasing and self.painting.class_value in self.painting.locked
        if locked:
            self.kit.say(Message("This class is locked; unlock it to paint with it."))
        return not locked


def has(modifiers: Qt.KeyboardModifier, name: str) -> bool:
    return bool(modifiers & getattr(Qt.KeyboardModifier, name))
