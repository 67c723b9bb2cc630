"""Run by itself in a process of its own: read one document, write its text to standard output.

The request is one JSON object on standard input, so that no name of a file stands in the list of processes. The reader
is imported before the process gives up what it does not need, because an import may write bytecode; of the document,
only its first bytes and a ZIP file's list of members are read before.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

_HERE = Path(__file__).resolve().parent
_FONTS = ("/usr/share/fonts", "/usr/local/share/fonts")
"""PDFium looks there for what a document does not bring."""
_FORBIDDEN_EVENTS = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def skip_package_faces() -> None:
    """Let `bridge.media.documents` be imported without the modules above it, which load the whole bridge."""
    for name, folder in (
        ("bridge", _HERE.parents[1]),
        ("bridge.media", _HERE.parent),
        ("bridge.media.documents", _HERE),
    ):
        package = ModuleType(name)
        package.__path__ = [str(folder)]
        sys.modules[name] = package


def limit(memory_bytes: int, seconds: float) -> None:
    """Bound memory and processor time, where the system can: Windows has no such limits, macOS none of memory."""
    with suppress(ImportError):
        import resource

        whole = int(seconds) + 1
        for kind, value in (
            (resource.RLIMIT_AS, memory_bytes),
            (resource.RLIMIT_CPU, whole),
            (resource.RLIMIT_CORE, 0),
        ):
            with suppress(ValueError, OSError):
                resource.setrlimit(kind, (value, value))
        signal.alarm(whole + 1)  # should the parent be gone


def lock_down() -> None:
    """From now on, write no file, start no process, open no connection, and read only Python's own files and fonts."""
    from bridge.media.documents.confine import confine

    confine((sys.prefix, sys.base_prefix, str(_HERE), *_FONTS, *_library_folders()))
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    sys.addaudithook(_audit)


def _library_folders() -> set[str]:
    """Where the libraries of this process come from; those of a module that is imported later lie beside them."""
    try:
        mapped = Path("/proc/self/maps").read_text().split()
    except OSError:
        return set()
    return {os.path.dirname(word) for word in mapped if word.startswith("/") and ".so" in word}


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event.startswith(_FORBIDDEN_EVENTS) or (event == "open" and arguments[2] & _WRITES):
        raise PermissionError(event)


def write_answer(head: dict[str, Any], parts: tuple[bytes, ...] = ()) -> None:
    head["sizes"] = [len(part) for part in parts]
    sys.stdout.buffer.write(b"".join((json.dumps(head).encode(), b"\n", *parts)))
    sys.stdout.buffer.flush()


def main() -> None:
    request = json.loads(sys.stdin.buffer.read())
    limit(request["memory_bytes"], request["seconds"])
    skip_package_faces()
    from bridge.media.documents.readers.reading import Refused, collect
    from bridge.media.documents.readers.sniff import reader_of

    try:
        with open(request["path"], "rb") as file:
            kind, module = reader_of(file, request["name"], request["mime"])
            reader = import_module(f"bridge.media.documents.readers.{module}")
            lock_down()
            reading = collect(
                reader.open_document(file, kind),
                first=request["first"],
                last=request["last"],
                max_chars=request["max_chars"],
                max_pictures=request["max_pictures"],
            )
    except Refused as refused:
        return write_answer({"error": refused.kind, "total": refused.total, "detail": ""})
    except MemoryError:
        return write_answer({"error": "memory", "total": 0, "detail": ""})
    except Exception as error:  # noqa: BLE001 - parsers raise whatever they like at what others made
        return write_answer({"error": "broken", "total": 0, "detail": _place(error)})
    head = {
        "kind": reading.kind,
        "unit": reading.unit,
        "total": reading.total,
        "first": reading.first,
        "last": reading.last,
        "truncated": reading.truncated,
        "macros": reading.macros,
    }
    return write_answer(head, (reading.text.encode(), *reading.pictures))


def _place(error: Exception) -> str:
    """Name the exception and where it came from, and nothing of what it says."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} in {Path(frames[-1].filename).name}:{frames[-1].lineno}"


if __name__ == "__main__":
    main()
