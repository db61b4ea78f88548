"""A sentence for the user, kept apart from the values in it so that the window can translate it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Message:
    """An English template with {named} fields, and the values that fill them. A list among these is of names: the window
    says those of classes in its language, and joins them by its comma.
    """

    template: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        values = {key: listed(value) if isinstance(value, list) else value for key, value in self.values.items()}
        return self.template.format(**values)

    def to_json(self) -> dict[str, object]:
        """Its fields as JSON can hold them: values that it cannot are said in English."""
        return {"template": self.template, "values": {key: _plain(value) for key, value in self.values.items()}}

    @staticmethod
    def from_json(data: Mapping[str, object]) -> Message:
        """What `to_json` was made of."""
        return Message(data["template"], {key: _whole(value) for key, value in data["values"].items()})


def _plain(value: object) -> object:
    if isinstance(value, Message):
        return value.to_json()
    return value if isinstance(value, int | float | list) else str(value)


def _whole(value: object) -> object:
    return Message.from_json(value) if isinstance(value, dict) else value


MOST_NAMED, MOST_LETTERS = 10, 200


def listed(names: Sequence[str], comma: str = ", ") -> str:
    """A sentence has room for so many, or for so many letters of them; of more it says how many there are."""
    named = names[:MOST_NAMED]
    while len(named) > 1 and sum(map(len, named)) > MOST_LETTERS:
        named = named[:-1]
    return comma.join(named) + (f"{comma}... ({len(names)})" if len(named) < len(names) else "")
