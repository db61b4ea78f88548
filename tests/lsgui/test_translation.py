"""Every visible string has a Chinese form, and sentences arrive translated with their values."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image as Pillow
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel, QPushButton, QTreeView
from pytestqt.qtbot import QtBot

from lsgui.assets import Assets
from lsgui.translation import Translations, class_name, device_text, resolved, sentence
from model.classes import Class, default_table
from model.errors import LabelError, TrainingError
from model.events import from_line, to_line
from model.messages import Message
from model.outside_changes import told_of
from model.run_log import failed
from model.survey import Survey
from model.training_notices import unjudged

if TYPE_CHECKING:
    from tests.lsgui.conftest import Desk


@pytest.fixture
def chinese(qapp: QApplication) -> object:
    translations = Translations(qapp, Assets.find().translations)
    translations.use("zh_CN")
    yield translations
    translations.use("en")


def test_the_catalogue_is_complete_and_compiled(checkout: Path) -> None:
    """Also fails when a string was added to the code and `update.py` not run since."""
    command = [sys.executable, str(checkout / "resources" / "translations" / "update.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=checkout, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_chinese_has_one_word_for_a_label(checkout: Path) -> None:
    """And another for untouched pixels, which an image without a label was called like, too."""
    catalogue = (checkout / "resources" / "translations" / "zh_CN.ts").read_text(encoding="utf-8")
    assert "标签" in catalogue and re.findall(".*标注.*", catalogue) == []


def test_sentences_stand_where_they_are_found(checkout: Path) -> None:
    """`update.py` reads what `Message` is given, and cannot follow a name to its value."""
    named = []
    for path in (path for package in ("model", "lsgui") for path in (checkout / package).rglob("*.py")):
        calls = (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))
        made = (call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "Message")
        named += [path.name for call in made if call.args and isinstance(call.args[0], ast.Name)]
    assert named == ["errors.py"], "of the template that every error is given"


def test_a_message_is_translated_and_keeps_its_values(chinese: object) -> None:
    message = Message("{name} is empty (0 bytes); copy it again from its source.", {"name": "肝 a.png"})
    assert sentence(message) == "肝 a.png 是空文件（0 字节）；请从来源重新复制。"


def test_a_processor_is_named_in_the_language_and_a_gpu_by_its_own_name(chinese: object) -> None:
    assert device_text("CPU, 2 threads") == "CPU，2 个线程"
    assert "thread" not in device_text("CPU, 2 threads") + device_text("CPU, 1 thread")
    assert device_text("NVIDIA H200") == "NVIDIA H200"


def test_a_message_in_a_message_is_translated_too(chinese: object) -> None:
    inner = Message("The disk does not answer.")
    assert "磁盘没有响应" in sentence(Message("{name} could not be written: {reason}.", {"name": "a", "reason": inner}))


def test_classes_are_named_in_the_language_in_a_sentence_too(chinese: object) -> None:
    """Also in one that has come from a training's process, as JSON; an image of the same name keeps its own."""
    said = unjudged(["Liver", "Tumour of mine"])
    event = from_line(to_line(failed(TrainingError(said.template, **said.values))))
    assert "肝脏、Tumour of mine" in sentence(event.message)
    assert "Liver, Tumour of mine" in str(event.message)
    assert sentence(Message("{name}", {"name": "Liver"})) == "Liver"


def test_lists_of_images_values_and_classes_have_the_comma_of_the_language(
    chinese: object, desk: Desk, image_folder: Callable, tmp_path: Path
) -> None:
    told = told_of(["a.png", "b.png"], ["c.png", "d.png"])
    assert [re.search(r"(\w)\.png(.+?)\w\.png", sentence(message)).group(2) for message in told] == ["、", "、"]
    desk.open(image_folder("a"), "a.png")
    desk.paint(10, 10, value=6)
    desk.paint(40, 40, value=1)
    desk.save()
    (tmp_path / "classes.json").write_text('["Background", "Road"]')
    desk.session.import_classes(tmp_path / "classes.json")
    desk.wait(lambda: desk.said("hold these"))
    assert "脾脏 (a.png)、肝脏 (a.png)" in sentence(desk.notices[-1].message)


def test_why_a_training_leaves_a_label_out_is_translated_too(chinese: object) -> None:
    reason = LabelError("{name} does not exist.", name="a.png")
    left_out = Message("The label of {name} is left out: {reason}", {"name": "a.png", "reason": reason.message})
    found = Survey(default_table(), (), (left_out,))
    with pytest.raises(TrainingError) as raised:
        found.require_training_labels()
    event = from_line(to_line(failed(raised.value)))
    assert not re.search("[a-zA-Z]{2}", sentence(event.message).replace("a.png", ""))
    assert "(The label of a.png is left out: a.png does not exist.)" in str(event.message)


def test_details_are_translated_too(chinese: object, desk: Desk, image_folder: Callable, tmp_path: Path) -> None:
    """Those of masks that were left out, and of images that could not be predicted."""
    folder = image_folder("a", "b")
    (folder / "b.png").write_bytes(b"no image")
    Pillow.new("L", (9, 9)).save(tmp_path / "a.png")
    desk.open(folder, "a.png")
    desk.session.import_masks([tmp_path / "a.png"])
    desk.session.predict_folder()
    desk.wait(lambda: len([notice for notice in desk.notices if notice.details]) == 2)
    for details in (notice.details for notice in desk.notices if notice.details):
        assert re.search("[\u4e00-\u9fff]{4}", details) and not re.search("[a-z]{2} [a-z]{2}", details)


def test_a_translation_that_cannot_be_filled_falls_back_to_english(qapp: QApplication) -> None:
    assert sentence(Message("nothing in here")) == "nothing in here"


def test_no_word_of_a_file_dialog_is_english(chinese: object, qtbot: QtBot, tmp_path: Path) -> None:
    """Also those that Qt's own catalogue lacks."""
    (tmp_path / "1").mkdir()
    dialog = QFileDialog(None, "", str(tmp_path))
    dialog.setOption(QFileDialog.Option.DontUseNativeDialog)
    qtbot.addWidget(dialog)
    dialog.show()
    texts = [part.text() for kind in (QLabel, QPushButton) for part in dialog.findChildren(kind) if part.isVisible()]
    assert len(texts) >= 5 and not [text for text in texts if re.search("[a-zA-Z]{2}", text)]
    files = dialog.findChild(QTreeView)
    qtbot.waitUntil(lambda: files.model().rowCount(files.rootIndex()) == 1)
    kind = files.model().index(0, 2, files.rootIndex())
    qtbot.waitUntil(lambda: kind.data() == "文件夹")


def test_only_default_class_names_are_translated(chinese: object) -> None:
    names = [class_name(item) for item in default_table().classes]
    assert names[6] == "肝脏" and not any(name.isascii() for name in names)
    assert class_name(Class("u", 20, "Tumour of mine", (1, 2, 3))) == "Tumour of mine"


def test_the_system_language_is_one_there_is(qapp: QApplication) -> None:
    assert resolved("system") in ("en", "zh_CN")
    assert resolved("zh_CN") == "zh_CN"
