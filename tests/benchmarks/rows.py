"""Rows of the benchmark's table: what was measured beside its goal and its peers, as plain text and as Markdown."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

_UNITS = {"us": 1e6, "ms": 1e3, "s": 1.0}


@dataclass(frozen=True)
class Row:
    """`peers` were measured in the same run. `reached` is None where there is no goal, or nothing to hold to it."""

    work: str
    goal: str
    measured: str
    peers: str = ""
    reached: bool | None = None

    @property
    def verdict(self) -> str:
        return {True: "yes", False: "no", None: "-"}[self.reached]


@dataclass(frozen=True)
class Cost:
    """What something takes: `seconds`, and `memory` in bytes where that was asked; or the `reason` why it is not known."""

    seconds: float = float("nan")
    memory: float | None = None
    reason: str = ""

    def within(self, seconds: float, memory: float = float("inf")) -> bool | None:
        """Whether it keeps to these bounds; None when it is not known."""
        return None if self.reason else self.seconds <= seconds and (self.memory or 0) <= memory

    def show(self, unit: str) -> str:
        """In us, ms, s or images/s, with three significant digits; memory in GiB."""
        if self.reason:
            return self.reason
        value = 1 / self.seconds if unit == "images/s" else self.seconds * _UNITS[unit]
        memory = "" if self.memory is None else f", {digits(self.memory / 2**30)} GiB"
        return f"{digits(value)} {unit}{memory}"


def attempt(measure: Callable[[], Cost]) -> Cost:
    """What `measure` returns; for a peer that is not installed or fails, the reason."""
    try:
        return measure()
    except ImportError as error:
        return Cost(reason=f"{(error.name or str(error)).split('.')[0]} is not installed")
    except Exception as error:  # noqa: BLE001 - a failure is a result too, and must not end the run
        lines = [*str(error).strip().splitlines(), ""]
        return Cost(reason=f"{type(error).__name__} {lines[0][:100]}".strip())


def fastest(costs: Iterable[Cost]) -> Cost:
    """The one that takes the least time; where none is known, the first with its reason."""
    costs = list(costs)
    return min((cost for cost in costs if not cost.reason), key=lambda cost: cost.seconds, default=costs[0])


def show_peers(ours: Cost, peers: Mapping[str, Cost], unit: str) -> str:
    """`U-Net 3.10 ms (2.1 x)`: each peer's cost, and how many times as long it takes as ours."""
    parts = []
    for name, cost in peers.items():
        known = not ours.reason and not cost.reason
        parts.append(f"{name} {cost.show(unit)}" + (f" ({digits(cost.seconds / ours.seconds, 2)} x)" if known else ""))
    return "; ".join(parts)


def digits(value: float, significant: int = 3) -> str:
    """The number with so many significant digits, none of them in exponents."""
    if not value or not math.isfinite(value):
        return f"{value:g}"
    exponent = int(
        f"{abs(value):.{significant - 1}e}".split("e")[1]
    )  # once rounded: 9.996 has two digits before the point
    return f"{value:,.{max(0, significant - 1 - exponent)}f}"


def plain(row: Row) -> str:
    text = f"{row.work:64} {row.measured:34} {'goal ' + row.goal if row.goal else '':40} {row.verdict}"
    return f"{text}\n    {row.peers}" if row.peers else text


def markdown(machine: str, rows: Iterable[Row]) -> str:
    """The table that the README carries, headed by the name of the machine."""
    lines = [
        f"On {machine}:",
        "",
        "| work | measured | goal | peers in the same run | reached |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        cells = (row.work, row.measured, row.goal or "-", row.peers or "-", row.verdict)
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    return "\n".join(lines)
