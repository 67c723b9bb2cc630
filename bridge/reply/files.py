"""The files of a reply as messages: albums of what a platform takes, a line of text for what it does not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from msgspec.structs import replace

from bridge.channel import Limits
from bridge.shorten import shorten
from bridge.types import Body, BodyFile

FILE_MARK = "📎"


def arrange(
    files: Iterable[BodyFile], limits: Limits, unsendable: Collection[str] = ()
) -> tuple[list[Body], list[str]]:
    """Return the bodies that show `files` in order, and a line of text for each file that cannot be posted.

    `unsendable` holds the digests of files that the platform has refused. A file that is too large for its kind goes
    as a plain file where that may be larger.
    """
    albums: list[list[BodyFile]] = []
    lines: list[str] = []
    for file in files:
        fitting = None if file.digest in unsendable else _fitting(file, limits)
        if fitting is None:
            lines.append(" ".join(filter(None, (FILE_MARK, file.name, file.alt and f"({file.alt})"))))
        elif albums and _takes(albums[-1], fitting, limits):
            albums[-1].append(fitting)
        else:
            albums.append([fitting])
    return [Body(files=tuple(album)) for album in albums], lines


def _takes(album: Sequence[BodyFile], file: BodyFile, limits: Limits) -> bool:
    """Whether `file` can stand in one message with those of `album`."""
    if album[0].kind != file.kind or len(album) >= limits.max_files:
        return False
    return limits.max_files_bytes is None or sum(len(each.content) for each in (*album, file)) <= limits.max_files_bytes


def _fitting(file: BodyFile, limits: Limits) -> BodyFile | None:
    """Return `file` as it can be posted; None where it cannot."""
    size = len(file.content)
    kind = file.kind if size <= limits.files.get(file.kind, 0) else "file"
    if not size or size > limits.files.get(kind, 0):
        return None
    if limits.max_files_bytes is not None and size > limits.max_files_bytes:
        return None
    return replace(file, kind=kind, alt=shorten(file.alt, limits.max_caption))
