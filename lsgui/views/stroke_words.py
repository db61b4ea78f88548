"""What a stroke will do, as one sentence: the tool, the class in the hand, and which pixels the rules leave out."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QCoreApplication

from lsgui.painting import SHAPES, PaintSettings
from lsgui.rules import EMPTY, Rules
from lsgui.translation import class_name
from lsgui.views.amounts import number
from model.classes import ClassTable
from model.images import Image

translate = QCoreApplication.translate
NAMED = 2
"""More protected classes than these are counted instead of named."""


def sentence(
    painting: PaintSettings, rules: Rules, classes: ClassTable, image: Image | None, erasing: bool = False
) -> str:
    """`rules` are those that hold for the stroke; "" without an image."""
    if image is None:
        return ""
    shape = painting.tool in SHAPES
    erasing = erasing or painting.tool == "eraser" or (shape and painting.shape_does == "erase")
    harmless = _harmless(painting, erasing)
    if harmless:
        return harmless
    name = _name(painting.class_value, classes)
    kept = painting.class_value in painting.locked and painting.tool != "accept"
    if kept and (not erasing or painting.tool == "guided"):
        return translate("stroke", "{name} is protected from itself: unlock it to paint").format(name=name)
    parts = {
        "does": _does(painting, name, classes, image, erasing),
        "over": _over(rules, classes),
        "but": _but(painting, rules, classes, erasing),
        "values": _values(rules, image),
        "selected": translate("stroke", ", in the selection") if rules.selection is not None else "",
    }
    pattern = translate("stroke", "{does}{over}{but}{values}{selected}", "the parts of the sentence in their order")
    return pattern.format(**parts)


def _harmless(painting: PaintSettings, erasing: bool) -> str:
    """Of tools that change no label."""
    if painting.tool in SHAPES and painting.shape_does == "select":
        return translate("stroke", "Selects; changes nothing")
    texts = {
        "select": translate("stroke", "Selects; changes nothing"),
        "picker": translate("stroke", "Takes the class of the pixel that is clicked"),
        "pan": translate("stroke", "Moves the view; changes nothing"),
    }
    return texts.get(painting.tool, "")


def _does(painting: PaintSettings, name: str, classes: ClassTable, image: Image, erasing: bool) -> str:
    if erasing:
        texts = {
            "guided": translate("stroke", "Takes from {name} what the model gives to others"),
            "accept": translate("stroke", "Gives back to the model what was accepted; the labels stay"),
        }
        if painting.tool in texts:
            return texts[painting.tool].format(name=name)
        if classes.knows_nothing:
            return translate("stroke", "Erases to background")
        return translate("stroke", "Erases to {name}").format(name=class_name(classes.background))
    if painting.tool == "fill":
        return _fills(painting, image).format(name=name, tolerance=_amount(painting.tolerance, image))
    if painting.tool == "threshold" and painting.threshold is not None:
        low, high = painting.threshold
        text = translate("stroke", "Enter paints {name} from {low} to {high}")
        return text.format(name=name, low=number(low), high=_amount(high, image))
    texts = {
        "accept": translate("stroke", "Accepts what the model set; the labels stay"),
        "guided": translate("stroke", "Moves the edge of {name} to where the model puts it"),
        "wand": translate("stroke", "Paints {name} where the image looks alike"),
        "outline": translate("stroke", "Paints {name} up to the edge that is found"),
        "superpixel": translate("stroke", "Paints {name}, one superpixel after another"),
    }
    return texts.get(painting.tool, translate("stroke", "Paints {name}")).format(name=name)


def _fills(painting: PaintSettings, image: Image) -> str:
    if painting.fill_by == "values":
        if painting.fill_contiguous:
            return translate("stroke", "Fills touching pixels within ±{tolerance} with {name}")
        return translate("stroke", "Fills all pixels within ±{tolerance} with {name}")
    if painting.fill_contiguous:
        return translate("stroke", "Fills touching pixels of one label with {name}")
    return translate("stroke", "Fills all pixels of one label with {name}")


def _over(rules: Rules, classes: ClassTable) -> str:
    if rules.over is None:
        return ""
    if rules.over == EMPTY:
        return translate("stroke", " only over empty pixels")
    return translate("stroke", " over {name} only").format(name=_name(rules.over, classes))


def _but(painting: PaintSettings, rules: Rules, classes: ClassTable, erasing: bool) -> str:
    """What is protected, unless other rules leave it out already."""
    protected = rules.protected - {painting.class_value}
    if rules.over is not None:
        protected &= {0} if rules.over == EMPTY else {rules.over}
    if not protected:
        return ""
    if painting.protect_others:
        return translate("stroke", "; other classes are protected")
    if len(protected) > NAMED:
        return translate("stroke", "; {count} classes are protected").format(count=len(protected))
    names = _names((item.value for item in classes.classes if item.value in protected), classes)
    if erasing or rules.over is not None or painting.tool != "brush":
        one = len(protected) == 1
        text = translate("stroke", "; {names} is protected") if one else translate("stroke", "; {names} are protected")
        return text.format(names=names)
    return translate("stroke", " over anything but {names}").format(names=names)


def _values(rules: Rules, image: Image) -> str:
    if rules.low is None and rules.high is None:
        return ""
    low = number(rules.low) if rules.low is not None else "…"
    high = _amount(rules.high, image) if rules.high is not None else "…"
    return translate("stroke", ", {low} to {high}").format(low=low, high=high)


def _amount(value: float, image: Image) -> str:
    return f"{number(value)} {image.unit}".strip()


def _name(value: int, classes: ClassTable) -> str:
    found = classes.by_value(value)
    return _quoted(class_name(found) if found is not None else str(value))


def _names(values: Iterable[int], classes: ClassTable) -> str:
    return translate("stroke", " and ", "between two names").join(_name(value, classes) for value in values)


def _quoted(name: str) -> str:
    return translate("stroke", "{name}", "a class's name within a sentence").format(name=name)
