"""Mark: which edits a map's file holds, so that it can be told from the files of others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mark:
    """The file holds the edits up to number `seq` of the journal whose id is `journal` (hexadecimal)."""

    journal: str
    seq: int
