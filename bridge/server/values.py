"""What the tables of `gateway.toml` hold: typed, and secrets read from where they are kept."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def convert(data: Any, kind: type[T], where: str, faults: list[str]) -> T | None:
    """Read a table; None where it cannot be, and then `faults` has one more sentence, which begins with `where`."""
    try:
        return msgspec.convert(data, kind)
    except msgspec.ValidationError as error:
        said, _, place = str(error).partition(" - at `$")
        faults.append(f"{where}{place.rstrip('`')}: {said}")
        return None


def resolve(text: str, folder: Path) -> str:
    """The value that `text` names: itself, ``env:NAME`` or ``file:PATH``, which begins at `folder`.

    Raises ValueError with a sentence that does not repeat the value.
    """
    if text.startswith("env:"):
        name = text.removeprefix("env:").strip()
        if not (value := os.environ.get(name, "")).strip():
            raise ValueError(f"the environment variable {name} is not set")
        return value
    if text.startswith("file:"):
        path = folder / Path(text.removeprefix("file:").strip()).expanduser()
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{path} cannot be read: {why(error)}") from None
    return text


def why(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else "it is not UTF-8"
