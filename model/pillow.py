"""The one import of Pillow's reader, with its own guess at what is too large turned off."""

from __future__ import annotations

from PIL import Image as pillow
from PIL import ImageOps, UnidentifiedImageError

# Pillow warns above 89 megapixels and refuses above 179, whatever limit our caller has set. Every door of ours
# compares the size in the header with its own limit before it decodes, so Pillow's is not needed.
pillow.MAX_IMAGE_PIXELS = None

__all__ = ["ImageOps", "UnidentifiedImageError", "pillow"]
