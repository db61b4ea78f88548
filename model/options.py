"""FineTuneOptions: what a person may choose about a training, the same in the window and on the command line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from model.images import MAX_PIXELS


@dataclass(frozen=True)
class FineTuneOptions:
    """None means that the program chooses.

    Training starts from the checkpoint `weights`, or from scratch as `preset` when that is None; `baseline` is then
    the checkpoint to compare the new model with. `resume` goes on with the last interrupted run instead, with that
    run's own options. The training takes `seconds`, or `epochs` of a fixed number of steps when those are given.
    `batch` views go through the network at a time on each device, and `accumulate` such batches make a step;
    `checkpointing` computes what is inside the network's blocks twice instead of keeping it, in less memory.
    `crop` is the side of a training view in pixels; `unlabelled` lets the training look at the folder's other images too;
    `model_labels` (0..1) is how much labels weigh that only the model has set, where a person's weigh 1;
    `publish` receives a copy of the new weights; images of more than `max_pixels` are left out.
    """

    weights: Path | None = None
    preset: str = "lightning-unet"
    baseline: Path | None = None
    epochs: int | None = None
    seconds: float | None = None
    batch: int | None = None
    accumulate: int = 1
    checkpointing: bool = False
    learning_rate: float | None = None
    crop: int | None = None
    unlabelled: bool = True
    model_labels: float = 0.0
    device: str = "auto"
    seed: int = 0
    resume: bool = False
    publish: Path | None = None
    max_pixels: int = MAX_PIXELS

    def arguments(self) -> list[str]:
        """The command line that says the same to `python -m model finetune WORKSPACE`."""
        if self.resume:
            start = ["--resume"]
        elif self.weights is not None:
            start = ["--weights", str(self.weights)]
        else:
            start = ["--scratch", self.preset]
        chosen = {
            "--baseline": self.baseline,
            "--epochs": self.epochs,
            "--seconds": self.seconds,
            "--batch": self.batch,
            "--accumulate": None if self.accumulate == 1 else self.accumulate,
            "--lr": self.learning_rate,
            "--crop": self.crop,
            "--model-labels": self.model_labels or None,
            "--publish": self.publish,
            "--max-megapixels": None if self.max_pixels == MAX_PIXELS else self.max_pixels / 1e6,
        }
        flags = [text for flag, value in chosen.items() if value is not None for text in (flag, str(value))]
        flags += ["--checkpointing"] if self.checkpointing else []
        flags += ["--unlabelled" if self.unlabelled else "--no-unlabelled"]
        return start + flags + ["--device", self.device, "--seed", str(self.seed)]

    def to_json(self) -> dict[str, object]:
        return {name: str(value) if isinstance(value, Path) else value for name, value in vars(self).items()}

    @staticmethod
    def from_json(fields: dict[str, object]) -> FineTuneOptions:
        paths = {name: Path(fields[name]) for name in ("weights", "baseline", "publish") if fields.get(name)}
        return FineTuneOptions(**(fields | paths))
