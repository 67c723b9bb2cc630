"""The command line and its arguments; the only room that names channels.

`arguments` reads them, `handlers` runs what they ask for. What a command needs is imported when it runs: `--help` and
`--version` load next to nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from bridge.cli.arguments import parser
from bridge.errors import BridgeError, SettingsError

if TYPE_CHECKING:
    import argparse

__all__ = ["main", "parser"]

Command = Callable[["argparse.Namespace"], int]
"""Runs with the arguments; returns the exit status."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status."""
    options = parser().parse_args(arguments)
    command: Command = options.command
    try:
        return command(options)
    except SettingsError as error:
        print(*(f"cherry-bridge: {problem}" for problem in error.problems), sep="\n", file=sys.stderr)
        return 2
    except BridgeError as error:
        from bridge import log

        print(f"cherry-bridge: {log.redact(str(error))}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader of our output has closed it, as `head` does. Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130
