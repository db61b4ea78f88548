"""The options of the tool in the hand, and the rules that hold for all that paints."""

from __future__ import annotations

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from lsgui.painting import SHAPES
from lsgui.session import Session
from lsgui.views.action_set import key_text
from lsgui.views.appearance import Appearance
from lsgui.views.display import Display
from lsgui.views.follower import Follower
from lsgui.views.options.cleaning import CleanOptions, cleaning_title, under_way
from lsgui.views.options.kinds import (
    BrushOptions,
    FillOptions,
    GuidedOptions,
    OutlineOptions,
    ShapeOptions,
    SuperpixelOptions,
    WandOptions,
)
from lsgui.views.options.ranges import ThresholdOptions
from lsgui.views.options.rules import RuleOptions
from lsgui.views.parts import column, label, row, wrapped

UNRULED = ("accept", "select", "picker", "pan")


class ToolOptions(QWidget):
    """Only what the tool in the hand can be told is shown, and a word of help where that says more."""

    def __init__(self, session: Session, display: Display, appearance: Appearance, actions: dict[str, QAction]) -> None:
        super().__init__()
        self._painting = painting = session.painting
        self._tools = session.tools
        self._cleaning = ""
        self._actions = actions
        self._title, self._key = label("", "head"), label("", "dim")
        self._help = wrapped("", "dim")
        self._kinds = (
            BrushOptions(painting),
            GuidedOptions(painting),
            ShapeOptions(painting),
            FillOptions(painting, session.document),
            WandOptions(painting),
            ThresholdOptions(painting, session.document, display, appearance),
            OutlineOptions(painting),
            SuperpixelOptions(painting),
        )
        self._clean = CleanOptions(session.tools)
        self._rules = RuleOptions(
            painting,
            session.tools.selection,
            session.document,
            display,
            actions["protect-others"],
            actions["deselect"],
        )
        self._build()
        Follower(self, lambda: self._rules.set_classes(session.classes), session.classes_changed)
        painting.changed.connect(self._show)
        session.tools.outline_changed.connect(self._look)
        self._show()

    def _build(self) -> None:
        layout = column(self, (16, 12, 16, 12), 8)
        head = row(None)
        head.addWidget(self._title)
        head.addStretch()
        head.addWidget(self._key)
        layout.addLayout(head)
        for part in (*self._kinds, self._clean, self._help, self._rules):
            layout.addWidget(part)

    def _look(self) -> None:
        """Tidying begins and ends without a change of settings."""
        if under_way(self._tools) != self._cleaning:
            self._show()

    def _show(self) -> None:
        self._cleaning = under_way(self._tools)
        tool = self._painting.tool if not self._cleaning else ""
        action = self._actions[self._cleaning or f"tool-{tool}"]
        self._title.setText(cleaning_title(self._cleaning) if self._cleaning else action.text())
        self._key.setText(key_text(action.shortcut()))
        for part in self._kinds:
            part.setVisible(tool in part.tools)
        self._clean.setVisible(bool(self._cleaning))
        self._clean.show_what(self._cleaning)
        self._help.setText(self._help_for(tool))
        self._help.setVisible(bool(self._help.text()))
        selects = tool in SHAPES and self._painting.shape_does == "select"
        self._rules.setVisible(tool not in UNRULED and not selects)

    def _help_for(self, tool: str) -> str:
        return {
            "polygon": self.tr("Click corners, drag them, right-click removes one. Enter fills, Backspace takes back."),
            "lasso": self.tr("Draw around it. The line can then be changed by its corners; Enter fills."),
            "wand": self.tr("Press, and drag right for more or left for less."),
            "threshold": self.tr("Drag a box on the image to take its values. Enter paints what is tinted."),
            "outline": self.tr("Drag a box around it. Left strokes add, right strokes take away, Enter paints."),
            "guided": self.tr("Sweep along an edge: it snaps to where the model decides."),
            "accept": self.tr("Paint over what the model set and you agree with. The right button gives it back."),
            "select": self.tr("Drag a box, with Shift a free line. Tools and tidying then stay inside."),
            "picker": self.tr("Click a pixel to paint with its class. Alt+click does the same with any tool."),
            "pan": self.tr("Drag to move the view. Space+drag does the same with any tool."),
        }.get(tool, "")
