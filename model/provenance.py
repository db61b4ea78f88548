"""Who set a pixel of a label map: the three values of the provenance plane."""

from __future__ import annotations

UNSET = 0
"""Untouched: nobody has said anything about this pixel."""

MODEL = 1
"""Set by a prediction, and free to be set again by the next one."""

HUMAN = 2
"""Set by a person: no prediction may change it."""
