"""The folder on the left: search, filter by state with counts, and the images."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QButtonGroup, QFrame, QListView, QPushButton, QSizePolicy

from lsgui.folder import EntryRole
from lsgui.session import Session
from lsgui.views.appearance import Appearance
from lsgui.views.flow_layout import FlowLayout
from lsgui.views.folder_delegate import FolderDelegate
from lsgui.views.line_edit import LineEdit
from lsgui.views.parts import chip, column, label, row, set_tip, wrapped
from model.workspace import Status

FILTERS = {
    "all": None,
    "todo": frozenset((Status.NONE, Status.PREDICTED, Status.CORRECTED)),
    "labelled": frozenset((Status.LABELLED,)),
}
"""The statuses that each chip shows; None is every one."""


class FolderPanel(QFrame):
    """A row that becomes current by key or mouse is opened; the open image's row follows the session."""

    search_left = Signal()
    """By Enter or Esc: the keyboard is to go back to the image."""

    def __init__(self, session: Session, appearance: Appearance) -> None:
        super().__init__()
        self.setObjectName("panelLeft")
        self._session = session
        self._rows = session.shown
        self._delegate = FolderDelegate(appearance)
        self._count = label("", "dim")
        self.search = LineEdit()
        self.list = QListView()
        self._nothing = wrapped("", "dim")
        self._chips: dict[str, QPushButton] = {}
        self._following = False
        self._build(appearance)
        session.folder_opened.connect(self._folder_opened)
        for signal in (session.folder_refreshed, session.image_opened):
            signal.connect(self._follow)
        session.open_failed.connect(self._follow)
        session.classes_changed.connect(self._classes_changed)
        for signal in (session.folder.dataChanged, session.folder.modelReset):
            signal.connect(self._count_again)
        rows = self._rows
        for signal in (rows.rowsInserted, rows.rowsRemoved, rows.modelReset, rows.layoutChanged):
            signal.connect(self._show_emptiness)
        self._show_rows()

    def focus_search(self) -> None:
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def _build(self, appearance: Appearance) -> None:
        layout = column(self, (0, 12, 0, 0), 8)
        head = row(None, (16, 0, 12, 0))
        head.addWidget(label(self.tr("Images"), "head"))
        head.addStretch()
        head.addWidget(self._count)
        layout.addLayout(head)
        fields = row(None, (12, 0, 12, 0))
        self.search.setPlaceholderText(self.tr("Search"))
        self.search.setAccessibleName(self.tr("Search images by name"))
        self.search.setClearButtonEnabled(True)
        lens = self.search.addAction(appearance.icon("search", "dim"), LineEdit.ActionPosition.LeadingPosition)
        lens.setText(self.tr("Search"))
        clear = self.search.findChild(QAction, "_q_qlineeditclearaction")
        clear.setText(self.tr("Clear the search"))
        clear.setIcon(appearance.icon("x", "dim"))
        self.search.textChanged.connect(self._search_changed)
        self.search.returnPressed.connect(self._take_hit)
        self.search.cancelled.connect(self._cancel_search)
        fields.addWidget(self.search)
        layout.addLayout(fields)
        layout.addWidget(self._filters())
        self._nothing.setContentsMargins(16, 8, 16, 8)
        layout.addWidget(self._nothing)
        layout.addWidget(self._prepared_list(), 1)

    def _filters(self) -> QFrame:
        holder = QFrame()
        flow = FlowLayout(4)
        flow.setContentsMargins(12, 0, 12, 0)
        holder.setLayout(flow)
        group = QButtonGroup(self)
        for key, statuses in FILTERS.items():
            self._chips[key] = chip("")
            self._chips[key].clicked.connect(lambda _, statuses=statuses: self._rows.set_statuses(statuses))
            group.addButton(self._chips[key])
            flow.addWidget(self._chips[key])
        self._useful = chip(self.tr("Most useful first"))
        set_tip(
            self._useful,
            self.tr(
                "First the images that the model is least sure of, and that lie apart from labelled ones: their labels teach "
                "it most. Predict the folder before."
            ),
        )
        self._useful.clicked.connect(self._order_chosen)
        flow.addWidget(self._useful)
        holder.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        return holder

    def _prepared_list(self) -> QListView:
        self.list.setModel(self._rows)
        self.list.setItemDelegate(self._delegate)
        self.list.setUniformItemSizes(True)
        self.list.setMouseTracking(True)
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName(self.tr("Images"))
        self.list.selectionModel().currentChanged.connect(self._row_chosen)
        return self.list

    def _row_chosen(self, current: QModelIndex, previous: QModelIndex) -> None:
        if current.isValid() and not self._following:
            name = current.data(EntryRole).name
            if name != self._session.document.name:
                self._session.open_image(name)

    def _follow(self) -> None:
        """Make the open image's row the current one, without opening it again."""
        source_row = self._session.folder.row_of(self._session.document.name)
        self._following = True
        index = QModelIndex()
        if source_row is not None:
            index = self._rows.mapFromSource(self._session.folder.index(source_row))
        self.list.setCurrentIndex(index)
        if index.isValid():
            self.list.scrollTo(index)
        self._following = False

    def _order_chosen(self, useful: bool) -> None:
        if useful:
            self._rows.most_useful_first()
        else:
            self._rows.in_folder_order()
        self._follow()
        if useful:
            self.list.scrollToTop()

    def _folder_opened(self) -> None:
        """Another folder has no search, filter or order yet."""
        self._rows.set_text("")
        self._rows.set_statuses(None)
        self._rows.in_folder_order()
        self._show_rows()

    def _show_rows(self) -> None:
        """Search and chips as the rows have them: these outlive the window, which is built anew for another language."""
        self.search.setText(self._rows.text)
        self._useful.setChecked(self._rows.useful_first)
        chosen = next((key for key, wanted in FILTERS.items() if self._rows.statuses == wanted), "all")
        self._chips[chosen].setChecked(True)
        self._classes_changed()
        self._count_again()
        self._follow()

    def _classes_changed(self) -> None:
        self._delegate.classes = self._session.classes
        self.list.viewport().update()

    def _count_again(self) -> None:
        counts = self._session.folder.counts()
        total, labelled = sum(counts.values()), counts[Status.LABELLED]
        self._count.setText(str(total) if total else "")
        self._chips["all"].setText(self.tr("All"))
        self._chips["todo"].setText(self.tr("To do {count}").format(count=total - labelled))
        self._chips["labelled"].setText(self.tr("Labelled {count}").format(count=labelled))
        self._show_emptiness()

    def _show_emptiness(self) -> None:
        total = self._session.folder.rowCount()
        self._nothing.setVisible(self._rows.rowCount() == 0)
        if self._session.workspace is None:
            self._nothing.setText(self.tr("Open a folder to see its images here."))
        elif total == 0:
            self._nothing.setText(self.tr("This folder holds no images. Put some into it, or open another folder."))
        else:
            self._nothing.setText(self.tr("No image matches. Clear the search, or choose All."))

    def _search_changed(self, text: str) -> None:
        self._rows.set_text(text)
        self._follow()

    def _take_hit(self) -> None:
        """Open the first, unless the open image is one; where there is none, the text waits to be changed."""
        if self._rows.rowCount():
            if not self.list.currentIndex().isValid():
                self.list.setCurrentIndex(self._rows.index(0, 0))
            self.search_left.emit()

    def _cancel_search(self) -> None:
        self.search.clear()
        self._follow()
        self.search_left.emit()
