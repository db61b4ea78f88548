"""What other programs have done to a label's two files since it was saved: nobody knows whether they still fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from model.files import sha256
from model.messages import Message

_SLACK = 2.0
"""Seconds: a record tells whole ones, and is written after the label. What is changed so soon is not noticed; nor, on
Windows, a file that another has replaced with its own older time.
"""


@dataclass(frozen=True)
class SavedFiles:
    """What a label's record says of its files: the SHA-256 of each in hexadecimal, empty where it says nothing, and when,
    in seconds since 1970.
    """

    image: str = ""
    label: str = ""
    time: float = 0.0

    @staticmethod
    def of_record(record: Mapping[str, object]) -> SavedFiles:
        image, label, saved = (record.get(name) for name in ("image_sha256", "label_sha256", "saved"))
        try:
            time = datetime.fromisoformat(saved).timestamp()
        except (TypeError, ValueError, OSError, OverflowError):
            time = 0.0
        return SavedFiles(image if isinstance(image, str) else "", label if isinstance(label, str) else "", time)

    def image_changed(self, path: Path) -> bool:
        return self._changed(path, self.image)

    def label_changed(self, path: Path) -> bool:
        return self._changed(path, self.label)

    def _changed(self, path: Path, known: str) -> bool:
        """Reads the file only where its times say that somebody may have touched it. Raises OSError."""
        if not known:
            return False
        found = path.stat()
        return max(found.st_mtime, found.st_ctime) > self.time + _SLACK and sha256(path) != known


def told_of(images: Sequence[str], labels: Sequence[str]) -> list[Message]:
    """Of the names of images that were changed, and of those whose labels were: at most a sentence each."""
    told = []
    if images:
        told.append(
            Message(
                "Images that were changed since they were labelled: {names}. Check that their labels still fit, and save them "
                "again.",
                {"names": list(images)},
            )
        )
    if labels:
        told.append(
            Message(
                "Another program has changed the labels of {names} since they were saved. They count as they are now; to save "
                "them again ends this notice.",
                {"names": list(labels)},
            )
        )
    return told
