"""Edits of every pixel: at once, or on a large image worked out beside the window."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lsgui.context import Context
from lsgui.document_edits import predicted, reverted
from lsgui.failures import Failure
from lsgui.mask import Edit, MaskPatch, whole_patch
from model.messages import Message
from model.progress import Report

AT_ONCE = 1 << 22
"""Pixels that take about as long as a frame."""
_TRIES = 3
"""As often it is worked out anew because somebody has painted meanwhile; then at once, however long that takes."""


class WholeEdits:
    """The image can be painted while an edit is worked out; then the edit is made for what has become of it."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def predict(self, label_map: np.ndarray, then: Callable[[], None]) -> None:
        """The model's result, beneath what a person has set. Not during a gesture; `then` when it is there."""
        document = self._context.document
        self._do(predicted(label_map), "Predict", lambda: document.apply_prediction(label_map), then)

    def revert(self, label_map: np.ndarray) -> None:
        """The model's result everywhere, over a person's pixels too; a running gesture is taken back."""
        document = self._context.document
        document.restore()
        self._do(reverted(label_map), "Revert to prediction", lambda: document.revert_to(label_map), lambda: None)

    def _do(self, edit: Edit, text: str, at_once: Callable[[], bool], then: Callable[[], None], tries: int = 0) -> None:
        document = self._context.document
        if document.shape[0] * document.shape[1] <= AT_ONCE or tries == _TRIES:
            at_once()
            then()
            return
        image, snapshot = document.image, document.snapshot()

        def work(report: Report) -> MaskPatch | None:
            return whole_patch(snapshot, edit)

        def put(patch: MaskPatch | None) -> None:
            if document.image is not image:
                return
            if document.revision != snapshot.revision:
                self._do(edit, text, at_once, then, tries + 1)
                return
            document.push_patch(text, patch)
            then()

        def done(patch: MaskPatch | None) -> None:
            snapshot.close()
            self._context.when_idle(lambda: put(patch))

        def failed(failure: Failure) -> None:
            snapshot.close()
            self._context.tell_failure(failure)

        self._context.jobs.submit(
            "display", Message("Showing the prediction"), work, done, failed, snapshot.close, True
        )
