"""Truth: a labelled image as read from its two files, in the values of today's class table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from model.classes import ClassTable
from model.errors import LabelError
from model.images import MAX_PIXELS, Image, read_image
from model.labelled_images import LabelledImage
from model.labels import UNTOUCHED, read_label, values_in
from model.map_files import read_provenance
from model.provenance import ACCEPTED, LOSS_WEIGHTS, MODEL


@dataclass(frozen=True, eq=False)
class Truth:
    """`label_map` (H, W) uint8 of the image's size: class values of the table, 255 where nobody has labelled.

    What the model set and no person has accepted is 255 too, unless it is asked for: learning from it repeats its
    mistakes. `levels` (H, W) uint8 says how much each pixel weighs, 255 being all; None when that is the same for all.
    """

    image: Image
    label_map: np.ndarray
    levels: np.ndarray | None = None

    @property
    def nbytes(self) -> int:
        return self.image.pixels.nbytes + self.label_map.nbytes + (0 if self.levels is None else self.levels.nbytes)


def read_truth(
    item: LabelledImage, classes: ClassTable, max_pixels: int = MAX_PIXELS, model_labels: float = 0.0
) -> Truth:
    """`model_labels` is how much a pixel weighs that only the model has set, where a person's weighs 1.

    Raises ImageError or LabelError, whose sentence names the file: damaged, of another size, of lost classes.
    """
    if item.damaged:
        raise LabelError(
            "the record beside {name} is damaged, so nobody knows whether it is held out; restore it, or save the label again: it is trained on then.",
            name=item.label_path.name,
        )
    image = read_image(item.image_path, max_pixels)
    label_map = read_label(item.label_path, image.pixels.shape[:2], None)
    provenance = read_provenance(item.label_path, label_map.shape)
    if provenance is not None and not model_labels:
        label_map[provenance == MODEL] = UNTOUCHED
    present = sorted(values_in(label_map) - {UNTOUCHED})
    if not present:
        if provenance is not None and MODEL in provenance:
            raise LabelError(
                "{name} holds only what the model has set, so it teaches nothing; accept it first.",
                name=item.label_path.name,
            )
        raise LabelError("{name} has no labelled pixel yet, so it teaches nothing.", name=item.label_path.name)
    values = np.arange(256, dtype=np.uint8)
    for value in present:
        known = classes.by_uid(item.classes.get(value, ""))
        if known is None:
            raise LabelError(
                "{name} holds the value {value}, which no class has; add or import its class, or correct the file.",
                name=item.label_path.name,
                value=value,
            )
        values[value] = known.value
    return Truth(image, values[label_map], _levels(provenance, LOSS_WEIGHTS | {MODEL: model_labels}))


def _levels(provenance: np.ndarray | None, weights: Mapping[int, float]) -> np.ndarray | None:
    """What no person or model has set keeps 255: there is no label that it could weigh."""
    if provenance is None or not np.isin(provenance, (MODEL, ACCEPTED)).any():
        return None
    table = np.full(256, 255, np.uint8)
    for origin, weight in weights.items():
        table[origin] = round(255 * min(weight, 1.0))
    return table[provenance]
