"""What a stroke may touch: over what it paints, in which range of values, what is protected, where it is limited to."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from lsgui.document import Document
from lsgui.painting import PaintSettings
from lsgui.rules import ANYTHING, EMPTY
from lsgui.selection import Selection
from lsgui.translation import class_name
from lsgui.views.display import Display
from lsgui.views.flow_layout import FlowLayout
from lsgui.views.options.choices import Line
from lsgui.views.options.ranges import RangeFields, window_range
from lsgui.views.parts import chip, column, literal
from model.classes import ClassTable

NAME_WIDTH = 150
"""Logical pixels of a class's name on its chip: a longer one is shortened, else it would push the panel's right side out of
the window."""


class RuleOptions(QWidget):
    """Holds for every tool that paints."""

    def __init__(
        self,
        painting: PaintSettings,
        selection: Selection,
        document: Document,
        display: Display,
        protect: QAction,
        deselect: QAction,
    ) -> None:
        super().__init__()
        self._painting, self._selection, self._document, self._display = painting, selection, document, display
        self._classes: ClassTable | None = None
        self._over, self._values = Line(self.tr("Paints over")), Line(self.tr("Values"))
        self._more = FlowLayout(4)
        self._anything, self._empty = chip(self.tr("any")), chip(self.tr("empty"))
        self._one, self._menu = chip(self.tr("one class")), QMenu(self)
        self._all, self._range = chip(self.tr("all")), chip(self.tr("a range"))
        self._fields = RangeFields(painting, "range", document, display, self.tr("Values"))
        self._protect, self._selected = chip(protect.text()), chip("")
        self._build(protect, deselect)
        painting.changed.connect(self._show)
        selection.changed.connect(self._show)
        self._show()

    def set_classes(self, classes: ClassTable) -> None:
        self._classes = classes
        self._menu.clear()
        for item in classes.classes:
            action = self._menu.addAction(literal(class_name(item)))
            action.triggered.connect(lambda checked=False, value=item.value: self._paint_over(value))
        self._show()

    def _build(self, protect: QAction, deselect: QAction) -> None:
        layout = column(self, spacing=8)
        for line, chips in (
            (self._over, (self._anything, self._empty, self._one)),
            (self._values, (self._all, self._range)),
        ):
            for made in chips:
                line.flow.addWidget(made)
            layout.addWidget(line)
        layout.addWidget(self._fields)
        for made in (self._protect, self._selected):
            self._more.addWidget(made)
        layout.addLayout(self._more)
        self._one.setMenu(self._menu)
        self._menu.aboutToHide.connect(self._show)
        self._anything.clicked.connect(lambda: self._paint_over(ANYTHING))
        self._empty.clicked.connect(lambda: self._paint_over(EMPTY))
        self._all.clicked.connect(lambda: setattr(self._painting, "range", None) or self._show())
        self._range.clicked.connect(self._limit)
        self._protect.clicked.connect(protect.trigger)
        self._selected.setText(self.tr("in the selection") + "  ×")
        self._selected.setToolTip(deselect.text())
        self._selected.clicked.connect(deselect.trigger)

    def _paint_over(self, over: int | None) -> None:
        self._painting.over = over
        self._show()

    def _limit(self) -> None:
        if self._painting.range is None:
            self._painting.range = window_range(self._display, self._document.image)
        self._show()

    def _show(self) -> None:
        painting = self._painting
        found = (
            self._classes.by_value(painting.over) if self._classes is not None and painting.over is not None else None
        )
        named = found is not None and painting.over != EMPTY
        name = class_name(found) if named else self.tr("one class")
        shown = self._one.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, NAME_WIDTH)
        self._one.setText(literal(shown))
        self._one.setToolTip(name if shown != name else "")
        for made, on in (
            (self._anything, painting.over is ANYTHING),
            (self._empty, painting.over == EMPTY),
            (self._one, painting.over not in (ANYTHING, EMPTY)),
            (self._all, painting.range is None),
            (self._range, painting.range is not None),
            (self._protect, painting.protect_others),
            (self._selected, True),
        ):
            _check(made, on)
        own = painting.tool == "threshold"  # which has a range of its own
        self._values.setVisible(painting.range is not None or not own)
        self._fields.setVisible(painting.range is not None)
        self._selected.setVisible(self._selection.region is not None)


def _check(made: QPushButton, on: bool) -> None:
    made.setChecked(on)
