"""Who may import whom: the rooms of the house, checked in every file of the tree."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
FILES = sorted(path for room in ("lsgui", "model") for path in (CHECKOUT / room).rglob("*.py"))

# Left may import right, never back. Files that are not named here belong to the layer of the longest prefix.
LAYERS = (
    ("lsgui.app", "lsgui.__main__", "lsgui.self_check", "lsgui.screenshot"),
    ("lsgui.views",),
    (
        "lsgui.session", "lsgui.session_parts", "lsgui.folder_opening", "lsgui.opening", "lsgui.saving", "lsgui.map_writing", "lsgui.label_saving",
        "lsgui.importing", "lsgui.mask_questions", "lsgui.class_changes", "lsgui.class_removal", "lsgui.model_choice", "lsgui.prediction_flow", "lsgui.training_flow",
        "lsgui.context", "lsgui.folder_predicting", "lsgui.journalling", "lsgui.step_texts", "lsgui.recovery", "lsgui.watching",
        "lsgui.journal_writer", "lsgui.undo_anywhere", "lsgui.unfinished", "lsgui.late_maps",
        "lsgui.clean_up", "lsgui.previewed", "lsgui.from_neighbours", "lsgui.slices", "lsgui.whole_edits",
    ),
    (
        "lsgui.jobs", "lsgui.lane", "lsgui.cycle_collector", "lsgui.failures", "lsgui.folder", "lsgui.thumbnails", "lsgui.finetune_child",
        "lsgui.training_state", "lsgui.notices",
    ),
    (
        "lsgui.tools", "lsgui.tool", "lsgui.computed_tool", "lsgui.brush", "lsgui.shape_tools", "lsgui.outline_editing",
        "lsgui.box_tools", "lsgui.fill_tools", "lsgui.threshold_tool", "lsgui.guided_brush", "lsgui.superpixel_brush", "lsgui.smart_outline_tool",
        "lsgui.accept_brush", "lsgui.document", "lsgui.history", "lsgui.painting", "lsgui.paint_field", "lsgui.selection",
    ),
    (
        "lsgui.mask", "lsgui.regions", "lsgui.flooding", "lsgui.shapes", "lsgui.polygons", "lsgui.fills", "lsgui.rules",
        "lsgui.gesture", "lsgui.growing_patch", "lsgui.kept_tiles", "lsgui.late_rows", "lsgui.live_planes",
        "lsgui.snapshot", "lsgui.tile_counts", "lsgui.document_edits",
        "lsgui.guided", "lsgui.superpixels", "lsgui.smart_outline", "lsgui.cleaning", "lsgui.morphology", "lsgui.neighbours",
        "lsgui.stretches",
    ),
)  # fmt: skip

KERNEL_ROOMS = (
    "model.attention.kernels", "model.attention.kernel_launch", "model.attention.kernel_forward",
    "model.attention.kernel_near", "model.attention.kernel_backward", "model.attention.kernel_tiles",
    "model.attention.kernel_operators", "model.kernel_support", "model.layers.kernels",
)  # fmt: skip
"""Triton exists on Linux only and costs a second: the doors import these where tensors are on a GPU."""


@dataclass(frozen=True)
class Import:
    """One name that a file imports; `inside` is True in a function, where it costs nothing at start."""

    name: str
    line: int
    inside: bool


def within(name: str, rooms: tuple[str, ...]) -> bool:
    return any(name == room or name.startswith(room + ".") for room in rooms)


def module_of(path: Path) -> str:
    parts = path.relative_to(CHECKOUT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> list[Import]:
    return list(_walk(ast.parse(path.read_text(encoding="utf-8")), inside=False))


def _walk(node: ast.AST, inside: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(alias.name, child.lineno, inside) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "imports name the whole path, so that they can be read and checked"
            yield from (Import(f"{child.module}.{alias.name}", child.lineno, inside) for alias in child.names)
        elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        else:
            function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _walk(child, inside or function)


def layer_of(module: str) -> int | None:
    fitting = [(len(room), number) for number, rooms in enumerate(LAYERS) for room in rooms if within(module, (room,))]
    return max(fitting)[1] if fitting else None


@functools.cache
def torch_rooms() -> tuple[str, ...]:
    """What loads torch or Triton when it is imported, itself or by what it imports."""
    names = {module_of(path): [item.name for item in imports_of(path) if not item.inside] for path in FILES}
    rooms = {"torch", "triton", "lightning_attn"}
    more = rooms
    while more:
        rooms = rooms | more
        known = tuple(rooms)
        more = {room for room in names.keys() - rooms if any(within(name, known) for name in names[room])}
    return tuple(rooms)


def test_the_rooms_of_torch_are_found_whether_they_import_it_themselves_or_not() -> None:
    assert {"model.network", "model.gradients", "model.learner", "model.segmenter"} <= set(torch_rooms())
    assert not {"model", "model.images", "model.events", "lsgui.jobs"} & set(torch_rooms())


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_every_import_goes_the_right_way(path: Path) -> None:
    module, wrong = module_of(path), []
    for item in imports_of(path):
        here, there = layer_of(module), layer_of(item.name)
        if here is not None and there is not None and there < here:
            wrong.append(f"{path.name}:{item.line} imports {item.name}, which is above it")
        if module.startswith("model") and within(item.name, ("PySide6", "lsgui", "pyqtgraph")):
            wrong.append(f"{path.name}:{item.line} imports {item.name}: the library knows nothing of the window")
        if "QtWidgets" in item.name and not within(module, LAYERS[0] + LAYERS[1]):
            wrong.append(f"{path.name}:{item.line} imports {item.name}: only views and app may")
        if within(item.name, ("triton",)) and not within(module, KERNEL_ROOMS):
            wrong.append(f"{path.name}:{item.line} imports {item.name}: only the rooms of kernels may")
        if within(item.name, ("cv2",)) and module != "model.opencv":
            wrong.append(f"{path.name}:{item.line} imports {item.name}: use model.opencv")
        may = item.inside and module in ("lsgui.jobs", "lsgui.self_check")
        if module.startswith("lsgui") and within(item.name, torch_rooms()) and not may:
            wrong.append(f"{path.name}:{item.line} imports {item.name}: only jobs.py may, inside a function")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_no_image_file_goes_through_cv2(path: Path) -> None:
    """cv2.imread and imwrite fail on names outside ASCII on Windows."""
    names = {
        node.attr for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Attribute)
    }
    assert not names & {"imread", "imwrite"}


def test_the_torch_free_rooms_are_free_of_torch() -> None:
    """Every room of the library that the window imports at its start, and all that those import."""
    by_name = {module_of(path): path for path in FILES}
    open_rooms = [module for module in by_name if module.startswith("lsgui")]
    seen: dict[str, str] = dict.fromkeys(open_rooms, "")
    while open_rooms:
        module = open_rooms.pop()
        for item in imports_of(by_name[module]):
            if item.inside:
                continue
            assert not within(item.name, ("torch",)), f"{module} imports torch; the way there: {_way(module, seen)}"
            for name in (item.name, item.name.rpartition(".")[0]):
                if name in by_name and name not in seen:
                    seen[name] = module
                    open_rooms.append(name)


def _way(module: str, seen: dict[str, str]) -> str:
    way = [module]
    while seen.get(way[-1]):
        way.append(seen[way[-1]])
    return " < ".join(way)


def test_the_library_s_door_holds_nothing_but_its_docstring() -> None:
    body = ast.parse((CHECKOUT / "model/__init__.py").read_text(encoding="utf-8")).body
    assert len(body) == 1 and isinstance(body[0], ast.Expr)


def test_every_file_of_the_program_has_its_layer() -> None:
    """A new file of the core must be placed, or its direction would not be checked."""
    helpers = {
        "lsgui", "lsgui.assets", "lsgui.rendering", "lsgui.overlay", "lsgui.theme", "lsgui.settings", "lsgui.translation",
        "lsgui.action", "lsgui.actions", "lsgui.edit_actions", "lsgui.gestures", "lsgui.crash_log", "lsgui.interface_size",
    }  # fmt: skip
    missing = [
        module_of(path) for path in FILES if module_of(path).startswith("lsgui") and layer_of(module_of(path)) is None
    ]
    assert set(missing) <= helpers
