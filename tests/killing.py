"""Kills the program at random moments, a thousand times, and counts what it loses: nothing that is older than a second.

    python tests/killing.py --kills 1000

What it counts is kept in a folder (`--state`): run it again after a stop, and it goes on where it was. Every life paints, undoes,
switches, saves, labels, accepts and predicts in a workspace of small images; every tenth has a window, every
fifteenth a fine-tuning that has begun to learn. After each kill everything on the disk is opened and compared with what that life had told.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from PIL import Image as pillow

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CHECKOUT))

from model.checkpoint import load
from model.errors import ModelError
from model.journal import replay
from model.journal_story import scan
from model.layout import Layout
from model.runs import list_runs, read_events
from model.workspace import Workspace
from tests.killing_child import SIDE, Task, Told, digest, live

SECOND = 1.0
LIVES_OF_A_FOLDER = 25
IMAGES = 4
_STATE = Path(tempfile.gettempdir()) / "lsgui-kills"
_LITTLE = """
import sys, torch
from dataclasses import asdict
from model.checkpoint import Checkpoint, save
from model.classes import default_table
from model.input_range import InputRange
from model.network import LightningUnet, NetworkConfig
config = NetworkConfig(classes=14, width=8, heads=(1, 1, 1, 1), encoder_blocks=(1, 1, 1, 1), size=64)
tensors = {name: tensor.numpy() for name, tensor in LightningUnet(config).state_dict().items()}
header = {"network": asdict(config), "classes": default_table(), "input": InputRange("fixed", 0, 255)}
save(__import__("pathlib").Path(sys.argv[1]), Checkpoint(**header, metrics={}, name="little", tensors=tensors))
"""


@dataclass
class Count:
    """What is told in the end, and kept between runs."""

    kills: int = 0
    before_ready: int = 0
    while_saving: int = 0
    with_window: int = 0
    with_finetune: int = 0
    edits: int = 0
    steps_undone: int = 0
    restored: int = 0
    not_yet_written: int = 0
    problems: list[str] = field(default_factory=list)
    seed: int = 0


@dataclass
class Truth:
    """What one image may hold: every state it ever was in, and since which it must not have gone back."""

    states: list[str]
    safe: int = 0


class Killing:
    """Keeps its count in `state`/count.json."""

    def __init__(self, state: Path, seed: int = 0) -> None:
        self.state = state
        state.mkdir(parents=True, exist_ok=True)
        self.path = state / "count.json"
        self.count = Count(**json.loads(self.path.read_text())) if self.path.exists() else Count(seed=seed)
        self.truth: dict[str, Truth] = {}
        self.folder = state / "images"
        self._context = multiprocessing.get_context("forkserver" if os.name == "posix" else "spawn")
        if os.name == "posix":
            self._context.set_forkserver_preload(["tests.killing_child"])

    def run(self, kills: int) -> Count:
        weights = self.state / "little.safetensors"
        if not weights.exists():
            subprocess.run([sys.executable, "-c", _LITTLE, str(weights)], check=True, cwd=CHECKOUT, env=_environment())
        while self.count.kills < kills and not self.count.problems:
            if self.count.kills % LIVES_OF_A_FOLDER == 0 or not self.truth:
                self._begin_anew()
            self._kill_once(weights)
            self.path.write_text(json.dumps(vars(self.count), indent=1))
        return self.count

    def _begin_anew(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        for number in range(IMAGES):
            pixels = np.random.default_rng(number).integers(0, 255, (SIDE, SIDE)).astype(np.uint8)
            pillow.fromarray(pixels).save(self.folder / f"{'abcdefgh'[number]}.png")
        untouched = digest(np.full((SIDE, SIDE), 255, np.uint8), np.zeros((SIDE, SIDE), np.uint8))
        self.truth = {path.name: Truth([untouched]) for path in self.folder.glob("*.png")}

    def _kill_once(self, weights: Path) -> None:
        number, count = self.count.kills, self.count
        seed = count.seed * 1_000_003 + number
        kind = "window" if number % 10 == 4 else "finetune" if number % 15 == 9 else "bare"
        task = Task(self.folder, self.state / "data", weights, seed, kind, calm=seed % 3 == 0)
        here, there = self._context.Pipe(duplex=False)
        child = self._context.Process(target=live, args=(there, task))
        child.start()
        there.close()
        told, killed = self._watch(child, here, random.Random(seed), kind)
        here.close()
        for edit in told:
            self.truth[edit.image].states.append(edit.planes)
            if edit.moment <= killed - SECOND:
                self.truth[edit.image].safe = len(self.truth[edit.image].states) - 1
        count.kills += 1
        count.edits += len(told)
        count.with_window += kind == "window"
        problems = self._examine(random.Random(seed))
        if problems:
            count.problems += [f"kill {number}, seed {seed}, {kind}: {problem}" for problem in problems]
            shutil.copytree(self.folder, self.state / f"problem-{number}", dirs_exist_ok=True)

    def _watch(
        self, child: multiprocessing.Process, here: Connection, chance: random.Random, kind: str
    ) -> tuple[list[Told], float]:
        """What the life told until it was killed, and when that was."""
        tuned = kind == "finetune"
        aimed, early = chance.random() < 0.3 and not tuned, chance.random() < 0.1 and not tuned
        deadline = time.monotonic() + (chance.uniform(0, 0.7) if early else 60)
        told: list[Told] = []
        ready = False
        while (left := deadline - time.monotonic()) > 0 and here.poll(left):
            try:
                message = here.recv()
            except EOFError:
                self.count.problems.append(f"a life ended by itself at kill {self.count.kills}")
                break
            if isinstance(message, Told):
                told.append(message)
            elif message == ("tuning" if tuned else "ready") and not ready and not early:
                ready, deadline = True, time.monotonic() + chance.uniform(0, 3)
            elif message == "saving" and aimed and ready and chance.random() < 0.3:
                self.count.while_saving += 1
                deadline = min(deadline, time.monotonic() + chance.uniform(0, 0.03))
        self.count.with_finetune += tuned and ready
        killed = time.monotonic()
        child.kill()
        child.join()
        self.count.before_ready += not ready
        try:
            while here.poll():
                message = here.recv()
                told += [message] if isinstance(message, Told) else []
        except (EOFError, OSError):
            pass
        return told, killed

    def _examine(self, chance: random.Random) -> list[str]:
        """Everything on the disk as the next start of the program finds it."""
        problems = []
        try:
            workspace = _opened(self.folder)
        except ModelError as error:
            return [f"the workspace does not open: {error}"]
        for notice in workspace.notices:
            problems.append(str(notice))
        for name, truth in self.truth.items():
            problems += self._examine_image(workspace, name, truth)
        if chance.random() < 0.5:
            for unsaved in workspace.edits.unsaved():
                workspace.edits.restore(unsaved.name)
                self.count.restored += 1
            for name, truth in self.truth.items():
                problems += self._examine_image(workspace, name, truth)
        workspace.close()
        for run in list_runs(workspace.root):
            read_events(run)
        return problems + _damaged_files(Layout(workspace.root))

    def _examine_image(self, workspace: Workspace, name: str, truth: Truth) -> list[str]:
        maps = workspace.read_maps(name, (SIDE, SIDE))
        problems = [str(notice) for notice in maps.notices]
        found = digest(maps.label_map, maps.provenance)
        if found not in truth.states[truth.safe :]:
            where = truth.states.index(found) if found in truth.states else None
            problems.append(f"{name} is in state {where} of {len(truth.states)}, and {truth.safe} was safe")
        else:
            place = len(truth.states) - 1 - truth.states[::-1].index(found)
            self.count.not_yet_written += len(truth.states) - 1 - place
            del truth.states[place + 1 :]
            truth.safe = place
        return problems + self._undone(workspace, name, truth)

    def _undone(self, workspace: Workspace, name: str, truth: Truth) -> list[str]:
        """The whole history can be undone, step by step, through states that were."""
        path = Layout(workspace.root).journal(name)
        if not path.exists():
            return []
        found, problems = replay(path, (SIDE, SIDE)), []
        planes, story = (found.label_map, found.provenance), found.scan.story
        maps = workspace.read_maps(name, (SIDE, SIDE))
        if maps.past is None:  # of nothing but an older prediction
            return []
        journal = workspace.journal(name, maps)
        for step in reversed(story.steps[: story.cursor]):
            journal.read(step.key).apply(*planes)
            self.count.steps_undone += 1
            if digest(*planes) not in truth.states:
                problems.append(f"undoing {name} leads to where it never was")
                break
        journal.close()
        return problems


def _damaged_files(layout: Layout) -> list[str]:
    """Maps, records, journals and the index: whatever cannot be read."""
    problems = []
    for path in sorted(layout.root.rglob("*")):
        try:
            if path.suffix == ".png":
                with pillow.open(path) as picture:
                    picture.load()
            elif path.suffix == ".json":
                json.loads(path.read_text(encoding="utf-8"))
            elif path.suffix == ".journal":
                problems += [f"{path.name} is damaged"] if scan(path).damaged else []
            elif path.suffix == ".safetensors":
                load(path)
            elif path.suffix == ".sqlite":
                with sqlite3.connect(path) as connection:
                    sound = connection.execute("PRAGMA integrity_check").fetchone()[0]
                problems += [] if sound == "ok" else [f"the index: {sound}"]
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a damaged file
            problems.append(f"{path.relative_to(layout.root)}: {error!r}")
    return problems


def _opened(folder: Path) -> Workspace:
    """A fine-tuning whose parent was killed may still be ending."""
    return Workspace.open(folder)


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(CHECKOUT)}


def report(count: Count) -> str:
    rows = {
        "kills": count.kills,
        "before the folder was open": count.before_ready,
        "aimed at a save": count.while_saving,
        "with a window": count.with_window,
        "with a fine-tuning": count.with_finetune,
        "edits made": count.edits,
        "edits of the last second that were lost": count.not_yet_written,
        "steps undone afterwards": count.steps_undone,
        "images restored": count.restored,
        "problems": len(count.problems),
    }
    return "\n".join([*(f"{name:42}{value:>10}" for name, value in rows.items()), *count.problems])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000, help="how many in all, earlier runs included")
    parser.add_argument("--state", type=Path, default=_STATE, help="where the count and the images are kept")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    os.environ["PYTHONPATH"] = str(CHECKOUT)
    count = Killing(arguments.state.absolute(), arguments.seed).run(arguments.kills)
    print(report(count))
    return 1 if count.problems else 0


if __name__ == "__main__":
    sys.exit(main())
