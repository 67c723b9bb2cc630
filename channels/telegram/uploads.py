"""How files go out: as pictures and sounds that are shown in the chat, and as documents where Telegram refuses that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bridge.types import BodyFile
from channels.telegram.compose import caption

MAX_PHOTO_BYTES = 10 << 20
"""Of a picture that is shown as one (Bot API, sendPhoto; tdlib/td refuses from 10,485,761 bytes on)."""
MAX_FILE_BYTES = 50_000_000
"""Of any file (Bot API, sendDocument and sendAudio: 50 MB)."""
MAX_ALBUM_FILES = 10
"""Bot API, sendMediaGroup: 2 to 10."""

Form = Literal["photo", "audio", "voice", "document"]

_VOICE = frozenset({"audio/ogg", "audio/opus"})
_AUDIO = frozenset({"audio/mpeg", "audio/mp3", "audio/mp4", "audio/m4a", "audio/x-m4a"})
"""Bot API, sendVoice and sendAudio: other formats are to be sent as documents."""


@dataclass(frozen=True, slots=True)
class Upload:
    """One call that posts files: its method, what else it says, and the files by the names used there."""

    method: str
    parameters: dict[str, Any]
    files: dict[str, BodyFile]


def uploads(files: Sequence[BodyFile]) -> list[Upload]:
    """The calls that would post `files` as one message, the best first; each is for where the last was refused.

    A picture's dimensions are Telegram's to judge: width and height of 10,000 together, a ratio of 20 (Bot API,
    sendPhoto). As a document, everything is taken. Photos, audios and documents each form albums only among
    themselves, and voice messages none (Bot API, sendMediaGroup).
    """
    forms = {_form(file) for file in files}
    best: Form = forms.pop() if len(forms) == 1 else "document"
    if len(files) > 1 and best == "voice":
        best = "document"
    return [_upload(files, form) for form in dict.fromkeys((best, "document"))]


def _form(file: BodyFile) -> Form:
    if file.kind == "image" and len(file.content) <= MAX_PHOTO_BYTES:
        return "photo"
    if file.kind == "audio" and file.mime in _VOICE:
        return "voice"
    return "audio" if file.kind == "audio" and file.mime in _AUDIO else "document"


def _upload(files: Sequence[BodyFile], form: Form) -> Upload:
    if len(files) == 1:
        return Upload(f"send{form.title()}", {"caption": caption(files[0].alt)}, {form: files[0]})
    named = {f"file{number}": file for number, file in enumerate(files)}
    media = [{"type": form, "media": f"attach://{name}", "caption": caption(file.alt)} for name, file in named.items()]
    return Upload("sendMediaGroup", {"media": media}, named)
