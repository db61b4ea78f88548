"""Everything that is written goes through one file, so that its order can be seen, recorded and refused."""

from __future__ import annotations

import ast
import errno
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from model import disk

CHECKOUT = Path(__file__).resolve().parents[2]
FILES = sorted(path for room in ("model", "lsgui") for path in (CHECKOUT / room).rglob("*.py"))
ALLOWED = {"model/disk.py", "lsgui/crash_log.py", "lsgui/screenshot.py"}
"""The log of a crash must work when nothing else does; a screenshot is asked for by a developer."""
WRITING_METHODS = {"unlink", "write_text", "write_bytes", "touch", "rmdir", "symlink_to", "hardlink_to"}
WRITING_FUNCTIONS = {
    f"os.{name}"
    for name in ("write", "replace", "rename", "unlink", "remove", "truncate", "mkdir", "makedirs", "rmdir", "link")
} | {"shutil.move", "shutil.copy", "shutil.copy2", "shutil.copyfile", "shutil.rmtree", "shutil.copytree"}


def writes(call: ast.Call) -> bool:
    name = ast.unparse(call.func)
    if name in WRITING_FUNCTIONS:
        return True
    if name.startswith("disk."):
        return False
    if isinstance(call.func, ast.Attribute) and call.func.attr in WRITING_METHODS:
        return True
    if name.endswith(".rename") or (name.endswith(".replace") and len(call.args) == 1 and not call.keywords):
        return True
    if name == "open":
        modes = [argument.value for argument in call.args[1:2] if isinstance(argument, ast.Constant)]
        modes += [item.value.value for item in call.keywords if item.arg == "mode"]
        return any(letter in str(mode) for mode in modes for letter in "wax+")
    return False


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(CHECKOUT).as_posix())
def test_only_the_disk_writes(path: Path) -> None:
    if path.relative_to(CHECKOUT).as_posix() in ALLOWED:
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    assert [f"{path.name}:{call.lineno} {ast.unparse(call.func)}" for call in calls if writes(call)] == []


@pytest.mark.parametrize(
    "line", ["open(p, 'wb')", "open(p, mode='a')", "os.replace(a, b)", "p.unlink()", "p.rename(q)", "p.write_text('')"]
)
def test_the_check_sees_what_writes(line: str) -> None:
    assert writes(ast.parse(line).body[0].value)


class Reluctant(io.RawIOBase):
    """Takes three bytes at a time, and then none."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room, self.content = room, b""

    def write(self, data: memoryview) -> int:
        if self.room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken = bytes(data[: min(3, self.room)])
        self.room -= len(taken)
        self.content += taken
        return len(taken)


def test_everything_is_written_or_it_is_an_error() -> None:
    file = Reluctant(100)
    disk.write(file, b"0123456789")
    assert file.content == b"0123456789"
    with pytest.raises(OSError, match="No space"):
        disk.write(Reluctant(7), b"0123456789")


@pytest.mark.parametrize(
    "change", [lambda: disk.replace("a", "b"), lambda: disk.rename("a", "b"), lambda: disk.remove("a")]
)
def test_what_windows_refuses_while_a_file_is_read_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[], None]
) -> None:
    tries: list[tuple[str, ...]] = []

    def refuse_twice(*paths: str) -> None:
        tries.append(paths)
        if len(tries) < 3:
            raise PermissionError(errno.EACCES, "in use by another process")

    with monkeypatch.context() as patched:
        for name in ("replace", "rename", "unlink"):
            patched.setattr(disk.os, name, refuse_twice)
        patched.setattr(disk.os, "name", "nt")
        change()
    assert len(tries) == 3 and len(set(tries)) == 1


def test_an_append_goes_on_at_the_end_and_a_cut_takes_it_back(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with disk.create(path) as file:
        file.write(b"one")
    with disk.append(path) as file:
        disk.write(file, b"two")
        disk.sync(file)
    assert path.read_bytes() == b"onetwo"
    disk.truncate(path, 3)
    assert path.read_bytes() == b"one"
    disk.remove(path)
    disk.remove(path)
    disk.write_new(path, b"three", durable=True)
    with pytest.raises(FileExistsError):
        disk.write_new(path, b"four", durable=False)
    assert path.read_bytes() == b"three"
    disk.remove(path)
    with pytest.raises(FileNotFoundError):
        disk.touch(path)
