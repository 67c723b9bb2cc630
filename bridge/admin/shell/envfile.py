"""Setting variables in `.env` without changing anything else in it: other lines, comments, their order, their bytes.

The file is replaced whole, so that a crash leaves the old one or the new one, and only its owner can read it.
"""

from __future__ import annotations

import io
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from dotenv.parser import parse_stream

_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,=~-]*")


def put(path: Path, values: Mapping[str, str]) -> None:
    """Set variables in the file, which is made where there is none. Raises OSError."""
    path = path.resolve()  # a link stays one
    try:
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            text = file.read()
    except FileNotFoundError:
        text = ""
    replace_text(path, _with(text, values))


def _with(text: str, values: Mapping[str, str]) -> str:
    """Return `text` with each variable set where it was set last, or at the end."""
    bindings = list(parse_stream(io.StringIO(text, newline="")))
    last = {binding.key: index for index, binding in enumerate(bindings) if binding.key in values}
    end = "\r\n" if "\r\n" in text else "\n"
    parts = []
    for index, binding in enumerate(bindings):
        name = binding.key
        original = binding.original.string
        if name is not None and last.get(name) == index:
            before = original[: len(original) - len(original.lstrip())]  # blank lines belong to what follows them
            exported = "export " if original.lstrip().startswith("export ") else ""
            original = f"{before}{exported}{name}={_quoted(values[name])}{end}"
        parts.append(original)
    text = "".join(parts)
    if text and not text.endswith(("\n", "\r")):
        text += end
    return text + "".join(f"{name}={_quoted(value)}{end}" for name, value in values.items() if name not in last)


def _quoted(value: str) -> str:
    if _PLAIN.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def replace_text(path: Path, text: str) -> None:
    # Readable by its owner alone, whatever the umask and the old file allow.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
