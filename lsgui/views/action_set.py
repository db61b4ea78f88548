"""The action table as living QActions: made once per window, and told what they do by `bindings`."""

from __future__ import annotations

import sys
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from lsgui.action import Action
from lsgui.actions import MENUS, action_table, menu_title
from lsgui.views.appearance import Appearance


def key_text(keys: QKeySequence) -> str:
    """A key as it is printed on the keyboard: as on a Mac there, elsewhere in Latin letters whatever the language."""
    form = (
        QKeySequence.SequenceFormat.NativeText if sys.platform == "darwin" else QKeySequence.SequenceFormat.PortableText
    )
    return keys.toString(form).replace("Return", "Enter")


class ActionSet(QObject):
    """`by_id` are the QActions; all of them belong to `window`, so their keys work wherever the keyboard is."""

    def __init__(self, window: QWidget, appearance: Appearance) -> None:
        super().__init__(window)
        self.by_id: dict[str, QAction] = {}
        self._table = action_table()
        self._groups: dict[str, QActionGroup] = {}
        for item in self._table:
            self.by_id[item.id] = self._made(item, window, appearance)

    def bind(self, name: str, do: Callable[[], None]) -> None:
        """What happens on key, click or menu entry."""
        self.by_id[name].triggered.connect(lambda checked=False: do())

    def bind_toggle(self, name: str, do: Callable[[bool], None]) -> None:
        self.by_id[name].triggered.connect(lambda checked=False: do(checked))

    def enable(self, enabled: bool, *names: str) -> None:
        for name in names:
            self.by_id[name].setEnabled(enabled)

    def fill(self, bar: QMenuBar, submenus: dict[str, QMenu]) -> None:
        """Build the menus; a submenu goes below the action whose id it is filed under."""
        for menu in MENUS:
            made = bar.addMenu(menu_title(menu))
            self._fill_menu(made, [item for item in self._table if item.menu == menu], submenus)

    def _fill_menu(self, menu: QMenu, items: list[Action], submenus: dict[str, QMenu]) -> None:
        group = items[0].group if items else 0
        for item in items:
            if item.group != group:
                menu.addSeparator()
                group = item.group
            menu.addAction(self.by_id[item.id])
            if item.id in submenus:
                menu.addMenu(submenus[item.id])

    def _made(self, item: Action, window: QWidget, appearance: Appearance) -> QAction:
        action = QAction(item.title.replace("{digit}", item.id.removeprefix("class-")), window)
        action.setObjectName(item.id)
        action.setShortcuts([QKeySequence(key) for key in item.keys])
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.setAutoRepeat(item.id in REPEATING)
        action.setCheckable(item.checkable)
        if item.icon:
            action.setIcon(appearance.icon(item.icon))
            action.setData(item.icon)
        if item.radio:
            group = self._groups.setdefault(item.radio, QActionGroup(window))
            group.addAction(action)
        window.addAction(action)
        return action


REPEATING = frozenset(
    {
        "undo",
        "redo",
        "previous-image",
        "next-image",
        "brush-smaller",
        "brush-larger",
        "zoom-in",
        "zoom-out",
        "overlay-less",
        "overlay-more",
        "previous-class",
        "next-class",
    }
)
"""Actions that go on while their key is held."""
