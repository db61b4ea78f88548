"""Every resource the code names is there, and none lies there for nothing."""

from __future__ import annotations

import re
from pathlib import Path

from PySide6.QtSvg import QSvgRenderer

from lsgui.assets import Assets


def named_in_code(checkout: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in (checkout / "lsgui").rglob("*.py"))


def test_icons_are_those_the_code_names(checkout: Path) -> None:
    code = named_in_code(checkout)
    present = {path.stem for path in (checkout / "resources" / "icons").glob("*.svg")}
    unused = {name for name in present if f'"{name}"' not in code}
    assert not unused
    for action_icon in set(re.findall(r'icon\("([a-z0-9-]+)"', code)):
        assert action_icon in present


def test_icons_can_be_drawn_and_follow_the_theme(qapp: object, checkout: Path) -> None:
    for path in (checkout / "resources" / "icons").glob("*.svg"):
        source = path.read_text(encoding="utf-8")
        assert "currentColor" in source and QSvgRenderer(source.encode()).isValid(), path.name


def test_licences_lie_beside_what_they_cover(checkout: Path) -> None:
    assert "ISC" in (checkout / "resources" / "icons" / "LICENSE-lucide.txt").read_text(encoding="utf-8")
    assert "SIL Open Font License" in (checkout / "resources" / "fonts" / "OFL.txt").read_text(encoding="utf-8")


def test_fonts_style_and_app_icon_are_found(qapp: object) -> None:
    assets = Assets.find()
    assert {path.name for path in assets.fonts} == {"Inter-Regular.ttf", "Inter-SemiBold.ttf"}
    assert QSvgRenderer(str(assets.app_icon)).isValid() and assets.app_icon.with_suffix(".png").is_file()
