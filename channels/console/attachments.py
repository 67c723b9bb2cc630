"""Files of this machine that go with a message: named by ``/file``, or by a path that was dragged into the line."""

from __future__ import annotations

import mimetypes
import re
import stat
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bridge.types import Attachment, AttachmentKind

COMMAND = "/file"
_KINDS: dict[str, AttachmentKind] = {"image": "image", "audio": "audio", "video": "video"}
_WORD = re.compile(r"""\s*(?:'(?P<single>[^'\n]+)'|"(?P<double>[^"\n]+)"|(?P<bare>(?:\\.|[^\s\\])+))(?=\s|$)""")
_DRAGGED = re.compile(r"""['"]?(?:/[^\s/]+/|~/|file://|[A-Za-z]:\\)""")
"""How a path begins that a terminal writes when a file is dragged into it. A command has no second slash."""

_ON_A_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
"""How a path of Windows begins."""


class NoSuchFile(Exception):
    """`path` is no file that can be read."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


def split(line: str) -> tuple[str, tuple[Attachment, ...]]:
    """Return the words of `line` and the files that stand before them. Raises NoSuchFile after ``/file`` alone."""
    named = line.split(maxsplit=1)[:1] == [COMMAND]
    rest = line.lstrip().removeprefix(COMMAND) if named else line
    attachments: list[Attachment] = []
    while found := _WORD.match(rest):
        written = found["single"] or found["double"] or _unescaped(found["bare"])
        if not (named and not attachments) and not _DRAGGED.match(written):
            break
        try:
            attachments.append(attachment(_path(written)))
        except NoSuchFile:
            if named and not attachments:
                raise
            break
        rest = rest[found.end() :]
    if named and not attachments:
        raise NoSuchFile(rest.strip())
    return (rest.strip() if attachments else line), tuple(attachments)


def attachment(path: Path) -> Attachment:
    """Return what a message says of the file at `path`. Raises NoSuchFile."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        raise NoSuchFile(str(path)) from None
    if not stat.S_ISREG(status.st_mode):
        raise NoSuchFile(str(path))
    mime = mimetypes.guess_type(path.name)[0] or ""
    kind = _KINDS.get(mime.partition("/")[0], "file")
    # Another version of the file is another file to what remembers what it has read.
    return Attachment(kind, path.name, f"{path.absolute()}\t{status.st_mtime_ns}", mime, status.st_size)


def _unescaped(word: str) -> str:
    """Return a word of the line without its backslashes, unless they part the folders of a Windows path."""
    return word if _ON_A_DRIVE.match(word) else re.sub(r"\\(.)", r"\1", word)


def _path(written: str) -> Path:
    if written.startswith("file://"):
        written = unquote(urlsplit(written).path)
        if _ON_A_DRIVE.match(written[1:]):  # file:///C:/Users
            written = written[1:]
    try:
        return Path(written).expanduser()
    except RuntimeError:  # there is no such user
        return Path(written)
