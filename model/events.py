"""What a fine-tuning says while it runs: one event a line, as JSON, in the order things happened."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from model.messages import Message


@dataclass(frozen=True)
class Started:
    """`train`, `held_out` and `unlabelled` count images; `classes` are uids in channel order."""

    run: int
    device: str
    batch: int
    epochs: int
    train: int
    held_out: int
    classes: list[str]
    unlabelled: int = 0


@dataclass(frozen=True)
class Baseline:
    """The model training started from, scored on the same held-out images. Dice is in 0..1, keyed by class uid."""

    mean: float
    dice: Mapping[str, float]


@dataclass(frozen=True)
class Step:
    """`loss` is NaN where it was no number, or infinite; in a line that is null, as JSON has neither."""

    epoch: int
    step: int
    steps: int
    loss: float


@dataclass(frozen=True)
class Epoch:
    """`mean` is None and `dice` empty without a held-out set; times are in seconds, and `loss` is as in Step."""

    epoch: int
    epochs: int
    loss: float
    mean: float | None
    dice: Mapping[str, float]
    seconds: float
    remaining: float


@dataclass(frozen=True)
class _Sentence:
    """The fields of a `Message` as JSON holds them."""

    template: str
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def message(self) -> Message:
        return Message.from_json(vars(self))


@dataclass(frozen=True)
class Notice(_Sentence):
    """What the user should know."""


@dataclass(frozen=True)
class Finished:
    """`verdict` is better (not lower, nor nothing), worse or cannot_judge."""

    run: int
    weights: str
    mean: float | None
    dice: Mapping[str, float]
    baseline_mean: float | None
    baseline: Mapping[str, float]
    verdict: str


@dataclass(frozen=True)
class Stopped:
    run: int


@dataclass(frozen=True)
class Failed(_Sentence):
    """Why it ended."""


Event = Started | Baseline | Step | Epoch | Notice | Finished | Stopped | Failed
_KINDS = {kind.__name__.lower(): kind for kind in (Started, Baseline, Step, Epoch, Notice, Finished, Stopped, Failed)}


def to_line(event: Event) -> str:
    """One line of JSON without its newline. A file name that is no UTF-8 keeps its bytes as JSON's own escapes."""
    fields = {"event": type(event).__name__.lower()} | dataclasses.asdict(event)
    if not math.isfinite(fields.get("loss", 0.0)):
        fields["loss"] = None
    text = json.dumps(fields, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode()


def from_line(line: str) -> Event | None:
    """The event of a line, or None for anything else (a library's own print, a newer version's event)."""
    try:
        fields = json.loads(line)
        if fields.get("loss", 0.0) is None:
            fields["loss"] = math.nan
        return _KINDS[fields.pop("event")](**fields)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
