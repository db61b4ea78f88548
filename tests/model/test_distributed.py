"""Two processes under torchrun train one network: as one process would with twice the batches, and not one without the
other.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from model.checkpoint import load
from model.events import Baseline, Epoch, Event, Failed, Finished, Notice, Started, Stopped, from_line
from model.rank import Rank
from model.runs import RunState, list_runs
from model.unlabelled import unlabelled
from model.workspace import Workspace
from tests.model.conftest import make_blobs

CHECKOUT = Path(__file__).resolve().parents[2]
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="torchrun and its signals are those of Linux")


class Pair:
    """A fine-tuning by two processes on the CPU."""

    def __init__(self, torchrun: list[str], program: list[str], *arguments: object) -> None:
        command = [*TORCHRUN, *torchrun, *program, "finetune", *map(str, arguments), "--device", "cpu"]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            command, cwd=CHECKOUT, stdin=pipe, stdout=pipe, stderr=pipe, text=True, start_new_session=True
        )
        self.events: list[Event] = []

    def wait_for(self, kind: type) -> Event:
        """Read on until such an event comes; every line up to it must be one."""
        for line in self.process.stdout:
            event = from_line(line)
            assert event is not None, line
            self.events.append(event)
            if isinstance(event, kind):
                return event
        raise AssertionError(f"no {kind.__name__}: {self.events[-3:]} {self.process.stderr.read()[-3000:]}")

    def workers(self) -> dict[int, int]:
        """Process ids by rank."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                variables = dict(
                    one.split("=", 1) for one in (folder / "environ").read_text().split("\0") if "=" in one
                )
            except (OSError, ValueError):
                continue
            if parent == self.process.pid and "RANK" in variables:
                found[int(variables["RANK"])] = int(folder.name)
        return found

    def ends(self) -> int:
        return self.process.wait(240)


def is_alive(process: int) -> bool:
    """A zombie has ended, whoever should bury it."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@contextmanager
def pair(
    *arguments: object, torchrun: tuple[str, ...] = (), program: tuple[str, ...] = ("-m", "model")
) -> Iterator[Pair]:
    running = Pair(list(torchrun), list(program), *arguments)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            os.killpg(running.process.pid, signal.SIGKILL)
        running.process.wait()
        for pipe in (running.process.stdin, running.process.stdout, running.process.stderr):
            pipe.close()


def test_two_processes_learn_what_one_does_with_twice_the_batches(blobs, known_weights):
    # Of views that are mixed, which ranks do by chances of their own, each would learn something else.
    common = "--weights", known_weights, "--epochs", 1, "--batch", 2, "--lr", 3e-3, "--no-unlabelled"
    with pair(blobs, *common) as both:
        finished = both.wait_for(Finished)
        assert both.ends() == 0
        kinds = [type(event) for event in both.events]
        assert kinds.count(Started) == kinds.count(Finished) == 1 and both.events[0].device.startswith("2 x CPU")
        assert both.events[0].batch == 4
    alone = [sys.executable, "-m", "model", "finetune", str(blobs), *map(str, common), "--accumulate", "2"]
    subprocess.run([*alone, "--device", "cpu"], cwd=CHECKOUT, check=True, capture_output=True)
    one, other = (load(run.weights) for run in list_runs(blobs / "segmentation"))
    assert Path(finished.weights).parent.name == "0001" and one.metrics["steps"] == other.metrics["steps"] == 20
    for name, tensor in one.tensors.items():
        np.testing.assert_allclose(tensor, other.tensors[name], rtol=1e-2, atol=1e-4, err_msg=name)


def test_a_stop_by_a_line_reaches_both_and_is_no_failure_to_start_again_after(blobs, blob_weights):
    with pair(blobs, "--weights", blob_weights, "--seconds", 300, torchrun=("--max-restarts", "3")) as both:
        both.wait_for(Started)
        both.process.stdin.write("cancel\n")
        both.process.stdin.flush()
        both.wait_for(Stopped)
        started = time.monotonic()
        assert both.ends() == 0 and time.monotonic() - started < 60
        assert Started not in [type(from_line(line)) for line in both.process.stdout]
    assert list_runs(blobs / "segmentation")[0].state in (RunState.CANCELLED, RunState.INTERRUPTED)


def test_a_lost_process_is_started_again_and_the_training_goes_on(blobs, known_weights):
    common = "--weights", known_weights, "--epochs", 6
    with pair(blobs, *common, torchrun=("--max-restarts", "1", "--monitor-interval", "0.1")) as both:
        for _ in range(2):
            both.wait_for(Epoch)
        os.kill(both.workers()[1], signal.SIGKILL)
        both.wait_for(Finished)
        assert both.ends() == 0
    points = [event.epoch for event in both.events if isinstance(event, Epoch)]
    again = [event for event in both.events if isinstance(event, Started)]
    assert len(again) == 2 and points[-1] == 6 and points[2] > 1, points
    (run,) = list_runs(blobs / "segmentation")
    assert run.state == RunState.DONE


@pytest.mark.parametrize("lost", [0, 1])
def test_a_lost_process_is_told_of_once_whichever_it_is_and_fewer_go_on_with_a_word(blobs, blob_weights, lost):
    with pair(blobs, "--weights", blob_weights, "--epochs", 40) as both:
        for _ in range(3):
            both.wait_for(Epoch)
        os.kill(both.workers()[lost], signal.SIGKILL)
        assert both.ends() != 0
        assert both.process.stderr.read().count("one of its 2 processes was lost; --resume goes on") == 1
    again = [sys.executable, "-m", "model", "finetune", str(blobs), "--resume", "--device", "cpu", "--watch-stdin"]
    with subprocess.Popen(again, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as alone:
        notice = next(event for event in map(from_line, alone.stdout) if isinstance(event, Notice))
        assert "instead of {before}, as the number of processes" in notice.template
        assert notice.values == {"batch": 1, "before": 2, "count": 1}
        alone.kill()


@pytest.mark.parametrize("lost", [0, 1])
def test_a_lost_process_is_told_of_also_while_the_other_is_in_a_long_step(blobs, blob_weights, tmp_path, lost):
    """Torchrun asks the other to stop by a signal, and it cannot answer before its patience is over."""
    script = tmp_path / "slow.py"
    script.write_text(
        "import os, sys, time\n"
        "from pathlib import Path\n"
        f"sys.path.insert(0, {str(CHECKOUT)!r})\n"
        "from model.__main__ import main\n"
        "from model.trainer import Trainer\n"
        "stepping = Path(__file__).with_name('stepping ' + os.environ['RANK'])\n"
        "Trainer.step = lambda *_, **__: (stepping.touch(), time.sleep(60))\n"
        "os._exit(main())\n"
    )
    with pair(blobs, "--weights", blob_weights, "--seconds", 300, program=(str(script),)) as both:
        both.wait_for(Started)
        while len(list(tmp_path.glob("stepping *"))) < 2:
            assert both.process.poll() is None
            time.sleep(0.1)
        os.kill(both.workers()[lost], signal.SIGKILL)
        assert both.ends() != 0
        rest = [from_line(line) for line in both.process.stdout]
        assert both.process.stderr.read().count("one of its 2 processes was lost; --resume goes on") == 1
    assert [type(event) for event in rest if not isinstance(event, Baseline)] == ([Failed] if lost else [])


def test_processes_do_not_outlive_a_torchrun_that_is_killed(blobs, blob_weights):
    with pair(blobs, "--weights", blob_weights, "--seconds", 300) as both:
        both.wait_for(Started)
        workers = both.workers().values()
        assert len(workers) == 2
        both.process.kill()
        end = time.monotonic() + 60
        while any(map(is_alive, workers)) and time.monotonic() < end:
            time.sleep(0.2)
        assert time.monotonic() < end


def test_what_fails_on_one_process_is_told_by_the_first(tmp_path):
    """No other can be heard: the reason has to travel."""
    script = tmp_path / "talk.py"
    script.write_text(
        "from model.distributed import Order, Team, TeamError\n"
        "from model.rank import Rank\n"
        "team = Team(Rank.of(), 'cpu')\n"
        "assert team.share(b'all' if team.leads else None) == b'all' and team.worst(not team.leads, False) == (True, False)\n"
        "assert team.meet(Order.STEP, 0.25 if team.leads else 0.5) == (Order.STEP, 0.25)\n"
        "try:\n"
        "    team.meet(Order.STEP, 0.5, None if team.leads else OSError('no image'))\n"
        "except TeamError as error:\n"
        "    print(error) if team.leads else print('rank 1 must raise its own')\n"
        "except OSError:\n"
        "    pass\n"
        "team.dismiss()\n"
        "team.leave()\n"
    )
    environment = dict(os.environ) | {"PYTHONPATH": str(CHECKOUT)}
    done = subprocess.run([*TORCHRUN, str(script)], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "The training ended because process 1 of 2 failed: no image\n", done.stderr


@pytest.mark.parametrize("failing", [0, 1])
def test_what_fails_while_the_other_waits_in_a_step_ends_both_with_its_reason(tmp_path, failing):
    """The other is in a message of its step, and hears of nothing else."""
    script = tmp_path / "step.py"
    script.write_text(
        "import os, torch\n"
        "from model import distributed\n"
        "from model.rank import Rank\n"
        "distributed.REPORTING = 1.0\n"
        "team = distributed.Team(Rank.of(), 'cpu')\n"
        f"fails = team.rank.number == {failing}\n"
        "try:\n"
        "    if not fails:\n"
        "        team.average([torch.ones(3)])\n"
        "    elif team.leads:\n"
        "        with team.leading():\n"
        "            raise OSError('disk is full')\n"
        "    else:\n"
        "        team.report(OSError('disk is full'))\n"
        "except distributed.LostError:\n"
        "    print('to be told', team.tells_of_loss(), flush=True)\n"
        "except (distributed.TeamError, OSError) as error:\n"
        "    print(error, flush=True)\n"
        "os._exit(0)\n"
    )
    environment = dict(os.environ) | {"PYTHONPATH": str(CHECKOUT)}
    command = [*TORCHRUN, str(script)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=240)
    expected = {
        0: ["disk is full", "to be told False"],
        1: ["The training ended because process 1 of 2 failed: disk is full"],
    }
    assert sorted(done.stdout.splitlines()) == sorted(expected[failing]), done.stderr


def test_labels_that_only_one_process_has_lost_end_the_training_with_that_reason(blobs, blob_weights, tmp_path):
    """As on two machines whose folders differ; here the second process is made to look elsewhere."""
    other = tmp_path / "other"
    subprocess.run(["cp", "-r", str(blobs), str(other)], check=True)
    (other / "segmentation" / "labels" / "a.png.png").unlink()
    script = tmp_path / "start.py"
    script.write_text(
        "import os, sys\n"
        "from model.__main__ import main\n"
        "folder = sys.argv.pop(1)\n"
        f"sys.exit(main(['finetune', folder if os.environ['RANK'] == '0' else {str(other)!r}, *sys.argv[1:]]))\n"
    )
    environment = dict(os.environ) | {"PYTHONPATH": str(CHECKOUT)}
    command = [*TORCHRUN, str(script), str(blobs), "--weights", str(blob_weights), "--device", "cpu"]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    events = [from_line(line) for line in done.stdout.splitlines()]
    assert done.returncode != 0 and isinstance(events[-1], Failed), done.stderr
    assert "other labels" in events[-1].values["reason"]


def test_what_is_held_out_meanwhile_is_looked_at_by_no_process(tmp_path, blob_weights):
    """Its label is saved between the looks of the two at the folder, as by the window."""
    folder = make_blobs(tmp_path / "many", labels=4, images=12)
    free = len(unlabelled(Workspace.peek(folder)))
    script = tmp_path / "start.py"
    script.write_text(
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "import model.training\n"
        "from model.__main__ import main\n"
        "from tests.model.test_training import save_label\n"
        "folder, survey, looked = Path(sys.argv[1]), model.training.survey, Path(sys.argv.pop())\n"
        "def surveyed(*given):\n"
        "    found = survey(*given)\n"
        "    if os.environ['RANK'] == '1':\n"
        "        looked.touch()\n"
        "    else:\n"
        "        while not looked.exists():\n"
        "            time.sleep(0.05)\n"
        "        save_label(folder, found.others[0].name)\n"
        "    return found\n"
        "model.training.survey = surveyed\n"
        "sys.exit(main(['finetune', *sys.argv[1:]]))\n"
    )
    environment = dict(os.environ) | {"PYTHONPATH": str(CHECKOUT)}
    options = [
        "--weights",
        str(blob_weights),
        "--device",
        "cpu",
        "--epochs",
        "1",
        "--unlabelled",
        str(tmp_path / "looked"),
    ]
    done = subprocess.run(
        [*TORCHRUN, str(script), str(folder), *options],
        env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
        timeout=240,
    )  # fmt: skip
    events = [from_line(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0 and isinstance(events[-1], Finished), done.stdout
    assert 0 < events[0].unlabelled < free


@pytest.mark.parametrize(
    ("ranks", "option", "wrong", "reason"),
    [
        ("01", "--device", "nonsense", "nonsense is no device"),
        ("01", "--root", "labels.txt", "labels.txt"),
        ("1", "--root", "labels.txt", "process 1 of 2"),
    ],
)
def test_what_fails_before_there_is_a_training_is_told_by_the_first_alone(
    blobs, blob_weights, tmp_path, ranks, option, wrong, reason
):
    (tmp_path / "labels.txt").touch()
    script = tmp_path / "start.py"
    script.write_text(
        "import os, sys\n"
        "from model.__main__ import main\n"
        f"more = [{option!r}, {wrong!r}] if os.environ['RANK'] in {ranks!r} else []\n"
        "os._exit(main(['finetune', *sys.argv[1:], '--device', 'cpu', *more]))\n"
    )
    environment = dict(os.environ) | {"PYTHONPATH": str(CHECKOUT)}
    command = [*TORCHRUN, str(script), str(blobs), "--weights", str(blob_weights)]
    streams = {"capture_output": True, "text": True, "stdin": subprocess.DEVNULL}
    done = subprocess.run(command, cwd=tmp_path, env=environment, **streams, check=False, timeout=240)
    events = [from_line(line) for line in done.stdout.splitlines()]
    event = events.pop()
    assert done.returncode != 0 and isinstance(event, Failed), done.stderr
    assert all(isinstance(one, Started) for one in events), "rank 0 alone can get as far as that"
    assert reason in str(event.message)


def test_outside_of_torchrun_a_process_is_alone():
    assert Rank.of({}) == Rank()
    environment = {"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "4"}
    assert Rank.of(environment) == Rank(5, 8, 1, 4, 0)
