"""Everything the window can be told to do: one table for menus, tool bars, the key sheet and `--list-actions`."""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from lsgui.action import Action
from lsgui.edit_actions import edit_actions, label_actions, tool_actions

MENUS = {
    "file": QT_TRANSLATE_NOOP("actions", "&File"),
    "edit": QT_TRANSLATE_NOOP("actions", "&Edit"),
    "view": QT_TRANSLATE_NOOP("actions", "&View"),
    "tools": QT_TRANSLATE_NOOP("actions", "&Tools"),
    "label": QT_TRANSLATE_NOOP("actions", "&Label"),
    "model": QT_TRANSLATE_NOOP("actions", "&Model"),
    "window": QT_TRANSLATE_NOOP("actions", "&Window"),
    "help": QT_TRANSLATE_NOOP("actions", "&Help"),
}


def menu_title(menu: str) -> str:
    return QCoreApplication.translate("actions", MENUS[menu])


def action_table() -> tuple[Action, ...]:
    """All actions, in the order of the menus."""
    return (
        *_file_actions(),
        *edit_actions(),
        *_view_actions(),
        *tool_actions(),
        *label_actions(),
        *_model_actions(),
        *_window_actions(),
    )


def _file_actions() -> tuple[Action, ...]:
    return (
        Action("open-folder", QT_TRANSLATE_NOOP("actions", "Open folder"), ("Ctrl+U",), "folder-open", "file"),
        Action("open-file", QT_TRANSLATE_NOOP("actions", "Open file"), ("Ctrl+O",), "file-image", "file"),
        Action("reload-folder", QT_TRANSLATE_NOOP("actions", "Look at the folder again"), ("F5",), "", "file"),
        Action("open-sample", QT_TRANSLATE_NOOP("actions", "Open the sample"), (), "images", "file"),
        Action("import-masks", QT_TRANSLATE_NOOP("actions", "Import masks"), (), "download", "file", 1),
        Action("import-mask-folder", QT_TRANSLATE_NOOP("actions", "Import a folder of masks"), (), "", "file", 1),
        Action("import-classes", QT_TRANSLATE_NOOP("actions", "Import classes"), (), "download", "file", 1),
        Action("export-classes", QT_TRANSLATE_NOOP("actions", "Export classes"), (), "upload", "file", 1),
        Action("quit", QT_TRANSLATE_NOOP("actions", "Quit"), ("Ctrl+Q",), "", "file", 2),
    )


def _view_actions() -> tuple[Action, ...]:
    presets = (
        QT_TRANSLATE_NOOP("actions", "Abdomen"),
        QT_TRANSLATE_NOOP("actions", "Liver"),
        QT_TRANSLATE_NOOP("actions", "Lung"),
        QT_TRANSLATE_NOOP("actions", "Bone"),
        QT_TRANSLATE_NOOP("actions", "Mediastinum"),
        QT_TRANSLATE_NOOP("actions", "Automatic window"),
    )
    names = ("abdomen", "liver", "lung", "bone", "mediastinum", "auto")
    windows = tuple(
        Action(f"window-{name}", text, (f"Shift+{digit}",), "", "view", 2)
        for digit, (name, text) in enumerate(zip(names, presets, strict=True), start=1)
    )
    return (
        Action("zoom-in", QT_TRANSLATE_NOOP("actions", "Zoom in"), ("Ctrl++", "Ctrl+="), "plus", "view"),
        Action("zoom-out", QT_TRANSLATE_NOOP("actions", "Zoom out"), ("Ctrl+-",), "minus", "view"),
        Action("zoom-fit", QT_TRANSLATE_NOOP("actions", "Fit the image"), ("F",), "maximize", "view"),
        Action("zoom-actual", QT_TRANSLATE_NOOP("actions", "100 %"), ("Ctrl+0",), "", "view"),
        Action("overlay", QT_TRANSLATE_NOOP("actions", "Show the overlay"), ("V",), "eye", "view", 1, True),
        Action(
            "show-provenance",
            QT_TRANSLATE_NOOP("actions", "Show who set each pixel"),
            ("Shift+V",),
            "",
            "view",
            1,
            True,
        ),
        Action("overlay-less", QT_TRANSLATE_NOOP("actions", "Fainter overlay"), (",",), "", "view", 1),
        Action("overlay-more", QT_TRANSLATE_NOOP("actions", "Stronger overlay"), (".",), "", "view", 1),
        *windows,
    )


def _model_actions() -> tuple[Action, ...]:
    return (
        Action("predict", QT_TRANSLATE_NOOP("actions", "Predict"), ("R",), "sparkles", "model"),
        Action("predict-folder", QT_TRANSLATE_NOOP("actions", "Predict the folder"), ("Ctrl+R",), "images", "model"),
        Action("fine-tune", QT_TRANSLATE_NOOP("actions", "Fine-tune"), ("Ctrl+T",), "brain-circuit", "model", 1),
        Action("finish-fine-tune", QT_TRANSLATE_NOOP("actions", "Finish fine-tuning now"), (), "check", "model", 1),
        Action("stop-fine-tune", QT_TRANSLATE_NOOP("actions", "Stop fine-tuning"), (), "square", "model", 1),
        *_learned_from(),
        Action("open-weights", QT_TRANSLATE_NOOP("actions", "Open weights"), ("Ctrl+Shift+O",), "cpu", "model", 2),
        Action(
            "new-model-lightning-unet",
            QT_TRANSLATE_NOOP("actions", "Train a new model from scratch"),
            (),
            "plus",
            "model",
            3,
        ),
        Action(
            "new-model-fine", QT_TRANSLATE_NOOP("actions", "Train a new model for small things"), (), "", "model", 3
        ),
        Action(
            "new-model-tiny", QT_TRANSLATE_NOOP("actions", "Train a new tiny model (for a CPU)"), (), "", "model", 3
        ),
        Action("new-model-seed", QT_TRANSLATE_NOOP("actions", "Train the original description"), (), "", "model", 3),
    )


def _learned_from() -> tuple[Action, ...]:
    """The panel's check boxes, for which there is not always room."""
    texts = {
        "learn-unlabelled": QT_TRANSLATE_NOOP("actions", "Learn from unlabelled images, too"),
        "learn-model-pixels": QT_TRANSLATE_NOOP("actions", "Learn from the model's pixels, too"),
    }
    return tuple(Action(name, text, (), "", "model", 1, True) for name, text in texts.items())


def _window_actions() -> tuple[Action, ...]:
    return (
        Action("panel-images", QT_TRANSLATE_NOOP("actions", "Images"), ("Ctrl+1",), "", "window", 0, True),
        Action("panel-classes", QT_TRANSLATE_NOOP("actions", "Classes"), ("Ctrl+2",), "", "window", 0, True),
        Action("panel-training", QT_TRANSLATE_NOOP("actions", "Fine-tuning"), ("Ctrl+3",), "", "window", 0, True),
        Action("panel-history", QT_TRANSLATE_NOOP("actions", "History"), ("Ctrl+4",), "", "window", 0, True),
        Action("theme-system", QT_TRANSLATE_NOOP("actions", "Theme of the system"), (), "", "window", 1, True, "theme"),
        Action("theme-dark", QT_TRANSLATE_NOOP("actions", "Dark"), (), "", "window", 1, True, "theme"),
        Action("theme-light", QT_TRANSLATE_NOOP("actions", "Light"), (), "", "window", 1, True, "theme"),
        Action(
            "toggle-theme", QT_TRANSLATE_NOOP("actions", "Dark or light"), ("Ctrl+Shift+L",), "sun-moon", "window", 1
        ),
        Action(
            "language-system",
            QT_TRANSLATE_NOOP("actions", "Language of the system"),
            (),
            "",
            "window",
            2,
            True,
            "language",
        ),
        Action("language-en", "English", (), "", "window", 2, True, "language"),
        Action("language-zh_CN", "简体中文", (), "", "window", 2, True, "language"),
        Action(
            "size-100",
            QT_TRANSLATE_NOOP("actions", "Interface at the system's size"),
            (),
            "",
            "window",
            3,
            True,
            "size",
        ),
        Action("size-125", QT_TRANSLATE_NOOP("actions", "Interface at 125 %"), (), "", "window", 3, True, "size"),
        Action("size-150", QT_TRANSLATE_NOOP("actions", "Interface at 150 %"), (), "", "window", 3, True, "size"),
        Action("size-200", QT_TRANSLATE_NOOP("actions", "Interface at 200 %"), (), "", "window", 3, True, "size"),
        Action("full-screen", QT_TRANSLATE_NOOP("actions", "Full screen"), ("F11",), "", "window", 4, True),
        Action("key-sheet", QT_TRANSLATE_NOOP("actions", "Keys"), ("F1", "?"), "keyboard", "help"),
        Action("open-log", QT_TRANSLATE_NOOP("actions", "Open the log"), (), "", "help"),
        Action("about", QT_TRANSLATE_NOOP("actions", "About"), (), "info", "help"),
    )


def listing() -> list[dict[str, object]]:
    """What `--list-actions` prints: name, text and keys of every action."""
    rows = []
    for action in action_table():
        digit = action.id.removeprefix("class-")
        rows.append({"name": action.id, "text": action.title.replace("{digit}", digit), "keys": list(action.keys)})
    return rows
