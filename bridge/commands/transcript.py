"""A conversation as Markdown and as JSON, with its pictures; several of them as ZIP files."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from mimetypes import guess_extension
from typing import Any

import msgspec

from bridge.commands.subjects import moment
from bridge.store import Exchange, digest_of
from bridge.types import Audio, BodyFile, ChatMessage, File, Image, Part, Text
from bridge.words import Words

VERSION = 1
"""Of the JSON; it rises when a field changes its meaning."""
MAX_NAME_LENGTH = 40
MAX_LOOSE_PICTURES = 8
"""A conversation with more pictures than these goes out as a ZIP file."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """What is to be written of one conversation."""

    title: str
    exchanges: Sequence[Exchange]
    media: Mapping[str, bytes]
    """The contents that are still there, by digest."""

    @property
    def name(self) -> str:
        """A name for its files, without an ending."""
        words = re.sub(r"[^\w-]+", "-", self.title).strip("-")[:MAX_NAME_LENGTH].strip("-")
        return words or "conversation"

    def pictures(self, folder: str = "") -> dict[str, str]:
        """The names of its pictures' files, by digest."""
        kinds = {
            part.media.digest: part.media.mime
            for each in self.exchanges
            for message in (*each.question, *each.answer)
            for part in message.parts
            if isinstance(part, Image) and part.media.digest in self.media
        }
        return {
            digest: f"{folder}picture-{number}{guess_extension(mime) or '.bin'}"
            for number, (digest, mime) in enumerate(kinds.items(), 1)
        }

    def markdown(self, words: Words, folder: str = "") -> str:
        """All of it, to be read; pictures are links to their files in `folder`."""
        names = self.pictures(folder)
        lines = [f"# {self.title}"]
        for each in self.exchanges:
            lines.append(f"## {words.export_question}")
            lines += [self._text(message, names, words) for message in each.question]
            about = " · ".join(filter(None, [each.model, moment(each.at) if each.at else ""]))
            lines.append(f"## {words.export_answer}" + (f"\n\n*{about}*" if about else ""))
            lines += [self._text(message, names, words) for message in each.answer]
            if each.ended != "stop":
                lines.append(f"*[{each.ended}]*")
        return "\n\n".join(lines) + "\n"

    def json(self, folder: str = "") -> bytes:
        """All of it, to be read by programs: the exchanges as the store keeps them, and the names of the files."""
        value: dict[str, Any] = {
            "version": VERSION,
            "title": self.title,
            "exchanges": msgspec.to_builtins(self.exchanges),
            "pictures": self.pictures(folder),
            "documents": {
                digest: content.decode(errors="replace")
                for digest, content in self.media.items()
                if digest in _documents(self.exchanges)
            },
        }
        return msgspec.json.format(msgspec.json.encode(value), indent=1)

    def _text(self, message: ChatMessage, names: Mapping[str, str], words: Words) -> str:
        return "\n\n".join(filter(None, (self._part(part, names, words) for part in message.parts)))

    def _part(self, part: Part, names: Mapping[str, str], words: Words) -> str:
        match part:
            case Text(text):
                return text
            case Image(media, alt):
                name = names.get(media.digest)
                return f"![{alt}]({name})" if name else f"*[{alt or media.name or words.export_picture_gone}]*"
            case File(media) | Audio(media):
                return f"*[📎 {media.name or words.unnamed_file}]*"
            case _:
                return ""

    def files(self, words: Words) -> list[BodyFile]:
        """The Markdown, the JSON and the pictures, each as a file."""
        names = self.pictures()
        texts = [
            BodyFile.of("file", f"{self.name}.md", "text/markdown", self.markdown(words).encode(errors="replace")),
            BodyFile.of("file", f"{self.name}.json", "application/json", self.json()),
        ]
        mimes = {name: name.rpartition(".")[2] for name in names.values()}
        return texts + [
            BodyFile.of("file", name, f"image/{mimes[name]}", self.media[digest]) for digest, name in names.items()
        ]


class Archive:
    """A ZIP file that conversations are added to for as long as there is room."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._buffer = io.BytesIO()
        self._zip = zipfile.ZipFile(self._buffer, "w", zipfile.ZIP_DEFLATED)
        self._names: set[str] = set()

    def add(self, transcript: Transcript, words: Words) -> bool:
        """Add one; False where there may be no room for it, and nothing was added."""
        folder = self._folder(transcript.name)
        parts = {
            f"{folder}/{transcript.name}.md": transcript.markdown(words).encode(errors="replace"),
            f"{folder}/{transcript.name}.json": transcript.json(),
        }
        for digest, name in transcript.pictures().items():
            parts[f"{folder}/{name}"] = transcript.media[digest]
        # How well it can be compressed is known afterwards alone.
        if self._names and self._buffer.tell() + sum(map(len, parts.values())) > self._room:
            return False
        self._names.add(folder)
        for name, content in parts.items():
            self._zip.writestr(name, content)
        return True

    def close(self) -> bytes:
        self._zip.close()
        return self._buffer.getvalue()

    def _folder(self, name: str) -> str:
        number, folder = 1, name
        while folder in self._names:
            number += 1
            folder = f"{name}-{number}"
        return folder


def _documents(exchanges: Sequence[Exchange]) -> set[str]:
    messages = [message for each in exchanges for message in each.question]
    return {digest_of(part) for message in messages for part in message.parts if isinstance(part, File)}
