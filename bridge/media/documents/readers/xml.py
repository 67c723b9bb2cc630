"""XML as a stream of events, without declarations: no entity is ever declared, expanded or fetched.

This and the ZIP reader of the standard library take the place of python-docx, python-pptx and openpyxl: those build
the whole tree of a file in memory (of a sheet, all its strings), bring lxml and 10 MB more, and have no types.
"""

from __future__ import annotations

from typing import IO
from xml.parsers import expat

from bridge.media.documents.readers.reading import Refused

MAX_DEPTH = 500
_CHUNK_BYTES = 1 << 16


class Handler:
    """Receives what stands in an XML file. Tags come without their namespaces' prefixes; attributes with and without,
    where an attribute without a prefix goes before one that has one."""

    done = False
    """Set this to stop reading."""

    def start(self, tag: str, attributes: dict[str, str]) -> None: ...

    def end(self, tag: str) -> None: ...

    def text(self, data: str) -> None: ...


def parse(stream: IO[bytes], handler: Handler) -> None:
    """Read `stream` and close it. Raises Refused, and ExpatError where it is no XML."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    local: dict[str, str] = {}
    depth = 0

    def name(qualified: str) -> str:
        known = local.get(qualified)
        if known is None:
            known = qualified.rpartition(":")[2]
            if len(local) < 1000:
                local[qualified] = known
        return known

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise Refused("broken")
        for key in tuple(attributes):
            if ":" in key:
                attributes.setdefault(name(key), attributes[key])
        handler.start(name(tag), attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        handler.end(name(tag))

    def document_type(name: str, system: str | None, public: str | None, has_declarations: int) -> None:
        if has_declarations:  # of entities; a document type that is only named is never fetched
            raise Refused("unsafe")

    def entity(*_: object) -> None:
        raise Refused("unsafe")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = handler.text
    parser.StartDoctypeDeclHandler = document_type
    parser.EntityDeclHandler = entity
    with stream:
        while not handler.done:
            chunk = stream.read(_CHUNK_BYTES)
            parser.Parse(chunk, not chunk)
            if not chunk:
                return


class Elements(Handler):
    """Collects the attributes of all elements with certain tags: relationships, sheets, spines."""

    def __init__(self, *tags: str) -> None:
        self._tags = tags
        self.found: list[tuple[str, dict[str, str]]] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag in self._tags:
            self.found.append((tag, attributes))
