"""The window's language: Qt catalogues for its own text, and for the sentences that come from `model`."""

from __future__ import annotations

import re
from pathlib import Path

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, QLibraryInfo, QLocale, QTranslator

from model.classes import Class
from model.messages import Message, listed

LANGUAGES = ("system", "en", "zh_CN")


class Translations:
    """Installs and replaces the catalogues of one application."""

    def __init__(self, application: QCoreApplication, folder: Path) -> None:
        self._application = application
        self._folder = folder
        self._installed: list[QTranslator] = []
        self.language = "en"

    def use(self, choice: str) -> None:
        """`choice` is system or a name of a catalogue; without a catalogue the text stays English."""
        for translator in self._installed:
            self._application.removeTranslator(translator)
        self._installed.clear()
        self.language = resolved(choice)
        QLocale.setDefault(QLocale(self.language))
        qt_folder = Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath))
        for name, folder in ((f"qtbase_{self.language}", qt_folder), (self.language, self._folder)):
            translator = QTranslator(self._application)
            if (folder / f"{name}.qm").is_file() and translator.load(name, str(folder)):
                self._application.installTranslator(translator)
                self._installed.append(translator)


def resolved(choice: str) -> str:
    """The language a choice stands for."""
    if choice in LANGUAGES[1:]:
        return choice
    chinese = QLocale.system().language() == QLocale.Language.Chinese
    return "zh_CN" if chinese else "en"


def sentence(message: Message) -> str:
    """A message in the window's language, filled with its values: so are those that are messages, or classes' names."""
    template = QCoreApplication.translate("messages", message.template)
    values = {key: _translated(value) for key, value in message.values.items()}
    try:
        return template.format(**values)
    except (KeyError, IndexError, ValueError):
        return str(message)


COMMA = QT_TRANSLATE_NOOP("messages", ", ")
"""Between the names of a list."""


def _translated(value: object) -> object:
    if isinstance(value, Message):
        return sentence(value)
    if not isinstance(value, list):
        return value
    return listed([_class_name(name) for name in value], QCoreApplication.translate("messages", COMMA))


EDITS = (
    QT_TRANSLATE_NOOP("edits", "Brush"),
    QT_TRANSLATE_NOOP("edits", "Erase"),
    QT_TRANSLATE_NOOP("edits", "Guided brush"),
    QT_TRANSLATE_NOOP("edits", "Polygon"),
    QT_TRANSLATE_NOOP("edits", "Lasso"),
    QT_TRANSLATE_NOOP("edits", "Rectangle"),
    QT_TRANSLATE_NOOP("edits", "Ellipse"),
    QT_TRANSLATE_NOOP("edits", "Fill"),
    QT_TRANSLATE_NOOP("edits", "Wand"),
    QT_TRANSLATE_NOOP("edits", "Threshold"),
    QT_TRANSLATE_NOOP("edits", "Smart outline"),
    QT_TRANSLATE_NOOP("edits", "Superpixels"),
    QT_TRANSLATE_NOOP("edits", "Accept"),
    QT_TRANSLATE_NOOP("edits", "Give back to the model"),
    QT_TRANSLATE_NOOP("edits", "Predict"),
    QT_TRANSLATE_NOOP("edits", "Revert to prediction"),
    QT_TRANSLATE_NOOP("edits", "Clear"),
    QT_TRANSLATE_NOOP("edits", "The rest is background"),
    QT_TRANSLATE_NOOP("edits", "Smooth"),
    QT_TRANSLATE_NOOP("edits", "Fill holes"),
    QT_TRANSLATE_NOOP("edits", "Remove islands"),
    QT_TRANSLATE_NOOP("edits", "Keep the largest"),
    QT_TRANSLATE_NOOP("edits", "Grow"),
    QT_TRANSLATE_NOOP("edits", "Shrink"),
    QT_TRANSLATE_NOOP("edits", "Copy from the previous"),
    QT_TRANSLATE_NOOP("edits", "Copy from the next"),
    QT_TRANSLATE_NOOP("edits", "Interpolate"),
    QT_TRANSLATE_NOOP("edits", "Changed elsewhere"),
    QT_TRANSLATE_NOOP("edits", "Import masks"),
    QT_TRANSLATE_NOOP("edits", "Taken back"),
    QT_TRANSLATE_NOOP("edits", "From the saved map"),
)
"""What edits call themselves in the history and in journals."""


QT_LACKS = (
    QT_TRANSLATE_NOOP("QFileDialog", "&Look in:"),
    QT_TRANSLATE_NOOP("QFileDialog", "Files of &type:"),
    QT_TRANSLATE_NOOP("QAbstractFileIconProvider", "Alias"),
    QT_TRANSLATE_NOOP("QAbstractFileIconProvider", "Drive"),
    QT_TRANSLATE_NOOP("QAbstractFileIconProvider", "File"),
    QT_TRANSLATE_NOOP("QAbstractFileIconProvider", "File Folder"),
    QT_TRANSLATE_NOOP("QAbstractFileIconProvider", "Folder"),
    QT_TRANSLATE_NOOP("QAbstractFileIconProvider", "Shortcut"),
    QT_TRANSLATE_NOOP("QAbstractFileIconProvider", "Unknown"),
)
"""What the catalogue that comes with Qt leaves in English in a file dialog; the program's own is asked before it."""


def edit_title(text: str) -> str:
    """The name of an undo step in the window's language; one that is not known is shown as it is."""
    return QCoreApplication.translate("edits", text)


def device_text(name: str) -> str:
    """What `model.device.device_name` says, in the window's language; a GPU's name is its own."""
    threads = re.fullmatch(r"CPU, (\d+) threads?", name)
    if threads is None:
        return name
    if threads[1] == "1":
        return QCoreApplication.translate("device", "CPU, 1 thread")
    return QCoreApplication.translate("device", "CPU, {count} threads").format(count=threads[1])


def class_name(item: Class) -> str:
    """A default class's name in the window's language; a name the user gave is never touched."""
    return _class_name(item.name)


def _class_name(name: str) -> str:
    return QCoreApplication.translate("classes", name)
