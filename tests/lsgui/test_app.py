"""The program as it is started: pictures, settings, the crash log, the self-check."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QSettings, QTimer
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from lsgui.app import Options, Program
from lsgui.crash_log import CrashLog
from lsgui.interface_size import largest_fitting
from lsgui.notices import Answer, Notice, Question
from lsgui.settings import Settings, read_settings, write_settings
from lsgui.views.question_dialog import QuestionDialog
from model.messages import Message


def lsgui(checkout: Path, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lsgui", *map(str, arguments)],
        cwd=checkout, capture_output=True, text=True, env={**os.environ, **environment}, timeout=900, check=False,
    )  # fmt: skip


def test_a_picture_of_the_window(
    checkout: Path, image_folder: Callable[..., Path], weights: Path, tmp_path: Path, home: Path
) -> None:
    picture = tmp_path / "out" / "window.png"
    done = lsgui(checkout, image_folder("a", "b"), "--weights", weights, "--screenshot", picture, "--theme", "light")
    assert done.returncode == 0, done.stderr
    image = QImage(str(picture))
    assert image.width() > 1000 and image.pixelColor(5, image.height() - 5).name() == "#ffffff"
    assert not list((home / ".config").rglob("*.conf")), "a picture remembers nothing"


def test_a_picture_that_cannot_be_taken_says_why(checkout: Path, tmp_path: Path) -> None:
    folder = tmp_path / "nothing"
    folder.mkdir()
    done = lsgui(checkout, folder, "--screenshot", tmp_path / "window.png")
    assert done.returncode == 1 and "holds no images" in done.stderr


def test_without_a_display_a_sentence_instead_of_a_crash(checkout: Path, tmp_path: Path) -> None:
    bare = dict.fromkeys(("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"), "")
    done = lsgui(checkout, tmp_path, **bare)
    assert done.returncode == 2 and "no display" in done.stderr
    checked = lsgui(checkout, "--self-check", **bare)
    assert checked.returncode == 1 and "FAIL  window" in checked.stdout


def test_arguments_that_the_system_refuses_to_look_at_are_a_sentence(checkout: Path, tmp_path: Path) -> None:
    for arguments in (["a" * 300], [tmp_path, "--weights", "a" * 300]):
        done = lsgui(checkout, *arguments)
        assert done.returncode == 2 and done.stderr.splitlines()[0].startswith("aaa"), done.stderr
        assert "does not exist" in done.stderr and "Traceback" not in done.stderr


def test_the_actions_are_listed_also_where_the_system_has_no_letters_for_them(checkout: Path) -> None:
    listed = lsgui(checkout, "--list-actions", "--language", "zh_CN", PYTHONIOENCODING="ascii")
    assert listed.returncode == 0, listed.stderr


BUSY = """
import sys, time, threading
import lsgui.__main__, lsgui.app
from lsgui.lane import Lane

def run(options, arguments):
    import torch
    x, weight, begun = torch.rand(1, 64, 600, 600), torch.rand(64, 64, 3, 3), threading.Event()
    def predict():
        begun.set()
        while True:
            torch.nn.functional.conv2d(x, weight)
    Lane("predict").put(predict)
    begun.wait()
    time.sleep(0.5)
    return 7

lsgui.app.run = run
sys.exit(lsgui.__main__.main(["."]))
"""


def test_a_prediction_that_does_not_stop_in_time_does_not_abort_the_program(checkout: Path) -> None:
    done = subprocess.run([sys.executable, "-c", BUSY], cwd=checkout, capture_output=True, text=True, timeout=120)
    assert done.returncode == 7, done.stderr


def test_the_self_check_passes_here_and_a_missing_gpu_is_a_note(checkout: Path) -> None:
    done = lsgui(checkout, "--self-check", CUDA_VISIBLE_DEVICES="", TRITON_INTERPRET="0")
    assert done.returncode == 0, done.stdout
    assert "note  GPU" in done.stdout and "ok    attention" in done.stdout and "can do its job" in done.stdout
    assert "note  kernels: they need a GPU" in done.stdout and "not here: kernels" in done.stdout
    assert "on a GPU" not in done.stdout, "what is slow on a GPU says nothing about a machine without one"


def test_settings_come_back_and_damaged_ones_take_their_default(tmp_path: Path) -> None:
    store = QSettings(str(tmp_path / "a.ini"), QSettings.Format.IniFormat)
    settings = Settings(
        "zh_CN", "light", 70, 150, ("/一", "/b"), b"\x00\x01", {"across": [1, 2, 3]}, ("images",), not Settings().unlabelled,
        True,
    )  # fmt: skip
    write_settings(store, settings)
    assert read_settings(QSettings(str(tmp_path / "a.ini"), QSettings.Format.IniFormat)) == settings
    one = Settings(recent=("/only",))
    write_settings(store, one)
    assert read_settings(store).recent == ("/only",)
    store.setValue("opacity", "much")
    store.setValue("splitters/across", "wide")
    store.setValue("unlabelled", "perhaps")
    store.setValue("size", 3)
    damaged = read_settings(store)
    assert damaged.opacity == 40 and damaged.splitters["across"] == []
    assert damaged.unlabelled == Settings().unlabelled and damaged.size == 100


def test_a_choice_that_there_is_not_does_not_keep_the_program_from_starting(qapp: QApplication, tmp_path: Path) -> None:
    """As of another version's settings."""
    store = QSettings(str(tmp_path / "other.ini"), QSettings.Format.IniFormat)
    for name, value in {"theme": "sepia", "language": "fr", "opacity": 5000}.items():
        store.setValue(name, value)
    program = Program(qapp, Options(), store, tmp_path / "data")
    assert program.preferences.settings == Settings()
    program.start()
    program.window.close()
    program.finish()
    program.window.deleteLater()


def test_a_new_size_is_remembered_and_said_to_hold_later(qapp: QApplication, tmp_path: Path) -> None:
    store = QSettings(str(tmp_path / "size.ini"), QSettings.Format.IniFormat)
    program, told = Program(qapp, Options(), store, tmp_path / "data"), []
    program.session.notice.connect(told.append)
    program.start()
    program.window.actions_.by_id["size-125"].trigger()
    assert "next start" in str(told[-1].message) and read_settings(store).size == 125
    program.window.close()
    program.finish()
    program.window.deleteLater()


@pytest.mark.parametrize("remembered", [125, 200])
def test_the_window_opens_in_the_remembered_size_if_the_screen_has_room(
    qapp: QApplication, checkout: Path, tmp_path: Path, remembered: int
) -> None:
    code = (
        "import sys; from pathlib import Path; from PySide6.QtCore import QCoreApplication, QSettings, QTimer;"
        "from lsgui import app; QCoreApplication.setApplicationName('lsgui');"
        "QCoreApplication.setOrganizationName('lsgui'); store = QSettings();"
        f"store.setValue('size', {remembered}); store.sync();"
        "start = app.Program.start; said = [];"
        "look = lambda one: (said.append(one.window.devicePixelRatio()), one.window.close());"
        "listen = lambda one: one.session.notice.connect(lambda notice: said.append(str(notice.message)));"
        "app.Program.start = lambda one: (listen(one), start(one), QTimer.singleShot(0, lambda: look(one)));"
        "app.run(app.Options(), ['lsgui']); print(*said, QSettings().value('size'), sep='; ')"
    )
    environment = {name: value for name, value in os.environ.items() if name != "QT_SCALE_FACTOR"}
    environment |= {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    said = subprocess.check_output([sys.executable, "-c", code], cwd=checkout, env=environment, text=True)
    size = largest_fitting(remembered, [qapp.primaryScreen().availableSize().toTuple()])
    assert [f"at {remembered} %" in said, f"it is at {size} %" in said] == [size != remembered] * 2
    assert said.strip().endswith(f"{size / 100}; {remembered}"), "the choice stays for a larger screen"


def test_a_question_that_was_answered_is_gone(qapp: QApplication, tmp_path: Path) -> None:
    program = Program(qapp, Options(), None, tmp_path / "data")
    program.start()
    question = Question("any", Message("Any?"), None, (Answer("no", Message("No")),), default="no", cancel="no")
    QTimer.singleShot(200, lambda: QApplication.activeModalWidget().close())
    assert program.ask(question) == "no"
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert program.window.findChildren(QuestionDialog) == []
    program.window.close()
    program.finish()
    program.window.deleteLater()


def test_what_was_chosen_is_remembered(qapp: QApplication, tmp_path: Path) -> None:
    store = QSettings(str(tmp_path / "b.ini"), QSettings.Format.IniFormat)
    program = Program(qapp, Options(), store, tmp_path / "data")
    program.start()
    program.window.actions_.by_id["theme-light"].trigger()
    program.display.set_opacity(65)
    program.window.close()
    program.finish()
    program.window.deleteLater()
    remembered = read_settings(store)
    assert remembered.theme == "light" and remembered.opacity == 65 and remembered.geometry


def test_what_the_command_line_asks_for_holds_for_one_start(qapp: QApplication, tmp_path: Path) -> None:
    store = QSettings(str(tmp_path / "c.ini"), QSettings.Format.IniFormat)
    write_settings(store, replace(Settings(), language="zh_CN", theme="light"))
    for chosen, expected in ((None, ("zh_CN", "light")), ("theme-system", ("zh_CN", "system"))):
        program = Program(qapp, Options(language="en", theme="dark"), store, tmp_path / "data")
        program.start()
        assert program.preferences.settings.language == "en" and program.preferences.settings.theme == "dark"
        if chosen is not None:
            program.window.actions_.by_id[chosen].trigger()
        program.window.close()
        program.finish()
        program.window.deleteLater()
        remembered = read_settings(store)
        assert (remembered.language, remembered.theme) == expected


def test_an_unexpected_error_is_logged_and_told_and_the_program_goes_on(
    qapp: QApplication, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log, told = CrashLog(tmp_path), []
    log.crashed.connect(told.append)
    try:
        raise ZeroDivisionError("by zero")
    except ZeroDivisionError:
        sys.excepthook(*sys.exc_info())
    log.close()
    assert isinstance(told[0], Notice) and "ZeroDivisionError" in str(told[0].message)
    assert "ZeroDivisionError" in log.path.read_text(encoding="utf-8")


def test_torch_is_not_loaded_before_the_window_is_shown(checkout: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from PySide6.QtWidgets import QApplication;"
        "from lsgui.app import Options, Program; from lsgui.views import training_panel;"
        "training_panel.SETTLE_MS = 3_600_000; a = QApplication([]);"
        "p = Program(a, Options(), None, Path(sys.argv[1])); p.start(); a.processEvents();"
        "print('torch' in sys.modules, 'pyqtgraph' in sys.modules); p.window.close(); p.finish()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=checkout, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "False False", done.stderr
