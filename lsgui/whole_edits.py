"""Edits of every pixel: at once, or on a large image worked out beside the window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lsgui.context import Context
from lsgui.document_edits import cleared, predicted, rest_is_background, reverted
from lsgui.failures import Failure
from lsgui.mask import AnyRegion, Edit, Ink, MaskPatch, filled, patch_of, whole_patch
from lsgui.rules import FREE
from lsgui.snapshot import Snapshot
from model.messages import Message
from model.progress import Report
from model.provenance import ACCEPTED, MODEL

AT_ONCE = 1 << 22
"""Pixels that take about as long as a frame."""
_TRIES = 3
"""As often it is worked out anew because somebody has painted meanwhile; then at once, however long that takes."""


@dataclass(eq=False)
class _Asked:
    """`find` works the patch out in a lane; `at_once` does the same to the document. `then` when it is there."""

    text: str
    find: Callable[[Snapshot], MaskPatch | None]
    at_once: Callable[[], bool]
    then: Callable[[], None]
    hurries: bool
    """A person asked for it: it is done before the image is left."""
    tries: int = 0


class WholeEdits:
    """The image can be painted while an edit is worked out; then the edit is made for what has become of it."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._pending: list[_Asked] = []

    def predict(self, label_map: np.ndarray, then: Callable[[], None]) -> None:
        """The model's result, beneath what a person has set. Not during a gesture; `then` when it is there."""
        document = self._context.document

        def at_once() -> bool:
            return document.apply_prediction(label_map)

        self._do(_Asked("Predict", _whole(predicted(label_map)), at_once, then, hurries=False))

    def revert(self, label_map: np.ndarray) -> None:
        """The model's result everywhere, over a person's pixels too; a running gesture is taken back."""
        document = self._context.document
        self._ask("Revert to prediction", _whole(reverted(label_map)), lambda: document.revert_to(label_map))

    def clear(self) -> None:
        """Everything untouched again; a running gesture is taken back."""
        self._ask("Clear", _whole(cleared()), self._context.document.clear)

    def fill_rest(self, then: Callable[[], None] = lambda: None) -> None:
        """Every untouched pixel becomes background; a running gesture is taken back."""
        at_once = self._context.document.fill_rest_with_background
        self._ask("The rest is background", _whole(rest_is_background()), at_once, then)

    def accept(self, region: AnyRegion | None = None, then: Callable[[], None] = lambda: None) -> None:
        """What the model set, in a region or everywhere, is a person's word; a running gesture is taken back."""
        document = self._context.document
        if document.image is None:
            return
        pixels, where = document.image.pixels, region or filled((0, 0, document.shape[1], document.shape[0]))

        def find(snapshot: Snapshot) -> MaskPatch | None:
            return patch_of(snapshot, pixels, where, Ink(None, ACCEPTED, only_from=MODEL), FREE)

        self._ask("Accept", find, lambda: document.accept(region), then)

    def finish(self) -> None:
        """Do what a person still waits for, before the image is left."""
        while asked := next((asked for asked in self._pending if asked.hurries), None):
            self._context.document.restore()
            self._at_once(asked)

    def _ask(
        self,
        text: str,
        find: Callable[[Snapshot], MaskPatch | None],
        at_once: Callable[[], bool],
        then: Callable[[], None] = lambda: None,
    ) -> None:
        if self._context.document.image is not None:
            self._context.document.restore()
            self._do(_Asked(text, find, at_once, then, hurries=True))

    def _do(self, asked: _Asked) -> None:
        document = self._context.document
        self._pending.append(asked)
        if document.shape[0] * document.shape[1] <= AT_ONCE or asked.tries == _TRIES:
            self._at_once(asked)
            return
        image, snapshot = document.image, document.snapshot()

        def put(patch: MaskPatch | None) -> None:
            if asked not in self._pending:
                return
            self._pending.remove(asked)
            if document.image is not image:
                return
            if document.revision != snapshot.revision:
                asked.tries += 1
                self._do(asked)
                return
            document.push_patch(asked.text, patch, keeps_undone=not asked.hurries)
            asked.then()

        def done(patch: MaskPatch | None) -> None:
            snapshot.close()
            self._context.when_idle(lambda: put(patch))

        def ended(failure: Failure | None = None) -> None:
            snapshot.close()
            if asked in self._pending:
                self._pending.remove(asked)
                if failure is not None:
                    self._context.tell_failure(failure)

        def work(report: Report) -> MaskPatch | None:
            return asked.find(snapshot)

        self._context.jobs.submit("display", Message(asked.text), work, done, ended, ended, True)

    def _at_once(self, asked: _Asked) -> None:
        self._pending.remove(asked)
        asked.at_once()
        asked.then()


def _whole(edit: Edit) -> Callable[[Snapshot], MaskPatch | None]:
    return lambda snapshot: whole_patch(snapshot, edit)
