"""Trainer: a network in training with its optimiser and averaged weights; one step at a time, and its state on disk."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load as tensors_from
from safetensors.torch import save as content_of

from model.distributed import Team
from model.errors import TrainingError
from model.files import atomic_write
from model.gradients import Gradients
from model.interpolation import interpolated
from model.messages import Message
from model.optimiser import Optimiser
from model.precision import Precision
from model.teacher import Lesson, Teacher
from model.transfers import Transfers

Result = TypeVar("Result")
STATE_VERSION = 2
"""Of what `state` holds: 2 has Muon's momenta in one piece."""
HOPELESS_STEPS = 20
"""So many losses in a row that are no number mean that the training has diverged; fewer are a half-precision hiccup."""


class Trainer:
    """Holds everything of a training that changes from step to step."""

    def __init__(
        self,
        network: torch.nn.Module,
        device: torch.device,
        learning_rate: float,
        team: Team | None = None,
        notice: Callable[[Message], None] = lambda message: None,
        teaches: bool = False,
        keeps_start: bool = False,
    ) -> None:
        """When it `teaches`, the averaged weights label what nobody has labelled, and every step needs a lesson. When it
        `keeps_start`, a share of the first weights can stay in the averaged ones.
        """
        self.network = network.to(device).train()
        self.device = device
        self.learning_rate = learning_rate
        precision = Precision(device)
        self._optimiser = Optimiser(self.network, device, learning_rate, precision.dtype == torch.float16)
        teacher = Teacher(self.network, self._optimiser.average.tensors, precision) if teaches else None
        self._gradients = Gradients(self.network, self._optimiser, precision, team or Team(), notice, teacher)
        self._transfers = Transfers(device)
        self._apply: Callable[[torch.Tensor], object] | None = None
        first = network.state_dict() if keeps_start else {}
        self._first = {name: tensor.detach().to("cpu", copy=True) for name, tensor in first.items()}
        self._hopeless = 0

    @property
    def steps(self) -> int:
        return self._optimiser.average.steps

    def step(
        self,
        pixels: np.ndarray,
        channels: np.ndarray,
        rate: float,
        weights: np.ndarray | None = None,
        lesson: Lesson | None = None,
        looks: np.ndarray | None = None,
    ) -> float:
        """One optimiser step at the share `rate` of the peak learning rate; returns its loss, on a GPU that of two steps
        before, because the GPU must not wait for anyone who reads it.

        `pixels` (B, 1|3, H, W) floating point in 0..1, or with `looks` views and looks as Development takes them;
        `channels` (B, H, W) uint8 with 255 for untouched pixels, and with a lesson 254 for those BEYOND the image;
        `weights` (C,) float32 those of the channels in the loss. Raises TrainingError once the loss stays infinite or
        no number, and torch's own error when memory runs out.
        """
        controls = np.array([self.learning_rate * rate, self._optimiser.average.share], np.float32)
        trust = None if lesson is None else np.array(lesson.trust, np.float32)
        chances = None if lesson is None else lesson.chances
        given = [controls, weights, trust, pixels, channels, looks, chances]
        with self._transfers.beside():
            uploaded = self._together(lambda: [self._transfers.upload(one) for one in given])
            controls, weights, trust, *views = uploaded
            loss = self._gradients(views, weights, trust)
            self._update(controls)
            value = self._transfers.fetch(loss)
        self._optimiser.average.steps += 1
        self._hopeless = 0 if np.isfinite(value) else self._hopeless + 1
        if self._hopeless >= HOPELESS_STEPS:
            raise TrainingError(
                "The training diverged: its loss is no number. Start it again with a lower learning rate."
            )
        return value

    def _update(self, controls: torch.Tensor) -> None:
        """The optimiser's part, recorded once that of the network is."""
        if self._gradients.recording is None:
            self._apply = None
        elif self._apply is None:
            before, apply = self._gradients.recording, self._optimiser.apply
            recorded = self._together(lambda: self._gradients.record(apply, (controls,), before))
            self._apply = recorded or apply
        (self._apply or self._optimiser.apply)(controls)

    def _together(self, work: Callable[[], Result]) -> Result:
        """All ranks agree on what may fail in one, until everything is recorded: then memory is what it was before."""
        return self._gradients.together(work) if self._apply is None else work()

    def keep_all(self, wanted: bool = True) -> None:
        """From now on every step counts alike in the averaged weights, or, when that is not `wanted`, old ones are forgotten."""
        self._optimiser.average.keep_all(wanted)

    @property
    def can_try_again(self) -> bool:
        """Whether a step for which there was no memory may be tried with less."""
        return not self._gradients.bound

    def share_memory(self, at_once: int | None, checkpointing: bool) -> None:
        """Let `at_once` views through the network at a time, a divisor of the batch, None for all of them; and with
        `checkpointing` compute what is inside its blocks a second time instead of keeping it for the backward.

        What a step left in memory is given back.
        """
        self._apply = None
        self._transfers.forget()
        self._gradients.forget()
        self._gradients.at_once = at_once
        self.network.checkpointing = checkpointing
        if self.device.type == "cuda":
            torch.cuda.empty_cache()

    def averaged_tensors(self, start_share: float = 0.0) -> dict[str, np.ndarray]:
        """The averaged weights, as a checkpoint holds them. A trainer that keeps the start can leave a share of it in them."""
        averaged = {name: tensor.cpu().numpy() for name, tensor in self._optimiser.average.tensors.items()}
        if not start_share:
            return averaged
        return interpolated({name: tensor.numpy() for name, tensor in self._first.items()}, averaged, start_share)

    def save(self, path: Path, extra: Mapping[str, object]) -> None:
        """Write all that `restore` needs, atomically; `extra` is the caller's own JSON."""
        content = self.state(extra)
        atomic_write(path, lambda file: file.write(content))

    def restore(self, path: Path) -> dict[str, object]:
        """Go on exactly where `save` stood; returns its `extra`. Raises TrainingError for a file that is damaged, or of
        another version of this program.
        """
        try:
            return self.take(path.read_bytes())
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
            raise TrainingError(
                "The state of the interrupted training in {folder} cannot be used ({reason}); start a new training.",
                folder=path.parent.name,
                reason=str(error),
            ) from error

    def state(self, extra: Mapping[str, object]) -> bytes:
        """A safetensors file of all that changes."""
        tensors = {f"network.{name}": tensor for name, tensor in self.network.state_dict().items()}
        tensors |= self._optimiser.tensors() | {f"first.{name}": tensor for name, tensor in self._first.items()}
        facts = {"version": STATE_VERSION, "steps": self.steps, "kept_from": self._optimiser.average.kept_from}
        facts |= {"scaler": self._optimiser.facts(), "extra": dict(extra)}
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        return content_of(tensors, metadata={"state": json.dumps(facts)})

    def take(self, content: bytes) -> dict[str, object]:
        """Be as another trainer was when it gave this `state`; returns its `extra`."""
        length = int.from_bytes(content[:8], "little")
        facts = json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["state"])
        if facts.get("version") != STATE_VERSION:
            raise TrainingError(
                "The interrupted training was begun by another version of this program; start a new training."
            )
        tensors = tensors_from(content)
        own = {name.removeprefix("network."): one for name, one in tensors.items() if name.startswith("network.")}
        self.network.load_state_dict(own)
        steps, kept_from = facts["steps"], facts.get("kept_from")  # states of before lack it
        counts = steps, 0 if kept_from is None else kept_from
        if not all(isinstance(one, int) and 0 <= one <= steps for one in counts):
            raise ValueError("counts that no training has")
        self._optimiser.take(tensors, facts["scaler"], steps, kept_from)
        self._first = {name: _alike(tensors[f"first.{name}"], own) for name, own in self._first.items()}
        self._apply = None
        self._gradients.forget()
        return facts["extra"]


def _alike(tensor: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
    """The tensor, where it can stand for our own. Raises ValueError."""
    if tensor.shape != own.shape or tensor.dtype != own.dtype or not torch.isfinite(tensor).all():
        raise ValueError("weights that are no network's")
    return tensor
