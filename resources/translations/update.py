"""Refresh the catalogues: collect every visible string of the code, keep what is translated, compile.

    python resources/translations/update.py [--check]

Text of the window is found by Qt's own `lupdate`. Sentences that come as `Message` templates or errors from `model` and
`lsgui`, and the names of the default classes, are collected from the syntax tree: contexts "messages" and "classes".
`--check` changes nothing, and fails when a string is missing or has no translation.
"""

from __future__ import annotations

import argparse
import ast
import builtins
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml
from collections.abc import Iterator
from pathlib import Path

import PySide6

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CATALOGUES = ("zh_CN",)
MESSAGE_MAKERS = ("Message", "Notice", "Failed")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; fail when something is missing")
    check = parser.parse_args().check
    problems = []
    for language in CATALOGUES:
        catalogue = HERE / f"{language}.ts"
        with tempfile.TemporaryDirectory() as folder:
            fresh = Path(folder) / catalogue.name
            if catalogue.exists():
                fresh.write_bytes(catalogue.read_bytes())
            update(fresh, Path(folder), language)
            problems += [f"{language}: {text}" for text in untranslated(fresh)]
            if check:
                problems += _differences(catalogue, fresh)
            else:
                catalogue.write_bytes(fresh.read_bytes())
                compile_catalogue(catalogue)
    print("\n".join(problems) or "complete")
    return 1 if problems else 0


def update(catalogue: Path, folder: Path, language: str) -> None:
    """Let `lupdate` merge what the code says now into `catalogue`; strings that are gone are dropped."""
    collected = folder / "collected.py"
    collected.write_text(_as_source(), encoding="utf-8")
    sources = [str(path) for path in sorted((ROOT / "lsgui").rglob("*.py"))]
    command = [str(_tool("lupdate")), *sources, str(collected), "-no-obsolete", "-locations", "none",
               "-target-language", language, "-ts", str(catalogue)]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, env=_environment())


def compile_catalogue(catalogue: Path) -> Path:
    compiled = catalogue.with_suffix(".qm")
    command = [str(_tool("lrelease")), "-silent", str(catalogue), "-qm", str(compiled)]
    subprocess.run(command, check=True, capture_output=True, env=_environment())
    return compiled


def strings(catalogue: Path) -> dict[tuple[str, str], str]:
    """(context, English) to the translation, "" where there is none."""
    found = {}
    for context in xml.parse(catalogue).getroot().iter("context"):
        for message in context.iter("message"):
            key = (context.findtext("name", ""), message.findtext("source", ""))
            translation = message.find("translation")
            unfinished = translation is None or translation.get("type") == "unfinished"
            found[key] = "" if unfinished else translation.text or ""
    return found


def untranslated(catalogue: Path) -> list[str]:
    return [f"[{context}] {source}" for (context, source), text in strings(catalogue).items() if not text]


def message_templates() -> set[str]:
    """Every sentence that is made as a Message, as an event or as an error, in both packages."""
    found: set[str] = set()
    for package in ("model", "lsgui"):
        for path in sorted((ROOT / package).rglob("*.py")):
            found |= set(_templates(ast.parse(path.read_text(encoding="utf-8"))))
    return found


def class_names() -> list[str]:
    from model.classes import default_table

    return [item.name for item in default_table().classes]


def _templates(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if node.args and (name in MESSAGE_MAKERS or _is_ours(name)):
            yield from _literals(node.args[0])


def _literals(node: ast.expr) -> Iterator[str]:
    """The text of a literal, or of both branches of a choice between literals."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if " " in node.value or node.value[:1].isupper():
            yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _literals(node.body)
        yield from _literals(node.orelse)


def _is_ours(name: str) -> bool:
    """Whether this is an error whose text a user sees: not one of Python's own."""
    ours = name.endswith("Error") or name in ("DeviceLost", "OutOfMemory", "WorkspaceLocked", "WorkspaceNotWritable")
    return ours and not hasattr(builtins, name)


def _as_source() -> str:
    """Python that `lupdate` can read."""
    lines = ["from PySide6.QtCore import QCoreApplication", "translate = QCoreApplication.translate"]
    lines += [f"translate('messages', {template!r})" for template in sorted(message_templates())]
    lines += [f"translate('classes', {name!r})" for name in class_names()]
    return "\n".join(lines) + "\n"


def _differences(catalogue: Path, fresh: Path) -> list[str]:
    known = strings(catalogue) if catalogue.exists() else {}
    missing = [f"{catalogue.name} lacks [{key[0]}] {key[1]}" for key in strings(fresh) if key not in known]
    compiled = catalogue.with_suffix(".qm")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / catalogue.name
        copy.write_bytes(catalogue.read_bytes())
        stale = not compiled.exists() or compile_catalogue(copy).read_bytes() != compiled.read_bytes()
    return missing + ([f"{compiled.name} is older than {catalogue.name}; run update.py"] if stale else [])


def _tool(name: str) -> Path:
    """Qt's own program, which PySide6-Essentials carries."""
    folder = Path(PySide6.__file__).parent
    return next(
        path for path in (folder / name, folder / f"{name}.exe", folder / "Qt" / "libexec" / name) if path.is_file()
    )


def _environment() -> dict[str, str]:
    library = Path(PySide6.__file__).parent / "Qt" / "lib"
    return {**os.environ, "LD_LIBRARY_PATH": str(library)}


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
