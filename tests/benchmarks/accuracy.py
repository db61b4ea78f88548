"""How accurate a network is after some minutes of training, beside others: python -m tests.benchmarks.accuracy COMMAND

    train --network NAME --images DIR --labels DIR --hold-out GROUP --seconds T --seed S --results DIR
    camvid PATH --networks NAME ... --seeds 0 1 --seconds T --results DIR     one drive held out at a time
    ct PATH --networks NAME ... --seeds 0 1 --seconds T --results DIR         learn from ct_nifti, judge on ct_dicom
    runs FILE --results DIR             each line of it what `train` is given; lines may be added while it works
    table --results DIR --against NAME

`train` makes one run and writes its result file. `camvid`, `ct` and `runs` make all runs that DIR lacks, one at a time on each
GPU, then print the table, which `table` prints again. Names of networks: see accuracy_networks.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import math
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import torch

from model.classes import ClassTable
from model.commands.numbers import count, part, positive, share, whole
from model.device import choose_device, device_name
from model.errors import ModelError
from model.files import atomic_bytes
from tests.benchmarks import accuracy_data as data
from tests.benchmarks.accuracy_devices import spread
from tests.benchmarks.accuracy_measure import measure
from tests.benchmarks.accuracy_recipe import MEASURED, RECIPES
from tests.benchmarks.accuracy_run import WAYS, Run
from tests.benchmarks.accuracy_state import code_digest, commit_of
from tests.benchmarks.accuracy_table import read_results, tables

NETWORKS = ("lightning-unet", "lightning-unet identity", "unet")


def main(arguments: Sequence[str] | None = None) -> int:
    chosen = _parser().parse_args(arguments)
    try:
        return chosen.work(chosen)
    except (ModelError, OSError) as error:
        raise SystemExit(str(error)) from error


def train(chosen: argparse.Namespace) -> int:
    """One run, unless its result is there."""
    device = choose_device(chosen.device)
    if chosen.hidden is not None and chosen.recipe == MEASURED:
        raise SystemExit("the first recipe hides nothing: leave out --hidden, or --recipe")
    run = Run(**{field.name: getattr(chosen, field.name) for field in dataclasses.fields(Run)})
    state = {"commit": chosen.commit, "code": code_digest(), "card": device_name(device), "torch": torch.__version__}
    state["given"] = _given(chosen)
    path = chosen.results / run.file_name(*_place(chosen), state)
    if path.exists() and _same(path, state):
        print(f"{path} is there")
        return 0
    result = state | measure(run, _fold(chosen), device)
    chosen.results.mkdir(parents=True, exist_ok=True)
    atomic_bytes(path, json.dumps(result).encode())
    told = {name: value for name, value in result.items() if name not in ("counts", "sureness", "counting", "classes")}
    print(json.dumps(told, indent=1), flush=True)
    return 0


def protocol(chosen: argparse.Namespace) -> int:
    """All runs of the issue's protocol, and the table."""
    rules = [[]]
    if chosen.data == "camvid":
        rules = [["--hold-out", drive] for drive in chosen.folds or data.drives_of(chosen.path)]
    length = ["--seconds", chosen.seconds] if chosen.seconds else ["--steps", chosen.steps]
    rest = [f"--{chosen.data}", chosen.path, *length, "--recipe", chosen.recipe, "--labelled", chosen.labelled]
    rest += ["--strokes", chosen.strokes, "--way", chosen.way] + (["--unlabelled"] if chosen.unlabelled else [])
    runs = itertools.product(chosen.seeds, rules, chosen.networks)
    return _all([["--network", network, "--seed", seed, *rule, *rest] for seed, rule, network in runs], chosen)


def runs(chosen: argparse.Namespace) -> int:
    """What the lines of a file say, and the table."""
    return _all(_listed(chosen.file), chosen)


def _listed(path: Path) -> Iterator[list[str]]:
    """The lines of the file, read anew for each, so that lines can be added to it meanwhile; each of them once."""
    given: list[list[str]] = []
    while True:
        lines = (_words(line) for line in _text(path).splitlines())
        new = next((words for words in lines if words and words not in given), None)
        if new is None:
            return
        given.append(new)
        yield new


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise SystemExit(f"{path} is no text in UTF-8: {error}") from error


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError as error:
        raise SystemExit(f"{line} is no command line: {error}") from error


def show(chosen: argparse.Namespace) -> int:
    results = read_results(chosen.results)
    if not results:
        raise SystemExit(f"{chosen.results} holds no result")
    text = "\n\n\n".join(tables(results, chosen.against or NETWORKS[1:]))
    print(text, flush=True)
    if chosen.write:
        chosen.write.write_text(text + "\n", encoding="utf-8")
    return 0


def _fold(chosen: argparse.Namespace) -> data.Fold:
    if chosen.ct:
        return data.ct_slices(chosen.ct)
    if chosen.camvid:
        return data.street_scenes(chosen.camvid, chosen.hold_out)
    if not chosen.images or not chosen.labels:
        raise SystemExit("expected --images and --labels, or --camvid, or --ct")
    truths = data.read_folder(chosen.images, chosen.labels, chosen.void)
    classes = ClassTable.read(chosen.classes) if chosen.classes else data.table_for(truths, mirror=chosen.mirror)
    fold = data.split(chosen.images.parent.name, truths, classes, chosen.hold_out)
    others = data.read_others(chosen.images, truths, chosen.hold_out) if chosen.unlabelled else {}
    return dataclasses.replace(fold, others=others)


def _place(chosen: argparse.Namespace) -> tuple[str, str]:
    """The names of the data and of the fold."""
    if chosen.ct:
        return "ct", "ct_dicom"
    return "camvid" if chosen.camvid else chosen.images.parent.name, "+".join(chosen.hold_out)


def _given(chosen: argparse.Namespace) -> str:
    """What a run depends on beside the code, its length, and what its name says; the same for all runs of known data."""
    if chosen.ct or chosen.camvid:
        return ""
    return json.dumps(
        [*(str(path) for path in (chosen.images, chosen.labels, chosen.classes)), chosen.void, chosen.mirror]
    )


def _same(path: Path, state: Mapping[str, str]) -> bool:
    try:
        return state.items() <= json.loads(path.read_text(encoding="utf-8")).items()
    except (OSError, ValueError, AttributeError):
        return False


def _all(given: Iterable[Sequence[object]], chosen: argparse.Namespace) -> int:
    shared = ["--results", chosen.results, "--device", chosen.device, f"--commit={chosen.commit}"]
    lines = ([str(word) for word in ("train", *one, *shared)] for one in given)
    failed = spread(main, lines, chosen.device, chosen.patience)
    if any(chosen.results.glob("*.json")):
        show(chosen)
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    one = commands.add_parser("train")
    one.set_defaults(work=train)
    one.add_argument("--network", required=True)
    one.add_argument("--seed", type=whole, default=0)
    one.add_argument("--images", type=Path, help="folder of images")
    one.add_argument("--labels", type=Path, help="folder of PNGs with their stems, whose grey or index is the class")
    one.add_argument(
        "--void",
        type=int,
        choices=range(255),
        nargs="*",
        default=[],
        metavar="VALUE",
        help="values that mean nothing: 255",
    )
    one.add_argument("--classes", type=Path, metavar="FILE", help="a class table; without it a class for each value")
    one.add_argument("--mirror", action="store_true", help="left and right do not matter")
    one.add_argument("--hold-out", nargs="+", default=[], metavar="GROUP", help="names up to the last separator")
    one.add_argument("--camvid", type=Path, metavar="PATH", help="instead of images and labels")
    one.add_argument("--ct", type=Path, metavar="PATH", help="instead of images and labels")
    one.add_argument("--batch", type=count)
    one.add_argument("--crop", type=count)
    one.add_argument("--rate", type=positive, help="peak learning rate")
    one.add_argument("--hidden", type=share, help="how much may be hidden of a coloured view; the recipe's own")
    _add_training(one)
    for name in ("camvid", "ct"):
        several = commands.add_parser(name)
        several.set_defaults(work=protocol, data=name)
        several.add_argument("path", type=Path)
        several.add_argument("--networks", nargs="+", default=NETWORKS)
        several.add_argument("--seeds", type=whole, nargs="+", default=[0, 1])
        several.add_argument("--folds", nargs="+", help="drives to hold out; all of them")
        _add_training(several)
        _add_many(several)
    listed = commands.add_parser("runs")
    listed.set_defaults(work=runs)
    listed.add_argument("file", type=Path, help="each line what `train` is given, without the results' folder")
    _add_many(listed)
    table = commands.add_parser("table")
    table.set_defaults(work=show)
    for command in (one, *(commands.choices[name] for name in ("camvid", "ct", "runs"))):
        command.add_argument("--device", default="auto")
        command.add_argument("--commit", default=commit_of(), help="by default that which is checked out")
    for command in commands.choices.values():
        command.add_argument("--results", type=Path, required=True, metavar="DIR", help="folder of result files")
        command.add_argument("--against", action="append", metavar="NAME", help="compare the others with it")
        command.add_argument("--write", type=Path, metavar="FILE", help="write the tables there, too")
    return parser


def _add_training(parser: argparse.ArgumentParser) -> None:
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--seconds", type=positive)
    length.add_argument("--steps", type=count)
    parser.add_argument("--recipe", choices=RECIPES, default=RECIPES[0])
    parser.add_argument("--labelled", type=part, default=1.0, help="share of the training images that have a label")
    parser.add_argument("--unlabelled", action="store_true", help="learn from what has no label, too")
    parser.add_argument("--way", choices=WAYS, default=WAYS[0], help="how that is done; the product's own")
    parser.add_argument("--strokes", type=part, default=1.0, help="share of an image's pixels that strokes label")


def _add_many(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--patience", type=float, default=math.inf, metavar="S", help="begin no run later than this")


if __name__ == "__main__":
    sys.exit(main())
