"""The desktop program: an annotation window over the `model` library."""
