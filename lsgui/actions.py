"""Everything the window can be told to do: one table for menus, tool bars, the key sheet and `--list-actions`."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication


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
        *_edit_actions(),
        *_view_actions(),
        *_tool_actions(),
        *_label_actions(),
        *_model_actions(),
        *_window_actions(),
    )


def _file_actions() -> tuple[Action, ...]:
    return (
        Action("open-folder", QT_TRANSLATE_NOOP("actions", "Open folder"), ("Ctrl+U",), "folder-open", "file"),
        Action("open-file", QT_TRANSLATE_NOOP("actions", "Open file"), ("Ctrl+O",), "file-image", "file"),
        Action("open-sample", QT_TRANSLATE_NOOP("actions", "Open the sample"), (), "images", "file"),
        Action("import-masks", QT_TRANSLATE_NOOP("actions", "Import masks"), (), "download", "file", 1),
        Action("import-mask-folder", QT_TRANSLATE_NOOP("actions", "Import a folder of masks"), (), "", "file", 1),
        Action("import-classes", QT_TRANSLATE_NOOP("actions", "Import classes"), (), "download", "file", 1),
        Action("export-classes", QT_TRANSLATE_NOOP("actions", "Export classes"), (), "upload", "file", 1),
        Action("quit", QT_TRANSLATE_NOOP("actions", "Quit"), ("Ctrl+Q",), "", "file", 2),
    )


def _edit_actions() -> tuple[Action, ...]:
    return (
        Action("undo", QT_TRANSLATE_NOOP("actions", "Undo"), ("Ctrl+Z",), "undo-2", "edit"),
        Action("redo", QT_TRANSLATE_NOOP("actions", "Redo"), ("Ctrl+Y", "Ctrl+Shift+Z"), "redo-2", "edit"),
        Action("finish-shape", QT_TRANSLATE_NOOP("actions", "Finish the shape"), (), "check", "edit", 1),
        Action("cancel", QT_TRANSLATE_NOOP("actions", "Cancel the gesture"), ("Esc",), "x", "edit", 1),
        Action("remove-vertex", QT_TRANSLATE_NOOP("actions", "Remove the last corner"), ("Backspace",), "", "edit", 1),
        Action("search", QT_TRANSLATE_NOOP("actions", "Search images"), ("Ctrl+F",), "search", "edit", 2),
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
        Action("overlay-less", QT_TRANSLATE_NOOP("actions", "Fainter overlay"), (",",), "", "view", 1),
        Action("overlay-more", QT_TRANSLATE_NOOP("actions", "Stronger overlay"), (".",), "", "view", 1),
        *windows,
    )


def _tool_actions() -> tuple[Action, ...]:
    tools = (
        Action("tool-brush", QT_TRANSLATE_NOOP("actions", "Brush"), ("B",), "brush", "tools", 0, True, "tool"),
        Action("tool-eraser", QT_TRANSLATE_NOOP("actions", "Eraser"), ("E",), "eraser", "tools", 0, True, "tool"),
        Action("tool-polygon", QT_TRANSLATE_NOOP("actions", "Polygon"), ("P",), "pentagon", "tools", 0, True, "tool"),
        Action("tool-fill", QT_TRANSLATE_NOOP("actions", "Fill"), ("G",), "paint-bucket", "tools", 0, True, "tool"),
        Action(
            "tool-picker", QT_TRANSLATE_NOOP("actions", "Pick a class"), ("I",), "pipette", "tools", 0, True, "tool"
        ),
        Action("tool-pan", QT_TRANSLATE_NOOP("actions", "Move the view"), ("H",), "hand", "tools", 0, True, "tool"),
        Action("brush-smaller", QT_TRANSLATE_NOOP("actions", "Smaller brush"), ("[",), "", "tools", 1),
        Action("brush-larger", QT_TRANSLATE_NOOP("actions", "Larger brush"), ("]",), "", "tools", 1),
    )
    return tools


def _label_actions() -> tuple[Action, ...]:
    digits = tuple(
        Action(f"class-{digit}", QT_TRANSLATE_NOOP("actions", "Class {digit}"), (str(digit),)) for digit in range(10)
    )
    return (
        Action("accept", QT_TRANSLATE_NOOP("actions", "Accept, next"), ("Return", "Enter"), "check", "label"),
        Action("save-label", QT_TRANSLATE_NOOP("actions", "Save as label"), ("Ctrl+S",), "save", "label"),
        Action("previous-image", QT_TRANSLATE_NOOP("actions", "Previous image"), ("A", "PgUp"), "", "label", 1),
        Action("next-image", QT_TRANSLATE_NOOP("actions", "Next image"), ("D", "PgDown"), "", "label", 1),
        Action("revert", QT_TRANSLATE_NOOP("actions", "Revert to prediction"), (), "rotate-ccw", "label", 2),
        Action("fill-rest", QT_TRANSLATE_NOOP("actions", "The rest is background"), (), "", "label", 2),
        Action("clear-map", QT_TRANSLATE_NOOP("actions", "Clear the map"), (), "trash-2", "label", 2),
        Action("add-class", QT_TRANSLATE_NOOP("actions", "Add a class"), ("Ctrl+N",), "plus", "label", 3),
        Action(
            "edit-class", QT_TRANSLATE_NOOP("actions", "Rename or recolour the class"), ("F2",), "pencil", "label", 3
        ),
        Action("mirror", QT_TRANSLATE_NOOP("actions", "Left and right do not matter"), (), "", "label", 3, True),
        Action("previous-class", QT_TRANSLATE_NOOP("actions", "Previous class"), ("-",), "", "label", 4),
        Action("next-class", QT_TRANSLATE_NOOP("actions", "Next class"), ("=",), "", "label", 4),
        Action("swap-class", QT_TRANSLATE_NOOP("actions", "Swap with background"), ("X",), "", "label", 4),
        Action(
            "protect-others", QT_TRANSLATE_NOOP("actions", "Protect other classes"), ("Shift+B",), "lock", "label", 4
        ),
        *digits,
    )


def _model_actions() -> tuple[Action, ...]:
    return (
        Action("predict", QT_TRANSLATE_NOOP("actions", "Predict"), ("R",), "sparkles", "model"),
        Action("predict-folder", QT_TRANSLATE_NOOP("actions", "Predict the folder"), ("Ctrl+R",), "images", "model"),
        Action("fine-tune", QT_TRANSLATE_NOOP("actions", "Fine-tune"), ("Ctrl+T",), "brain-circuit", "model", 1),
        Action("stop-fine-tune", QT_TRANSLATE_NOOP("actions", "Stop fine-tuning"), (), "square", "model", 1),
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
            "new-model-tiny", QT_TRANSLATE_NOOP("actions", "Train a new tiny model (for a CPU)"), (), "", "model", 3
        ),
        Action("new-model-seed", QT_TRANSLATE_NOOP("actions", "Train the original description"), (), "", "model", 3),
    )


def _window_actions() -> tuple[Action, ...]:
    return (
        Action("panel-images", QT_TRANSLATE_NOOP("actions", "Images"), ("Ctrl+1",), "", "window", 0, True),
        Action("panel-classes", QT_TRANSLATE_NOOP("actions", "Classes"), ("Ctrl+2",), "", "window", 0, True),
        Action("panel-training", QT_TRANSLATE_NOOP("actions", "Fine-tuning"), ("Ctrl+3",), "", "window", 0, True),
        Action("theme-system", QT_TRANSLATE_NOOP("actions", "Theme of the system"), (), "", "window", 1, True, "theme"),
        Action("theme-dark", QT_TRANSLATE_NOOP("actions", "Dark"), (), "", "window", 1, True, "theme"),
        Action("theme-light", QT_TRANSLATE_NOOP("actions", "Light"), (), "", "window", 1, True, "theme"),
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
            "toggle-theme", QT_TRANSLATE_NOOP("actions", "Dark or light"), ("Ctrl+Shift+L",), "sun-moon", "window", 1
        ),
        Action("full-screen", QT_TRANSLATE_NOOP("actions", "Full screen"), ("F11",), "", "window", 3, True),
        Action("key-sheet", QT_TRANSLATE_NOOP("actions", "Keys"), ("F1", "?"), "keyboard", "help"),
        Action("open-log", QT_TRANSLATE_NOOP("actions", "Open the log"), (), "", "help"),
        Action("about", QT_TRANSLATE_NOOP("actions", "About"), (), "info", "help"),
    )


def gestures() -> tuple[Gesture, ...]:
    """What the mouse and held keys do."""
    return (
        Gesture(QT_TRANSLATE_NOOP("actions", "Wheel"), QT_TRANSLATE_NOOP("actions", "Zoom at the cursor"), "view"),
        Gesture(
            QT_TRANSLATE_NOOP("actions", "Middle-drag, Space+drag"),
            QT_TRANSLATE_NOOP("actions", "Move the view"),
            "view",
        ),
        Gesture(
            QT_TRANSLATE_NOOP("actions", "V held"), QT_TRANSLATE_NOOP("actions", "Hide the overlay meanwhile"), "view"
        ),
        Gesture(
            QT_TRANSLATE_NOOP("actions", "Right-drag"),
            QT_TRANSLATE_NOOP("actions", "Window and level; erases while the brush is on"),
            "view",
        ),
        Gesture(
            QT_TRANSLATE_NOOP("actions", "Shift+wheel"), QT_TRANSLATE_NOOP("actions", "Size of the brush"), "tools"
        ),
        Gesture(
            QT_TRANSLATE_NOOP("actions", "Ctrl held"), QT_TRANSLATE_NOOP("actions", "Erase with the brush"), "tools"
        ),
        Gesture(
            QT_TRANSLATE_NOOP("actions", "Shift held"),
            QT_TRANSLATE_NOOP("actions", "Straight line with the brush"),
            "tools",
        ),
        Gesture(
            QT_TRANSLATE_NOOP("actions", "Alt+click"),
            QT_TRANSLATE_NOOP("actions", "Pick the class under the cursor"),
            "tools",
        ),
        Gesture(
            QT_TRANSLATE_NOOP("actions", "Enter, double-click"),
            QT_TRANSLATE_NOOP("actions", "Finish the polygon"),
            "tools",
        ),
        Gesture("0 … 9", QT_TRANSLATE_NOOP("actions", "Class by its digit, 0 is background"), "label"),
    )


def listing() -> list[dict[str, object]]:
    """What `--list-actions` prints: name, text and keys of every action."""
    rows = []
    for action in action_table():
        digit = action.id.removeprefix("class-")
        rows.append({"name": action.id, "text": action.title.replace("{digit}", digit), "keys": list(action.keys)})
    return rows
