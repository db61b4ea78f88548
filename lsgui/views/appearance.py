"""The theme in force: the application's palette and style sheet, and icons that follow both."""

from __future__ import annotations

from PySide6.QtCore import QDir, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QIcon, QIconEngine, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from lsgui.assets import Assets
from lsgui.theme import DARK, LIGHT, Theme, style_sheet

FALLBACK_FAMILIES = ["Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", "Noto Sans"]


class Appearance(QObject):
    """Owns the choice (system, dark, light) and the theme that comes of it."""

    changed = Signal()

    def __init__(self, application: QApplication, assets: Assets, choice: str = "dark") -> None:
        super().__init__()
        self._application = application
        self._assets = assets
        self._sources: dict[str, str] = {}
        application.setStyle("Fusion")
        self._load_fonts()
        QDir.setSearchPaths("style", [str(assets.style)])
        self.choice = choice
        self.theme = self._resolved()
        self._apply()
        application.styleHints().colorSchemeChanged.connect(self._system_changed)

    def choose(self, choice: str) -> None:
        """`choice` is system, dark or light."""
        self.choice = choice
        theme = self._resolved()
        if theme is not self.theme:
            self.theme = theme
            self._apply()
            self.changed.emit()

    def icon(self, name: str, role: str = "text") -> QIcon:
        """A Lucide icon in the theme's colour `role`; it follows a change of theme by itself."""
        if name not in self._sources:
            self._sources[name] = self._assets.icon(name).read_text(encoding="utf-8")
        return QIcon(SvgIconEngine(self, self._sources[name], role))

    def color(self, role: str) -> QColor:
        return QColor(getattr(self.theme, role))

    def _resolved(self) -> Theme:
        if self.choice == "system":
            light = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Light
            return LIGHT if light else DARK
        return LIGHT if self.choice == "light" else DARK

    def _system_changed(self) -> None:
        if self.choice == "system":
            self.choose("system")

    def _load_fonts(self) -> None:
        for path in self._assets.fonts:
            QFontDatabase.addApplicationFont(str(path))
        system = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont).family()
        font = QFont()
        font.setFamilies(["Inter", *FALLBACK_FAMILIES, system])
        font.setPixelSize(13)
        font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
        font.setFeature(QFont.Tag("tnum"), 1)
        font.setFeature(QFont.Tag("calt"), 0)  # it would show a file's 1x1 as 1×1
        self._application.setFont(font)

    def _apply(self) -> None:
        self._application.setPalette(_palette(self.theme))
        self._application.setStyleSheet(style_sheet(self._assets.style_sheet, self.theme))


class SvgIconEngine(QIconEngine):
    """Draws one SVG at any size and pixel ratio, coloured by the theme at the moment of drawing."""

    def __init__(self, appearance: Appearance, source: str, role: str) -> None:
        super().__init__()
        self._appearance = appearance
        self._source = source
        self._role = role

    def clone(self) -> QIconEngine:
        return SvgIconEngine(self._appearance, self._source, self._role)

    def paint(self, painter: QPainter, rect: object, mode: QIcon.Mode, state: QIcon.State) -> None:
        color = self._color(mode)
        QSvgRenderer(self._source.replace("currentColor", color).encode()).render(painter, QRectF(rect))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, pixmap.rect(), mode, state)
        painter.end()
        return pixmap

    def _color(self, mode: QIcon.Mode) -> str:
        return getattr(self._appearance.theme, "faint" if mode == QIcon.Mode.Disabled else self._role)


def _palette(theme: Theme) -> QPalette:
    roles = QPalette.ColorRole
    colors = {
        roles.Window: theme.window,
        roles.WindowText: theme.text,
        roles.Base: theme.panel,
        roles.AlternateBase: theme.raised,
        roles.Text: theme.text,
        roles.Button: theme.raised,
        roles.ButtonText: theme.text,
        roles.BrightText: theme.bad,
        roles.ToolTipBase: theme.raised,
        roles.ToolTipText: theme.text,
        roles.PlaceholderText: theme.dim,
        roles.Highlight: theme.fill,
        roles.HighlightedText: theme.on_fill,
        roles.Link: theme.accent,
        roles.Accent: theme.accent,
    }
    palette = QPalette()
    for role, color in colors.items():
        palette.setColor(role, QColor(color))
        if role in (roles.WindowText, roles.Text, roles.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(theme.faint))
    return palette
