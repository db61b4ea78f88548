"""What the tools still compute when the program is about to end: it is awaited, and the user may say otherwise."""

from __future__ import annotations

from lsgui.context import Context
from lsgui.notices import Answer, Question
from lsgui.tools import ToolBox
from model.messages import Message

SECONDS_TO_WAIT = 5.0
"""Before it is asked whether to go on waiting."""


class Unfinished:
    """A preview that nobody has kept goes, a shape is finished; what will stay is not lost without a question."""

    def __init__(self, context: Context, tools: ToolBox) -> None:
        self._context = context
        self._tools = tools

    def done(self) -> bool:
        """No tool computes or shows anything any more. False when the user chose to stay."""
        self._tools.settle()
        self._tools.drop_preview()
        while not self._tools.complete(SECONDS_TO_WAIT):
            answer = self._context.ask(_still_computing(self._context.document.name))
            if answer == "stay":
                return False
            if answer == "leave":
                break
        self._tools.cancel()
        return True


def _still_computing(name: str) -> Question:
    return Question(
        "still_computing",
        Message("The last edit of {name} is still being computed. Wait for it?", {"name": name}),
        None,
        (
            Answer("wait", Message("Wait")),
            Answer("leave", Message("Leave without it"), destructive=True),
            Answer("stay", Message("Stay")),
        ),
        default="wait",
        cancel="stay",
    )
