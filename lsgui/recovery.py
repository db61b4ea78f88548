"""After a crash: which images hold edits that no map holds yet, and what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QObject, Signal

from lsgui.context import Context
from lsgui.map_writing import MapWriting
from lsgui.opening import Opening
from lsgui.saving import Saving
from model.errors import ModelError
from model.messages import Message
from model.progress import Progress, Report
from model.workspace import Workspace

RESTORE, DISCARD = "restore", "discard"


class Recovery(QObject):
    """Nothing is lost by waiting: an image that is opened shows its edits in any case."""

    found = Signal(object)
    """The list of Unsaved to ask about, newest first."""

    def __init__(
        self, context: Context, saving: Saving, maps: MapWriting, opening: Opening, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._saving = saving
        self._maps = maps
        self._opening = opening
        self._asked: frozenset[str] = frozenset()
        """Images of which nobody has said yet what shall become of them."""
        self._answer: dict[str, str] | None = None
        opening.opened.connect(self._opened)
        opening.failed.connect(self._go_on)

    def look(self) -> None:
        """Tell of what a crash left in the folder that has just been opened."""
        unsaved = [item for item in self._context.workspace.edits.unsaved() if item.name != self._context.document.name]
        self._asked, self._answer = frozenset(item.name for item in unsaved), None
        if unsaved:
            self.found.emit(unsaved)

    def recover(self, choices: Mapping[str, str]) -> None:
        """Image name -> restore (write its map from the journal) or discard (the journal goes to `kept/`).

        Others wait on. An image that is on its way to the screen is awaited: it would show, and write to, what is gone.
        """
        self._answer = dict(choices)
        if not self._opening.under_way:
            self._go_on()

    def _opened(self) -> None:
        if self._context.document.name not in self._asked:
            self._tell_of_the_open_image()
        self._go_on()

    def _go_on(self, *ignored: object) -> None:
        workspace, choices = self._context.workspace, self._answer
        if choices is None or self._opening.under_way:
            return
        self._asked, self._answer = frozenset(), None
        if workspace is not None and choices:
            self._saving.flush(lambda saved: self._recover(workspace, choices) if saved else None, maps=False)

    def _tell_of_the_open_image(self) -> None:
        name, edits = self._context.document.name, self._opening.recovered
        if edits:
            self._context.tell(
                "info",
                Message(
                    "{name} was not saved when the program ended; its last edits were restored: {count}.",
                    {"name": name, "count": edits},
                ),
            )

    def _recover(self, workspace: Workspace, choices: dict[str, str]) -> None:
        """What is open has been restored already, so that only its file has to follow."""
        shown = self._context.document.name
        if choices.get(shown) == RESTORE:
            del choices[shown]
            self._maps.write()
            self._tell_of_the_open_image()

        def done(problems: list[Message]) -> None:
            if workspace is not self._context.workspace:
                return
            self._context.update_entries()
            for problem in problems:
                self._context.tell("error", problem)
            if shown in choices and shown == self._context.document.name:
                self._opening.reload()

        self._context.jobs.submit(
            "files",
            Message("Restoring images"),
            lambda report: _carry_out(workspace, choices, report),
            done,
            cancellable=False,
        )


def _carry_out(workspace: Workspace, choices: Mapping[str, str], report: Report) -> list[Message]:
    """In the files lane: why single images could not be restored or discarded."""
    problems = []
    for number, (name, choice) in enumerate(choices.items()):
        report(Progress(number / len(choices), Message("{name}", {"name": name})))
        try:
            (workspace.edits.restore if choice == RESTORE else workspace.edits.discard)(name)
        except ModelError as error:
            problems.append(error.message)
    return problems
