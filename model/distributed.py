"""Team: the processes that train one network together, as torchrun starts them; rank 0 leads and the others follow."""

from __future__ import annotations

import contextlib
import inspect
import os
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from enum import IntEnum

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

from model.device import choose_device
from model.errors import TrainingError
from model.progress import Cancelled
from model.rank import Rank


class TeamError(TrainingError):
    """Another process of the team has failed, or is gone."""


class LostError(TeamError):
    """A process of the team is gone, and has told nobody why."""


PATIENCE = timedelta(hours=2)
"""How long ranks wait for one another: while rank 0 scores, the others have nothing to do. A process that dies is
noticed at once."""
MEETING = timedelta(minutes=10)
"""How long they wait for one another to be there at all."""
LISTENING = timedelta(seconds=2)
"""How long rank 1 waits for rank 0 to notice that another is lost."""
_TOLD = "told of a loss"
_REASON = "why a rank failed"
REPORTING = 5.0
"""Seconds that a failing rank tries to say why."""


class Order(IntEnum):
    """What rank 0 wants the team to do next."""

    END = 0
    SHARE = 1
    STEP = 2


class Team:
    """Every rank calls the same methods in the same order. A team of one does everything alone."""

    def __init__(self, rank: Rank | None = None, device: str = "auto") -> None:
        """Raises ModelError for a device that is not there. `leave` it in the end."""
        self.rank = rank or Rank()
        self.size = self.rank.size
        self._ended = self.size == 1
        self.device_name = device
        if self.size == 1:
            return
        if device.startswith("cuda") or (device == "auto" and torch.cuda.is_available()):
            self.device_name = f"cuda:{self.rank.local}"
        chosen = choose_device(self.device_name)
        if chosen.type == "cuda":
            torch.cuda.set_device(chosen)
        backend = "nccl" if chosen.type == "cuda" else "gloo"
        store, number, size = next(dist.rendezvous("env://", timeout=MEETING))
        # After a restart the store may still hold the addresses of processes that are gone.
        store = self._store = dist.PrefixStore(f"start {self.rank.restarts}", store)
        store.set(f"process {number}", str(os.getpid()))
        dist.init_process_group(backend, store=store, rank=number, world_size=size, timeout=PATIENCE)
        self._talk = dist.new_group(backend="gloo", timeout=PATIENCE)
        first = number - self.rank.local
        beside = range(first, first + self.rank.local_size)
        self._processes = [int(store.get(f"process {one}")) for one in beside]

    @property
    def leads(self) -> bool:
        return self.rank.number == 0

    def meet(
        self, order: Order = Order.END, progress: float = 0.0, failure: Exception | None = None
    ) -> tuple[Order, float]:
        """What rank 0 wants, and the progress (0..1) it says; the others' `order` and `progress` do not count.

        Raises `failure` on the rank that has one, and a TeamError with its sentence on the others.
        """
        if self.size == 1:
            if failure is not None:
                raise failure
            return order, progress
        kind, share = self._agree([float(order), progress] if self.leads else [0.0, 0.0], failure)
        self._ended = self._ended or kind == Order.END
        return Order(int(kind)), share

    def worst(self, one: bool, other: bool) -> tuple[bool, bool]:
        """Each is true when it is true on any rank. Raises as `meet` does."""
        if self.size == 1:
            return one, other
        one, other = self._agree([float(one), float(other)], None)
        return one > 0, other > 0

    def share(self, content: bytes | None = None, source: int = 0) -> bytes:
        """The content that rank `source` has."""
        if self.size == 1:
            return content
        mine = bytearray(content if self.rank.number == source else b"")
        length = torch.tensor([len(mine)])
        self._exchange(dist.broadcast, length, source, group=self._talk)
        data = torch.frombuffer(mine, dtype=torch.uint8) if mine else torch.empty(int(length), dtype=torch.uint8)
        if len(data):
            self._exchange(dist.broadcast, data, source, group=self._talk)
        return data.numpy().tobytes()

    def average(self, tensors: Sequence[torch.Tensor], dtype: torch.dtype = torch.float32) -> None:
        """Replace tensors of one device by their mean over all ranks: one message for all, in numbers of this type."""
        if self.size == 1:
            return
        sizes = [tensor.numel() for tensor in tensors]
        flat = torch.empty(sum(sizes), dtype=dtype, device=tensors[0].device)
        parts = [part.view(tensor.shape) for part, tensor in zip(flat.split(sizes), tensors, strict=True)]
        torch._foreach_copy_(parts, list(tensors))
        self._exchange(dist.all_reduce, flat)
        flat.div_(self.size)
        torch._foreach_copy_(list(tensors), parts)

    def reducing(self, network: torch.nn.Module, device: torch.device) -> torch.nn.Module:
        """The network, its gradients averaged over all ranks while the backward still runs. Its buffers never change."""
        devices, known = (
            [device] if device.type == "cuda" else None,
            inspect.signature(DistributedDataParallel).parameters,
        )
        name = next(
            name for name in ("forward_sync_buffers", "broadcast_buffers") if name in known
        )  # since PyTorch 2.13
        return DistributedDataParallel(network, devices, **{name: False})

    @contextlib.contextmanager
    def averaging(self) -> Iterator[None]:
        """For a backward through `reducing`, which talks to the other ranks. Raises TeamError when one of them is gone.

        A depthwise convolution gives its gradient in another order of dimensions of length 1, of which PyTorch warns:
        not here.
        """
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Grad strides do not match bucket view strides")
            try:
                yield
            except RuntimeError as error:
                if not _is_of_an_exchange(error):
                    raise
                raise self._lost() from error

    @contextlib.contextmanager
    def leading(self) -> Iterator[None]:
        """The work of rank 0, with whose end that of the others ends. When it fails they may be in the middle of a step,
        each waiting for all, and do not listen: then they end with this process.
        """
        try:
            yield
        except Exception as error:
            if isinstance(error, Cancelled):
                self.dismiss()
            else:
                self.report(error)
            raise
        self.dismiss()

    def dismiss(self) -> None:
        """Rank 0 ends the work of the others, unless it has ended for all."""
        if not self._ended:
            with contextlib.suppress(TrainingError):
                self.meet(Order.END)

    @property
    def is_whole(self) -> bool:
        """Whether all processes of this machine are there, as long as there is something to do. Torchrun ends the others
        by the very signal that asks for a stop, and they may be far from the next message.
        """
        return self._ended or all(map(_is_there, self._processes))

    def loss_to_tell(self) -> TeamError | None:
        """What this rank has to say when it is asked to stop because another is lost."""
        error = None if self.is_whole else self._lost()
        return error if error and self.tells_of_loss() else None

    def tells_of_loss(self) -> bool:
        """Whether a LostError is this rank's to tell: rank 1 does when rank 0, which tells everything, is gone."""
        if self.rank.number != 1:
            return self.leads
        try:
            self._store.wait([_TOLD], LISTENING)
        except RuntimeError:
            return True
        return False

    def report(self, failure: Exception) -> None:
        """Tell the others what ended this rank, unless all know, or are stuck somewhere and do not listen."""
        if not self._ended:
            with contextlib.suppress(RuntimeError):
                self._store.set(*((_TOLD, "") if self.leads else (_REASON, f"{self.rank.number} {failure}")))
            teller = threading.Thread(target=self._tell, args=(failure,), daemon=True)
            teller.start()
            teller.join(REPORTING)

    def leave(self) -> None:
        """NCCL is left to the end of the process: it would wait for others that may have gone."""
        if self.size > 1 and dist.get_backend() == "gloo":
            dist.destroy_process_group()

    def _tell(self, failure: Exception) -> None:
        with contextlib.suppress(Exception):
            self.meet(failure=failure)

    def _agree(self, numbers: list[float], failure: Exception | None) -> list[float]:
        """The most of each number. Every talk of the ranks is such a message, so that a failure is heard in each."""
        tensor = torch.tensor([*numbers, 0.0 if failure is None else self.rank.number + 1.0], dtype=torch.float64)
        self._exchange(dist.all_reduce, tensor, op=dist.ReduceOp.MAX, group=self._talk)
        *numbers, failed = tensor.tolist()
        if failed:
            self._ended = True
            self._fail(int(failed) - 1, failure)
        return numbers

    def _fail(self, rank: int, failure: Exception | None) -> None:
        reason = self.share(None if failure is None else str(failure).encode(), rank).decode(errors="replace")
        if failure is not None and rank == self.rank.number:
            raise failure
        raise self._failed(rank, reason)

    def _failed(self, rank: int, reason: str) -> TeamError:
        return TeamError(
            "The training ended because process {rank} of {size} failed: {reason}",
            rank=rank,
            size=self.size,
            reason=reason,
        )

    def _exchange(self, operation: Callable[..., object], *arguments: object, **more: object) -> None:
        try:
            operation(*arguments, **more)
        except RuntimeError as error:
            raise self._lost() from error

    def _lost(self) -> TeamError:
        """To be raised; nobody is talked to any more. A rank that could not make itself heard has left its reason."""
        self._ended = True
        if self.leads:
            with contextlib.suppress(RuntimeError):
                self._store.set(_TOLD, "")
                if self._store.check([_REASON]):
                    rank, _, reason = self._store.get(_REASON).decode(errors="replace").partition(" ")
                    return self._failed(int(rank), reason)
        return LostError(
            "The training ended because one of its {size} processes was lost; --resume goes on with it.",
            size=self.size,
        )


def _is_there(process: int) -> bool:
    """Whether it is, or has ended and torchrun does not know it yet."""
    try:
        os.getpgid(process)
    except ProcessLookupError:
        return False
    except AttributeError:  # on Windows, where nobody can ask so
        pass
    return True


def _is_of_an_exchange(error: RuntimeError) -> bool:
    """Whether NCCL raised it or gloo, whose errors have no type of their own and begin with a place in its source."""
    return isinstance(error, dist.DistError) or "/gloo/" in str(error)
