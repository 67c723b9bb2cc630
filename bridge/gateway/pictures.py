"""The pictures of a request: which messages hold some, and what stands in the place of one that is not sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bridge.types import ChatMessage, Image, Part, Text

LoadedPictures = Mapping[str, tuple[str, bytes]]
"""By digest: the MIME type and the content of each picture that can be sent."""
NO_PICTURES: LoadedPictures = {}


def holds_pictures(message: ChatMessage) -> bool:
    return any(isinstance(part, Image) for part in message.parts)


def note(image: Image) -> Text:
    """What a model reads in place of a picture."""
    return Text(f"[picture: {image.alt or image.media.name or 'no name'}]")


def sendable(messages: Sequence[ChatMessage], loaded: LoadedPictures) -> list[ChatMessage]:
    """The messages, with notes in place of the pictures that are not loaded or that a person did not send."""
    return [_noted(message, loaded if message.role == "user" else {}) for message in messages]


def without_old_pictures(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """The messages, with notes in place of all pictures but those of the last message."""
    return [*(_noted(message, {}) for message in messages[:-1]), *messages[-1:]]


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
