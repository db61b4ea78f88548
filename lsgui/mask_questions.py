"""What has to be asked before masks that come from elsewhere become labels: replaced work, unknown values, and 255."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lsgui.class_changes import ClassChanges
from lsgui.context import Context
from lsgui.failures import failure_of
from lsgui.notices import Answer, Question
from lsgui.translation import class_name
from model.classes import BACKGROUND_VALUE, HIGHEST_VALUE, Class, ClassTable
from model.errors import ClassTableError
from model.labels import UNTOUCHED
from model.mask_survey import FoundMask, MaskSurvey, Unknown, are_binary, binary_ones
from model.messages import Message


@dataclass(frozen=True)
class Wanted:
    """What to import, and the value of the class that 255 stands for there; None where nothing is known."""

    masks: list[FoundMask]
    white: int | None


class MaskQuestions:
    """Classes that the answers ask for are in the table afterwards."""

    def __init__(self, context: Context, classes: ClassChanges) -> None:
        self._context = context
        self._classes = classes

    def wanted(self, survey: MaskSurvey) -> Wanted | None:
        """Ask what has to be asked; None when the user cancels."""
        masks, replacing = survey.masks, [mask for mask in survey.masks if mask.replaces]
        if replacing:
            answer = self._context.ask(_replace(len(replacing)))
            if answer == "cancel":
                return None
            if answer == "skip":
                masks = [mask for mask in masks if not mask.replaces]
        unknown = {item for mask in masks for item in mask.unknown}
        if unknown:
            answer = self._context.ask(_unknown(unknown))
            if answer == "cancel":
                return None
            if answer == "add" and not self._added(unknown):
                return None
        return self._with_white(masks) if binary_ones(masks) else Wanted(masks, None)

    def _with_white(self, masks: list[FoundMask]) -> Wanted | None:
        """Ask what 255 is in masks of one object; None when the user cancels, or there is no class for it, which is told."""
        chosen = self._context.workspace.classes.by_value(self._context.painting.class_value)
        answer = self._context.ask(_white(chosen, binary_ones(masks), are_binary(masks)))
        if answer == "chosen":
            return Wanted(masks, chosen.value)
        if answer == "add" and (self._object() or self._added({UNTOUCHED})):
            return Wanted(masks, self._object().value)
        return Wanted(masks, None) if answer == "untouched" else None

    def _object(self) -> Class | None:
        """The class that an earlier import has made of 255."""
        classes = self._context.workspace.classes.classes
        return next((item for item in classes if item.name == _name_of(UNTOUCHED)), None)

    def _added(self, unknown: set[Unknown]) -> bool:
        """False when there is no class for each of them, which is told: without one, its pixels would be left out unasked."""
        try:
            return self._classes.store(_with_classes_for(self._context.workspace.classes, unknown))
        except ClassTableError as error:
            self._context.tell_failure(failure_of(error))
            return False


def _with_classes_for(table: ClassTable, unknown: Iterable[Unknown]) -> ClassTable:
    """A class per unknown value (with that value) or colour (with the lowest free one, as for 255, which none can have).

    Raises ClassTableError when they do not all fit, or a name that one would get is taken.
    """
    unknown, room = list(unknown), HIGHEST_VALUE + 1 - len(table.classes)
    if len(unknown) > room:
        raise ClassTableError(
            "The masks hold {count} values or colours that no class has, but the class table has room for {room} more. "
            "Nothing was changed. Leave those pixels untouched, or use masks with fewer values or colours.",
            count=len(unknown),
            room=room,
        )
    for item in sorted(unknown, key=lambda item: (isinstance(item, tuple), str(item))):  # values are not free to choose
        value = item if isinstance(item, int) and item <= HIGHEST_VALUE else None
        name = _name_of(item)
        fresh = table.new_class(name, item if isinstance(item, tuple) else None)
        table = table.with_class(Class(fresh.uid, fresh.value if value is None else value, name, fresh.color))
    return table


def _name_of(item: Unknown) -> str:
    return f"class {item}" if isinstance(item, int) else "class #%02x%02x%02x" % item


def _white(chosen: Class | None, count: int, alone: bool) -> Question:
    """Beside masks of classes, 255 is more likely to be what nobody knows."""
    answers = (
        Answer("add", Message("An object: add a class")),
        Answer("untouched", Message("Unknown: leave it untouched")),
        Answer("cancel", Message("Cancel")),
    )
    if chosen is not None and chosen.value != BACKGROUND_VALUE:
        answers = (Answer("chosen", Message("The chosen class, {name}", {"name": class_name(chosen)})), *answers)
    return Question(
        "white",
        Message("Masks that hold only the values 0 and 255: {count}. What is 255 in them?", {"count": count}),
        Message("Untouched pixels are never trained on."),
        answers,
        default="add" if alone else "untouched",
        cancel="cancel",
    )


def _unknown(unknown: set[Unknown]) -> Question:
    values = [str(item) if isinstance(item, int) else "#%02x%02x%02x" % item for item in sorted(unknown, key=str)]
    return Question(
        "unknown_values",
        Message("The masks hold values that no class has: {values}.", {"values": values}),
        Message("Untouched pixels are never trained on."),
        (
            Answer("untouched", Message("Leave those pixels untouched")),
            Answer("add", Message("Add classes for them")),
            Answer("cancel", Message("Cancel")),
        ),
        default="untouched",
        cancel="cancel",
    )


def _replace(count: int) -> Question:
    return Question(
        "replace_labels",
        Message("Some of these images have been corrected or labelled already: {count}.", {"count": count}),
        Message("Each label that is replaced is copied into the folder kept/ first."),
        (
            Answer("skip", Message("Keep their labels")),
            Answer("replace", Message("Replace them"), destructive=True),
            Answer("cancel", Message("Cancel")),
        ),
        default="skip",
        cancel="cancel",
    )
