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


class Parser:
    """Hands what stands in `stream` to a handler, bit by bit."""

    def __init__(self, stream: IO[bytes], handler: Handler) -> None:
        self._stream = stream
        self._handler = handler
        self._local: dict[str, str] = {}
        self._depth = 0
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = handler.text
        self._parser.StartDoctypeDeclHandler = _document_type
        self._parser.EntityDeclHandler = _entity

    def feed(self) -> bool:
        """Read some more; return whether there may be more. Raises Refused, and ExpatError where it is no XML."""
        chunk = self._stream.read(_CHUNK_BYTES)
        self._parser.Parse(chunk, not chunk)
        return bool(chunk)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Refused("broken")
        for key in tuple(attributes):
            if ":" in key:
                attributes.setdefault(self._name(key), attributes[key])
        self._handler.start(self._name(tag), attributes)

    def _end(self, tag: str) -> None:
        self._depth -= 1
        self._handler.end(self._name(tag))

    def _name(self, qualified: str) -> str:
        known = self._local.get(qualified)
        if known is None:
            known = qualified.rpartition(":")[2]
            if len(self._local) < 1000:
                self._local[qualified] = known
        return known


def _document_type(name: str, system: str | None, public: str | None, has_declarations: int) -> None:
    if has_declarations:  # of entities; a document type that is only named is never fetched
        raise Refused("unsafe")


def _entity(*_: object) -> None:
    raise Refused("unsafe")


def parse(stream: IO[bytes], handler: Handler) -> None:
    """Read `stream` to its end, or until the handler is done, and close it. Raises as `Parser.feed` does."""
    with stream:
        parser = Parser(stream, handler)
        while not handler.done and parser.feed():
            pass


class Elements(Handler):
    """Collects the attributes of all elements with certain tags: relationships, sheets, spines."""

    def __init__(self, *tags: str) -> None:
        self._tags = tags
        self.found: list[tuple[str, dict[str, str]]] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag in self._tags:
            self.found.append((tag, attributes))
