"""The state of the code that a result of the accuracy benchmark comes from."""

from __future__ import annotations

import hashlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_BESIDE = ("peers", "scribbles", "timing", "unet")
"""Of the benchmarks' files those that the accuracy's use."""


def commit_of(root: Path = ROOT) -> str:
    """The commit that is checked out, read without git; empty where there is none."""
    git = root / ".git"
    if git.is_file():  # of another working tree
        git = root / git.read_text().strip().removeprefix("gitdir: ")
    head, common = git / "HEAD", git / "commondir"
    if not head.is_file():
        return ""
    text = head.read_text().strip()
    if not text.startswith("ref: "):
        return text
    shared = git / common.read_text().strip() if common.is_file() else git
    reference = shared / text.removeprefix("ref: ")
    if reference.is_file():
        return reference.read_text().strip()
    packed = shared / "packed-refs"
    lines = packed.read_text().splitlines() if packed.is_file() else []
    return next((line.split()[0] for line in lines if line.endswith(" " + text.removeprefix("ref: "))), "")


def code_digest(root: Path = ROOT) -> str:
    """Of all that a result depends on in the checkout, so that changes that are not committed are seen too."""
    digest = hashlib.sha256()
    beside = (root / "tests" / "benchmarks" / f"{name}.py" for name in _BESIDE)
    for path in sorted([*root.glob("model/**/*.py"), *root.glob("tests/benchmarks/accuracy*.py"), *beside]):
        digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:12]
