"""`--self-check`: what works on this machine, in plain words. Only what the program cannot do without is a failure."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

SECONDS = 120
_WINDOW = "from PySide6.QtWidgets import QApplication; print(QApplication([]).platformName())"


@dataclass(frozen=True)
class Finding:
    """`good` None is a note: worth knowing, and no failure."""

    name: str
    good: bool | None
    text: str


def self_check() -> int:
    """Print a line per check; 1 when the program cannot do its job here."""
    findings = [check() for check in (_python, _resources, _window, _torch, _gpu, _kernels, _attention, _writing)]
    for finding in findings:
        mark = {True: "ok  ", None: "note", False: "FAIL"}[finding.good]
        print(f"{mark}  {finding.name}: {finding.text}")
    failed = [finding.name for finding in findings if finding.good is False]
    print(f"The program cannot work here: {', '.join(failed)}." if failed else "The program can do its job here.")
    return 1 if failed else 0


def _python() -> Finding:
    return Finding("Python", sys.version_info >= (3, 11), sys.version.split()[0])


def _resources() -> Finding:
    try:
        from lsgui.assets import Assets

        assets = Assets.find()
    except (FileNotFoundError, ImportError) as error:
        return Finding("resources", False, str(error))
    weights = "with" if assets.demo_weights else "without"
    return Finding("resources", True, f"found in {assets.root}, {weights} demonstration weights")


def _window() -> Finding:
    """In a process of its own: Qt ends the process when it finds no display."""
    done = _in_a_process(_WINDOW)
    if done.returncode == 0:
        return Finding("window", True, f"Qt opens windows by the platform {done.stdout.strip()!r}")
    said = (done.stderr.strip().splitlines() or ["no message"])[0]
    return Finding("window", False, f"Qt cannot open a window; start from a desktop ({said})")


def _torch() -> Finding:
    return _guarded(
        "torch", lambda: f"{_module('torch').__version__}, {_module('torch').get_num_threads()} CPU threads"
    )


def _gpu() -> Finding:
    try:
        torch = _module("torch")
        if torch.cuda.is_available():
            return Finding("GPU", True, torch.cuda.get_device_name())
    except Exception as error:  # noqa: BLE001 - a broken driver is a note, whatever it raises
        return Finding("GPU", None, f"cannot be used ({error}); the CPU is used instead")
    return Finding("GPU", None, "none; prediction and fine-tuning run on the CPU, more slowly")


def _kernels() -> Finding:
    """Triton compiles for the card at hand, and may fail there in ways of its own."""

    def try_kernels() -> str | None:
        torch = _module("torch")
        if not torch.cuda.is_available():
            return "they need a GPU; without one PyTorch computes"
        from model.kernel_support import network_refusal

        refusal = network_refusal(torch.device("cuda"))
        return f"{refusal}; PyTorch computes instead, more slowly" if refusal else None

    finding = _guarded("kernels", lambda: try_kernels() or "")
    if finding.good and not finding.text:
        return Finding("kernels", True, "Triton compiles and runs the network's own")
    broken = "" if finding.good else "; PyTorch computes instead, more slowly"
    return Finding("kernels", None, finding.text + broken)


def _attention() -> Finding:
    """Each form on the smallest input it takes: those that cannot run here are named."""

    def try_forms() -> str:
        torch = _module("torch")
        from model.attention import build_slopes, lightning_attention

        device = "cuda" if torch.cuda.is_available() else "cpu"
        dtype = torch.float16 if device == "cuda" else torch.float32
        q = torch.ones(1, 3, 8, 32, device=device, dtype=dtype)
        works, fails = [], []
        for form in ("naive", "chunk", "kernels", "package"):
            try:
                lightning_attention(q, q, q, build_slopes(3).to(device), direction="causal", form=form)
                works.append(form)
            except Exception:  # noqa: BLE001 - any reason means that this form is not for this machine
                fails.append(form)
        if "chunk" not in works:
            raise RuntimeError("the form 'chunk' does not run")
        return f"{', '.join(works)} on {device}" + (f"; not here: {', '.join(fails)}" if fails else "")

    return _guarded("attention", try_forms)


def _writing() -> Finding:
    """Settings, log and workspaces of read-only folders need a place."""

    def write() -> str:
        from PySide6.QtCore import QCoreApplication, QStandardPaths

        QCoreApplication.setApplicationName("lsgui")
        QCoreApplication.setOrganizationName("lsgui")
        folder = Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppLocalDataLocation))
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
        return f"{folder} can be written"

    return _guarded("write access", write)


def _guarded(name: str, work: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, work())
    except Exception as error:  # noqa: BLE001 - whatever is wrong is what the user asked about
        return Finding(name, False, f"{type(error).__name__}: {error}")


def _module(name: str) -> object:
    return __import__(name)


def _in_a_process(code: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess([], 1, "", str(error))
