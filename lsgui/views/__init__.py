"""What the analyst sees: one visible element per file, and the only package that may import QtWidgets."""
