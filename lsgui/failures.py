"""What a person is told of an exception."""

from __future__ import annotations

import traceback
from dataclasses import dataclass

from model.errors import ModelError
from model.messages import Message


@dataclass(frozen=True)
class Failure:
    """Why something failed: a sentence that helps, the traceback, and the exception itself."""

    message: Message
    details: str
    error: BaseException


def failure_of(error: BaseException) -> Failure:
    """One sentence for any exception: its own where it has one, else what kind it was."""
    details = "".join(traceback.format_exception(error))
    if isinstance(error, ModelError):
        return Failure(error.message, details, error)
    if isinstance(error, MemoryError):
        return Failure(
            Message("There is not enough memory for this; close other programs and try again."), details, error
        )
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        place = str(error.filename or "")
        if place:
            message = Message("{place} could not be read or written: {reason}.", {"place": place, "reason": reason})
        else:
            message = Message("A file could not be read or written: {reason}.", {"reason": reason})
        return Failure(message, details, error)
    reason = f"{type(error).__name__}: {error}"
    return Failure(
        Message("Something went wrong that the program did not expect: {reason}", {"reason": reason}), details, error
    )
