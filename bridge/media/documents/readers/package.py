"""What Word, Excel and PowerPoint files have in common (ECMA-376, part 2: Open Packaging Conventions)."""

from __future__ import annotations

import posixpath
from typing import NamedTuple

from bridge.media.documents.readers.archive import Archive
from bridge.media.documents.readers.xml import Elements, parse


class Relationship(NamedTuple):
    type: str
    """The last word of the type's address, such as ``slide``."""
    target: str
    """A member of the archive."""


def relationships(archive: Archive, part: str) -> dict[str, Relationship]:
    """Return what `part` refers to inside of the archive, by id."""
    folder, _, name = part.rpartition("/")
    source = f"{folder}/_rels/{name}.rels".lstrip("/")
    if source not in archive:
        return {}
    elements = Elements("Relationship")
    parse(archive.open(source), elements)
    found = {}
    for _, values in elements.found:
        if values.get("TargetMode") == "External":
            continue
        target = values.get("Target", "")
        path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
        found[values.get("Id", "")] = Relationship(values.get("Type", "").rpartition("/")[2], path)
    return found


def reference(attributes: dict[str, str]) -> str:
    """Return the id of the relationship that an element names, which stands beside an id of its own."""
    return next((value for key, value in attributes.items() if key.endswith(":id")), "")


def has_macros(archive: Archive) -> bool:
    return any(name.endswith(("vbaproject.bin", "/macrosheets/sheet1.xml")) for name in archive.names)
