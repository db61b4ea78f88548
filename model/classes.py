"""Classes and their table: the one meaning of the numbers in a label map."""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from model.colors import suggest_color, suggest_colors
from model.errors import ClassTableError
from model.files import atomic_write

Color = tuple[int, int, int]

BACKGROUND_VALUE = 0
HIGHEST_VALUE = 254
"""255 means untouched in every label map, so no class can have it."""

_NOTHING = ("background", "_background_", "bg", "none", "nothing", "empty", "void", "other", "others", "rest", "unlabeled",
            "unlabelled", "ignore", "背景", "无", "其他", "其它", "空")  # fmt: skip
"""What lists call a class 0 that is no thing."""
_FORMAT = "lsgui classes"
_VERSION = 1
_NAMES = uuid.UUID("6f3c0a52-4f0c-5a0e-9c39-6b1f6d3a9f10")
"""Namespace for uids made from names, so that one list imported twice gives the same uids."""


@dataclass(frozen=True)
class Class:
    """`uid` never changes and identifies the class across tables; `value` (0..254) is what a label map stores.

    `color` is (red, green, blue), each 0..255.
    """

    uid: str
    value: int
    name: str
    color: Color


@dataclass(frozen=True)
class ClassTable:
    """Classes in the order they are shown. `mirror` says that left and right do not matter, so training may flip. `retired`
    are values that classes had which were removed: something might still hold them, so new classes get them last.

    Raises ClassTableError when uids, values or names repeat, a value is outside 0..254, or none has the value 0.
    """

    classes: tuple[Class, ...]
    mirror: bool = False
    retired: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for item in self.classes:
            _check(item)
        _refuse_repeats("name", [item.name for item in self.classes])
        _refuse_repeats("value", [item.value for item in self.classes])
        _refuse_repeats("uid", [item.uid for item in self.classes])
        if BACKGROUND_VALUE not in self.values:
            raise ClassTableError("The class table has no class with the value 0; add a background class with it.")

    @property
    def values(self) -> tuple[int, ...]:
        return tuple(item.value for item in self.classes)

    @property
    def numbering(self) -> dict[str, int]:
        """The value of each uid: two tables with the same numbering read a label map alike."""
        return {item.uid: item.value for item in self.classes}

    @property
    def background(self) -> Class:
        """The class the eraser writes."""
        return self.by_value(BACKGROUND_VALUE)

    @property
    def knows_nothing(self) -> bool:
        """Whether its class 0 is called what is nothing. In a list from elsewhere it may be the sky."""
        return self.background.name.strip().casefold() in _NOTHING

    @property
    def scored(self) -> tuple[Class, ...]:
        """The classes that scores are about: all but a class 0 that is nothing."""
        return tuple(item for item in self.classes if item.value != BACKGROUND_VALUE or not self.knows_nothing)

    def by_uid(self, uid: str) -> Class | None:
        return next((item for item in self.classes if item.uid == uid), None)

    def by_value(self, value: int) -> Class | None:
        return next((item for item in self.classes if item.value == value), None)

    def with_class(self, item: Class) -> ClassTable:
        return dataclasses.replace(self, classes=(*self.classes, item))

    def replaced(self, item: Class) -> ClassTable:
        """The table with `item` in the place of the class of the same uid."""
        classes = tuple(item if old.uid == item.uid else old for old in self.classes)
        return dataclasses.replace(self, classes=classes)

    def without(self, uid: str) -> ClassTable:
        return dataclasses.replace(self, classes=tuple(item for item in self.classes if item.uid != uid))

    def retiring(self, values: Iterable[int]) -> ClassTable:
        """The table which does not give these values to new classes."""
        return dataclasses.replace(self, retired=tuple(sorted({*self.retired, *values})))

    def keeping_values_of(self, old: ClassTable) -> ClassTable:
        """This table with the values `old` gives to the classes both have, so that maps in memory stay right."""
        kept = {item.uid: known.value for item in self.classes if (known := old.by_uid(item.uid))}
        retired = tuple(sorted({*self.retired, *old.retired}))
        free = _free({*kept.values(), *self.values}, retired)
        classes = []
        for item in self.classes:
            taken = item.uid not in kept and item.value in kept.values()
            value = kept.get(item.uid, free.pop(0) if taken else item.value)
            classes.append(dataclasses.replace(item, value=value))
        if all(item.value != BACKGROUND_VALUE for item in classes):
            classes.insert(0, old.background)
        return dataclasses.replace(self, classes=tuple(classes), retired=retired)

    def new_class(self, name: str, color: Color | None = None) -> Class:
        """A class with a uid of its own, the lowest free value that is not retired, if there is one, and, unless given, a
        colour unlike the others.

        It is not in the table yet: see `with_class`.
        """
        free = _free(self.values, self.retired)
        if not free:
            raise ClassTableError("The table is full: a label map holds at most 255 classes.")
        color = color or suggest_color([item.color for item in self.classes])
        return Class(uuid.uuid4().hex, free[0], name, color)

    def to_json(self) -> dict:
        classes = [dataclasses.asdict(item) | {"color": f"#{bytes(item.color).hex()}"} for item in self.classes]
        retired = {"retired": list(self.retired)} if self.retired else {}
        return {"format": _FORMAT, "version": _VERSION, "mirror": self.mirror, "classes": classes} | retired

    @staticmethod
    def from_json(data: object, old: ClassTable | None = None) -> ClassTable:
        """Our own form, or any list of names or of objects with a `name` and perhaps `color`, `value` and `uid`.

        Without values the position in the list is the value, as in the mask files such lists come with. A class that the
        table `old` has, by name or uid, keeps its uid there, and its colour unless the list gives one; see
        `keeping_values_of` for its value.
        """
        mirror = bool(data.get("mirror", False)) if isinstance(data, dict) else False
        items = data.get("classes") if isinstance(data, dict) else data
        if isinstance(data, dict) and data.get("version", _VERSION) != _VERSION:
            raise ClassTableError("The class table was written by a newer version of the program; update the program.")
        if not isinstance(items, list) or not items:
            raise ClassTableError("This JSON holds no list of classes; expected names, or names with colours.")
        rows = [_fields(item, position) for position, item in enumerate(items)]
        background = default_table().background
        added = (old and old.by_uid(background.uid)) or background
        before = [added] if all(row["value"] != BACKGROUND_VALUE for row in rows) else []
        colors = _colors(rows, old, [item.color for item in before])
        classes = [*before, *(_class_of(row, color, old) for row, color in zip(rows, colors, strict=True))]
        retired = data.get("retired") if isinstance(data, dict) else None
        retired = [one for one in retired if type(one) is int] if isinstance(retired, list) else []
        return ClassTable(tuple(classes), mirror, tuple(retired))

    @staticmethod
    def read(path: Path, old: ClassTable | None = None) -> ClassTable:
        """Raises ClassTableError for a file that cannot be read or holds no class table. `old` as for `from_json`."""
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8-sig"))
        except (OSError, ValueError, RecursionError) as error:
            raise _unreadable(Path(path).name, error) from error
        return ClassTable.from_json(data, old)

    def write(self, path: Path) -> None:
        """Atomic; raises OSError, and then the old file is intact."""
        text = json.dumps(self.to_json(), ensure_ascii=False, indent=1) + "\n"
        atomic_write(path, lambda file: file.write(text.encode("utf-8", "backslashreplace")))


def default_table() -> ClassTable:
    """Background and the 13 abdominal organs of BTCV, in its order. Left and right matter.

    The colours were found by annealing: large organs near the hues of an atlas, all as far apart as normal and
    colour-deficient eyes can have them, and colourful enough to show through a fill of 40 % on grey.
    """
    rows = (
        ("background", "Background", 0x3A3F47),
        ("spleen", "Spleen", 0x8C97FF),
        ("right_kidney", "Right kidney", 0xC1E096),
        ("left_kidney", "Left kidney", 0x9212BA),
        ("gallbladder", "Gallbladder", 0x00BFA3),
        ("esophagus", "Esophagus", 0xA37600),
        ("liver", "Liver", 0xA13636),
        ("stomach", "Stomach", 0xFFFF1D),
        ("aorta", "Aorta", 0xFF3E78),
        ("inferior_vena_cava", "Inferior vena cava", 0x9AFFE3),
        ("portal_and_splenic_vein", "Portal and splenic vein", 0x8F6EA9),
        ("pancreas", "Pancreas", 0xE79F00),
        ("right_adrenal_gland", "Right adrenal gland", 0x008B6B),
        ("left_adrenal_gland", "Left adrenal gland", 0xF7C6FF),
    )
    return ClassTable(tuple(Class(uid, value, name, _rgb(code)) for value, (uid, name, code) in enumerate(rows)))


def _free(taken: Collection[int], retired: Collection[int]) -> list[int]:
    """The values that a class could have, the retired ones last."""
    return sorted(set(range(HIGHEST_VALUE + 1)) - set(taken), key=lambda value: (value in retired, value))


def _unreadable(name: str, error: Exception) -> ClassTableError:
    if isinstance(error, OSError):
        return ClassTableError("{name} cannot be read: {reason}.", name=name, reason=error.strerror or str(error))
    if isinstance(error, json.JSONDecodeError):
        return ClassTableError(
            "{name} is no class table: its JSON breaks off or is wrong at line {line}, column {column}; correct it there.",
            name=name,
            line=error.lineno,
            column=error.colno,
        )
    return ClassTableError("{name} is no class table: it holds something else than JSON in UTF-8.", name=name)


def _rgb(code: int) -> Color:
    return code >> 16, code >> 8 & 255, code & 255


def _check(item: Class) -> None:
    if not 0 <= item.value <= HIGHEST_VALUE:
        raise ClassTableError(
            "Class {name} has the value {value}; expected 0 to 254 (255 means untouched).",
            name=item.name,
            value=item.value,
        )
    if not item.uid or not item.name.strip():
        raise ClassTableError("The class with the value {value} has no name; give it one.", value=item.value)


def _refuse_repeats(what: str, items: Iterable[object]) -> None:
    seen: set[object] = set()
    for item in items:
        if item in seen:
            raise ClassTableError("Two classes have the same {what}, {item}; each needs its own.", what=what, item=item)
        seen.add(item)


def _fields(item: object, position: int) -> dict:
    """One element of a list, a name or an object, with its value."""
    fields = {"name": item} if isinstance(item, str) else item
    if not isinstance(fields, dict) or not isinstance(fields.get("name"), str):
        raise ClassTableError("Class {position} of the list has no name.", position=position)
    value = fields.get("value", position)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ClassTableError("Class {name} has a value that is not a whole number.", name=fields["name"])
    return fields | {"value": value}


def _class_of(fields: dict, color: Color, old: ClassTable | None) -> Class:
    known = _known(fields, old)
    return Class(known.uid if known else _uid_of(fields), fields["value"], fields["name"], color)


def _uid_of(fields: dict) -> str:
    default = _default_of(fields)
    return str(fields.get("uid") or (default.uid if default else uuid.uuid5(_NAMES, fields["name"].casefold()).hex))


def _known(fields: dict, old: ClassTable | None) -> Class | None:
    return None if old is None else _same(fields["name"], _uid_of(fields), old)


def _same(name: str, uid: str, table: ClassTable) -> Class | None:
    """The class of this name, whatever its uid; else that of this uid, which has been renamed."""
    named = (item for item in table.classes if item.name.casefold() == name.casefold())
    return next(named, None) or table.by_uid(uid)


def _default_of(fields: dict) -> Class | None:
    """The default class of the same name, so that a list naming "liver" meets models trained on our liver."""
    slug = "_".join(fields["name"].casefold().split())
    return default_table().by_uid(slug.replace("-", "_"))


def _colors(rows: list[dict], old: ClassTable | None, used: list[Color]) -> list[Color]:
    """What each has itself or had in the table `old`; else the default's of its name, or one unlike all of these and `used`."""
    found = [_own_color(row, _known(row, old)) for row in rows]
    for place, default in enumerate(map(_default_of, rows)):
        if found[place] is None and default is not None and default.color not in (*used, *found):
            found[place] = default.color
    fresh = suggest_colors([*used, *(color for color in found if color is not None)])
    return [color or next(fresh) for color in found]


def _own_color(fields: dict, known: Class | None) -> Color | None:
    """`[red, green, blue]` or "#rrggbb"; without one that of the `known` class."""
    color = fields.get("color", fields.get("colour"))
    if color is None:
        return known.color if known is not None else None
    try:
        parts = tuple(bytes.fromhex(color.lstrip("#"))) if isinstance(color, str) else tuple(int(c) for c in color)
        bytes(parts)
    except (TypeError, ValueError, OverflowError):
        parts = ()
    if len(parts) != 3:
        raise ClassTableError(
            "Class {name} has the colour {color}; expected #rrggbb or three numbers from 0 to 255.",
            name=fields["name"],
            color=str(color),
        )
    return parts
