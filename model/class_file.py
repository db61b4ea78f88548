"""ClassFile: the class table of a workspace as it lies on the disk, where others may change it."""

from __future__ import annotations

from pathlib import Path

from model.classes import ClassTable
from model.foreign import stamp_of


class ClassFile:
    """classes.json, and whether another program, or a hand, has changed it since it was opened or written here."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp = stamp_of(path)

    @property
    def changed_outside(self) -> bool:
        """Never where the file is gone."""
        return (stamp := stamp_of(self.path)) is not None and stamp != self._stamp

    def read(self, known: ClassTable | None = None) -> ClassTable:
        """The table as the file has it now; a class whose name is `known` keeps its uid. Raises ClassTableError."""
        return ClassTable.read(self.path, known)

    def write(self, table: ClassTable) -> None:
        """Raises OSError."""
        table.write(self.path)
        self._stamp = stamp_of(self.path)
