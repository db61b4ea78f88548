"""Gradients: forward and backward of a batch, in parts that fit into memory, recorded on a GPU, averaged over ranks."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import TypeVar

import torch

from model.development import Development
from model.distributed import Team
from model.losses import segmentation_loss
from model.messages import Message
from model.mixing import mix
from model.optimiser import Optimiser
from model.precision import Precision
from model.recording import Inputs, Recording, ran_out
from model.teacher import Teacher, taught_loss

Result = TypeVar("Result")
Views = Sequence[torch.Tensor | None]
"""Pixels and channels of as many views, their looks where they are to be developed, their chances for a teacher."""
EAGER_STEPS = 3
"""Steps launched one by one at first, and after a change: kernels get compiled and libraries find their algorithms."""


class Gradients:
    """Calling it leaves the gradient of the mean loss over all ranks' batches in the network's parameters.

    On a GPU forward and backward are recorded as a CUDA graph after EAGER_STEPS; where that fails they go on being
    launched one by one. Several ranks then average by DistributedDataParallel during the backward; with a recording,
    and in the first steps, when memory may still run out on one rank alone, after it.
    """

    def __init__(
        self,
        network: torch.nn.Module,
        optimiser: Optimiser,
        precision: Precision,
        team: Team,
        notice: Callable[[Message], None],
        teacher: Teacher | None = None,
    ) -> None:
        self.at_once: int | None = None
        """How many views go through the network at a time, a divisor of the batch; None for all."""
        self.recording: Recording | None = None
        self.bound = False
        """Whether other ranks go on without asking this one, so that no step can be taken again in another way."""
        self._network, self._optimiser, self._precision = network, optimiser, precision
        self._team, self._notice = team, notice
        self._records = precision.device.type == "cuda"
        self._eager = 0
        self._parts = 1
        self._reducing: torch.nn.Module | None = None
        self._teacher = teacher
        self._develop = Development(precision.device)

    def __call__(self, views: Views, weights: torch.Tensor | None, trust: torch.Tensor | None = None) -> torch.Tensor:
        """The loss (), averaged like the gradient. Raises torch's own error when memory runs out on any rank.

        With a `teacher`, the views have chances, and `trust` () says how much it counts.
        """
        size = self.at_once or len(views[0])
        parts = list(zip(*(_split(one, size, len(views[0])) for one in views), strict=True))
        if self.recording is not None:
            fits = len(parts) == self._parts and self.recording.fits((weights, trust, *parts[0]))
            if not fits:
                self.forget()
        if self.recording is None and self._reducing is None:
            loss = self.together(lambda: self._compute(parts, weights, trust))
            self._eager += 1
        else:
            loss = self._compute(parts, weights, trust)
        self._team.average([loss])
        if self._reducing is not None:
            return loss
        # Most gradients come out of products in this type; as float32 they would take twice as long to send.
        self._team.average(self._optimiser.gradients, self._precision.dtype)
        if not self._records and self._eager >= EAGER_STEPS and self._team.size > 1:
            self.recording = None
            self._reducing = self._team.reducing(self._network, self._precision.device)
        return loss

    def together(self, work: Callable[[], Result]) -> Result:
        """Do what may run out of memory, or turn out not to be recordable: on one rank counts as on all."""
        if self._reducing is not None:
            return work()
        self.bound = False
        problem: Exception | None = None
        try:
            result = work()
        except (RuntimeError, MemoryError) as error:
            if not ran_out(error):
                raise
            problem = error
        out, refused = self._team.worst(problem is not None, not self._records)
        if out:
            raise problem or torch.OutOfMemoryError("out of memory on another rank")
        if refused:
            self._records = False
        self.bound = self._team.size > 1
        return result

    def forget(self) -> None:
        """Give back memory, and start again with eager steps."""
        if self.recording is not None:
            torch.cuda.synchronize(self._precision.device)  # it may still be running
        self.recording, self._eager = None, 0
        self._optimiser.forget_gradients()

    def record(self, function: Callable[..., object], inputs: Inputs, after: Recording | None) -> Recording | None:
        """None when it cannot be recorded, which is said once and holds from then on."""
        try:
            return Recording(function, inputs, after)
        except RuntimeError as error:
            if ran_out(error):
                raise
            self._refuse(str(error).partition("\n")[0])
            return None

    def _compute(
        self, parts: Sequence[Views], weights: torch.Tensor | None, trust: torch.Tensor | None
    ) -> torch.Tensor:
        self._parts = len(parts)
        backward = self._prepare((weights, trust, *parts[0]))
        total = torch.zeros((), device=self._precision.device)
        for number, part in enumerate(parts):
            with self._without_averaging(number + 1 < len(parts)):
                total += backward(weights, trust, *part)
        return total

    def _prepare(self, inputs: Inputs) -> Callable[..., torch.Tensor]:
        """What to call for each part, with all gradients at nothing."""
        if self.recording is None:
            self._optimiser.forget_gradients()
            if not self._records or self._eager < EAGER_STEPS:
                return self._backward
            if self._parts > 1:
                self._optimiser.gather_gradients()
            self.recording = self.record(self._backward, inputs, None)
            if self.recording is None:
                self._optimiser.forget_gradients()
                return self._backward
        if self._parts > 1:
            self._optimiser.clear_gradients()
        return self.recording

    def _backward(
        self, weights: torch.Tensor | None, trust: torch.Tensor | None, *views: torch.Tensor | None
    ) -> torch.Tensor:
        loss = self._loss(weights, trust, *views) / self._parts
        scaled = loss if self._optimiser.scale is None else loss * self._optimiser.scale
        with contextlib.nullcontext() if self._reducing is None else self._team.averaging():
            scaled.backward()
        return loss.detach()

    def _loss(
        self,
        weights: torch.Tensor | None,
        trust: torch.Tensor | None,
        pixels: torch.Tensor,
        channels: torch.Tensor,
        looks: torch.Tensor | None = None,
        chances: torch.Tensor | None = None,
    ) -> torch.Tensor:
        seen, told = pixels.float() if looks is None else self._develop(pixels, looks), None
        if self._teacher is not None:
            told = self._teacher(seen if looks is None else self._develop.plain(pixels, looks), channels)
            seen, channels, told = mix(seen, channels, told, chances)
        with self._precision.autocast():
            logits = (self._reducing or self._network)(seen)
        if told is None:
            return segmentation_loss(logits, channels, weights)
        return taught_loss(logits, channels, told, weights, trust)

    def _without_averaging(self, hold: bool) -> contextlib.AbstractContextManager:
        """Within it, DistributedDataParallel leaves the gradients to add up."""
        return self._reducing.no_sync() if hold and self._reducing is not None else contextlib.nullcontext()

    def _refuse(self, reason: str) -> None:
        self._records = False
        self._notice(
            Message(
                "The GPU cannot record the training step ({reason}); it is launched piece by piece, which is slower.",
                {"reason": reason},
            )
        )


def _split(one: torch.Tensor | None, size: int, count: int) -> Sequence[torch.Tensor | None]:
    return [None] * -(-count // size) if one is None else one.split(size)
