"""Mark: which edits a map's file holds, so that it can be told from the files of others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Mark:
    """The file holds the edits up to number `seq` of the journal whose id is `journal` (hexadecimal)."""

    journal: str
    seq: int

    def to_note(self) -> dict[str, object]:
        """As it stands in the text chunk `lsgui` of a PNG, beside other facts."""
        return {"journal": self.journal, "seq": self.seq}

    @staticmethod
    def of_note(note: Mapping[str, object]) -> Mark | None:
        journal, seq = note.get("journal"), note.get("seq")
        return Mark(journal, seq) if isinstance(journal, str) and isinstance(seq, int) else None
