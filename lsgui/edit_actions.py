"""The part of the action table that is about pixels: tools, edits of the label map, labels and classes."""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP

from lsgui.action import Action


def edit_actions() -> tuple[Action, ...]:
    return (
        Action("undo", QT_TRANSLATE_NOOP("actions", "Undo"), ("Ctrl+Z",), "undo-2", "edit"),
        Action("redo", QT_TRANSLATE_NOOP("actions", "Redo"), ("Ctrl+Y", "Ctrl+Shift+Z"), "redo-2", "edit"),
        Action("undo-anywhere", QT_TRANSLATE_NOOP("actions", "Undo anywhere"), ("Ctrl+Alt+Z",), "undo-2", "edit"),
        Action("history", QT_TRANSLATE_NOOP("actions", "History"), ("Ctrl+Shift+H",), "history", "edit"),
        Action("finish-shape", QT_TRANSLATE_NOOP("actions", "Finish the shape"), (), "check", "edit", 1),
        Action("cancel", QT_TRANSLATE_NOOP("actions", "Cancel"), ("Esc",), "x", "edit", 1),
        Action("remove-vertex", QT_TRANSLATE_NOOP("actions", "Remove the last corner"), ("Backspace",), "", "edit", 1),
        Action("deselect", QT_TRANSLATE_NOOP("actions", "End the selection"), ("Ctrl+Shift+A",), "", "edit", 1),
        *_cleaning(),
        Action("search", QT_TRANSLATE_NOOP("actions", "Search images"), ("Ctrl+F",), "search", "edit", 3),
    )


def _cleaning() -> tuple[Action, ...]:
    rows = (
        ("smooth", QT_TRANSLATE_NOOP("actions", "Smooth the edge"), "Ctrl+M"),
        ("fill-holes", QT_TRANSLATE_NOOP("actions", "Fill holes"), "Ctrl+H"),
        ("remove-islands", QT_TRANSLATE_NOOP("actions", "Remove small islands"), "Ctrl+J"),
        ("keep-largest", QT_TRANSLATE_NOOP("actions", "Keep only the largest part"), "Ctrl+L"),
        ("grow", QT_TRANSLATE_NOOP("actions", "Grow"), "Ctrl+]"),
        ("shrink", QT_TRANSLATE_NOOP("actions", "Shrink"), "Ctrl+["),
    )
    return tuple(Action(name, text, (key,), "", "edit", 2) for name, text, key in rows)


def tool_actions() -> tuple[Action, ...]:
    rows = (
        ("brush", QT_TRANSLATE_NOOP("actions", "Brush"), "B", "brush"),
        ("eraser", QT_TRANSLATE_NOOP("actions", "Eraser"), "E", "eraser"),
        ("guided", QT_TRANSLATE_NOOP("actions", "Model-guided brush"), "N", "magnet"),
        ("polygon", QT_TRANSLATE_NOOP("actions", "Polygon"), "P", "pentagon"),
        ("lasso", QT_TRANSLATE_NOOP("actions", "Lasso"), "L", "lasso"),
        ("rectangle", QT_TRANSLATE_NOOP("actions", "Rectangle"), "M", "square"),
        ("ellipse", QT_TRANSLATE_NOOP("actions", "Ellipse"), "O", "circle"),
        ("fill", QT_TRANSLATE_NOOP("actions", "Fill"), "G", "paint-bucket"),
        ("wand", QT_TRANSLATE_NOOP("actions", "Wand"), "W", "wand-sparkles"),
        ("threshold", QT_TRANSLATE_NOOP("actions", "Threshold"), "T", "sliders-horizontal"),
        ("outline", QT_TRANSLATE_NOOP("actions", "Smart outline"), "K", "scan"),
        ("superpixel", QT_TRANSLATE_NOOP("actions", "Superpixels"), "U", "hexagon"),
        ("accept", QT_TRANSLATE_NOOP("actions", "Accept brush"), "Y", "check-check"),
        ("select", QT_TRANSLATE_NOOP("actions", "Selection"), "Q", "square-dashed"),
        ("picker", QT_TRANSLATE_NOOP("actions", "Pick a class"), "I", "pipette"),
        ("pan", QT_TRANSLATE_NOOP("actions", "Move the view"), "H", "hand"),
    )
    groups = {"brush": 0, "eraser": 0, "guided": 0, "fill": 2, "wand": 2, "threshold": 2, "outline": 2, "superpixel": 2}
    groups |= dict.fromkeys(("polygon", "lasso", "rectangle", "ellipse"), 1)
    return (
        *(
            Action(f"tool-{name}", text, (key,), icon, "tools", groups.get(name, 3), True, "tool")
            for name, text, key, icon in rows
        ),
        Action("brush-smaller", QT_TRANSLATE_NOOP("actions", "Smaller brush"), ("[",), "", "tools", 4),
        Action("brush-larger", QT_TRANSLATE_NOOP("actions", "Larger brush"), ("]",), "", "tools", 4),
        Action(
            "protect-others", QT_TRANSLATE_NOOP("actions", "Protect other classes"), ("Shift+B",), "lock", "tools", 4
        ),
    )


def label_actions() -> tuple[Action, ...]:
    digits = tuple(
        Action(f"class-{digit}", QT_TRANSLATE_NOOP("actions", "Class {digit}"), (str(digit),)) for digit in range(10)
    )
    return (
        Action("accept", QT_TRANSLATE_NOOP("actions", "Accept, next"), ("Enter", "Return"), "check", "label"),
        Action("save-label", QT_TRANSLATE_NOOP("actions", "Save as label"), ("Ctrl+S",), "save", "label"),
        Action(
            "accept-region",
            QT_TRANSLATE_NOOP("actions", "Accept the model's pixels"),
            ("Ctrl+Shift+Y",),
            "check-check",
            "label",
        ),
        Action("previous-image", QT_TRANSLATE_NOOP("actions", "Previous image"), ("A", "PgUp"), "", "label", 1),
        Action("next-image", QT_TRANSLATE_NOOP("actions", "Next image"), ("D", "PgDown"), "", "label", 1),
        *_neighbours(),
        Action("revert", QT_TRANSLATE_NOOP("actions", "Revert to prediction"), (), "rotate-ccw", "label", 3),
        Action("fill-rest", QT_TRANSLATE_NOOP("actions", "The rest is background"), (), "", "label", 3),
        Action("clear-map", QT_TRANSLATE_NOOP("actions", "Clear the map"), (), "trash-2", "label", 3),
        Action("withdraw-label", QT_TRANSLATE_NOOP("actions", "Withdraw the label"), (), "", "label", 3),
        *_classes(),
        *digits,
    )


def _neighbours() -> tuple[Action, ...]:
    return (
        Action("copy-previous", QT_TRANSLATE_NOOP("actions", "Copy from the previous"), ("Shift+A",), "", "label", 2),
        Action("copy-next", QT_TRANSLATE_NOOP("actions", "Copy from the next"), ("Shift+D",), "", "label", 2),
        Action("interpolate", QT_TRANSLATE_NOOP("actions", "Interpolate between labels"), ("Ctrl+I",), "", "label", 2),
        Action("interpolate-all", QT_TRANSLATE_NOOP("actions", "Interpolate all between"), (), "", "label", 2),
    )


def _classes() -> tuple[Action, ...]:
    return (
        Action("add-class", QT_TRANSLATE_NOOP("actions", "Add a class"), ("Ctrl+N",), "plus", "label", 4),
        Action(
            "edit-class", QT_TRANSLATE_NOOP("actions", "Rename or recolour the class"), ("F2",), "pencil", "label", 4
        ),
        Action("remove-class", QT_TRANSLATE_NOOP("actions", "Remove the class"), (), "trash-2", "label", 4),
        Action("mirror", QT_TRANSLATE_NOOP("actions", "Left and right do not matter"), (), "", "label", 4, True),
        Action("previous-class", QT_TRANSLATE_NOOP("actions", "Previous class"), ("-",), "", "label", 5),
        Action("next-class", QT_TRANSLATE_NOOP("actions", "Next class"), ("=",), "", "label", 5),
        Action("swap-class", QT_TRANSLATE_NOOP("actions", "Swap with background"), ("X",), "", "label", 5),
    )
