"""The base of verbs that show what they would do: Enter keeps it, Esc takes it back."""

from __future__ import annotations

from PySide6.QtCore import Qt

from lsgui.computed_tool import ComputedTool
from lsgui.mask import MaskPatch
from lsgui.tool import NO_MODIFIER
from lsgui.tools import ToolBox
from model.messages import Message


class Previewed(ComputedTool):
    """In the hand while its preview is shown, whatever tool is chosen.

    Also after it found nothing: its settings can still be changed, and an Enter for it accepts no image.
    """

    def __init__(self, tools: ToolBox) -> None:
        super().__init__(tools.kit)
        self._tools = tools
        self._found_nothing = False
        self.document.edited.connect(self._put_down)
        self.document.loaded.connect(self._put_down)

    @property
    def active(self) -> bool:
        return self._found_nothing or super().active

    @property
    def waiting(self) -> bool:
        return self.active and not self.committing

    @property
    def title(self) -> Message:
        """What it does."""
        raise NotImplementedError

    def press(
        self,
        x: float,
        y: float,
        button: Qt.MouseButton,
        modifiers: Qt.KeyboardModifier = NO_MODIFIER,
        pressure: float = 1.0,
    ) -> bool:
        """Where nothing is shown, nothing waits for an answer: the tool in the hand works."""
        if self._found_nothing:
            self.cancel()
            return self._tools.press(x, y, button, modifiers, pressure)
        if button == Qt.MouseButton.LeftButton:
            self.ask()
        return button == Qt.MouseButton.LeftButton

    def ask(self) -> None:
        """Say what its preview waits for."""
        self.kit.say(Message("{what}: Enter keeps it, Esc takes it back.", {"what": self.title}))

    def arrived(self, patch: MaskPatch | None) -> None:
        if patch is None and not self.committing:
            self.cancel()  # first: the line that says what a preview waits for goes with it
            self.nothing_changes()
            self._found_nothing = True
            self.kit.redraw()

    def finish(self) -> None:
        self._found_nothing = False
        super().finish()

    def cancel(self) -> None:
        self._found_nothing = False
        super().cancel()

    def nothing_changes(self) -> None:
        self.kit.say(Message("{what}: there is nothing to change.", {"what": self.title}))

    def _put_down(self) -> None:
        """What was found does not hold for another map."""
        if self._found_nothing:
            self.cancel()
