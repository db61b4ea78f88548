"""Every speed that the project promises on a GPU, beside its peers in the same run: python -m tests.benchmarks.gpu_speed

Rows are printed as they are measured, and at the end as the Markdown table that the README carries. Ours and all peers
compute in bfloat16; each section says in its own file how it measures. A peer that is not installed, or fails, has the
reason in its cell. `--device cpu` measures what is promised of a CPU, `--toy` at sizes that only show that everything runs.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch

from model.device import choose_device, device_name
from tests.benchmarks import attention_rows, folder_speed, load_speed, prediction_speed, processor_rows, training_speed
from tests.benchmarks.compiling import compile_ahead
from tests.benchmarks.rows import Row, markdown, plain
from tests.benchmarks.subject import Scale
from tests.benchmarks.timing import forget

Section = Callable[[Scale, torch.device], Iterator[Row]]

SECTIONS: dict[str, Section] = {
    "image": prediction_speed.image_rows,
    "throughput": prediction_speed.throughput_rows,
    "training": training_speed.step_rows,
    "large": prediction_speed.large_rows,
    "load": load_speed.load_rows,
    "folder": folder_speed.folder_rows,
    "attention": attention_rows.rows,
    "gpus": training_speed.several_rows,
    "processor": processor_rows.rows,
}

ON_A_CPU = ("processor", "folder")


def main(arguments: Sequence[str] | None = None) -> int:
    chosen = _parser().parse_args(arguments)
    device = choose_device(chosen.device)
    scale = Scale.toy() if chosen.toy else Scale.full()
    machine = f"{device_name(device)}, torch {torch.__version__}"
    print(machine, flush=True)
    sections = chosen.only or [name for name in SECTIONS if chosen.toy or _suits(name, device)]
    if device.type == "cuda" and len(sections) > 1 and not chosen.toy:
        compile_ahead(chosen.patience)
    scale = dataclasses.replace(scale, until=time.perf_counter() + chosen.seconds)
    rows: list[Row] = []
    try:
        rows.extend(measure(sections, scale, device, judged=not chosen.toy))
    finally:  # who interrupts it gets what there is
        table = markdown(machine, rows)
        print("\n" + table, flush=True)
        if chosen.write:
            chosen.write.write_text(table + "\n", encoding="utf-8")
    return 1 if any(row.reached is False for row in rows) else 0


def measure(sections: Sequence[str], scale: Scale, device: torch.device, judged: bool = True) -> Iterator[Row]:
    """The rows of these sections, printed as they come. Goals are `judged` at full size only."""
    for name in sections:
        started = time.perf_counter()
        for row in _until_it_breaks(name, scale, device):
            row = row if judged else dataclasses.replace(row, reached=None)
            print(plain(row), flush=True)
            yield row
        forget(device)
        print(f"    [{name}: {time.perf_counter() - started:.0f} s]", flush=True)


def _suits(section: str, device: torch.device) -> bool:
    return section in ON_A_CPU if device.type == "cpu" else section != "processor"


def _until_it_breaks(name: str, scale: Scale, device: torch.device) -> Iterator[Row]:
    try:
        yield from SECTIONS[name](scale, device)
    except Exception as error:  # noqa: BLE001 - the other sections are worth having
        yield Row(name, "", f"broke off: {type(error).__name__} {error}"[:200], reached=False)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=SECTIONS, help="a section; may be given several times")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the Markdown table there, too")
    parser.add_argument("--toy", action="store_true", help="toy sizes: shows only that everything runs")
    parser.add_argument("--patience", type=float, default=90, metavar="S", help="how long to compile ahead (90 s)")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="leave out peers that come later than this")
    return parser


if __name__ == "__main__":
    sys.exit(main())
