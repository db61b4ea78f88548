"""Thirty kills at random moments lose nothing that is older than a second; a thousand: `python tests/killing.py`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

KILLS = 30


@pytest.mark.skipif(os.name == "nt", reason="there a kill is no signal, and each life would start anew for seconds")
def test_thirty_kills_lose_nothing(checkout: Path, tmp_path: Path, qapp: object) -> None:
    command = [sys.executable, "tests/killing.py", "--kills", str(KILLS), "--state", str(tmp_path / "kills")]
    done = subprocess.run(command, check=False, cwd=checkout, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stdout + done.stderr
    counted = dict(line.rsplit(None, 1) for line in done.stdout.splitlines())
    assert int(counted["kills"]) == KILLS and int(counted["edits made"]) > KILLS and counted["problems"] == "0"
