"""The commands of `python -m model`, one a file: each adds its arguments and runs, and returns an exit code."""
