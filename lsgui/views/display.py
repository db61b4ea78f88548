"""How the image is shown: window and level, opacity, what is hidden. Nothing here changes a pixel."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QObject, Signal

from model.images import PRESETS, Image, Window, auto_window

FAINTEST, STRONGEST, STEP = 0, 100, 10
UNCHANGED = Window(127.5, 255.0)
"""In which 8-bit values are shown as they are."""
CLASSES_SHOWN, PROVENANCE_SHOWN = "classes", "provenance"


class Display(QObject):
    """Outlives the main window, so a change of language changes nothing in sight."""

    window_changed = Signal()
    overlay_changed = Signal()

    def __init__(self, opacity: int = 40) -> None:
        super().__init__()
        self.window: Window | None = None
        self.opacity = opacity
        self.overlay_visible = True
        self.shows = CLASSES_SHOWN
        """What the overlay shows: the classes, or who set each pixel."""
        self.hidden: frozenset[str] = frozenset()
        self._image: Image | None = None
        self._auto: Window | None = None
        self._chosen = False

    def show_image(self, image: Image | None) -> None:
        """A window the user chose stays from image to image of one kind that it shows anything of, and in HU any other within
        its series; else the image's own is taken.
        """
        before = self._image
        alike = (
            image is not None
            and before is not None
            and (_kind(image) == _kind(before) or _of_one_series(image, before))
        )
        same_series = alike and image.unit == "HU" and image.series is not None and image.series == before.series
        stays = alike and self._chosen and _shows(self.window, image) or same_series
        self._image, self._auto = image, None
        if not stays or self.window is None:
            self.window, self._chosen = (image.window or UNCHANGED) if image else None, False
        self.window_changed.emit()

    @property
    def effective_window(self) -> Window | None:
        """None where values are shown as they are."""
        return None if self._is_8_bit and self.window == UNCHANGED else self.window

    @property
    def presets(self) -> dict[str, Window]:
        """Names to windows: those of CT for HU, 8-bit values as they are, and what the image's own values suggest."""
        if self._image is None:
            return {}
        named = dict(PRESETS) if self._image.unit == "HU" else {"unchanged": UNCHANGED} if self._is_8_bit else {}
        return named | {"auto": self._automatic()}

    @property
    def preset(self) -> str | None:
        """The preset in force, if it is one."""
        return next((name for name, window in self.presets.items() if window == self.window), None)

    def set_window(self, level: float, width: float) -> None:
        """Of 8-bit values the level stays among them: beyond, all would be black or white."""
        if self._is_8_bit:
            level = min(max(level, UNCHANGED.low), UNCHANGED.high)
        self.window = Window(level, max(self._narrowest(), width))
        self._chosen = True
        self.window_changed.emit()

    def choose_preset(self, name: str) -> None:
        if name in self.presets:
            window = self.presets[name]
            self.set_window(window.level, window.width)
            # Of values without a unit the next image suggests its own.
            self._chosen = name != "auto" or self._image.unit == "HU"

    def set_opacity(self, percent: int) -> None:
        self.opacity = min(max(percent, FAINTEST), STRONGEST)
        self.overlay_changed.emit()

    def step_opacity(self, direction: int) -> None:
        self.set_opacity(self.opacity + direction * STEP)

    def set_overlay_visible(self, visible: bool) -> None:
        self.overlay_visible = visible
        self.overlay_changed.emit()

    def set_shows(self, shows: str) -> None:
        if shows not in (CLASSES_SHOWN, PROVENANCE_SHOWN):
            raise ValueError(f"the overlay shows no {shows!r}")
        self.shows = shows
        self.overlay_changed.emit()

    def set_hidden(self, uids: Iterable[str]) -> None:
        self.hidden = frozenset(uids)
        self.overlay_changed.emit()

    @property
    def _is_8_bit(self) -> bool:
        return self._image is not None and self._image.window is None

    def _narrowest(self) -> float:
        """Of fractions a part of what they span: heights in metres differ by 1e-9."""
        whole = self._image is None or self._image.pixels.dtype.kind != "f"
        return 1.0 if whole else 1e-6 * self._automatic().width

    def _automatic(self) -> Window:
        if self._auto is None:
            self._auto = auto_window(self._image.pixels, self._image.nodata)
        return self._auto


def _shows(window: Window, image: Image) -> bool:
    """Not where all that the image holds would be black, or all white. Hounsfield units mean the same everywhere."""
    own = image.window
    return image.unit == "HU" or own is None or (window.low < own.high and own.low < window.high)


def _of_one_series(image: Image, other: Image) -> bool:
    """The type of a DICOM slice is the smallest that holds its values, and may be another one than its neighbour's."""
    known = image.series is not None and image.series == other.series
    return known and (image.unit, image.window is None) == (other.unit, other.window is None)


def _kind(image: Image) -> tuple[str, bool] | str:
    """What a window means the same for: values of one unit, or of one type."""
    return image.unit if image.unit == "HU" else (image.pixels.dtype.str, image.window is None)
