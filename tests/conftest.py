"""What all tests share: a screen of their own, a home of their own, the folders of the checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile("busy", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("busy")

CHECKOUT = Path(__file__).resolve().parents[1]
_OUTSIDE = dict(os.environ)
_OUTSIDE_HOME = Path.home()
# A developer's own desktop must not decide how a test ends.
_DESKTOP_VARIABLES = (
    "WAYLAND_DISPLAY", "LANGUAGE", "QT_STYLE_OVERRIDE", "QT_QPA_PLATFORMTHEME", "QT_SCALE_FACTOR", "PYTHONPATH",
)  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    for name in _DESKTOP_VARIABLES:
        os.environ.pop(name, None)
    os.environ["LC_ALL"] = "C.UTF-8"
    os.environ.setdefault("QT_QPA_PLATFORM", "xcb")
    # Small tensors are slower on many threads, and the children of tests inherit this.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if _is_worker(config) and os.environ["QT_QPA_PLATFORM"] == "xcb":
        config.add_cleanup(_screen_of_its_own())


def _is_worker(config: pytest.Config) -> bool:
    """Whether this is one of several processes that share the tests (pytest -n 2)."""
    return hasattr(config, "workerinput")


def _screen_of_its_own() -> Callable[[], None]:
    """Put DISPLAY on a new screen; returns what ends it. On a common one two windows take each other's focus."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1920x1080x24", "-nolisten", "tcp"]
    screen = subprocess.Popen(command, pass_fds=[writing], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(writing)
    with open(reading) as told:
        os.environ["DISPLAY"] = f":{told.readline().strip()}"
    return screen.terminate


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What is logged may name a file whose name is no UTF-8, and a worker can send nothing else."""
    report = yield
    report.sections = [(title, text.encode("utf-8", "backslashreplace").decode()) for title, text in report.sections]
    return report


def pytest_collection_finish(session: pytest.Session) -> None:
    """Window tests on another platform would pass without having tested what users see."""
    windows = [item for item in session.items if needs_screen(item)]
    if windows and (os.environ["QT_QPA_PLATFORM"] != "xcb" or not os.environ.get("DISPLAY")):
        pytest.exit(f"{windows[0].nodeid} needs an X screen: run the tests by `bash tests/run.sh`.", returncode=4)


def needs_screen(item: pytest.Item) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    return "qapp" in fixtures or "qtbot" in fixtures or item.path.is_relative_to(CHECKOUT / "tests" / "lsgui")


@pytest.fixture(scope="session")
def pip_environment() -> dict[str, str]:
    """What makes pip find the cache and the configuration of whoever runs the tests, from a test's own home."""
    cache = [sys.executable, "-m", "pip", "cache", "dir"]
    found = {"PIP_CACHE_DIR": subprocess.check_output(cache, env=_OUTSIDE, text=True).strip()}
    config = Path(_OUTSIDE.get("XDG_CONFIG_HOME") or _OUTSIDE_HOME / ".config", "pip", "pip.conf")
    if config.is_file():
        found = {"PIP_CONFIG_FILE": str(config), **found}
    return found


@pytest.fixture(scope="session", autouse=True)
def _runtime_folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Qt warns when there is none, and a Qt warning fails a test."""
    folder = tmp_path_factory.mktemp("runtime")
    folder.chmod(0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(folder)


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home for this test: nothing is read from or left in the home of whoever runs it."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(folder))
    for name, place in (
        ("XDG_CONFIG_HOME", ".config"), ("XDG_DATA_HOME", ".local/share"),
        ("XDG_STATE_HOME", ".local/state"), ("XDG_CACHE_HOME", ".cache"),
    ):  # fmt: skip
        (folder / place).mkdir(parents=True)
        monkeypatch.setenv(name, str(folder / place))
    if qt := sys.modules.get("PySide6.QtCore"):
        # QSettings remembers the first home it saw.
        for file_format in (qt.QSettings.Format.NativeFormat, qt.QSettings.Format.IniFormat):
            qt.QSettings.setPath(file_format, qt.QSettings.Scope.UserScope, str(folder / ".config"))
    return folder


@pytest.fixture(scope="session")
def checkout() -> Path:
    return CHECKOUT


@pytest.fixture(scope="session")
def resources(checkout: Path) -> Path:
    return checkout / "resources"


@pytest.fixture
def sample(resources: Path, tmp_path: Path) -> Path:
    """A copy of the sample folder as it is shipped, to write in."""
    untracked = shutil.ignore_patterns("work", "predictions", "runs", "journal", "index.sqlite*", "*.lock")
    return shutil.copytree(resources / "sample", tmp_path / "sample", ignore=untracked)


@pytest.fixture(scope="session")
def fresh_checkout(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkout as another machine gets it, with uncommitted changes, in a folder with an awkward name."""
    copy = tmp_path_factory.mktemp("fresh") / "a b 克隆"
    subprocess.run(["git", "clone", "--quiet", str(checkout), str(copy)], check=True)
    changed = ["git", "-C", str(checkout), "diff", "-z", "--name-only", "--diff-filter=d", "HEAD"]
    for name in subprocess.run(changed, capture_output=True, text=True, check=True).stdout.split("\0")[:-1]:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(checkout / name, copy / name)
    return copy
