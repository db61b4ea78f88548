"""The one import of Pillow's reader, with its own guesses at what is too large turned off."""

from __future__ import annotations

from PIL import Image as pillow
from PIL import ImageOps, PngImagePlugin, UnidentifiedImageError

# Pillow warns above 89 megapixels and refuses above 179, whatever limit our caller has set. Every door of ours
# compares the size in the header with its own limit before it decodes, so Pillow's is not needed.
pillow.MAX_IMAGE_PIXELS = None
# Above 1 MB of one text or colour profile Pillow refuses a whole PNG; both are skipped here, and all together may have 64 MB.
PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY

__all__ = ["ImageOps", "UnidentifiedImageError", "pillow"]
