"""The command `lsgui`: arguments, and what can be answered without a window."""

from __future__ import annotations

import argparse
import json
import os
import sys
from importlib import metadata
from pathlib import Path

from model.commands.console import quiet_broken_pipe, widen


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0 when what was asked for was done."""
    given = sys.argv[1:] if arguments is None else arguments
    options = _parser().parse_args(given)
    if options.self_check or options.list_actions:
        widen(sys.stdout)
    if options.self_check:
        from lsgui.self_check import self_check

        return self_check()
    if options.list_actions:
        return _list_actions(options.language)
    problem = _problem(options)
    if problem is not None:
        print(problem, file=sys.stderr)
        return 2
    if options.screenshot is not None and not _has_display():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from lsgui.app import Options, run
    from lsgui.lane import leave

    chosen = Options(
        options.folder, options.weights, options.language, options.theme, options.max_megapixels, options.screenshot
    )
    return leave(run(chosen, [sys.argv[0]]))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("lsgui", description="Predict, correct and fine-tune segmentations of images.")
    parser.add_argument("folder", nargs="?", type=Path, help="a folder of images, or one image of it")
    parser.add_argument("--weights", type=Path, help="a .safetensors checkpoint to predict with")
    parser.add_argument("--language", choices=("system", "en", "zh_CN"), help="for this start")
    parser.add_argument("--theme", choices=("system", "dark", "light"), help="for this start")
    parser.add_argument("--max-megapixels", type=int, help="open images up to this size (default 100)")
    parser.add_argument("--self-check", action="store_true", help="say what works here, and exit")
    parser.add_argument("--list-actions", action="store_true", help="print every action as JSON, and exit")
    parser.add_argument(
        "--screenshot", type=Path, metavar="FILE", help="predict the first image, picture the window, exit"
    )
    parser.add_argument("--version", action="version", version=f"lsgui {_version()}")
    return parser


def _problem(options: argparse.Namespace) -> str | None:
    """A sentence when the arguments cannot work. What the system refuses to look at is not there, either."""
    if options.folder is not None and not os.path.exists(options.folder):
        return f"{options.folder} does not exist; give a folder of images."
    if options.weights is not None and not os.path.isfile(options.weights):
        return f"{options.weights} does not exist; give a .safetensors checkpoint."
    if options.max_megapixels is not None and options.max_megapixels < 1:
        return "--max-megapixels must be 1 or more."
    if options.screenshot is not None and options.folder is None:
        return "--screenshot needs a folder of images."
    if options.screenshot is None and not _has_display():
        return "There is no display to open a window on; start from a desktop, or with QT_QPA_PLATFORM set."
    return None


def _has_display() -> bool:
    if not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def _list_actions(language: str | None) -> int:
    from PySide6.QtCore import QCoreApplication

    from lsgui.actions import listing
    from lsgui.assets import Assets
    from lsgui.translation import Translations

    application = QCoreApplication([])
    Translations(application, Assets.find().translations).use(language or "en")
    try:
        print(json.dumps(listing(), ensure_ascii=False, indent=1), flush=True)
    except BrokenPipeError:  # as with `| head`
        quiet_broken_pipe()
    return 0


def _version() -> str:
    try:
        return metadata.version("lsgui")
    except metadata.PackageNotFoundError:
        return "(checkout)"


if __name__ == "__main__":
    sys.exit(main())
