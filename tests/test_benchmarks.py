"""The benchmarks' own arithmetic, and that the one command runs from end to end at toy size."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.rows import Cost, Row, attempt, digits, fastest, markdown, plain, show_peers


def test_times_rates_and_memory_are_shown_with_three_digits() -> None:
    assert Cost(0.00312, 2.4 * 2**30).show("ms") == "3.12 ms, 2.40 GiB"
    assert Cost(14.96e-6).show("us") == "15.0 us" and Cost(1 / 3217).show("images/s") == "3,217 images/s"
    assert [digits(value) for value in (0, 0.00123, 9.996, 99.96, 12345.6)] == [
        "0",
        "0.00123",
        "10.0",
        "100",
        "12,346",
    ]


def test_a_peer_that_is_not_installed_or_fails_says_so_and_wins_nothing() -> None:
    def fails() -> Cost:
        raise RuntimeError("too large\nand a long trace")

    def misses() -> Cost:
        importlib.import_module("fla_that_nobody_has.ops")

    failed, missing, fine = attempt(fails), attempt(misses), attempt(lambda: Cost(2.0))
    assert failed.show("ms") == "RuntimeError too large" and failed.within(1) is None
    assert missing.show("ms") == "fla_that_nobody_has is not installed"
    assert fastest([failed, fine, Cost(3.0)]) is fine and fastest([missing, failed]) is missing
    peers = {"a": Cost(6.0, 2**30), "b": missing}
    assert show_peers(Cost(2.0), peers, "s") == "a 6.00 s, 1.00 GiB (3.0 x); b fla_that_nobody_has is not installed"


def test_a_goal_is_reached_only_when_time_and_memory_both_are() -> None:
    assert Cost(0.02, 3 * 2**30).within(0.02, 3.5 * 2**30) is True
    assert Cost(0.02, 4 * 2**30).within(0.02, 3.5 * 2**30) is False
    assert Cost(0.021, 3 * 2**30).within(0.02, 3.5 * 2**30) is False


def test_the_tables_hold_every_cell() -> None:
    row = Row("step", "<= 20 ms", "19 ms", "U-Net | 40 ms", reached=True)
    assert markdown("NVIDIA H200", [row]).splitlines()[-1] == "| step | 19 ms | <= 20 ms | U-Net / 40 ms | yes |"
    assert all(cell in plain(row) for cell in ("step", "19 ms", "<= 20 ms", "U-Net", "yes"))


def test_attention_is_held_to_the_package_and_to_flash_softmax() -> None:
    from tests.benchmarks.attention_rows import as_row

    figures = {"package": 400.0, "fla": float("nan"), "flash softmax": 420.0, "ours": 14.0, "attend": 16.0}
    row = as_row("B1 H3 N16384 forward", figures)
    assert row.reached and "package 400 us (29 x); fla failed, not installed, or left out for lack of time" in row.peers
    assert not as_row("B1 H3 N16384 forward", figures | {"ours": 15.1}).reached
    assert not as_row("B8 H3 N16384 forward + backward", figures | {"ours": 81.0}).reached
    small = {"package": 9.0, "flash softmax": 7.5, "ours": 7.6}
    assert as_row("B1 H24 N256 forward", small).reached is False
    assert as_row("B1 H24 N256 forward", small | {"ours": 7.5}).reached is True
    assert as_row("B1 H24 N256 forward + backward", small) is None


@pytest.mark.parametrize("section", ["image", "throughput", "training", "large", "load", "folder", "processor"])
def test_a_section_runs_at_toy_size(section: str) -> None:
    """With the real segmenter, trainer and peers, so that a change of theirs cannot break the benchmark unseen."""
    import torch

    from tests.benchmarks.gpu_speed import measure
    from tests.benchmarks.subject import Scale

    rows = list(measure([section], Scale.toy(), torch.device("cpu"), judged=False))
    assert rows and not any("broke off" in row.measured or "Error" in row.measured for row in rows), rows
    if section not in ("load", "folder", "processor"):
        assert "U-Net" in rows[0].peers and "package form expects tensors on cuda" in rows[0].peers


def test_what_is_compiled_ahead_runs_too() -> None:
    import torch

    from tests.benchmarks.compiling import parts
    from tests.benchmarks.subject import Scale

    found = parts(Scale.toy(), torch.device("cpu"))
    for name in ("predict", "train", "pass"):
        found[name]()
    assert {"package-train", "package-1-64", "package-attention-9", "fla"} <= set(found)


def test_the_checks_for_a_gpu_run_on_a_cpu_and_find_its_forms_equal() -> None:
    """They fail for what is no number and for what is too far off; on a CPU both sides are the same."""
    import torch

    from tests.benchmarks.figures import Figure
    from tests.benchmarks.fused_check import fused_answers, fused_loss, fused_network
    from tests.benchmarks.memory_check import memory
    from tests.benchmarks.subject import Scale

    cpu = torch.device("cpu")
    checks = fused_network(cpu, ["tiny"], [(1, 3, 64, 64)]), fused_answers(cpu, ["tiny"]), fused_loss(cpu)
    figures = [figure for check in (*checks, memory(cpu, Scale.toy())) for figure in check]
    assert len(figures) > 20 and all(figure.passed for figure in figures), [f for f in figures if not f.passed]
    assert not Figure("nan", float("nan"), 1).passed and not Figure("large", 2, 1).passed


def test_the_command_prints_and_writes_its_table(checkout: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.benchmarks.gpu_speed", "--toy", "--device", "cpu", "--only", "throughput"]
    done = subprocess.run(
        [*command, "--write", str(tmp_path / "table.md")], cwd=checkout, capture_output=True, text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    table = (tmp_path / "table.md").read_text()
    assert table in done.stdout and "| throughput" in table and "On CPU" in table
