"""Predict label maps: one palette PNG for each image, whose pixels are class values, and the class table beside them.

A bad image gets one sentence on stderr, and the others go on.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from model.checkpoint import load
from model.classes import ClassTable
from model.commands.console import Bar, Exit, say, share_the_cores
from model.commands.numbers import add_max_megapixels
from model.errors import ImageError, ModelError
from model.images import folder_notice, list_images, read_image
from model.labels import write_label
from model.progress import Progress

HELP = "predict label maps of images"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("inputs", nargs="+", type=Path, metavar="INPUT", help="an image, or a folder of images")
    parser.add_argument("--weights", type=Path, required=True, metavar="W", help="the weights to predict with")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="where the label maps go; IMAGE.png each"
    )
    parser.add_argument(
        "--classes", type=Path, metavar="JSON", help="the class table to answer in; else the weights' own"
    )
    add_max_megapixels(parser)
    parser.add_argument("--device", default="auto", help="auto (the default), cpu, cuda or cuda:N")


def run(arguments: argparse.Namespace) -> int:
    checkpoint = load(arguments.weights)
    classes = ClassTable.read(arguments.classes) if arguments.classes else checkpoint.classes
    try:
        arguments.out.mkdir(parents=True, exist_ok=True)
        classes.write(arguments.out / "classes.json")
    except OSError as error:
        say(f"{arguments.out} cannot be written: {error.strerror or error}; make room, or choose another --out.")
        return Exit.NOTHING_DONE
    paths, failed = _collect(arguments.inputs)
    if not paths:
        return Exit.NOTHING_DONE
    share_the_cores()
    from model.segmenter import Segmenter

    segmenter = Segmenter.load(checkpoint, arguments.device, classes)
    for notice in segmenter.notices:
        say(notice)
    max_pixels = round(arguments.max_megapixels * 1e6)
    done = 0
    for at, path in enumerate(paths):
        done += _predict(segmenter, path, arguments.out, classes, max_pixels, at, len(paths))
    if not done:
        return Exit.NOTHING_DONE
    return Exit.SOME_FAILED if failed or done < len(paths) else Exit.DONE


def _collect(inputs: list[Path]) -> tuple[list[Path], int]:
    """The images among the inputs, and how many inputs were no use; for each of those, says why."""
    found: dict[str, Path] = {}
    failed = 0
    for path in _expand(inputs):
        if isinstance(path, ModelError):
            say(path)
            failed += 1
        elif path.name in found and found[path.name].resolve() != path.resolve():
            say(f"{path} is left out: {found[path.name]} has the same name; give it another --out.")
            failed += 1
        else:
            found.setdefault(path.name, path)
    return list(found.values()), failed


def _expand(inputs: list[Path]) -> Iterator[Path | ModelError]:
    for path in inputs:
        if not path.is_dir():
            yield path
            continue
        try:
            images = list_images(path)
        except ModelError as error:
            yield error
            continue
        notice = folder_notice(path)
        if notice and not images:
            yield ImageError(notice.template, **notice.values)
        yield from images


def _predict(
    segmenter: object, path: Path, out: Path, classes: ClassTable, max_pixels: int, number: int, count: int
) -> bool:
    bar = Bar()

    def report(progress: Progress) -> None:
        bar.draw((number + (progress.fraction or 0)) / count, f"{number + 1} of {count}  {path.name}")

    try:
        report(Progress(0.0))
        image = read_image(path, max_pixels)
        prediction = segmenter.predict(image, report)
        write_label(out / f"{path.name}.png", prediction.label_map, classes)
        bar.clear()
        for notice in (*image.notices, *prediction.notices):
            say(notice if path.name in str(notice) else f"{path.name}: {notice}")
        return True
    except ModelError as error:
        bar.clear()
        say(error)
    except OSError as error:
        bar.clear()
        say(f"The label map of {path.name} cannot be written: {error.strerror or error}.")
    return False
