"""The annotation benchmark runs from end to end, and nothing has become slower by an order."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

SIDE, SLACK = 2048, 4
"""A small image, and loose bounds, on how long the window's thread worked: a busy machine changes little of that."""


def test_every_row_of_the_annotation_tools_stays_within_four_times_its_goal(checkout: Path, tmp_path: Path) -> None:
    found = tmp_path / "rows.json"
    command = [sys.executable, str(checkout / "tests/benchmarks/annotation.py"), "--side", str(SIDE), "--moves", "30"]
    done = subprocess.run(
        [*command, "--rows", "brush,polygon,fill,view", "--rest", "0.05", "--json", str(found)],
        capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": str(checkout), "PYTHONFAULTHANDLER": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads(found.read_text())
    assert {"brush move, radius 40, fitted", "polygon of 2,000 vertices filled", "pan, 100 %"} <= {
        row["work"] for row in rows
    }
    slow = [row for row in rows if row["most"] and row["worked"] and row["worked"] > SLACK * row["most"]]
    assert not slow, slow
