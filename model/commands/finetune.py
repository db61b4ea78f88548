"""Fine-tune on the labels of a workspace: JSON lines on stdout, progress for a person on stderr.

Where both are a terminal, only the progress is shown.

Each run keeps its own folder, WORKSPACE/segmentation/runs/NNNN, with its settings, events, the labels it used and its
weights. The training takes 150 seconds unless --seconds or --epochs say otherwise, and less on a GPU that is done earlier
with as many views as help. A line "cancel" on stdin, SIGINT or SIGTERM stops it within two seconds; --resume goes on with a
run that was stopped or killed. A line "finish" on stdin winds it down, scores it and publishes what it has learned by then.

On several GPUs, or machines that share the folder, start it by torchrun: torchrun --nproc-per-node 4 -m model finetune
WORKSPACE ... Each process trains on as many views as one alone would; the first of them speaks and listens for all. A
training that is stopped then ends with 0. With torchrun's --max-restarts it goes on by itself after a process is lost.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from model.checkpoint import read_header
from model.commands.console import Exit, say, share_the_cores
from model.commands.numbers import add_max_megapixels, count, positive, share, whole
from model.commands.stopping import StopRequest, end_with_parent
from model.commands.teller import Teller
from model.errors import TrainingError
from model.events import Stopped
from model.options import FineTuneOptions
from model.presets import PRESETS
from model.progress import Cancelled
from model.rank import Rank
from model.workspace import Workspace

if TYPE_CHECKING:
    from model.distributed import Team

HELP = "train the network on a workspace's labels"
ASSISTANT_PATIENCE = 5.0
"""Seconds that a process of rank 1 and above waits after a signal for rank 0 to end the training for all."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("workspace", type=Path, metavar="WORKSPACE", help="the folder of images")
    parser.add_argument("--root", type=Path, help="where its labels and runs are; else WORKSPACE/segmentation")
    start = parser.add_mutually_exclusive_group(required=True)
    start.add_argument("--weights", type=Path, metavar="W", help="start from these weights; classes meet by their uid")
    start.add_argument("--scratch", metavar="PRESET", choices=PRESETS, help=f"start from nothing: {', '.join(PRESETS)}")
    start.add_argument("--resume", action="store_true", help="go on with the last run that was stopped or killed")
    parser.add_argument("--baseline", type=Path, metavar="W", help="with --scratch: the weights to compare with")
    parser.add_argument("--seconds", type=positive, metavar="S", help="how long to train at most")
    parser.add_argument("--epochs", type=count, metavar="N", help="points of the curve; alone, it sets the length too")
    parser.add_argument("--batch", type=count, metavar="N", help="views at a time; 8 on a GPU, 1 on a CPU")
    parser.add_argument("--accumulate", type=count, default=1, metavar="N", help="batches that make one step (1)")
    parser.add_argument("--checkpointing", action="store_true", help="compute more to need less memory")
    parser.add_argument(
        "--unlabelled",
        action=argparse.BooleanOptionalAction,
        default=FineTuneOptions.unlabelled,
        help="learn from the folder's images without a label, too, but for what is held out and its neighbours (the default)",
    )
    parser.add_argument(
        "--model-labels",
        type=share,
        default=0.0,
        metavar="WEIGHT",
        help="learn from labels that only the model has set, too: how much they weigh, 0 to 1 (0)",
    )
    parser.add_argument(
        "--crop", type=count, metavar="PIXELS", help="side of a view; else 128 tokens, or the network's input"
    )
    parser.add_argument(
        "--lr",
        type=positive,
        metavar="RATE",
        help="peak learning rate; else by the network, and gentler with --weights",
    )
    parser.add_argument("--seed", type=whole, default=0, help="of all chance (0)")
    parser.add_argument("--device", default="auto", help="auto (the default), cpu, cuda or cuda:N")
    parser.add_argument("--publish", type=Path, metavar="FILE", help="copy the new weights here, in half precision")
    parser.add_argument("--watch-stdin", action="store_true", help="stop when stdin ends, as when the parent dies")
    add_max_megapixels(parser)


def run(arguments: argparse.Namespace) -> int:
    rank = Rank.of()
    if rank.size > 1:
        end_with_parent()
    return _lead(arguments, rank) if rank.number == 0 else _assist(arguments, rank)


def _lead(arguments: argparse.Namespace, rank: Rank) -> int:
    stopped = Exit.STOPPED if rank.size == 1 else Exit.DONE  # what ends otherwise, torchrun would start again
    teller = Teller(sys.stdout, sys.stderr)
    request = StopRequest(teller, watch_stdin=arguments.watch_stdin, code=stopped)
    request.watch()
    try:
        with _preparing(teller):
            workspace, options = _workspace(arguments), options_of(arguments)
            team = _team(arguments, rank)
            from model.training import fine_tune
        request.failure = team.loss_to_tell
        stop = lambda: request.asked() and team.is_whole
        run = fine_tune(workspace, options, teller.tell, stop, team, request.finishing)
        team.leave()
    except Cancelled:
        teller.tell(Stopped(0))
        return stopped
    finally:
        request.done()
    if run.weights is None:
        return stopped
    nearest = read_header(run.weights).metrics.get("nearest_label_mean_dice")
    if nearest is not None and sys.stderr.isatty():
        say(f"Copying the nearest training label would score {nearest:.3f}.")
    return Exit.DONE


def _assist(arguments: argparse.Namespace, rank: Rank) -> int:
    """Silently: rank 0 speaks for all, and hears for all what is to be done."""
    request = StopRequest(Teller(io.StringIO(), io.StringIO()), False, listens=False, patience=ASSISTANT_PATIENCE)
    request.watch()
    try:
        try:
            team = _team(arguments, rank)
        except Exception:
            time.sleep(ASSISTANT_PATIENCE)  # rank 0 fails likewise; torchrun would end it before it has said why
            raise
        request.failure = team.loss_to_tell
        from model.distributed import LostError, TeamError
        from model.training import assist

        try:
            assist(lambda: _workspace(arguments), options_of(arguments), team)
        except LostError as error:
            if team.tells_of_loss():
                say(error)
            return Exit.DONE
        except TeamError:  # the process that failed says so; if it was told to stop, torchrun shall not start again
            return Exit.DONE
        team.leave()
    finally:
        request.done()
    return Exit.DONE


@contextlib.contextmanager
def _preparing(teller: Teller) -> Iterator[None]:
    """What fails before there is a training is an event, too, as all that fails later is."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whoever waits for events hears of every end
        from model.run_log import as_model_error, failed

        unread = isinstance(error, OSError) and error.filename
        known = _unreadable(error) if unread else as_model_error(error)
        teller.tell(failed(known))
        raise known from (None if known is error else error)


def _unreadable(error: OSError) -> TrainingError:
    reason = error.strerror or str(error)
    return TrainingError("{name} cannot be read: {reason}.", name=str(error.filename), reason=reason)


def _team(arguments: argparse.Namespace, rank: Rank) -> Team:
    """To be left only after all went well: after a failure others may be stuck, and leaving would wait for them."""
    share_the_cores()
    from model.distributed import Team

    return Team(rank, arguments.device)


def _workspace(arguments: argparse.Namespace) -> Workspace:
    return Workspace.peek(arguments.workspace, arguments.root)


def options_of(arguments: argparse.Namespace) -> FineTuneOptions:
    """Its paths are absolute: a training may be resumed while another folder is the current one."""
    return FineTuneOptions(
        weights=_absolute(arguments.weights),
        preset=arguments.scratch or "",
        baseline=_absolute(arguments.baseline),
        epochs=arguments.epochs,
        seconds=arguments.seconds,
        batch=arguments.batch,
        accumulate=arguments.accumulate,
        checkpointing=arguments.checkpointing,
        learning_rate=arguments.lr,
        crop=arguments.crop,
        unlabelled=arguments.unlabelled,
        model_labels=arguments.model_labels,
        device=arguments.device,
        seed=arguments.seed,
        resume=arguments.resume,
        publish=_absolute(arguments.publish),
        max_pixels=round(arguments.max_megapixels * 1e6),
    )


def _absolute(path: Path | None) -> Path | None:
    return None if path is None else path.absolute()
