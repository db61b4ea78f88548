"""WeightAverage: the exponential moving average of a network's weights, which is what gets scored and published."""

from __future__ import annotations

import torch


class WeightAverage:
    """Averages over about the last 1 / (1 - decay) steps, and over fewer at the start.

    The ramp (1 + step) / (10 + step) of Polyak averaging in TensorFlow keeps a short run from publishing little more
    than the weights it started from.
    """

    def __init__(self, network: torch.nn.Module, decay: float = 0.99) -> None:
        self.decay = decay
        self.steps = 0
        self.tensors = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}

    @torch.no_grad()
    def update(self, network: torch.nn.Module) -> None:
        """Take in the network's present weights; integer buffers are copied."""
        self.steps += 1
        weight = 1 - min(self.decay, (1 + self.steps) / (10 + self.steps))
        present = network.state_dict()
        floating = [name for name, tensor in self.tensors.items() if tensor.is_floating_point()]
        torch._foreach_lerp_([self.tensors[name] for name in floating], [present[name] for name in floating], weight)
        for name in self.tensors.keys() - floating:
            self.tensors[name].copy_(present[name])
