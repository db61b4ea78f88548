"""The accept brush: what the model set there is a person's word from now on; the labels stay."""

from __future__ import annotations

from lsgui.brush import Brush
from lsgui.mask import Ink
from lsgui.rules import Rules
from model.provenance import ACCEPTED, MODEL


class AcceptBrush(Brush):
    """Drag accepts; the right button or Ctrl gives what was accepted back to the model."""

    text = "Accept"
    erase_text = "Give back to the model"

    def ink(self, erasing: bool = False) -> Ink:
        return Ink(None, MODEL, only_from=ACCEPTED) if erasing else Ink(None, ACCEPTED, only_from=MODEL)

    def rules(self, erasing: bool = False) -> Rules:
        """No label changes, so only the selection limits it."""
        return Rules(frozenset(), selection=self.selection.region)

    def may_paint(self, erasing: bool = False) -> bool:
        return True
