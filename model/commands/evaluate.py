"""Score weights on the labels of a workspace and print JSON: IoU and Dice of each class, pooled over all pixels.

Only held-out images count, unless --all is given. Beside it stands what copying the label of the nearest training
image would score: a model that does no better has learned nothing.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from model.checkpoint import load
from model.commands.console import Bar, Exit, say, share_the_cores
from model.commands.numbers import add_max_megapixels
from model.scoring import Scores, score
from model.survey import Usable, score_nearest_label, survey
from model.workspace import Workspace

HELP = "score weights on a workspace's labels"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("workspace", type=Path, metavar="WORKSPACE", help="the folder of images")
    parser.add_argument("--root", type=Path, help="where its labels are; else WORKSPACE/segmentation")
    parser.add_argument("--weights", type=Path, required=True, metavar="W", help="the weights to score")
    parser.add_argument("--all", action="store_true", help="score on every label, those trained on included")
    parser.add_argument("--device", default="auto", help="auto (the default), cpu, cuda or cuda:N")
    add_max_megapixels(parser)


def run(arguments: argparse.Namespace) -> int:
    share_the_cores()
    from model.segmenter import Segmenter

    workspace = Workspace.peek(arguments.workspace, arguments.root)
    checkpoint = load(arguments.weights)
    bar, limit = Bar(), round(arguments.max_megapixels * 1e6)
    found = survey(workspace, lambda progress: bar.draw(progress.fraction or 0, "reading labels"), limit)
    judged = found.labels if arguments.all else found.held_out
    if not judged:
        bar.clear()
        for problem in found.problems:
            say(problem)
        say(
            "There is no usable label to score on; save an image as label first."
            if arguments.all or not found.labels
            else "No label is held out yet; save more labels, or score on all of them with --all."
        )
        return Exit.NOTHING_DONE
    segmenter = Segmenter.load(checkpoint, arguments.device, workspace.classes)
    truths = (found.read(label) for label in _shown(judged, bar))
    scores = score(segmenter, truths, workspace.classes)
    bar.clear()
    for sentence in (*segmenter.notices, *found.problems, *found.notices):
        say(sentence)
    nearest = score_nearest_label(found, judged)
    facts = {"temperature": checkpoint.temperature} | _facts(arguments, workspace, judged, scores, nearest)
    print(json.dumps(facts, indent=2))
    return Exit.SOME_FAILED if found.problems else Exit.DONE


def _facts(
    arguments: argparse.Namespace, workspace: Workspace, judged: Sequence[Usable], scores: Scores, nearest: Scores
) -> dict[str, object]:
    names = {item.uid: item.name for item in workspace.classes.classes}
    pixels, copied = scores.pixels, nearest.dice
    return {
        "weights": str(arguments.weights),
        "labels": "all" if arguments.all else "held_out",
        "images": [label.item.image_path.name for label in judged],
        "mean_dice": scores.mean_dice,
        "mean_iou": scores.mean_iou,
        "calibration_error": scores.calibration_error,
        "nearest_label_mean_dice": nearest.mean_dice,
        "classes": {
            uid: {
                "name": names[uid],
                "dice": dice,
                "iou": scores.iou[uid],
                "pixels": pixels[uid],
                "nearest_label_dice": copied.get(uid),
            }
            for uid, dice in scores.dice.items()
        },
    }


def _shown(labels: Sequence[Usable], bar: Bar) -> Iterator[Usable]:
    for number, label in enumerate(labels):
        bar.draw(number / len(labels), f"{number + 1} of {len(labels)}  {label.item.image_path.name}")
        yield label
