"""The window's own choices: panels, theme, language, size, full screen, help."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QMainWindow, QMessageBox, QWidget

from lsgui.interface_size import SIZES, size_fits
from lsgui.theme import THEMES
from lsgui.translation import LANGUAGES
from lsgui.views.action_set import ActionSet
from lsgui.views.appearance import Appearance
from lsgui.views.key_sheet import KeySheet
from lsgui.views.preferences import Preferences

translate = QCoreApplication.translate


class WindowCommands:
    """`panels` maps the end of an action's id (images, classes, training) to what it shows and hides."""

    def __init__(
        self,
        window: QMainWindow,
        panels: dict[str, QWidget],
        appearance: Appearance,
        preferences: Preferences,
        log: Path,
    ) -> None:
        self._window = window
        self._panels = panels
        self._appearance = appearance
        self._preferences = preferences
        self._log = log

    def bind(self, actions: ActionSet) -> None:
        for name in self._panels:
            actions.bind_toggle(f"panel-{name}", lambda shown, name=name: self.show_panel(name, shown))
            shown = name not in self._preferences.settings.hidden_panels
            actions.by_id[f"panel-{name}"].setChecked(shown)
            self._panels[name].setVisible(shown)
        for choice in THEMES:
            actions.bind(f"theme-{choice}", lambda choice=choice: self.choose_theme(choice))
        for choice in LANGUAGES:
            actions.bind(f"language-{choice}", lambda choice=choice: self._preferences.change(language=choice))
        room = self._window.screen().availableSize().toTuple()
        for choice in SIZES:
            actions.bind(f"size-{choice}", lambda choice=choice: self._preferences.change(size=choice))
            actions.by_id[f"size-{choice}"].setEnabled(choice == 100 or size_fits(choice, room))
        actions.by_id[f"size-{self._preferences.settings.size}"].setChecked(True)
        actions.by_id[f"theme-{self._appearance.choice}"].setChecked(True)
        actions.by_id[f"language-{self._preferences.settings.language}"].setChecked(True)
        actions.bind("toggle-theme", lambda: self._toggle_theme(actions))
        actions.bind_toggle("full-screen", self._full_screen)
        actions.bind("key-sheet", self.show_keys)
        actions.bind("open-log", lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._log))))
        actions.bind("about", self.about)
        actions.bind("quit", self._window.close)

    def show_panel(self, name: str, shown: bool) -> None:
        self._panels[name].setVisible(shown)
        hidden = set(self._preferences.settings.hidden_panels)
        self._preferences.change(hidden_panels=tuple(sorted(hidden - {name} if shown else hidden | {name})))

    def choose_theme(self, choice: str) -> None:
        self._appearance.choose(choice)
        self._preferences.change(theme=choice)

    def show_keys(self) -> None:
        sheet = KeySheet(self._window)
        sheet.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        sheet.open()

    def about(self) -> None:
        box = QMessageBox(self._window)
        box.setWindowTitle(translate("window commands", "About"))
        box.setIconPixmap(self._window.windowIcon().pixmap(64, 64))
        name = translate("window commands", "Lightning Segmenter")  # lupdate does not look into an f-string
        box.setText(f"<b>{name}</b> {version()}")
        box.setInformativeText(
            translate(
                "window commands",
                "Predict, correct, fine-tune: a segmenter with a Lightning-Attention network. Not for clinical use.",
            )
            + "\n\n"
            + translate("window commands", "Icons: Lucide (ISC). Font: Inter (OFL).")
        )
        box.exec()
        box.deleteLater()

    def _toggle_theme(self, actions: ActionSet) -> None:
        choice = "light" if self._appearance.theme.name == "dark" else "dark"
        actions.by_id[f"theme-{choice}"].setChecked(True)
        self.choose_theme(choice)

    def _full_screen(self, full: bool) -> None:
        """A window that was maximized is so again afterwards."""
        state, flag = self._window.windowState(), Qt.WindowState.WindowFullScreen
        self._window.setWindowState(state | flag if full else state & ~flag)


def version() -> str:
    try:
        return metadata.version("lsgui")
    except metadata.PackageNotFoundError:
        return ""
