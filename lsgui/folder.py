"""The folder's images as a Qt item model, and the filter that search and status buttons set."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QSortFilterProxyModel, Qt
from PySide6.QtGui import QImage

from lsgui.translation import sentence
from model.messages import Message
from model.review import most_useful_first
from model.workspace import Entry, Status

EntryRole = Qt.ItemDataRole.UserRole + 1
ThumbnailRole = Qt.ItemDataRole.UserRole + 2
ProblemRole = Qt.ItemDataRole.UserRole + 3

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Problem:
    """What was found out about an image when it was looked at: `kind` is image or label, which cannot be used."""

    kind: str
    message: Message


class FolderModel(QAbstractListModel):
    """One row per image, in the workspace's order. `picture` answers with a thumbnail, or None until it has one.

    `problem` answers with what that found out, if anything.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._entries: list[Entry] = []
        self._rows: dict[str, int] = {}
        self._counts: Counter[Status] = Counter()
        self.picture: Callable[[Entry], QImage | None] = lambda entry: None
        self.problem: Callable[[Entry], Problem | None] = lambda entry: None

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(self._entries)

    def set_entries(self, entries: Iterable[Entry]) -> None:
        self.beginResetModel()
        self._entries = list(entries)
        self._rows = {entry.name: row for row, entry in enumerate(self._entries)}
        self._counts = Counter(entry.status for entry in self._entries)
        self.endResetModel()

    def update_entry(self, entry: Entry) -> None:
        """Exchange one row, and tell only that one."""
        row = self._rows.get(entry.name)
        if row is not None and self._entries[row] != entry:
            self._counts[self._entries[row].status] -= 1
            self._counts[entry.status] += 1
            self._entries[row] = entry
            self._tell(row, [Qt.ItemDataRole.DisplayRole, EntryRole])

    def picture_changed(self, name: str) -> None:
        row = self._rows.get(name)
        if row is not None:
            self._tell(row, [ThumbnailRole])

    def row_of(self, name: str) -> int | None:
        return self._rows.get(name)

    def entry(self, name: str) -> Entry | None:
        row = self._rows.get(name)
        return None if row is None else self._entries[row]

    def entry_at(self, row: int) -> Entry:
        return self._entries[row]

    def counts(self) -> dict[Status, int]:
        """Images per status. Costs nothing: it is asked for with each row that changes, hundreds of times a second."""
        return {status: self._counts[status] for status in Status}

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._entries)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        entry = self._entries[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.name
        if role == Qt.ItemDataRole.ToolTipRole:
            problem = self.problem(entry)
            return entry.name if problem is None else f"{entry.name}\n{sentence(problem.message)}"
        if role == ProblemRole:
            return self.problem(entry)
        if role == EntryRole:
            return entry
        if role == ThumbnailRole:
            return self.picture(entry)
        return None

    def _tell(self, row: int, roles: list[int]) -> None:
        index = self.index(row)
        self.dataChanged.emit(index, index, roles)


class FolderFilter(QSortFilterProxyModel):
    """Rows whose name holds the text, and whose status is among those wanted; in the folder's order, or by usefulness."""

    def __init__(self, source: FolderModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._typed = self._text = ""
        self._statuses: frozenset[Status] | None = None
        self._ranks: dict[str, int] = {}
        self.setSourceModel(source)
        source.modelReset.connect(self._renew)

    @property
    def text(self) -> str:
        """As it was typed."""
        return self._typed

    @property
    def statuses(self) -> frozenset[Status] | None:
        return self._statuses

    @property
    def useful_first(self) -> bool:
        """Whether the rows are in the order of `most_useful_first`."""
        return bool(self._ranks)

    def set_text(self, text: str) -> None:
        self._typed = text
        self._text = _sought(text.strip())
        self.invalidate()

    def set_statuses(self, statuses: Iterable[Status] | None) -> None:
        """None shows every status."""
        self._statuses = None if statuses is None else frozenset(statuses)
        self.invalidate()

    def _renew(self) -> None:
        """The same folder read again keeps its order; another one has none yet."""
        if any(entry.name in self._ranks for entry in self.sourceModel().entries):
            self.sort(-1)
            self.sort(0)
        else:
            self.in_folder_order()

    def in_folder_order(self) -> None:
        self._ranks = {}
        self.sort(-1)

    def most_useful_first(self) -> None:
        """Those whose label would teach the model most, as far as it has predicted them. The order then stays as it is: rows
        that move while somebody works through them would be lost.
        """
        entries = self.sourceModel().entries
        labelled = [entry.status in (Status.LABELLED, Status.CORRECTED) for entry in entries]
        order = most_useful_first([entry.confidence for entry in entries], labelled)
        self._ranks = {entry.name: len(entries) + row for row, entry in enumerate(entries)}
        self._ranks |= {entries[row].name: rank for rank, row in enumerate(order)}
        self.sort(-1)
        self.sort(0)

    def ordered(self) -> tuple[Entry, ...]:
        """All images in this order, whether or not they are shown."""
        entries = self.sourceModel().entries
        ranked = [(self._rank(entry.name, row), entry) for row, entry in enumerate(entries)]
        return tuple(entry for _, entry in sorted(ranked, key=lambda pair: pair[0])) if self._ranks else entries

    def lessThan(self, left: Index, right: Index) -> bool:
        rows = self.sourceModel()
        first, second = (self._rank(rows.entry_at(index.row()).name, index.row()) for index in (left, right))
        return first < second

    def _rank(self, name: str, row: int) -> tuple[bool, int]:
        """Images that have come since are last."""
        rank = self._ranks.get(name)
        return rank is None, row if rank is None else rank

    def accepts(self, entry: Entry) -> bool:
        wanted = self._statuses is None or entry.status in self._statuses
        return wanted and self._text in _sought(entry.name)

    def filterAcceptsRow(self, row: int, parent: Index) -> bool:
        return self.accepts(self.sourceModel().entry_at(row))


def _sought(text: str) -> str:
    """As it is compared: without regard to case, nor to how a Mac writes accents and Korean, letter by letter."""
    return unicodedata.normalize("NFC", text.casefold())
