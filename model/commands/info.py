"""Say what a weights file is: its network, its classes, how it reads pixels, and how it scored."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from model.checkpoint import CheckpointHeader, read_header
from model.commands.console import Exit

HELP = "say what a weights file is"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("weights", type=Path, metavar="W", help="a .safetensors file that this program wrote")
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")


def run(arguments: argparse.Namespace) -> int:
    header = read_header(arguments.weights)
    if arguments.json:
        print(json.dumps(_facts(header), ensure_ascii=False, indent=2))
    else:
        print("\n".join(_lines(header)))
    return Exit.DONE


def _facts(header: CheckpointHeader) -> dict[str, object]:
    return {
        "name": header.name,
        "parent": header.parent,
        "network": dict(header.network),
        "input": vars(header.input),
        "temperature": header.temperature,
        "classes": header.classes.to_json(),
        "metrics": dict(header.metrics),
    }


def _lines(header: CheckpointHeader) -> Iterator[str]:
    unit = "of the image's values, percentiles" if header.input.kind == "percentile" else "of the measured values"
    yield f"name     {header.name or '(none)'}"
    yield f"parent   {header.parent or '(trained from scratch)'}"
    yield f"network  {', '.join(f'{key} {value}' for key, value in header.network.items())}"
    yield f"input    {header.input.low:g} to {header.input.high:g} {unit}"
    yield f"temperature  {header.temperature:.3f}{_believable(header)}"
    scores = header.metrics.get("dice")
    scores = scores if isinstance(scores, dict) else {}
    yield f"classes  {len(header.classes.classes)}" + (", with the Dice on held-out images" if scores else "")
    for item in header.classes.classes:
        score = _number(scores.get(item.uid))
        yield f"  {item.value:3d}  {item.name:<28}" + ("" if score is None else f"{score:.3f}")
    mean = _number(header.metrics.get("mean_dice"))
    yield "held-out Dice  " + ("not measured" if mean is None else f"{mean:.3f} on average")
    nearest = _number(header.metrics.get("nearest_label_mean_dice"))
    if nearest is not None:
        yield f"copying the nearest training label would score {nearest:.3f}"


def _believable(header: CheckpointHeader) -> str:
    before, now = (_number(header.metrics.get(key)) for key in ("uncalibrated_error", "calibration_error"))
    if before is None or now is None:
        return ""
    return f", calibration error on the held-out images it was fitted to {before:.3f} without it, {now:.3f} with it"


def _number(score: object) -> float | None:
    """Metrics are free JSON: what is no number was not measured."""
    return float(score) if isinstance(score, int | float) else None
