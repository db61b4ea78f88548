"""What the tools paint with: tool, class, size and options, and which pixels may be painted."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from lsgui.mask import AnyRegion
from lsgui.paint_field import PaintField, one_of, span, within
from lsgui.rules import ANYTHING, EMPTY, Rules
from model.classes import ClassTable

SMALLEST_RADIUS, LARGEST_RADIUS = 0.5, 2000.0
BACKGROUND = 0
SHAPES = ("polygon", "lasso", "rectangle", "ellipse")
"""The tools that do what `PaintSettings.shape_does` says."""


@dataclass(frozen=True)
class Cleaning:
    """How the label map is tidied: "current" class or "all"; islands below `size` pixels, edges within `radius`."""

    classes: str = "current"
    size: int = 64
    radius: float = 3.0

    def __post_init__(self) -> None:
        if self.classes not in ("current", "all") or self.size < 1 or not 0.5 <= self.radius <= 100:
            raise ValueError(f"not a way to clean up: {self}")


class PaintSettings(QObject):
    """Class values are those of the workspace's table. Every setter emits `changed` when something did.

    `tool` is an id of `ToolBox.tools`, or one that the canvas knows, such as pan.
    """

    changed = Signal()
    class_lost = Signal()
    """The class in the hand is no class any more."""

    tool = PaintField("brush", str)
    brush_radius = PaintField(10.0, within(SMALLEST_RADIUS, LARGEST_RADIUS))
    """In image pixels; 0.5 paints single pixels."""
    brush_shape = PaintField("round", one_of("round", "square"))
    pressure = PaintField(True, bool)
    """A pen that is pressed lightly paints a thinner line."""
    snap = PaintField(100.0, within(0, 100))
    """Of the model-guided brush: 100 paints what the model decides, 0 all that the brush covers."""
    both_ways = PaintField(True, bool)
    """The model-guided brush also takes away what the model gives to another class."""
    shape_does = PaintField("paint", one_of("paint", "erase", "select"))
    fill_contiguous = PaintField(True, bool)
    """Fill takes the touching pixels; when False, all such pixels of the image."""
    fill_by = PaintField("label", one_of("label", "values"))
    tolerance = PaintField(10.0, within(0, 1e9))
    """Of fill by values: how far a pixel's value may be from the one clicked, in the image's units."""
    wand_tolerance = PaintField(2.5, within(0.5, 8))
    """In spreads of the values around the one clicked."""
    threshold = PaintField(None, span)
    """(low, high), both included, or None."""
    superpixel_size = PaintField(24.0, within(8, 64))
    outline_by = PaintField("watershed", one_of("watershed", "grabcut"))
    range = PaintField(None, span)
    """Only pixels with values from low to high are painted; None for all."""
    clean = PaintField(Cleaning(), lambda value: value if isinstance(value, Cleaning) else Cleaning(*value))
    protect_others = PaintField(False, bool)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._class_value = 1
        self._previous = BACKGROUND
        self._over: int | None = ANYTHING
        self._locked: frozenset[int] = frozenset()
        self._values: tuple[int, ...] = (BACKGROUND, 1)
        self._uids: dict[int, str] = {}

    @property
    def class_value(self) -> int:
        return self._class_value

    @class_value.setter
    def class_value(self, value: int) -> None:
        if value in self._values and value != self._class_value:
            self._previous = self._class_value
            self.set_field("_class_value", value)

    @property
    def previous(self) -> int:
        return self._previous

    @property
    def values(self) -> tuple[int, ...]:
        return self._values

    def set_classes(self, classes: ClassTable, anew: bool = False) -> None:
        """Follow a new table: a class that is gone is neither painted with nor over, nor locked, whatever has its value now.

        In another folder (`anew`) nobody begins with background, which is not seen.
        """
        before, self._uids = self._uids, {item.value: item.uid for item in classes.classes}
        self._values = tuple(classes.values)
        known = frozenset(value for value, uid in self._uids.items() if before.get(value, uid) == uid)
        fallback = next((value for value in self._values if value != BACKGROUND), BACKGROUND)
        lost = self._class_value not in known
        if lost or (anew and self._class_value == BACKGROUND):
            self._class_value = fallback
        if self._previous not in known:
            self._previous = BACKGROUND
        if self._over not in (ANYTHING, EMPTY, *known):
            self._over = ANYTHING
        self._locked &= known
        if lost:
            self.class_lost.emit()
        self.changed.emit()

    def swap_with_background(self) -> None:
        """From a class to background, and from background back to the class before."""
        if self._class_value == BACKGROUND:
            self.class_value = self._previous
        else:
            self.class_value = BACKGROUND

    def step_class(self, step: int) -> None:
        """The next (1) or previous (-1) class of the table, round and round."""
        self.class_value = self._values[(self._values.index(self._class_value) + step) % len(self._values)]

    def step_radius(self, step: int) -> None:
        """Larger (1) or smaller (-1): half a pixel at first, a tenth later, so that every size is near."""
        self.brush_radius = round(2 * (self.brush_radius + step * max(0.5, self.brush_radius * 0.1))) / 2

    @property
    def over(self) -> int | None:
        """What is painted over: ANYTHING, EMPTY, or only the class of this value."""
        return self._over

    @over.setter
    def over(self, over: int | None) -> None:
        if over not in (ANYTHING, EMPTY, *self._values):
            raise ValueError(f"{over!r} is no class")
        self.set_field("_over", over)

    @property
    def locked(self) -> frozenset[int]:
        """The classes locked one by one."""
        return self._locked

    def toggle_locked(self, value: int) -> None:
        self.set_field("_locked", self._locked ^ {value})

    @property
    def protected(self) -> frozenset[int]:
        """Values no tool may paint over: the locked ones, and all but the current class while the others are protected.

        Background is only ever locked by hand: protecting it with the others would leave nothing to paint on.
        """
        if not self.protect_others:
            return self._locked
        return self._locked | (frozenset(self._values) - {self._class_value, BACKGROUND})

    def rules(self, selection: AnyRegion | None = None, erasing: bool = False) -> Rules:
        """What may be painted. Erasing takes from classes, so "only empty pixels" does not hold for it."""
        over = ANYTHING if erasing and self._over == EMPTY else self._over
        return Rules(self.protected, over, *(self.range or (None, None)), selection)

    def set_field(self, name: str, value: object) -> None:
        """For the fields: keep a value, and tell of it when it is another."""
        field = getattr(type(self), name[1:], None)
        before = self.__dict__.get(name, field.default if isinstance(field, PaintField) else None)
        if before != value:
            self.__dict__[name] = value
            self.changed.emit()
