"""Compiles ahead what the benchmark measures, each part in a process of its own: python -m tests.benchmarks.compiling PART

Triton keeps what they compile, ours and the peers'; `lightning_attn` compiles anew for every size. One after the other that
would take minutes. What the parts compute meanwhile is of no use.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from torch import nn

from model.images import Image
from model.network import LightningUnet
from model.trainer import Trainer
from tests.benchmarks import attention_speed
from tests.benchmarks.attention_rows import PROMISED
from tests.benchmarks.peers import PeerPredictor, seed_with_package
from tests.benchmarks.subject import Scale, noise, one_pass, segmenter

Part = Callable[[], object]


def compile_ahead(patience: float) -> None:
    """What is not compiled after `patience` seconds is compiled when its turn comes."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "tests.benchmarks.compiling"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    running = {name: subprocess.Popen([*command, name], **quiet) for name in parts(Scale.full(), torch.device("cpu"))}
    late = []
    for name, process in running.items():
        try:
            process.wait(timeout=max(0.1, started + patience - time.perf_counter()))
        except subprocess.TimeoutExpired:
            late.append(name)
            process.kill()
            process.wait()
    print(f"    [compiling ahead: {time.perf_counter() - started:.0f} s; not done: {late or 'nothing'}]", flush=True)


def parts(scale: Scale, device: torch.device) -> dict[str, Part]:
    """What there is to compile, by name, nothing of it twice: our kernels and those of `fla` do not depend on the size."""
    found: dict[str, Part] = {
        "predict": lambda: _predict(scale, device),
        "pass": lambda: one_pass(scale.config, (1, scale.side, scale.side, 3), device)(),
        "train": lambda: _train(LightningUnet(scale.config), scale, device),
        "package-train": lambda: _train(seed_with_package(scale.config), scale, device),
    }
    for count, side in ((1, scale.side), *((batch, scale.side) for batch in scale.batches), (1, scale.large)):
        shape = (count, side, side, 3)
        network = partial(seed_with_package, scale.config)
        found[f"package-{count}-{side}"] = lambda make=network, shape=shape: PeerPredictor(make(), shape, device)
    for number, case in enumerate(PROMISED):
        found[f"package-attention-{number}"] = lambda case=case: list(
            attention_speed.measure(1, [case], only="package")
        )
    for name in ("ours", "ours, causal", "attend", "fla"):
        found[name] = lambda name=name: list(attention_speed.measure(1, [PROMISED[0], PROMISED[-1]], only=name))
    return found


def _predict(scale: Scale, device: torch.device) -> None:
    subject = segmenter(scale.config, device)
    image = Image("noise", noise((scale.side, scale.side, 3)))
    list(subject.predict_many([image] * 32))


def _train(network: nn.Module, scale: Scale, device: torch.device) -> None:
    trainer = Trainer(network, device, 1e-4)
    pixels = np.zeros((scale.batch, 3, scale.side, scale.side), np.float32)
    trainer.step(pixels, np.zeros((scale.batch, scale.side, scale.side), np.uint8), 1.0)


if __name__ == "__main__":
    parts(Scale.full(), torch.device("cuda"))[sys.argv[1]]()
