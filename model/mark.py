"""Mark: which edits a map's file holds, so that it can be told from the files of others."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from model.pillow import pillow


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


def read_note(path: Path) -> dict:
    """What a PNG of ours says about itself; empty for those of others, and for what cannot be read."""
    try:
        with pillow.open(path, formats=("PNG",)) as picture:
            note = json.loads(picture.info.get("lsgui", "{}"))
    except Exception:  # noqa: BLE001 - Pillow meets damaged files with exceptions of every kind
        return {}
    return note if isinstance(note, dict) else {}
