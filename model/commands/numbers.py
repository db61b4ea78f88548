"""Numbers on the command line: the types argparse checks them with, and the limit that several commands share."""

from __future__ import annotations

import argparse
import math

from model.images import MAX_PIXELS


def positive(text: str) -> float:
    value = float(text)
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text}")
    return value


def count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number above 0, got {text}")
    return value


def whole(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"expected a whole number from 0 on, got {text}")
    return value


def share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 1, got {text}")
    return value


def part(text: str) -> float:
    value = float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"expected a number above 0, to 1, got {text}")
    return value


def add_max_megapixels(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--max-megapixels", type=positive, default=MAX_PIXELS / 1e6, help="refuse larger images (100)")
