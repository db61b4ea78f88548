"""The queue between the document and the journal: whatever fails, nothing that is in it is lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lsgui.document import Document
from lsgui.history import Commit
from lsgui.journal_writer import JournalWriter
from lsgui.mask import MaskPatch
from model.journal import replay
from model.journal_file import JournalFile
from model.journal_records import base_payload
from model.plane_source import of_arrays


@pytest.fixture
def commits(document: Document) -> list[Commit]:
    """What the document commits."""
    found: list[Commit] = []
    document.committed.connect(found.append)
    return found


def test_a_patch_that_does_not_fit_into_memory_is_written_once_there_is_room(
    document: Document, commits: list[Commit], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = base_payload(0, of_arrays(document.label_map, document.provenance))
    writer = JournalWriter(JournalFile(tmp_path / "a.journal", "a.png", document.shape, base), dict, 0)
    document.fill_rest_with_background()
    document.apply_prediction(np.full(document.shape, 3, np.uint8))
    document.clear()

    def refuse(patch: MaskPatch) -> bytes:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(MaskPatch, "to_bytes", refuse)
        assert [writer.put(commit) for commit in commits] == [True, *[False] * (len(commits) - 1)]
        with pytest.raises(MemoryError):
            writer.drain(lambda seq, when: None)
    assert writer.written == 0 and writer.wants_draining()
    writer.drain(lambda seq, when: None)
    assert writer.written == document.seq
    found = replay(writer.journal.path, document.shape)
    assert np.array_equal(found.label_map, document.label_map) and len(found.scan.story.steps) == len(commits)
    writer.journal.close()
