"""The dialog that names and colours one class."""

from __future__ import annotations

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QColorDialog, QDialog, QDialogButtonBox, QFormLayout, QWidget

from lsgui.translation import class_name
from lsgui.views.appearance import Appearance
from lsgui.views.line_edit import LineEdit
from lsgui.views.parts import button, column, label, row, set_primary
from lsgui.views.swatch import Swatch
from model.classes import Class, ClassTable


class ClassEditor(QDialog):
    """`edited` holds the class as the user wants it once the dialog was accepted."""

    def __init__(self, item: Class, table: ClassTable, appearance: Appearance, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.edited = item
        self._shown_name = class_name(item)
        self._taken = {other.name.casefold() for other in table.classes if other.uid != item.uid}
        self._taken |= {class_name(other).casefold() for other in table.classes if other.uid != item.uid}
        self.name = LineEdit(self._shown_name)
        self.swatch = Swatch(item.color, appearance, 22)
        self.problem = label("", "bad")
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.setWindowTitle(title)
        self._build(appearance)
        self._check()
        self.name.selectAll()

    def _build(self, appearance: Appearance) -> None:
        layout = column(self, (20, 20, 20, 16), 14)
        form = QFormLayout()
        form.setSpacing(10)
        self.name.setMinimumWidth(260)
        self.name.textChanged.connect(self._check)
        self.name.cancelled.connect(self.reject)
        self.swatch.setAccessibleName(self.tr("Colour"))
        self.swatch.clicked.connect(self._choose_color)
        form.addRow(self.tr("Name"), self.name)
        color = row(None)
        choose = button(self.tr("Choose"), appearance.icon("palette"))
        choose.clicked.connect(self._choose_color)
        color.addWidget(self.swatch)
        color.addWidget(choose)
        color.addStretch()
        form.addRow(self.tr("Colour"), color)
        layout.addLayout(form)
        layout.addWidget(self.problem)
        self._buttons.accepted.connect(self._accept)
        self._buttons.rejected.connect(self.reject)
        layout.addWidget(self._buttons)
        keep = self._buttons.button(QDialogButtonBox.StandardButton.Ok)
        keep.setDefault(True)  # only now: the dialog must hold it
        set_primary(keep, True)

    def _check(self) -> None:
        name = self.name.text().strip()
        taken = name.casefold() in self._taken
        self.problem.setText(self.tr("Another class has this name.") if taken else "")
        self._buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(bool(name) and not taken)

    def _choose_color(self) -> None:
        dialog = QColorDialog(QColor(*self.edited.color), self)
        dialog.setOption(QColorDialog.ColorDialogOption.DontUseNativeDialog)
        dialog.setWindowTitle(self.tr("Colour"))
        if dialog.exec() == QDialog.DialogCode.Accepted:
            self.set_color(dialog.selectedColor().getRgb()[:3])

    def set_color(self, color: tuple[int, int, int]) -> None:
        self.edited = Class(self.edited.uid, self.edited.value, self.edited.name, tuple(color))
        self.swatch.set_color(self.edited.color)

    def _accept(self) -> None:
        """A default class whose shown name was left alone keeps its English name, so that it stays translatable."""
        typed = self.name.text().strip()
        name = self.edited.name if typed == self._shown_name else typed
        self.edited = Class(self.edited.uid, self.edited.value, name, self.edited.color)
        self.accept()
