"""A sentence for the user, kept apart from the values in it so that the window can translate it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Message:
    """An English template with {named} fields, and the values that fill them."""

    template: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.template.format(**self.values)


MOST_NAMED = 10


def listed(names: Sequence[str]) -> str:
    """A sentence has room for so many; of more it says how many there are."""
    return ", ".join(names[:MOST_NAMED]) + (f", ... ({len(names)})" if len(names) > MOST_NAMED else "")
