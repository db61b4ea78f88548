"""Setting up: the whole of start.sh in a fresh clone, then each of its decisions in a small stand-in checkout."""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from configparser import RawConfigParser
from pathlib import Path

import pytest

NO_SCREEN = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
PROJECT = "[project]\ndependencies = [%s]\noptional-dependencies = {}\n"


def bash(*command: str | Path, env: Mapping[str, str] = {}, **options: object) -> subprocess.CompletedProcess[str]:
    """Runs without a terminal and without a screen, as a new machine in a rack would."""
    environment = {name: value for name, value in os.environ.items() if name not in NO_SCREEN} | dict(env)
    return subprocess.run(
        ["bash", *map(str, command)],
        env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        timeout=1500, **options,
    )  # fmt: skip


def start(checkout: Path, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return bash(checkout / "resources" / "start.sh", *arguments, **options)


def test_fresh_clone(fresh_checkout: Path, home: Path, pip_environment: dict[str, str], tmp_path: Path) -> None:
    """One command on a fresh clone, run from elsewhere beside a folder that is called like our package."""
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "__init__.py").write_text("raise RuntimeError('not ours')")
    first = start(fresh_checkout, "--self-check", "--no-desktop", env=pip_environment, cwd=tmp_path)
    assert first.returncode == 0, first.stdout + first.stderr
    assert "torch" in first.stdout.lower()
    assert not list(home.rglob("*.desktop"))

    log = fresh_checkout / ".venv" / "setup.log"
    logged = log.read_bytes()
    second = start(fresh_checkout, "--self-check", env=pip_environment, cwd=tmp_path)
    assert second.returncode == 0, second.stdout + second.stderr
    assert log.read_bytes() == logged, "the second start installed something again"
    assert_menu_entry_starts(home / ".local/share/applications/lsgui.desktop", fresh_checkout)

    status = subprocess.check_output(["git", "-C", str(fresh_checkout), "status", "--porcelain", "-uall"], text=True)
    assert not [line for line in status.splitlines() if line.startswith("??")], "set-up left files in the checkout"


def assert_menu_entry_starts(path: Path, checkout: Path) -> None:
    entry = RawConfigParser(delimiters="=", comment_prefixes="#")
    entry.optionxform = str
    entry.read(path, encoding="utf-8")
    values = entry["Desktop Entry"]
    assert exec_arguments(values["Exec"]) == ["bash", str(checkout / "resources/start.sh"), "--from-menu", "%f"]
    assert Path(values["Icon"]).is_file()
    assert values["Name"] and values["Name[zh_CN]"]
    assert "inode/directory;" in values["MimeType"]


def exec_arguments(value: str) -> list[str]:
    """Reads the value of Exec by the rules of the Desktop Entry Specification."""
    value = value.replace("\\\\", "\\")
    words = re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', value)
    return [re.sub(r"\\(.)", r"\1", quoted).replace("%%", "%") if quoted else plain for quoted, plain in words]


@pytest.fixture
def small(checkout: Path, tmp_path: Path) -> Path:
    """A checkout with the real scripts, whose program prints one word and whose torch is an empty wheel."""
    return make_small(checkout, tmp_path / "小 checkout")


@pytest.fixture
def prepared(prepared_once: Path, tmp_path: Path) -> Path:
    """The same with its .venv made."""
    return shutil.copytree(prepared_once, tmp_path / "小 prepared", symlinks=True)


@pytest.fixture(scope="session")
def prepared_once(checkout: Path, offline: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    small = make_small(checkout, tmp_path_factory.mktemp("prepared") / "小")
    done = start(small, "--self-check", "--no-desktop", env=offline)
    assert "from the wheel on disk" in done.stderr
    return small


def make_small(checkout: Path, copy: Path) -> Path:
    for name in ("setup", "desktop"):
        shutil.copytree(checkout / "resources" / name, copy / "resources" / name)
    shutil.copy(checkout / "resources" / "start.sh", copy / "resources")
    (copy / "resources" / "constraints.txt").write_text("torch==2.13.0\n")
    (copy / "pyproject.toml").write_text(PROJECT % "")
    (copy / "lsgui").mkdir()
    (copy / "lsgui" / "__main__.py").write_text("import sys\nprint('started', *sys.argv[1:])\n")
    return copy


@pytest.fixture(scope="session")
def offline(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """pip's configuration: a folder with a wheel called torch, and no index at all."""
    wheels = tmp_path_factory.mktemp("wheels")
    about = "torch-2.13.0.dist-info"
    with zipfile.ZipFile(wheels / "torch-2.13.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("torch/__init__.py", "")
        wheel.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: torch\nVersion: 2.13.0\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")
    return {"PIP_FIND_LINKS": wheels.as_uri(), "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}


def test_opens_the_sample_unless_a_folder_is_given(prepared: Path, offline: dict[str, str]) -> None:
    sample = prepared / "resources" / "sample"
    done = start(prepared, "--no-desktop", "--screenshot", "a b.png", env=offline)
    assert done.stdout == f"started --screenshot a b.png {sample}\n", done.stderr
    done = start(prepared, "my slices", "--self-check", "--no-desktop", env=offline)
    assert done.stdout == "started my slices --self-check\n"


def test_the_value_of_an_option_is_not_taken_for_the_folder(prepared: Path, offline: dict[str, str]) -> None:
    """start.sh has to know each option of lsgui that takes a value."""
    explained = subprocess.check_output([sys.executable, "-m", "lsgui", "--help"], text=True)
    options = sorted(set(re.findall(r"(--[a-z-]+) [A-Z{]", explained)))
    assert "--screenshot" in options
    words = [word for option in options for word in (option, "value")]
    done = start(prepared, "--no-desktop", "--self-check", *words, env=offline)
    assert done.stdout.split()[-1] == str(prepared / "resources" / "sample").split()[-1]


def test_nothing_is_installed_twice(prepared: Path, offline: dict[str, str]) -> None:
    """Not even after the checkout has moved, as `prepared` has."""
    assert "Installing" not in start(prepared, "--self-check", "--no-desktop", env=offline).stderr


def test_a_start_without_news_writes_nothing(prepared: Path, offline: dict[str, str]) -> None:
    """A checkout that somebody else has set up may be one to read only."""
    start(prepared, "--self-check", "--no-desktop", env=offline)
    written = {path: path.stat().st_mtime_ns for path in prepared.rglob("*") if "__pycache__" not in path.parts}
    assert any(path.suffix == ".pth" for path in written)
    assert start(prepared, "--self-check", "--no-desktop", env=offline).stdout.startswith("started")
    assert {path: path.stat().st_mtime_ns for path in written} == written


def damage_by_kill(venv: Path) -> None:
    """What a set-up that was killed leaves behind."""
    (venv / "ready-program").unlink()
    (venv / "unfinished").touch()


def damage_by_lost_interpreter(venv: Path) -> None:
    for link in (venv / "bin").glob("python*"):
        link.unlink()
        link.symlink_to(venv / "uninstalled")


def damage_by_lost_package(venv: Path) -> None:
    shutil.rmtree(next(venv.glob("lib/python3*/site-packages/torch")))


@pytest.mark.parametrize("damage", [damage_by_kill, damage_by_lost_interpreter, damage_by_lost_package])
def test_a_broken_environment_is_made_anew(
    prepared: Path, offline: dict[str, str], damage: Callable[[Path], None]
) -> None:
    damage(prepared / ".venv")
    done = start(prepared, "--self-check", "--no-desktop", env=offline)
    assert "making it anew" in done.stderr
    assert (done.returncode, done.stdout.split()[0]) == (0, "started")
    assert next(prepared.glob(".venv/lib/python3*/site-packages/torch/__init__.py")).is_file()


def test_a_changed_pin_is_installed(prepared: Path, offline: dict[str, str]) -> None:
    with (prepared / "resources" / "constraints.txt").open("a") as file:
        file.write("numpy==2.4.6\n")
    done = start(prepared, "--self-check", "--no-desktop", env=offline)
    assert "Installing the other packages" in done.stderr and "making it anew" not in done.stderr


def test_two_starts_at_once(small: Path, offline: dict[str, str]) -> None:
    command = ["bash", str(small / "resources" / "start.sh"), "--self-check", "--no-desktop"]
    environment = {name: value for name, value in os.environ.items() if name not in NO_SCREEN} | offline
    both = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate()[0].split()[0] for process in both] == ["started", "started"]


def test_a_folder_that_cannot_be_locked_is_no_obstacle(prepared: Path, offline: dict[str, str], tmp_path: Path) -> None:
    """As a folder on NFS, of which Linux grants no exclusive lock unless it could be written to."""
    write_tool(tmp_path / "tools" / "flock", 'echo "flock: 9: Bad file descriptor" >&2; exit 65')
    path = {"PATH": f"{tmp_path / 'tools'}:{os.environ['PATH']}"}
    done = start(prepared, "--self-check", "--no-desktop", env=offline | path)
    assert done.stdout.startswith("started") and "Another set-up" not in done.stderr


def test_a_failed_installation_says_where_to_look(prepared: Path, offline: dict[str, str]) -> None:
    (prepared / "pyproject.toml").write_text(PROJECT % '"nosuch"')
    done = start(prepared, "--self-check", "--no-desktop", env=offline)
    assert done.returncode == 1 and "started" not in done.stdout
    assert str(prepared / ".venv" / "setup.log") in done.stderr
    assert "nosuch" in (prepared / ".venv" / "setup.log").read_text()
    (prepared / "pyproject.toml").write_text(PROJECT % "")
    assert "making it anew" not in start(prepared, "--self-check", "--no-desktop", env=offline).stderr


@pytest.mark.parametrize(
    ("driver", "asked"),
    [(True, "--constraint C torch==2.13.0"), (False, "--index-url https://download.pytorch.org/whl/cpu torch==2.13.0")],
)
def test_which_torch_without_a_wheel(small: Path, tmp_path: Path, driver: bool, asked: str) -> None:
    """A stand-in for .venv's Python records what pip is asked; the one for nvidia-smi answers as a driver would."""
    tools = tmp_path / "tools"
    tools.mkdir()
    write_tool(
        small / ".venv" / "bin" / "python", '[[ "$*" == *pip*--only-binary* && "$*" != *--dry-run* ]] && echo "$*"'
    )
    write_tool(tools / "nvidia-smi", "exit 0" if driver else "exit 9")
    script = f'set -euo pipefail; checkout="{small}"; source "{small}/resources/setup/environment.sh"; install_torch'
    bash("-c", script, env={"PATH": f"{tools}:{os.environ['PATH']}"})
    log = (small / ".venv" / "setup.log").read_text().replace(str(small / "resources" / "constraints.txt"), "C")
    assert asked in log


def write_tool(path: Path, body: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/bash\n{body}\n")
    path.chmod(0o755)


def test_without_a_fitting_python(small: Path, tmp_path: Path) -> None:
    """Stand-ins that fail when run, as a version manager's do, are passed over; the end is a sentence."""
    tools = tmp_path / "tools"
    for name in ("python3", "python3.13", "python3.12", "python3.11"):
        write_tool(tools / name, "echo 'command not found' >&2; exit 127")
    done = start(small, "--self-check", "--no-desktop", env=bare_path(tmp_path))
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1].startswith("No Python 3.11, 3.12 or 3.13 was found.")


SYSTEM = 'set -euo pipefail; checkout="$0"; source "$0/resources/setup/environment.sh"; source "$0/resources/setup/system.sh"'
INSTALL = f'{SYSTEM}; mapfile -t missing < <(missing_qt_packages); install_debian_packages "${{missing[@]}}"'


@pytest.fixture
def debian(tmp_path: Path) -> dict[str, str]:
    """A machine on which two libraries are missing, one of them there for 32 bits only; apt-get records its calls."""
    tools = tmp_path / "tools"
    libraries = subprocess.check_output(["ldconfig", "-p"], text=True, env={"PATH": "/usr/sbin:/sbin:/usr/bin"})
    libraries = re.sub(r"\tlibxcb-cursor\.so\.0 .*\n", "", libraries)
    libraries = libraries.replace("libxkbcommon-x11.so.0 (libc6,x86-64)", "libxkbcommon-x11.so.0 (libc6)")
    (tmp_path / "libraries").write_text(libraries)
    write_tool(tools / "ldconfig", f'cat "{tmp_path}/libraries"')
    write_tool(tools / "apt-get", f'echo "$*" >>"{tmp_path}/apt"')
    write_tool(tools / "id", "echo ${FAKE_ID:-0}")
    write_tool(tools / "sudo", f'echo sudo >>"{tmp_path}/apt"; exec "$@"')
    return {"PATH": f"{tools}:{os.environ['PATH']}"}


def test_missing_debian_packages_are_installed_as_root(small: Path, debian: dict[str, str], tmp_path: Path) -> None:
    assert bash("-c", INSTALL, small, env=debian).returncode == 0
    update, install = (tmp_path / "apt").read_text().splitlines()
    assert update.endswith("update")
    assert " install " in install and install.endswith(" libxkbcommon-x11-0 libxcb-cursor0")


def test_missing_debian_packages_are_named_to_a_user_without_a_terminal(
    small: Path, debian: dict[str, str], tmp_path: Path
) -> None:
    done = bash("-c", INSTALL, small, env=debian | {"FAKE_ID": "1000"})
    assert done.returncode == 1 and not (tmp_path / "apt").exists()
    assert "sudo apt-get install -y --no-install-recommends libxkbcommon-x11-0 libxcb-cursor0" in done.stderr


@pytest.mark.parametrize(("answer", "installs"), [("y\n", True), ("n\n", False)])
def test_missing_debian_packages_are_installed_by_sudo_after_asking(
    small: Path, debian: dict[str, str], tmp_path: Path, answer: str, installs: bool
) -> None:
    ours, theirs = pty.openpty()
    environment = os.environ | debian | {"FAKE_ID": "1000"}
    asking = subprocess.Popen(["bash", "-c", INSTALL, small], stdin=theirs, stderr=theirs, env=environment)
    os.write(ours, answer.encode())
    assert (asking.wait(timeout=60) == 0) == installs
    assert (tmp_path / "apt").exists() == installs
    assert "libxcb-cursor0" in os.read(ours, 10_000).decode()
    for end in (ours, theirs):
        os.close(end)


def test_other_distributions_get_the_names(small: Path, debian: dict[str, str], tmp_path: Path) -> None:
    done = bash("-c", INSTALL, small, env=bare_path(tmp_path))
    assert done.returncode == 1
    assert "by their names in Debian" in done.stderr and "libxcb-cursor0" in done.stderr


def bare_path(tmp_path: Path) -> dict[str, str]:
    """The stand-ins, and of the machine's own programs only what the scripts cannot do without."""
    tools = tmp_path / "tools"
    (tools / "apt-get").unlink(missing_ok=True)
    for name in ("bash", "dirname", "uname", "flock", "cat", "cmp", "rm", "tail", "touch", "sed", "id", "ldconfig"):
        if not (tools / name).exists():
            (tools / name).symlink_to(shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin"))
    return {"PATH": str(tools)}


def test_without_a_screen(small: Path) -> None:
    """Said before anything is installed."""
    done = start(small, "--no-desktop")
    assert done.returncode == 1 and not done.stdout
    assert done.stderr.startswith("No screen was found")


def test_menu_entry_of_a_checkout_with_an_awkward_path(prepared: Path, offline: dict[str, str], home: Path) -> None:
    awkward = prepared.rename(prepared.with_name('100% "b" $HOME `c` \\d & 克隆'))
    start(awkward, "--self-check", env=offline)
    entry = home / ".local/share/applications/lsgui.desktop"
    line = next(line for line in entry.read_text(encoding="utf-8").splitlines() if line.startswith("Exec="))
    assert exec_arguments(line.removeprefix("Exec="))[1] == str(awkward / "resources" / "start.sh")


def test_failure_after_a_double_click_is_kept_and_shown(small: Path, home: Path, tmp_path: Path) -> None:
    write_tool(tmp_path / "tools" / "zenity", f'printf "%s" "$*" >"{tmp_path}/shown"')
    done = start(small, "--from-menu", env={"PATH": f"{tmp_path / 'tools'}:{os.environ['PATH']}"})
    assert done.returncode == 1
    assert "No screen was found" in (tmp_path / "shown").read_text()
    assert "No screen was found" in (home / ".local/state/lsgui/start.log").read_text()
