"""python -m model: predict, fine-tune, evaluate and describe weights from the command line."""

from __future__ import annotations

import argparse
import os
import sys
import traceback

from model.commands import evaluate, finetune, info, predict
from model.commands.console import EXIT_CODES, Exit, HalfDone, quiet_broken_pipe, say, widen
from model.errors import ModelError


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code. No error shows a traceback unless `--debug` is given."""
    parsed = _parser().parse_args(arguments)
    try:
        return parsed.run(parsed)
    except KeyboardInterrupt:
        return Exit.STOPPED
    except BrokenPipeError:
        quiet_broken_pipe()
        return Exit.STOPPED
    except Exception as error:  # noqa: BLE001 - the door of the program: a person gets a sentence
        if parsed.debug:
            traceback.print_exc()
        say(_sentence(error.__cause__ if isinstance(error, HalfDone) else error))
        return Exit.SOME_FAILED if isinstance(error, HalfDone) else Exit.NOTHING_DONE


def _sentence(error: Exception) -> str:
    if isinstance(error, ModelError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'A file'} cannot be used: {error.strerror}."
    return f"Something unexpected went wrong ({type(error).__name__}: {error}); --debug shows where."


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m model",
        description="Segment images, train the network on labels, and judge it.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in (predict, finetune, evaluate, info):
        name = command.__name__.rpartition(".")[2]
        sub = commands.add_parser(
            name,
            help=command.HELP,
            description=command.__doc__,
            epilog=EXIT_CODES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_arguments(sub)
        sub.add_argument("--debug", action="store_true", help="show the full traceback of an error")
        sub.set_defaults(run=command.run)
    return parser


if __name__ == "__main__":
    widen(sys.stdout)
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # torch takes a second to take itself apart, and whoever cancels is waiting
