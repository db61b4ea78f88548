"""The rows of attention alone, made of what `attention_speed` measures."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import torch

from tests.benchmarks import attention_speed
from tests.benchmarks.rows import Cost, Row, show_peers
from tests.benchmarks.subject import Scale

FIRST = "H3 N16384"
PROMISED = [case for case in attention_speed.CASES if not case[0] or case[2:] == attention_speed.STAGES[0]]
"""Every stage forward, the first one backward too."""
_NEVER_SLOWER = "never slower than package or flash softmax"
_AGAINST = {("B1", "forward"): 25.0, ("B1", "forward + backward"): 12.0, ("B8", "forward + backward"): 5.0}
"""At the first stage: so many times faster than the package, both replayed from graphs."""


def rows(scale: Scale, device: torch.device) -> Iterator[Row]:
    """Of every stage of a 512x512 image; head width 32, bidirectional, beside causal peers."""
    if device.type != "cuda":
        yield Row("attention", "", "needs a GPU")
        return
    for what, microseconds in attention_speed.measure(cases=PROMISED, until=scale.until):
        row = as_row(what, microseconds)
        if row is not None:
            yield row


def as_row(what: str, microseconds: Mapping[str, float]) -> Row | None:
    """`what` is as in "B1 H3 N16384 forward"; None for what nothing is promised of."""
    batch, heads, tokens, way = what.split(" ", 3)
    costs = {name: _cost(value) for name, value in microseconds.items()}
    ours, attend = costs.pop("ours"), costs.pop("attend", None)
    shown = ours.show("us") + (f"; with SiLU and norm {attend.show('us')}" if attend is not None else "")
    times = _AGAINST.get((batch, way)) if f"{heads} {tokens}" == FIRST else None
    if times is None and way != "forward":
        return None
    goal, reached = _NEVER_SLOWER, _is_first(ours, costs)
    if times is not None:
        limit = 15e-6 if way == "forward" else float("inf")
        package = costs["package"]
        known = not ours.reason and not package.reason
        reached = ours.seconds <= limit and package.seconds >= times * ours.seconds if known else None
        goal = f">= {times:g} times the package" + (", <= 15 us" if way == "forward" else "")
    return Row(f"attention {way}, {batch} {heads} {tokens} D32", goal, shown, show_peers(ours, costs, "us"), reached)


def _is_first(ours: Cost, costs: Mapping[str, Cost]) -> bool | None:
    rivals = [costs[name] for name in ("package", "flash softmax") if not costs[name].reason]
    if ours.reason or not rivals:
        return None
    return all(ours.seconds <= rival.seconds for rival in rivals)


def _cost(microseconds: float) -> Cost:
    return (
        Cost(reason="failed, not installed, or left out for lack of time")
        if math.isnan(microseconds)
        else Cost(microseconds / 1e6)
    )
