"""Trainer: a network in training with its optimiser and averaged weights; one step at a time, and its state on disk."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors
import safetensors.torch
import torch

from model.ema import WeightAverage
from model.errors import TrainingError
from model.files import atomic_write
from model.losses import segmentation_loss

GRADIENT_NORM = 1.0
WEIGHT_DECAY = 0.05
HOPELESS_STEPS = 20
"""So many losses in a row that are no number mean that the training has diverged; fewer are a half-precision hiccup."""


@dataclass(frozen=True)
class Precision:
    """How a device computes: bfloat16 where a GPU has it, else float16 with scaled gradients; float32 on a CPU."""

    device: torch.device

    @property
    def dtype(self) -> torch.dtype:
        if self.device.type != "cuda":
            return torch.float32
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16

    def autocast(self) -> contextlib.AbstractContextManager:
        if self.dtype == torch.float32:
            return contextlib.nullcontext()
        return torch.autocast(self.device.type, self.dtype)

    def scaler(self) -> torch.amp.GradScaler:
        return torch.amp.GradScaler(self.device.type, enabled=self.dtype == torch.float16)


class Trainer:
    """Holds everything of a training that changes from step to step."""

    def __init__(self, network: torch.nn.Module, device: torch.device, learning_rate: float) -> None:
        self.network = network.to(device).train()
        self.device = device
        self.learning_rate = learning_rate
        self.steps = 0
        self.average = WeightAverage(self.network)
        self._precision = Precision(device)
        self._scaler = self._precision.scaler()
        self._optimiser = torch.optim.AdamW(self._groups(), lr=learning_rate, fused=device.type == "cuda")
        self._hopeless = 0

    def step(self, pixels: np.ndarray, channels: np.ndarray, rate: float, weights: np.ndarray | None = None) -> float:
        """One optimiser step at the share `rate` of the peak learning rate; returns the loss.

        `pixels` (B, 1|3, H, W) float32 in 0..1; `channels` (B, H, W) uint8 with 255 for untouched pixels; `weights`
        (C,) float32 those of the channels in the loss. Raises
        TrainingError once the loss stays infinite or no number, and torch's own error when memory runs out.
        """
        for group in self._optimiser.param_groups:
            group["lr"] = self.learning_rate * rate
        self._optimiser.zero_grad(set_to_none=True)
        target = torch.from_numpy(channels).to(self.device).long()
        balance = None if weights is None else torch.from_numpy(weights).to(self.device)
        with self._precision.autocast():
            logits = self.network(torch.from_numpy(pixels).to(self.device))
        loss = segmentation_loss(logits, target, balance)
        self._scaler.scale(loss).backward()
        value = loss.item()
        self._apply(value)
        return value

    def _apply(self, loss: float) -> None:
        """Clip and take the step, unless the gradients are no numbers: one such step would ruin every weight."""
        self._scaler.unscale_(self._optimiser)
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), GRADIENT_NORM)
        if self._scaler.is_enabled() or bool(torch.isfinite(norm)):
            self._scaler.step(self._optimiser)
        self._scaler.update()
        self._hopeless = 0 if np.isfinite(loss) else self._hopeless + 1
        if self._hopeless >= HOPELESS_STEPS:
            raise TrainingError(
                "The training diverged: its loss is no number. Start it again with a lower learning rate."
            )
        self.steps += 1
        self.average.update(self.network)

    def averaged_tensors(self) -> dict[str, np.ndarray]:
        """The averaged weights, as a checkpoint holds them."""
        return {name: tensor.cpu().numpy() for name, tensor in self.average.tensors.items()}

    def release(self) -> None:
        """Give back what a step left in memory, before a smaller one is tried."""
        self._optimiser.zero_grad(set_to_none=True)
        if self.device.type == "cuda":
            torch.cuda.empty_cache()

    def save(self, path: Path, extra: Mapping[str, object]) -> None:
        """Write all that `restore` needs, atomically; `extra` is the caller's own JSON."""
        tensors = {f"network.{name}": tensor for name, tensor in self.network.state_dict().items()}
        tensors |= {f"average.{name}": tensor for name, tensor in self.average.tensors.items()}
        state = self._optimiser.state_dict()["state"]
        tensors |= {f"optimiser.{index}.{key}": tensor for index, one in state.items() for key, tensor in one.items()}
        facts = {"steps": self.steps, "scaler": self._scaler.state_dict(), "extra": dict(extra)}
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        content = safetensors.torch.save(tensors, metadata={"state": json.dumps(facts)})
        atomic_write(path, lambda file: file.write(content))

    def restore(self, path: Path) -> dict[str, object]:
        """Go on exactly where `save` stood; returns its `extra`. Raises TrainingError for a damaged file."""
        try:
            with safetensors.safe_open(path, "pt") as file:
                facts = json.loads(file.metadata()["state"])
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no mapping
            self._take(tensors, facts)
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, safetensors.SafetensorError) as error:
            raise TrainingError(
                "The state of the interrupted training in {folder} cannot be used ({reason}); start a new training.",
                folder=path.parent.name,
                reason=str(error),
            ) from error
        return facts["extra"]

    def _take(self, tensors: Mapping[str, torch.Tensor], facts: Mapping[str, object]) -> None:
        self.network.load_state_dict(_part(tensors, "network."))
        self.average.tensors = {name: tensor.to(self.device) for name, tensor in _part(tensors, "average.").items()}
        self.steps = self.average.steps = facts["steps"]
        state: dict[int, dict[str, torch.Tensor]] = {}
        for name, tensor in _part(tensors, "optimiser.").items():
            index, key = name.split(".", 1)
            state.setdefault(int(index), {})[key] = tensor
        self._optimiser.load_state_dict(self._optimiser.state_dict() | {"state": state})
        self._scaler.load_state_dict(facts["scaler"])

    def _groups(self) -> list[dict[str, object]]:
        """Weight decay is for matrices and kernels only: norms and biases have no scale to keep small."""
        parameters = [parameter for parameter in self.network.parameters() if parameter.requires_grad]
        return [
            {"params": [one for one in parameters if one.ndim > 1], "weight_decay": WEIGHT_DECAY},
            {"params": [one for one in parameters if one.ndim <= 1], "weight_decay": 0.0},
        ]


def _part(tensors: Mapping[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
