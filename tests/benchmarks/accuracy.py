"""How accurate a network is after some minutes of training, beside others: python -m tests.benchmarks.accuracy COMMAND

    train --network NAME --images DIR --labels DIR --hold-out GROUP --seconds T --seed S --results DIR
    camvid PATH --networks NAME ... --seeds 0 1 --seconds T --results DIR     one drive held out at a time
    ct PATH --networks NAME ... --seeds 0 1 --seconds T --results DIR         learn from ct_nifti, judge on ct_dicom
    table --results DIR --against NAME

`train` makes one run and writes its result file. `camvid` and `ct` make all runs of a protocol that DIR lacks, one at a time
on each GPU, then print the table, which `table` prints again. Names of networks: see accuracy_networks.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from model.classes import ClassTable
from model.device import choose_device, device_name
from tests.benchmarks import accuracy_data as data
from tests.benchmarks.accuracy_devices import spread
from tests.benchmarks.accuracy_recipe import RECIPES
from tests.benchmarks.accuracy_run import Run, code_digest, commit_of, measure
from tests.benchmarks.accuracy_table import read_results, tables

NETWORKS = ("lightning-unet", "lightning-unet identity", "unet")


def main(arguments: Sequence[str] | None = None) -> int:
    chosen = _parser().parse_args(arguments)
    return chosen.work(chosen)


def train(chosen: argparse.Namespace) -> int:
    """One run."""
    fold, device = _fold(chosen), choose_device(chosen.device)
    run = _run(chosen, chosen.network, chosen.seed)
    run = dataclasses.replace(run, batch=chosen.batch, crop=chosen.crop)
    result = measure(run, fold, device, chosen.commit)
    chosen.results.mkdir(parents=True, exist_ok=True)
    path = chosen.results / run.file_name(fold.data, fold.name, result["code"])
    path.write_text(json.dumps(result), encoding="utf-8")
    told = {name: value for name, value in result.items() if name not in ("counts", "sureness", "counting", "classes")}
    print(json.dumps(told, indent=1), flush=True)
    return 0


def protocol(chosen: argparse.Namespace) -> int:
    """All runs that have no result yet, and the table of all."""
    folds = [("ct_dicom", [])]
    if chosen.data == "camvid":
        folds = [(drive, ["--hold-out", drive]) for drive in chosen.folds or data.drives_of(chosen.path)]
    wanted = []
    for seed in chosen.seeds:
        for name, rule in folds:
            for network in chosen.networks:
                run = _run(chosen, network, seed)
                if not _is_there(chosen.results / run.file_name(chosen.data, name, code_digest()), chosen):
                    wanted.append([*_arguments(chosen, run), *rule])
    failed = spread(wanted, chosen.device)
    show(chosen)
    return 1 if failed else 0


def show(chosen: argparse.Namespace) -> int:
    text = "\n\n\n".join(tables(read_results(chosen.results), chosen.against or NETWORKS[1:]))
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
    return data.split(chosen.images.parent.name, truths, classes, chosen.hold_out)


def _run(chosen: argparse.Namespace, network: str, seed: int) -> Run:
    return Run(network, seed, chosen.recipe, chosen.seconds, chosen.steps, chosen.labelled)


def _arguments(chosen: argparse.Namespace, run: Run) -> list[str]:
    """The command line of one run of a protocol."""
    length = ["--seconds", str(run.seconds)] if run.seconds else ["--steps", str(run.steps)]
    given = {
        "--network": run.network, "--seed": run.seed, "--recipe": run.recipe, f"--{chosen.data}": chosen.path,
        "--results": chosen.results, "--device": chosen.device, "--commit": chosen.commit,
        "--labelled": run.labelled,
    }  # fmt: skip
    return ["train", *(str(part) for pair in given.items() for part in pair), *length]


def _is_there(path: Path, chosen: argparse.Namespace) -> bool:
    if not path.exists():
        return False
    result = json.loads(path.read_text(encoding="utf-8"))
    return (result["commit"], result["card"]) == (chosen.commit, device_name(choose_device(chosen.device)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    one = commands.add_parser("train")
    one.add_argument("--network", required=True)
    one.add_argument("--seed", type=int, default=0)
    one.add_argument("--images", type=Path, help="folder of images")
    one.add_argument("--labels", type=Path, help="folder of PNGs with their stems, whose grey or index is the class")
    one.add_argument("--void", type=int, nargs="*", default=[], help="values that mean nothing: 255")
    one.add_argument("--classes", type=Path, metavar="FILE", help="a class table; without it a class for each value")
    one.add_argument("--mirror", action="store_true", help="left and right do not matter")
    one.add_argument("--hold-out", nargs="+", default=[], metavar="GROUP", help="names up to the last separator")
    one.add_argument("--camvid", type=Path, metavar="PATH", help="instead of images and labels")
    one.add_argument("--ct", type=Path, metavar="PATH", help="instead of images and labels")
    one.add_argument("--batch", type=int)
    one.add_argument("--crop", type=int)
    one.set_defaults(work=train)
    for name in ("camvid", "ct"):
        several = commands.add_parser(name)
        several.add_argument("path", type=Path)
        several.add_argument("--networks", nargs="+", default=NETWORKS)
        several.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
        several.add_argument("--folds", nargs="+", help="drives to hold out; all of them")
        several.set_defaults(work=protocol, data=name)
        _add_run(several)
        _add_table(several)
    _add_run(one)
    table = commands.add_parser("table")
    table.set_defaults(work=show)
    _add_table(table)
    for command in commands.choices.values():
        command.add_argument("--results", type=Path, required=True, metavar="DIR", help="folder of result files")
    return parser


def _add_run(parser: argparse.ArgumentParser) -> None:
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--seconds", type=float)
    length.add_argument("--steps", type=int)
    parser.add_argument("--recipe", choices=RECIPES, default=RECIPES[0])
    parser.add_argument("--labelled", type=float, default=1.0, help="share of the training images that have a label")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--commit", default=commit_of(), help="by default that which is checked out")


def _add_table(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--against", action="append", metavar="NAME", help="compare the others with it")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the tables there, too")


if __name__ == "__main__":
    sys.exit(main())
