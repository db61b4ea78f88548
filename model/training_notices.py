"""What a training says beside its figures."""

from __future__ import annotations

from collections.abc import Sequence

from model.messages import Message


def unsaved(error: OSError) -> Message:
    reason = {"reason": error.strerror or str(error)}
    return Message("The training cannot save its state ({reason}) and could not be resumed; it goes on.", reason)


def unjudged(names: Sequence[str]) -> Message:
    return Message(
        "No held-out label shows {classes}: the scores do not say how well the new model knows what it learned of that. Look at "
        "its predictions.",
        {"classes": list(names)},
    )


def enough(steps: int) -> Message:
    return Message(
        "The training ended after {steps} steps, before its time: more would only learn these images by heart. "
        "A number of epochs instead of a time makes it go on.",
        {"steps": steps},
    )


def nothing_known(name: str) -> Message:
    """Of a model of other classes: what is said of it elsewhere, to choose other weights, is no advice for a training."""
    return Message(
        "{name} knows none of these classes, so there is nothing to compare the new model with; the training goes on.",
        {"name": name},
    )


def start_dropped(kept: float, free: float) -> Message:
    return Message(
        "Nothing of the earlier model's weights is kept in the new one: with them the held-out images score {kept} instead of "
        "{free}. It may have forgotten what it learned in other folders.",
        {"kept": f"{kept:.3f}", "free": f"{free:.3f}"},
    )


def other_batch(batch: int, before: int, ranks: int) -> Message:
    return Message(
        "Each step now has {batch} views instead of {before}, as the number of processes has become {count}.",
        {"batch": batch, "before": before, "count": ranks},
    )
