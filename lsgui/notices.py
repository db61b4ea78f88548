"""What the program says and asks: values that a view shows, and that a test reads and answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from model.messages import Message


@dataclass(frozen=True)
class Notice:
    """One sentence that needs no answer. `level` is info, warning or error; `details` can be folded away."""

    level: str
    message: Message
    details: str = ""


@dataclass(frozen=True)
class Answer:
    key: str
    text: Message
    destructive: bool = False


@dataclass(frozen=True)
class Question:
    """`default` is what Enter answers (never a destructive one), `cancel` what Esc and closing the dialog answer."""

    key: str
    message: Message
    detail: Message | None
    answers: tuple[Answer, ...]
    default: str
    cancel: str


Ask = Callable[[Question], str]
"""Shows a question and returns the key of the answer."""
