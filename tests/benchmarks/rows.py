"""Rows of the benchmark's table: what was measured beside its goal and its peers, as plain text and as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

Figure = float | str
"""A measured number, or the reason why there is none."""

_UNITS = {"us": 1e6, "ms": 1e3, "s": 1.0, "GiB": 2.0**-30, "images/s": 1.0}


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


def attempt(measure: Callable[[], float]) -> Figure:
    """What `measure` returns; for a peer that is not installed or fails, the reason."""
    try:
        return measure()
    except ImportError as error:
        return f"{(error.name or str(error)).split('.')[0]} is not installed"
    except Exception as error:  # noqa: BLE001 - a peer's failure is a result, and must not end the run
        reason = str(error).strip().splitlines()
        return f"{type(error).__name__}: {reason[0][:100]}" if reason else type(error).__name__


def fastest(figures: Iterable[Figure]) -> Figure:
    """The smallest number, or the first reason when none of several ways to run a peer gave a number."""
    figures = list(figures)
    return min((figure for figure in figures if isinstance(figure, float)), default=figures[0])


def show(figure: Figure, unit: str) -> str:
    """Three significant digits in `unit`; figures are seconds, bytes or images per second."""
    if isinstance(figure, str):
        return figure
    value = figure * _UNITS[unit]
    digits = max(0, 2 - len(str(int(abs(value)))) + (abs(value) >= 1))
    return f"{value:,.{digits}f} {unit}"


def show_peers(ours: Figure, peers: Mapping[str, Figure], unit: str, more_is_better: bool = False) -> str:
    """`U-Net 3.10 ms (2.1 x)`: each peer's figure, and how many times better ours is."""
    parts = []
    for name, figure in peers.items():
        times = ratio(ours, figure, more_is_better)
        parts.append(f"{name} {show(figure, unit)}" + ("" if times is None else f" ({times:.1f} x)"))
    return "; ".join(parts)


def ratio(ours: Figure, peer: Figure, more_is_better: bool = False) -> float | None:
    """How many times better ours is than the peer; None when one of them has no number."""
    if isinstance(ours, str) or isinstance(peer, str) or not ours or not peer:
        return None
    return ours / peer if more_is_better else peer / ours


def plain(row: Row) -> str:
    text = f"{row.work:64} {row.measured:34} goal {row.goal:34} {row.verdict}"
    return f"{text}\n    {row.peers}" if row.peers else text


def markdown(machine: str, rows: Iterable[Row]) -> str:
    """The table that the README carries, headed by the name of the machine."""
    lines = [
        f"On one {machine}:",
        "",
        "| work | measured | goal | peers, same run | reached |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        cells = (row.work, row.measured, row.goal, row.peers or "-", row.verdict)
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    return "\n".join(lines)
