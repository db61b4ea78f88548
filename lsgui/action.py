"""One row of the action table, and one of the mouse's."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication


@dataclass(frozen=True)
class Action:
    """`id` is stable and meant for scripts; `keys` are portable key sequences, the first one is shown.

    `group` separates blocks of a menu; `radio` names a set of which exactly one is checked.
    """

    id: str
    text: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    menu: str = ""
    group: int = 0
    checkable: bool = False
    radio: str = ""

    @property
    def title(self) -> str:
        """The text in the window's language."""
        return QCoreApplication.translate("actions", self.text)


@dataclass(frozen=True)
class Gesture:
    """Something done with the mouse or a held key, for the key sheet."""

    keys: str
    text: str
    menu: str
