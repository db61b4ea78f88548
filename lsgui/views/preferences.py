"""The settings in force while the program runs; `app.py` reads and writes them."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from lsgui.settings import Settings


class Preferences(QObject):
    """Views read `settings` and call `change`; who stores them is not their concern."""

    changed = Signal(object, object)
    """(before, after)"""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings

    def change(self, **fields: object) -> None:
        self._take(replace(self.settings, **fields))

    def add_recent(self, folder: str) -> None:
        self._take(self.settings.with_recent(folder))

    def _take(self, settings: Settings) -> None:
        before, self.settings = self.settings, settings
        if settings != before:
            self.changed.emit(before, settings)
