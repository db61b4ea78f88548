"""WeightAverage: the average of a network's weights over its last steps, which is what gets scored and published."""

from __future__ import annotations

import torch


class WeightAverage:
    """Moves on with the last 1 / (1 - decay) steps or so, and with fewer at the start; once it shall `keep_all`, no step since
    is forgotten.

    The ramp (1 + step) / (10 + step) of Polyak averaging in TensorFlow keeps a short run from publishing little more
    than the weights it started from.
    """

    def __init__(self, network: torch.nn.Module, decay: float = 0.99) -> None:
        self.decay = decay
        self.steps = 0
        self.kept_from: int | None = None
        """After how many steps `keep_all` was said."""
        self.tensors = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}

    @property
    def share(self) -> float:
        """What part of the average the weights of the next step will be."""
        if self.kept_from is None:
            return self._moving(self.steps)
        return 1 / (1 / self._moving(self.kept_from) + self.steps - self.kept_from)

    def keep_all(self, wanted: bool = True) -> None:
        """From now on all steps count alike, beside the last few that the average holds by now; or, when that is not
        `wanted`, old ones are forgotten again. Said again it changes nothing.
        """
        if not wanted:
            self.kept_from = None
        elif self.kept_from is None:
            self.kept_from = self.steps

    @torch.no_grad()
    def blend(self, network: torch.nn.Module, share: torch.Tensor) -> None:
        """Take in the network's present weights by this share (), on their device; integer buffers are copied.

        A few launches, and no memory: the weights have moved by then. The caller counts the step.
        """
        present = network.state_dict()
        floating = [name for name, tensor in self.tensors.items() if tensor.is_floating_point()]
        averages, weights = [self.tensors[name] for name in floating], [present[name] for name in floating]
        torch._foreach_sub_(averages, weights)
        torch._foreach_mul_(averages, 1 - share)
        torch._foreach_add_(averages, weights)
        for name in self.tensors.keys() - floating:
            self.tensors[name].copy_(present[name])

    def _moving(self, steps: int) -> float:
        """The share of the step after so many, where old ones are forgotten."""
        return 1 - min(self.decay, (2 + steps) / (11 + steps))
