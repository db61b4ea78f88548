"""Copies of images are found by their bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from model import copies
from model.copies import copies_of


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    """An image, its copy, one of the same size that differs at the end, one that differs in the middle, and a longer one."""
    content = bytes(20_000)
    middle = content[:10_000] + b"1" + content[10_001:]
    paths = [tmp_path / f"{name}.tif" for name in "abcde"]
    for path, kept in zip(paths, (content, content, content[:-1] + b"1", middle, content + b"1"), strict=True):
        path.write_bytes(kept)
    return paths


def test_only_the_same_bytes_are_a_copy(images: list[Path]) -> None:
    assert copies_of(images[:1], images) == {images[1]}
    assert copies_of(images[2:], images) == set()


def test_an_original_is_no_copy_and_what_has_gone_is_none(images: list[Path], tmp_path: Path) -> None:
    gone = tmp_path / "gone.tif"
    assert copies_of([*images[:2], gone], [*images, gone]) == set()


def test_a_file_of_another_size_is_not_opened(images: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    opened, inner = [], copies._middle
    monkeypatch.setattr(copies, "_middle", lambda path: opened.append(path) or inner(path))
    copies_of(images[:1], images)
    assert images[4] not in opened and images[3] in opened
