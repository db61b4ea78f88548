"""Where a workspace keeps its files. Whole image names are kept, so `a.jpg` and `a.png` never meet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

WORKSPACE_FOLDER = "segmentation"
"""The sub-folder of an image folder in which its workspace lies, unless it has to lie elsewhere."""


@dataclass(frozen=True)
class Layout:
    """Paths below `root`; `name` is an image's file name with its extension."""

    root: Path

    @property
    def folders(self) -> tuple[Path, ...]:
        return self.root / "labels", self.root / "work", self.root / "predictions", self.root / "journal"

    def label(self, name: str) -> Path:
        return self.root / "labels" / f"{name}.png"

    def label_record(self, name: str) -> Path:
        return self.root / "labels" / f"{name}.json"

    def work(self, name: str) -> Path:
        return self.root / "work" / f"{name}.png"

    def provenance(self, name: str) -> Path:
        return self.root / "work" / f"{name}.provenance.png"

    def prediction(self, name: str) -> Path:
        return self.root / "predictions" / f"{name}.png"

    def prediction_record(self, name: str) -> Path:
        return self.root / "predictions" / f"{name}.json"

    def journal(self, name: str) -> Path:
        """Every edit of the image, as it was made."""
        return self.root / "journal" / f"{name}.journal"

    @property
    def kept(self) -> Path:
        """Takes what somebody might still want: discarded journals, maps that another program changed, replaced labels."""
        return self.root / "kept"

    @property
    def classes(self) -> Path:
        return self.root / "classes.json"

    @property
    def index(self) -> Path:
        return self.root / "index.sqlite"

    @property
    def lock(self) -> Path:
        return self.root / ".lock"

    @property
    def split_lock(self) -> Path:
        """Held for the moment in which it is decided what is held out, or written what a training looks at."""
        return self.root / ".split.lock"

    @property
    def active(self) -> Path:
        """Names the weights that the workspace predicts with."""
        return self.root / "active.json"

    @property
    def runs(self) -> Path:
        return self.root / "runs"

    @property
    def training_lock(self) -> Path:
        return self.runs / ".lock"

    @property
    def seen(self) -> Path:
        """Lists the units that trainings have looked at without a label."""
        return self.runs / "seen.json"

    def run(self, number: int) -> Path:
        return self.runs / f"{number:04d}"


@dataclass(frozen=True)
class RunFiles:
    """Paths of one fine-tuning below its `folder`."""

    folder: Path

    @property
    def state(self) -> Path:
        return self.folder / "state.json"

    @property
    def config(self) -> Path:
        return self.folder / "config.json"

    @property
    def labels(self) -> Path:
        """Lists the labels that the run uses."""
        return self.folder / "labels.json"

    @property
    def events(self) -> Path:
        return self.folder / "events.jsonl"

    @property
    def weights(self) -> Path:
        return self.folder / "weights.safetensors"

    @property
    def resume(self) -> Path:
        return self.folder / "resume.safetensors"

    @property
    def lock(self) -> Path:
        return self.folder / ".lock"


def workspace_around(folder: Path) -> Path | None:
    """The workspace that `folder` is or lies in, if any: images there are our own label maps."""
    for place in (folder, *folder.parents):
        layout = Layout(place)
        ours = any(part.exists() for part in (layout.index, *layout.folders))
        if place.name == WORKSPACE_FOLDER and layout.classes.is_file() and ours:
            return place
    return None
