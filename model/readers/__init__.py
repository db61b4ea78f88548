"""One file per family of image formats, each with a `read` that `model.images` chooses."""
