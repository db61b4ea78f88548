"""The errors whose text a user can act on: each is one sentence that says what happened and what to do."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from model.messages import Message


class ModelError(Exception):
    """Base of the family. `message` holds the English template and its values apart, for translation."""

    def __init__(self, template: str, **values: object) -> None:
        self.message = Message(template, values)
        super().__init__(str(self.message))


class ImageError(ModelError):
    """An image cannot be read or shown."""


class LabelError(ModelError):
    """A label map does not fit its image or its class table."""


class ClassTableError(ModelError):
    """A class table is inconsistent or cannot be read."""


class CheckpointError(ModelError):
    """A file is not a checkpoint this library can load."""


class WorkspaceError(ModelError):
    """A workspace cannot be opened or written."""


class TrainingError(ModelError):
    """Fine-tuning cannot start or cannot go on."""


class OutOfMemory(ModelError):
    """An image or a batch does not fit into memory even in its smallest form."""


class DeviceLost(ModelError):
    """The GPU or its driver has failed; this process can only go on on the CPU."""


@contextmanager
def saving(name: str) -> Iterator[None]:
    """Around writes of what belongs to the image or file `name`: an OSError becomes a WorkspaceError."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise WorkspaceError(
                "{name} could not be saved: its name is too long, since the files that belong to it have names up to "
                "15 characters longer. Give the image a shorter name, then open its folder again.",
                name=name,
            ) from error
        raise WorkspaceError(
            "{name} could not be saved: {reason}. The old file is intact; make room or choose a folder "
            "that can be written, then save again.",
            name=name,
            reason=error.strerror or str(error),
        ) from error
