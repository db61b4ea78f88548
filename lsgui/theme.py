"""The colours of the window, dark and light, and the style sheet made from them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from string import Template

THEMES = ("system", "dark", "light")
"""What may be chosen: the first is whichever of the others the system has."""


@dataclass(frozen=True)
class Theme:
    """Colours as #rrggbb. `accent` draws lines and marks; `fill` lies under `on_fill` text; `edge` is around what can be
    recognised by its border alone, `line` around everything else."""

    name: str
    window: str
    panel: str
    raised: str
    hover: str
    line: str
    edge: str
    text: str
    dim: str
    faint: str
    accent: str
    fill: str
    fill_hover: str
    on_fill: str
    canvas: str
    status_none: str
    status_predicted: str
    status_corrected: str
    status_labelled: str
    good: str
    warn: str
    bad: str
    curve_loss: str

    @property
    def selection(self) -> str:
        """The accent at 18 % over a panel, as one opaque colour so that contrast can be computed."""
        return blend(self.accent, self.panel, 0.18)

    @property
    def text_pairs(self) -> list[tuple[str, str]]:
        """Every (text, ground) pair the window uses; a test holds each at a contrast of 4.5 or more."""
        grounds = (self.window, self.panel, self.raised)
        pairs = [(ink, ground) for ink in (self.text, self.dim) for ground in grounds]
        pairs += [(ink, self.panel) for ink in (self.good, self.warn, self.bad)]
        pairs += [(self.text, self.selection), (self.dim_on_selection, self.selection), (self.text, self.hover)]
        return pairs + [(self.on_fill, self.fill), (self.on_fill, self.fill_hover), ("#ffffff", self.canvas)]

    @property
    def mark_pairs(self) -> list[tuple[str, str]]:
        """Every (mark, ground) pair that says something without words; a test holds each at a contrast of 3 or more."""
        grounds = (self.window, self.panel, self.raised)
        pairs = [(self.edge, ground) for ground in grounds]
        pairs += [(mark, ground) for mark in (self.fill, self.accent) for ground in (self.window, self.panel)]
        return [*pairs, (self.on_fill, self.fill), (self.curve_loss, self.panel)]

    @property
    def dim_on_selection(self) -> str:
        return blend(self.text, self.dim, 0.35)


DARK = Theme(
    name="dark",
    window="#1b1d21",
    panel="#23262b",
    raised="#2c3036",
    hover="#353a42",
    line="#343941",
    edge="#7a828e",
    text="#e6e8eb",
    dim="#9aa1ab",
    faint="#565d68",
    accent="#5b9dff",
    fill="#2f6fdb",
    fill_hover="#2862c8",
    on_fill="#ffffff",
    canvas="#101114",
    status_none="#4a505a",
    status_predicted="#5b9dff",
    status_corrected="#e8b04c",
    status_labelled="#5fd38d",
    good="#5fd38d",
    warn="#e8b04c",
    bad="#ff8079",
    curve_loss="#e8b04c",
)

LIGHT = Theme(
    name="light",
    window="#f2f3f5",
    panel="#ffffff",
    raised="#eceef1",
    hover="#e2e5ea",
    line="#d9dde3",
    edge="#7a838f",
    text="#1d2126",
    dim="#5d6672",
    faint="#aab1bb",
    accent="#1f6feb",
    fill="#1f6feb",
    fill_hover="#1a63d6",
    on_fill="#ffffff",
    canvas="#2a2c30",
    status_none="#c3c8d0",
    status_predicted="#3b82f6",
    status_corrected="#e0a030",
    status_labelled="#3fb772",
    good="#1a7f43",
    warn="#8a5a00",
    bad="#c62828",
    curve_loss="#c28417",
)


def style_sheet(template: str, theme: Theme, font_families: str = "") -> str:
    """Fill a style sheet's $names with the theme's colours."""
    colours = dataclasses.asdict(theme)
    return Template(template).substitute(colours, selection=theme.selection, fonts=font_families)


def contrast(first: str, second: str) -> float:
    """The contrast ratio of WCAG 2.2, 1 to 21."""
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2.2, 0 to 1."""
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in _channels(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def blend(top: str, ground: str, alpha: float) -> str:
    mixed = (alpha * a + (1 - alpha) * b for a, b in zip(_channels(top), _channels(ground), strict=True))
    return "#" + "".join(f"{round(value * 255):02x}" for value in mixed)


def _channels(colour: str) -> tuple[float, float, float]:
    return tuple(int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
