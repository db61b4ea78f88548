"""The classes on the right: which one is painted with, which are shown, which are protected."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QMenu, QScrollArea, QSizePolicy, QWidget

from lsgui.session import Session
from lsgui.views.appearance import Appearance
from lsgui.views.class_row import ClassRow
from lsgui.views.display import Display
from lsgui.views.parts import column, icon_button, label, row, tab_after
from lsgui.views.provenance_line import ProvenanceLine
from model.classes import Class, ClassTable

RECOUNT_MS, GO_ON_MS = 150, 30
"""Shares follow a stroke at the first pace, so that painting never waits for counting; what one pause is too short for
goes on at the second."""

LOW = 320
"""A panel of less height, eight classes, has no place to keep for what is not shown."""


def class_digits(classes: ClassTable) -> dict[int, Class]:
    """Which class each digit key takes: 0 is background, 1 to 9 the first nine others in the table's order."""
    others = [item for item in classes.classes if item.value != 0]
    return {0: classes.background} | dict(enumerate(others[:9], start=1))


class ClassPanel(QWidget):
    """Rows are built anew only when the table changes."""

    def __init__(self, session: Session, display: Display, appearance: Appearance, actions: dict[str, QAction]) -> None:
        super().__init__()
        self._session = session
        self._display = display
        self._appearance = appearance
        self._rows: list[ClassRow] = []
        self._revealed: int | None = None
        """The class in the hand that was scrolled to: another time the list stays where a hand has moved it."""
        self._count = label("", "dim")
        self._who = ProvenanceLine(actions["show-provenance"], appearance)
        self._holder = QWidget()
        self._list = column(self._holder, (6, 0, 6, 0), 0)
        self._timer = QTimer(self, singleShot=True)
        self._build(actions)
        self._timer.timeout.connect(self._show_shares)
        session.classes_changed.connect(self.rebuild)
        session.painting.changed.connect(self._show_choice)
        display.overlay_changed.connect(self._show_choice)
        session.document.mask_changed.connect(self._recount)
        session.document.loaded.connect(self._recount)
        self._edit, self._remove = actions["edit-class"], actions["remove-class"]
        self.rebuild()

    def rebuild(self) -> None:
        focused = next((made.item.uid for made in self._rows if _holds(made, self.window().focusWidget())), None)
        for old in self._rows:
            self._list.removeWidget(old)
            old.deleteLater()
        table = self._session.classes
        digits = {item.uid: digit for digit, item in class_digits(table).items()}
        self._rows = [self._row(item, digits.get(item.uid)) for item in table.classes]
        tab_after(self._who, self._rows)
        for made in self._rows:
            if made.item.uid == focused:
                QTimer.singleShot(0, made, made.setFocus)  # it is not shown yet
        self._count.setText(str(len(self._rows)))
        self._show_choice()
        self._show_shares()
        QTimer.singleShot(0, self, self._reveal)  # rows that have just been made have no place yet

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._who.keep_place(self.height() >= LOW)

    def _build(self, actions: dict[str, QAction]) -> None:
        layout = column(self, (0, 12, 0, 0), 6)
        head = row(None, (16, 0, 12, 0), 4)
        head.addWidget(label(self.tr("Classes"), "head"))
        head.addSpacing(4)
        head.addWidget(self._count)
        head.addStretch()
        add = icon_button(self._appearance.icon("plus", "dim"), actions["add-class"].text(), 24, 16)
        add.clicked.connect(actions["add-class"].trigger)
        more = icon_button(self._appearance.icon("ellipsis", "dim"), self.tr("More about classes"), 24, 16)
        menu = QMenu(more)
        for name in ("edit-class", "remove-class", "import-classes", "export-classes", "mirror"):
            menu.addAction(actions[name])
        more.setMenu(menu)
        more.setPopupMode(more.ToolButtonPopupMode.InstantPopup)
        head.addWidget(add)
        head.addWidget(more)
        layout.addLayout(head)
        under = row(None, (10, 0, 12, 0), 0)
        under.addWidget(self._who, 1)
        layout.addLayout(under)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._list.addStretch()
        scroll.setWidget(self._holder)
        scroll.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        layout.addWidget(scroll, 1)
        scroll.verticalScrollBar().rangeChanged.connect(self._reveal)
        self._scroll = scroll

    def _row(self, item: Class, digit: int | None) -> ClassRow:
        made = ClassRow(item, digit, self._appearance)
        made.chosen.connect(lambda: self._choose(item))
        made.edited.connect(lambda: (self._choose(item), self._edit.trigger()))
        made.menu_wanted.connect(lambda place: self._show_menu(item, place))
        made.eye_clicked.connect(lambda: self._display.set_hidden(self._display.hidden ^ {item.uid}))
        made.lock_clicked.connect(lambda: self._session.painting.toggle_locked(item.value))
        self._list.insertWidget(self._list.count() - 1, made)
        return made

    def _choose(self, item: Class) -> None:
        self._session.painting.class_value = item.value

    def _show_menu(self, item: Class, place: QPoint) -> None:
        self._choose(item)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addActions([self._edit, self._remove])
        menu.popup(place)

    def _show_choice(self) -> None:
        painting = self._session.painting
        for made in self._rows:
            made.set_current(made.item.value == painting.class_value)
            made.set_visible(made.item.uid not in self._display.hidden)
            made.set_locked(made.item.value in painting.protected)
        if painting.class_value != self._revealed:
            self._reveal()

    def _reveal(self) -> None:
        """The class in the hand comes into sight."""
        self._revealed = self._session.painting.class_value
        for made in self._rows:
            if made.item.value == self._revealed:
                self._scroll.ensureWidgetVisible(made, 0, 0)

    def _recount(self) -> None:
        if not self._timer.isActive() or self._timer.interval() == GO_ON_MS:  # what has changed is drawn first
            self._timer.start(RECOUNT_MS)

    def _show_shares(self) -> None:
        document = self._session.document
        counted = document.recount()
        for part in (self._who, *self._rows):
            part.set_counted(counted)
        if not counted:
            self._timer.start(GO_ON_MS)
            return
        counts = document.counts() if document.image is not None else {}
        self._who.set_counts(document.provenance_counts() if document.image is not None else {})
        total = max(1, sum(counts.values()))
        for made in self._rows:
            count = counts.get(made.item.value, 0)
            made.set_share(count / total if count else None)


def _holds(made: ClassRow, focused: QWidget | None) -> bool:
    return focused is not None and (made is focused or made.isAncestorOf(focused))
