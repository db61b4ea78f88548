"""The wheel: complete, declared, and its program at work far from any checkout."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def wheel(fresh_checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = ["wheel", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", folder, fresh_checkout]
    subprocess.run([sys.executable, "-m", "pip", "--quiet", *build], check=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel in it, that borrows the packages of this one but not its checkout."""
    folder = tmp_path_factory.mktemp("installed") / "环境"
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    site_packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    (site_packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    install = ["--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel]
    subprocess.run([sys.executable, "-m", "pip", *install], check=True)
    return folder


def test_wheel_holds_every_module(wheel: Path, fresh_checkout: Path) -> None:
    """A new sub-package has to be named in pyproject.toml."""
    tracked = ["git", "-C", str(fresh_checkout), "ls-files", "lsgui/*.py", "model/*.py"]
    assert set(subprocess.check_output(tracked, text=True).split()) <= set(zipfile.ZipFile(wheel).namelist())


def test_wheel_holds_what_the_program_reads_and_nothing_else(wheel: Path, fresh_checkout: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    kinds = "fonts", "icons", "style", "translations", "weights", "sample"
    tracked = ["git", "-C", str(fresh_checkout), "ls-files", "-z", *(f"resources/{kind}" for kind in kinds)]
    wanted = {f"lsgui/{name}" for name in subprocess.check_output(tracked, text=True).split("\0")[:-1]}
    shipped = {name for name in names if name.startswith("lsgui/resources/")}
    assert without_sources(shipped) == without_sources(wanted)
    assert not [name for name in names if name.startswith(("tests/", "resources/")) or name.endswith(".sh")]


def without_sources(names: set[str]) -> set[str]:
    """Scripts and catalogues from which resources are made may be in the wheel or not."""
    return {name for name in names if not name.endswith((".py", ".ts"))}


def test_installed_program_lists_its_actions(installed: Path, tmp_path: Path) -> None:
    listed = subprocess.check_output([installed / "bin" / "lsgui", "--list-actions"], cwd=tmp_path, text=True)
    actions = json.loads(listed)
    assert actions and all({"name", "text", "keys"} <= set(action) for action in actions)


def test_installed_program_finds_its_resources(installed: Path, tmp_path: Path) -> None:
    script = (
        "from lsgui.assets import Assets; found = Assets.find();"
        "print(found.root, found.app_icon, found.sample, found.demo_weights, sep='\\n')"
    )
    printed = subprocess.check_output([installed / "bin" / "python", "-c", script], cwd=tmp_path, text=True)
    for path in map(Path, printed.splitlines()):
        assert path.exists() and path.is_relative_to(installed)


def test_installed_program_checks_itself(installed: Path, tmp_path: Path) -> None:
    check = [installed / "bin" / "lsgui", "--self-check"]
    done = subprocess.run(check, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("folders", [("lsgui", "model"), ("lsgui", "model", "tests")])
def test_every_imported_package_is_declared_and_pinned(checkout: Path, folders: tuple[str, ...]) -> None:
    project = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = project["dependencies"] + (project["optional-dependencies"]["test"] if "tests" in folders else [])
    used = {distribution_of(module) for folder in folders for module in imported(checkout / folder)}
    used -= {"shiboken6", "triton"}  # parts of PySide6 and lightning-attn, in the very versions that those ask for
    used -= {"fla", "napari", "qtpy"}  # peers of the benchmarks, measured where somebody has installed them
    assert used <= {plain_name(line) for line in declared}
    pins = (checkout / "resources" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert {plain_name(line) for line in declared} <= {plain_name(line) for line in pins if "==" in line}


def imported(folder: Path) -> set[str]:
    """Top-level names of the foreign modules that the Python files below `folder` import anywhere."""
    names = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names.add(node.module)
    tops = {name.partition(".")[0] for name in names}
    return tops - set(sys.stdlib_module_names) - {"lsgui", "model", "tests", "conftest"}


def distribution_of(module: str) -> str:
    return plain_name(packages_distributions().get(module, [module])[0])


def plain_name(requirement: str) -> str:
    """`PySide6-Essentials>=6.8` -> `pyside6-essentials`."""
    name = "".join(character if character.isalnum() or character in "-_." else " " for character in requirement)
    return name.split()[0].lower().replace("_", "-") if name.strip() else ""
