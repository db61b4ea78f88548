"""Where the program's own files lie: inside an installed wheel, else in the checkout."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Assets:
    """The folder of resources, and the names of what is in it."""

    root: Path

    @classmethod
    def find(cls) -> Assets:
        """Raises FileNotFoundError when the program was copied without its resources."""
        package = Path(__file__).resolve().parent
        for root in (package / "resources", package.parent / "resources"):
            if (root / "style" / "window.qss").is_file():
                return cls(root)
        raise FileNotFoundError(f"the folder 'resources' is missing beside {package}; install the program again")

    def icon(self, name: str) -> Path:
        return self.root / "icons" / f"{name}.svg"

    @property
    def app_icon(self) -> Path:
        return self.root / "icons" / "app" / "lsgui.svg"

    @property
    def style_sheet(self) -> str:
        return (self.style / "window.qss").read_text(encoding="utf-8")

    @property
    def style(self) -> Path:
        """Of the style sheet, and of the pictures it names."""
        return self.root / "style"

    @property
    def fonts(self) -> list[Path]:
        return sorted((self.root / "fonts").glob("*.ttf"))

    @property
    def translations(self) -> Path:
        return self.root / "translations"

    @property
    def sample(self) -> Path:
        return self.root / "sample"

    @property
    def demo_weights(self) -> Path | None:
        """The demonstration checkpoint, or None where it was left out."""
        path = self.root / "weights" / "demo.safetensors"
        return path if path.is_file() else None
