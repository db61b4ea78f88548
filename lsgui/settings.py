"""What the program remembers of a user's choices. Read and written by `app.py` alone, then handed on as values."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field, fields, replace
from typing import TypeVar

from PySide6.QtCore import QByteArray, QSettings

from lsgui.interface_size import SIZES
from lsgui.theme import THEMES
from lsgui.translation import LANGUAGES
from model.options import FineTuneOptions

T = TypeVar("T")
RECENT = 8


@dataclass(frozen=True)
class Settings:
    """`language` is one of LANGUAGES, `theme` of THEMES and `size` of SIZES; `opacity` is 0 to 100; `geometry` is Qt's own
    blob; `splitters` maps a splitter's name to its sizes in logical pixels.
    """

    language: str = "system"
    theme: str = "dark"
    opacity: int = 40
    size: int = 100
    recent: tuple[str, ...] = ()
    geometry: bytes = b""
    splitters: dict[str, list[int]] = field(default_factory=dict)
    hidden_panels: tuple[str, ...] = ("history",)
    unlabelled: bool = FineTuneOptions.unlabelled
    model_labels: bool = False

    def with_recent(self, folder: str) -> Settings:
        """`folder` first, no folder twice."""
        others = [known for known in self.recent if known != folder]
        return replace(self, recent=(folder, *others)[:RECENT])


def read_settings(store: QSettings) -> Settings:
    """Anything missing or damaged takes its default."""
    default = Settings()
    return Settings(
        language=_one_of(LANGUAGES, store.value("language"), default.language),
        theme=_one_of(THEMES, store.value("theme"), default.theme),
        opacity=_one_of(range(101), _whole(store.value("opacity")), default.opacity),
        size=_one_of(SIZES, _whole(store.value("size")), default.size),
        recent=_texts(store.value("recent")),
        geometry=_bytes(store.value("geometry")),
        splitters={name: _sizes(store.value(f"splitters/{name}")) for name in _names(store, "splitters")},
        hidden_panels=_texts(store.value("hidden_panels", default.hidden_panels)),
        unlabelled=_flag(store.value("unlabelled"), default.unlabelled),
        model_labels=_flag(store.value("model_labels"), default.model_labels),
    )


def write_settings(store: QSettings, settings: Settings) -> None:
    for item in fields(settings):
        value = getattr(settings, item.name)
        if item.name == "splitters":
            for name, sizes in value.items():
                store.setValue(f"splitters/{name}", ",".join(map(str, sizes)))
        elif isinstance(value, bytes):
            store.setValue(item.name, QByteArray(value))
        else:
            store.setValue(item.name, list(value) if isinstance(value, tuple) else value)
    store.sync()


def _names(store: QSettings, group: str) -> list[str]:
    store.beginGroup(group)
    names = store.childKeys()
    store.endGroup()
    return names


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,) if value else ()
    return tuple(str(item) for item in value) if isinstance(value, list | tuple) else ()


def _bytes(value: object) -> bytes:
    return bytes(value.data()) if isinstance(value, QByteArray) else b""


def _flag(value: object, default: bool) -> bool:
    """INI files hold texts."""
    return {"true": True, "false": False}.get(str(value).lower(), default)


def _whole(value: object) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def _one_of(choices: Container[T], value: object, default: T) -> T:
    return value if value in choices else default


def _sizes(value: object) -> list[int]:
    try:
        parts = value if isinstance(value, list) else str(value).split(",")
        return [int(part) for part in parts]
    except ValueError:
        return []
