"""What was typed before, for the Up key: one JSON string to a line, in a file that only its owner can read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from prompt_toolkit.history import History

KEPT = 1000


class FileHistory(History):
    """Bounded to the last `KEPT` entries each time it is opened. A file that cannot be used is done without."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
            path.chmod(0o600)
            lines = path.read_bytes().splitlines(keepends=True)
            if len(lines) > KEPT:
                shorter = path.with_name(f"{path.name}.{os.getpid()}")
                with open(os.open(shorter, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
                    file.writelines(lines[-KEPT:])
                shorter.replace(path)
        except OSError as error:
            _warn("history_unusable", error)

    def load_history_strings(self) -> Iterable[str]:
        """Newest first, as the contract asks."""
        try:
            lines = self._path.read_bytes().splitlines()
        except OSError:
            return
        for line in reversed(lines):
            try:
                entry = json.loads(line)
            except ValueError:  # half a line, after a crash or a full disk
                continue
            if isinstance(entry, str):
                yield entry

    def store_string(self, string: str) -> None:
        try:
            with open(os.open(self._path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600), "ab") as file:
                file.write(json.dumps(string).encode() + b"\n")
        except OSError as error:
            _warn("history_not_written", error)


def _warn(event: str, error: OSError) -> None:
    import structlog  # the input line is shown before anything is logged

    structlog.get_logger(__name__).warning(event, error=type(error).__name__)
