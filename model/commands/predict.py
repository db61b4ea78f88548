"""Predict label maps: one palette PNG for each image, whose pixels are class values, and the class table beside them.

A bad image gets one sentence on stderr, and the others go on.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from model import disk
from model.checkpoint import Checkpoint, load
from model.classes import ClassTable
from model.commands.console import Bar, Exit, HalfDone, say, share_the_cores
from model.commands.numbers import add_max_megapixels
from model.errors import DeviceLost, ImageError, LabelError, ModelError
from model.folder_prediction import FolderPrediction, Outcome
from model.images import Image, folder_notice, list_images, read_image
from model.labels import write_label
from model.prediction import Prediction
from model.progress import Progress

HELP = "predict label maps of images"
_NOWHERE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.ENOENT, errno.ENOTDIR)
"""A full or read-only disk, or a folder that is gone: the next image will meet the same."""


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
    folders = {(path if _is_folder(path) else path.parent).resolve() for path in arguments.inputs}
    if arguments.out.resolve() in folders:
        say(f"{arguments.out} holds the images: label maps in it would be taken for images; choose another --out.")
        return Exit.NOTHING_DONE
    paths, failed = _collect(arguments.inputs)
    if not paths:
        return Exit.NOTHING_DONE
    try:
        disk.make_folder(arguments.out)
        classes.write(arguments.out / "classes.json")
    except OSError as error:
        say(f"{arguments.out} cannot be written: {error.strerror or error}; make room, or choose another --out.")
        return Exit.NOTHING_DONE
    share_the_cores()
    work = _Work(checkpoint, classes, arguments)
    try:
        done = work.predict(paths)
    except Exception as error:
        if work.has_written:
            raise HalfDone from error
        raise
    finally:
        work.clear_bar()
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
        if not _is_folder(path):
            special = os.path.exists(path) and not os.path.isfile(path)  # reading a pipe would wait for ever
            yield ImageError("{name} is not a file of an image.", name=path.name) if special else path
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


def _is_folder(path: Path) -> bool:
    """False, too, for what the system refuses to look at, as a name that is too long: reading it says why."""
    return os.path.isdir(path)  # Path.is_dir raises


class _NoRoom(LabelError):
    """No label map can be written any more: predicting the other images would be for nothing."""


class _Work:
    """The images of one command."""

    def __init__(self, checkpoint: Checkpoint, classes: ClassTable, arguments: argparse.Namespace) -> None:
        self._checkpoint, self._classes, self._out = checkpoint, classes, arguments.out
        self._device = arguments.device
        self._max_pixels = round(arguments.max_megapixels * 1e6)
        self._bar = Bar()
        self._done = self._seen = 0
        self.has_written = False

    def predict(self, paths: list[Path]) -> int:
        """How many were written. When the GPU is lost, the CPU goes on with those that are left."""
        while self._seen < len(paths):
            try:
                self._predict(paths)
            except DeviceLost as error:
                self._say(error)
                self._device = "cpu"
            except _NoRoom as error:
                self._say(error)
                break
        return self._done

    def clear_bar(self) -> None:
        self._bar.clear()

    def _predict(self, paths: list[Path]) -> None:
        from model.segmenter import Segmenter

        segmenter = Segmenter.load(self._checkpoint, self._device, self._classes)
        for notice in segmenter.notices:
            self._say(notice)
        folder = FolderPrediction(self._read, self._write, segmenter.on_gpu)
        rest = paths[self._seen :]
        self._draw(paths, Progress(0.0))
        outcomes = folder.outcomes(rest, lambda images: segmenter.predict_many(images, lambda p: self._draw(paths, p)))
        with contextlib.closing(outcomes):
            for outcome in outcomes:
                self._tell(outcome)
                self._seen += 1
                self._draw(paths, Progress(0.0))

    def _read(self, path: Path) -> Image:
        return read_image(path, self._max_pixels)

    def _write(self, path: Path, prediction: Prediction) -> bool:
        try:
            write_label(self._out / f"{path.name}.png", prediction.label_map, self._classes, durable=False)
        except OSError as error:
            reason = error.strerror or str(error)
            if error.errno in _NOWHERE:
                raise _NoRoom(
                    "{folder} takes no more label maps: {reason}; make room, and predict the others then.",
                    folder=str(self._out),
                    reason=reason,
                ) from error
            raise LabelError(
                "The label map of {name} cannot be written: {reason}.", name=path.name, reason=reason
            ) from error
        self.has_written = True
        return True

    def _tell(self, outcome: Outcome[Path]) -> None:
        if isinstance(outcome.error, _NoRoom):
            raise outcome.error
        if outcome.error is not None:
            self._say(outcome.error)
            return
        self._done += 1
        name = outcome.task.name
        for notice in (*outcome.notices, *outcome.prediction.notices):
            self._say(notice if name in str(notice) else f"{name}: {notice}")

    def _draw(self, paths: list[Path], progress: Progress) -> None:
        number = min(self._seen, len(paths) - 1)
        part = (self._seen + (progress.fraction or 0)) / len(paths)
        doing = f"  {progress.message}" if progress.message else ""
        self._bar.draw(part, f"{number + 1} of {len(paths)}  {paths[number].name}{doing}")

    def _say(self, sentence: object) -> None:
        self._bar.clear()
        say(sentence)
