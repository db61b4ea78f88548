"""A sentence for the user, kept apart from the values in it so that the window can translate it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Message:
    """An English template with {named} fields, and the values that fill them. A list among these is of classes' names, which
    the window says in its language.
    """

    template: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        values = {key: listed(value) if isinstance(value, list) else value for key, value in self.values.items()}
        return self.template.format(**values)


MOST_NAMED = 10


def listed(names: Sequence[str]) -> str:
    """A sentence has room for so many; of more it says how many there are."""
    return ", ".join(names[:MOST_NAMED]) + (f", ... ({len(names)})" if len(names) > MOST_NAMED else "")
