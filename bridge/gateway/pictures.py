"""The pictures of a request: which messages hold some, and what stands in the place of one that is not sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bridge.types import ChatMessage, Image, Part, Text

LoadedPictures = Mapping[str, tuple[str, bytes]]
"""By digest: the MIME type and the content of each picture that can be sent."""
NO_PICTURES: LoadedPictures = {}


def holds_pictures(message: ChatMessage) -> bool:
    return any(isinstance(part, Image) for part in message.parts)


def requires_pictures(message: ChatMessage) -> bool:
    """Whether `message` holds a picture without which it makes no sense."""
    return any(isinstance(part, Image) and not part.optional for part in message.parts)


def may_lose_pictures(messages: Sequence[ChatMessage]) -> bool:
    """Whether `without_optional_pictures` would leave something out."""
    last = messages[-1].parts if messages else ()
    return any(map(holds_pictures, messages[:-1])) or any(isinstance(part, Image) and part.optional for part in last)


def note(image: Image) -> Text:
    """What a model reads in place of a picture."""
    return Text(f"[picture: {image.alt or image.media.name or 'no name'}]")


def sendable(messages: Sequence[ChatMessage], loaded: LoadedPictures) -> list[ChatMessage]:
    """The messages, with notes in place of the pictures that are not loaded or that a person did not send."""
    return [_noted(message, loaded if message.role == "user" else {}) for message in messages]


def without_optional_pictures(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """The messages, with notes in place of all pictures but those that the last message requires."""
    kept: LoadedPictures = {
        part.media.digest: ("", b"")
        for message in messages[-1:]
        for part in message.parts
        if isinstance(part, Image) and not part.optional
    }
    return [*(_noted(message, {}) for message in messages[:-1]), *(_noted(message, kept) for message in messages[-1:])]


def _noted(message: ChatMessage, loaded: LoadedPictures) -> ChatMessage:
    if not holds_pictures(message):
        return message
    parts: list[Part] = []
    for part in message.parts:
        if isinstance(part, Image) and part.media.digest not in loaded:
            parts += [note(part), Text("\n")]
        else:
            parts.append(part)
    return ChatMessage(message.role, tuple(parts))
