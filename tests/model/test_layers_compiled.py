"""The layers' kernels compiled for other cards than the one that is here."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

pytest.importorskip("triton")

SHARED_MEMORY = 99 * 1024
"""What one block may have on consumer cards."""


@pytest.mark.parametrize(("capability", "width"), [(86, 32), (86, 96), (89, 512), (90, 256), (90, 128)])
def test_no_block_needs_more_shared_memory_than_consumer_cards_have(capability: int, width: int) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    command = [sys.executable, "-m", "tests.model.compiled_layers", str(capability), str(width)]
    kernels = json.loads(subprocess.check_output(command, env=environment, text=True))
    assert {"_inner" if width > 128 else "_leave", "_backward", "_forward"} <= {name for name, _ in kernels}
    assert [name for name, shared in kernels if shared > SHARED_MEMORY] == []
