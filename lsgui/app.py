"""The composition root: builds the session and the window, and is the only place that reads and writes settings."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QObject, QSettings, QStandardPaths
from PySide6.QtWidgets import QApplication

from lsgui.assets import Assets
from lsgui.crash_log import CrashLog
from lsgui.cycle_collector import CycleCollector
from lsgui.interface_size import SIZES, chosen_elsewhere, largest_fitting, use_size
from lsgui.notices import Notice, Question
from lsgui.screenshot import Screenshot
from lsgui.session import Session
from lsgui.settings import Settings, read_settings, write_settings
from lsgui.translation import Translations
from lsgui.views.appearance import Appearance
from lsgui.views.display import Display
from lsgui.views.main_window import MainWindow
from lsgui.views.preferences import Preferences
from lsgui.views.question_dialog import QuestionDialog
from model.messages import Message

PROGRAM = "lsgui"
FOR_NOW = ("language", "theme")
"""Settings that the command line may say."""


@dataclass(frozen=True)
class Options:
    """The command line. `language` and `theme` hold for this start only; None takes what was remembered."""

    folder: Path | None = None
    weights: Path | None = None
    language: str | None = None
    theme: str | None = None
    max_megapixels: int | None = None
    screenshot: Path | None = None


class Program(QObject):
    """One session, and one window over it; another language means another window."""

    def __init__(self, application: QApplication, options: Options, store: QSettings | None, data_folder: Path) -> None:
        """`store` None remembers nothing; `data_folder` takes the log, and workspaces of read-only folders."""
        super().__init__()
        self._remembered = read_settings(store) if store is not None else Settings()
        self._for_now = {name: one for name in FOR_NOW if (one := getattr(options, name)) is not None}
        chosen = replace(self._remembered, **self._for_now)
        self._application = application
        self._store = store
        self._options = options
        self._assets = Assets.find()
        self.preferences = Preferences(chosen)
        self.log = CrashLog(data_folder)
        self.translations = Translations(application, self._assets.translations)
        self.translations.use(chosen.language)
        self.appearance = Appearance(application, self._assets, chosen.theme)
        self.display = Display(chosen.opacity)
        self.session = Session(self.ask, data_folder, self._assets.demo_weights, **_limits(options))
        self.session.document.loaded.connect(lambda: self.display.show_image(self.session.document.image))
        self._collector = CycleCollector(self)
        self.window = self._built_window()
        self.session.document.mask_changed.connect(self._collector.wait)
        self.log.crashed.connect(self.session.notice)
        self.preferences.changed.connect(self._preferences_changed)
        if options.weights is not None:
            self.session.folder_opened.connect(self._load_weights)

    def start(self) -> None:
        self.window.show()
        self._collector.start()
        if self._options.folder is not None:
            folder = self._options.folder
            (self.session.open_folder if folder.is_dir() else self.session.open_file)(folder)

    def ask(self, question: Question) -> str:
        """Show a question of the session. A picture is taken without anyone there to answer."""
        if self._options.screenshot is not None:
            return question.default
        dialog = QuestionDialog(question, self.appearance, self.window)
        dialog.exec()
        dialog.deleteLater()  # its buttons hold it, and the window it
        return dialog.answer

    def finish(self) -> None:
        """After the event loop: store what is remembered."""
        self.preferences.change(opacity=self.display.opacity)
        self._write(self.preferences.settings)
        self.session.close()
        self._collector.stop()
        self.log.close()

    def _built_window(self) -> MainWindow:
        window = MainWindow(self.session, self.display, self.appearance, self.preferences, self._assets, self.log.path)
        window.canvas.view_changed.connect(self._collector.wait)
        return window

    def _preferences_changed(self, before: Settings, after: Settings) -> None:
        self._write(after)
        if after.language != before.language:
            self._change_language(after.language)
        if after.size != before.size:
            self.session.notice.emit(Notice("info", Message("The new size holds from the next start on.")))

    def _change_language(self, language: str) -> None:
        """The old window goes once the new one stands, so that the program never runs out of windows."""
        old = self.window
        old.layout_memory.remember()
        self.translations.use(language)
        self.window = self._built_window()
        self.window.show()
        old.hand_over()

    def _write(self, settings: Settings) -> None:
        """What the command line asked for holds for this start, unless the user has chosen otherwise meanwhile."""
        for_now = [name for name, value in self._for_now.items() if getattr(settings, name) == value]
        if self._store is not None:
            write_settings(
                self._store, replace(settings, **{name: getattr(self._remembered, name) for name in for_now})
            )

    def _load_weights(self) -> None:
        self.session.folder_opened.disconnect(self._load_weights)
        self.session.load_weights(self._options.weights)


def run(options: Options, arguments: list[str]) -> int:
    """Open the window and stay until it closes; with `screenshot`, until the picture is written. The exit code."""
    QApplication.setApplicationName(PROGRAM)
    QApplication.setOrganizationName(PROGRAM)
    QApplication.setDesktopFileName(PROGRAM)
    pictured = options.screenshot is not None
    wanted = SIZES[0] if pictured else read_settings(QSettings()).size
    application, size = _application(arguments, wanted)
    store = None if pictured else QSettings()
    data_folder = Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppLocalDataLocation))
    program = Program(application, options, store, data_folder)
    picture = Screenshot(program.session, program, options.screenshot) if pictured else None
    program.start()
    if size != wanted:
        program.session.notice.emit(Notice("info", _too_large(wanted, size)))
    code = application.exec()
    program.finish()
    if picture is not None and picture.problem is not None:
        print(picture.problem, file=sys.stderr)
        return 1
    return code


def _application(arguments: list[str], wanted: int) -> tuple[QApplication, int]:
    """The application, and its size in percent: not one that was chosen for a larger screen, which Qt cannot tell before
    there is an application.
    """
    if wanted == SIZES[0] or chosen_elsewhere():
        return QApplication(arguments), wanted
    use_size(wanted)
    application = QApplication(arguments)
    size = largest_fitting(wanted, [screen.availableSize().toTuple() for screen in application.screens()])
    if size != wanted:
        application.shutdown()
        use_size(size)
        application = QApplication(arguments)
    return application, size


def _too_large(wanted: int, size: int) -> Message:
    return Message(
        "This screen is too small for an interface at {wanted} %; it is at {size} % for now.",
        {"wanted": wanted, "size": size},
    )


def _limits(options: Options) -> dict[str, int]:
    return {} if options.max_megapixels is None else {"max_pixels": options.max_megapixels * 1_000_000}
