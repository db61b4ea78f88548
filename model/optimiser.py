"""Optimiser: what a step does with its gradients: clip them, move the weights by Muon and AdamW, and follow by their average."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import torch

from model.ema import WeightAverage
from model.muon import Muon, inner_matrices

GRADIENT_NORM = 1.0
WEIGHT_DECAY = 0.05
FIRST_SCALE = 2.0**16
PATIENCE = 2000
"""Steps without overflow after which gradients are scaled up again, as `torch.amp.GradScaler` does."""


class Optimiser:
    """`apply` only launches work: it never waits for the device, so that it can be recorded as a CUDA graph.

    A step whose gradients are no numbers is left out, on the device itself: it would ruin every weight.
    """

    def __init__(self, network: torch.nn.Module, device: torch.device, learning_rate: float, scaled: bool) -> None:
        """`scaled` keeps the gradients of float16 from vanishing: the loss must be multiplied by `scale`."""
        self.average = WeightAverage(network)
        self.scale = torch.tensor(FIRST_SCALE, device=device) if scaled else None
        self._steady = torch.zeros((), device=device)
        self._network = network
        self._parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
        # The others have no fused form that can leave out a step.
        self._fused = device.type in ("cpu", "cuda")
        on_gpu = device.type == "cuda"
        matrices = inner_matrices(network)
        self._muon = Muon(matrices, WEIGHT_DECAY)
        self._adamw = torch.optim.AdamW(self._groups(matrices), lr=learning_rate, fused=self._fused, capturable=on_gpu)

    @property
    def gradients(self) -> list[torch.Tensor]:
        return [parameter.grad for parameter in self._parameters if parameter.grad is not None]

    def forget_gradients(self) -> None:
        for parameter in self._parameters:
            parameter.grad = None

    def gather_gradients(self) -> None:
        """From now on gradients add up in the same memory; `clear_gradients` makes them zero."""
        for parameter in self._parameters:
            parameter.grad = torch.zeros_like(parameter)

    def clear_gradients(self) -> None:
        torch._foreach_zero_(self.gradients)

    @torch.no_grad()
    def apply(self, controls: torch.Tensor) -> None:
        """One step; `controls` (2,) on the device: the learning rate, and the average's share."""
        norm = torch.nn.utils.get_total_norm(self.gradients)
        if self.scale is not None:
            norm = norm / self.scale
        lost = 1 - torch.isfinite(norm).float()
        shrink = ((norm + 1e-6) / GRADIENT_NORM).clamp(min=1) * (1 if self.scale is None else self.scale)
        for group in self._adamw.param_groups:
            group["lr"] = controls[0]
        self._move(controls[0], shrink, lost)
        self.average.blend(self._network, controls[1])
        if self.scale is not None:
            self._rescale(lost)

    def _move(self, rate: torch.Tensor, shrink: torch.Tensor, lost: torch.Tensor) -> None:
        self._muon.step(rate, shrink, lost)
        if self._fused:
            self._adamw.grad_scale, self._adamw.found_inf = shrink, lost
            self._adamw.step()
        elif not bool(lost):
            torch._foreach_div_([one.grad for group in self._adamw.param_groups for one in group["params"]], shrink)
            self._adamw.step()

    def _rescale(self, lost: torch.Tensor) -> None:
        """Half the scale after an overflow, twice after a long time without one."""
        self._steady.copy_((self._steady + 1) * (1 - lost))
        grown = (self._steady >= PATIENCE).float()
        self.scale.mul_((1 - 0.5 * lost) * (1 + grown))
        self._steady.mul_(1 - grown)

    def tensors(self) -> dict[str, torch.Tensor]:
        """What a state on disk holds of it, together with `facts`."""
        tensors = {f"average.{name}": tensor for name, tensor in self.average.tensors.items()}
        state = self._adamw.state_dict()["state"]
        tensors["muon"] = self._muon.momentum
        return tensors | {f"optimiser.{i}.{key}": tensor for i, one in state.items() for key, tensor in one.items()}

    def facts(self) -> dict[str, float]:
        return {} if self.scale is None else {"scale": self.scale.item(), "_growth_tracker": self._steady.item()}

    def take(
        self, tensors: Mapping[str, torch.Tensor], facts: Mapping[str, float], steps: int, kept_from: int | None
    ) -> None:
        """Be as another was after `steps` steps, whose average keeps all since it had taken `kept_from`, None for none yet.

        Raises KeyError, ValueError or RuntimeError for one that differs.
        """
        for name, tensor in self.average.tensors.items():
            tensor.copy_(tensors[f"average.{name}"])
        self.average.steps, self.average.kept_from = steps, kept_from
        self._muon.momentum.copy_(tensors["muon"])
        state: dict[int, dict[str, torch.Tensor]] = {}
        for name, tensor in tensors.items():
            kind, _, rest = name.partition(".")
            if kind == "optimiser":
                index, key = rest.split(".", 1)
                state.setdefault(int(index), {})[key] = tensor
        self._adamw.load_state_dict(self._adamw.state_dict() | {"state": state})
        if self.scale is not None and "scale" in facts:
            self.scale.fill_(facts["scale"])
            self._steady.fill_(facts["_growth_tracker"])

    def _groups(self, matrices: Collection[torch.nn.Parameter]) -> list[dict[str, object]]:
        """What AdamW moves. Weight decay is for weights only: norms and biases have no scale to keep small."""
        taken = {id(one) for one in matrices}
        others = [one for one in self._parameters if id(one) not in taken]
        return [
            {"params": [one for one in others if one.ndim > 1], "weight_decay": WEIGHT_DECAY},
            {"params": [one for one in others if one.ndim <= 1], "weight_decay": 0.0},
        ]
